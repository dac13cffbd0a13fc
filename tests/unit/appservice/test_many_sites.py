"""Many apps are asked for together; what a list does not have is asked for by itself."""

from __future__ import annotations

import threading

import pytest

from azext_pythonapp.appservice.arm import Arm
from azext_pythonapp.appservice.arm_requests import ArmAnswer, ArmRequests
from azext_pythonapp.appservice.many_sites import LISTED_SECONDS, ManySites
from azext_pythonapp.appservice.retry import Outage
from azext_pythonapp.errors import NotFound, Refused
from tests.unit.passing_time import Time

SITES = "/subscriptions/sub/providers/Microsoft.Web/sites"
PLANS = "/subscriptions/sub/providers/Microsoft.Web/serverfarms"
GRAPH = "/providers/Microsoft.ResourceGraph/resources"


def site_id(name, slot=None):
    end = f"/slots/{slot}" if slot else ""
    return f"/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Web/sites/{name}{end}"


def body(name, **more):
    hosts = [
        {"hostType": "Standard", "name": f"{name}.azurewebsites.net"},
        {"hostType": "Repository", "name": f"{name}.scm.azurewebsites.net"},
    ]
    properties = {"state": "Running", "hostNameSslStates": hosts, "serverFarmId": "/plans/p", **more}
    return {"id": site_id(name).upper(), "kind": "app", "properties": properties}


class Azure:
    """Resource Manager; answers: by path, what it answers there, in turn, the last one again."""

    def __init__(self, **answers):
        self.answers = {path: list(found) for path, found in answers.items()}
        self.asked = []
        self.bodies = []
        self.lock = threading.Lock()

    def __call__(self, method, url, query, body_, secret):
        path = url.removeprefix("https://arm")
        with self.lock:
            self.asked.append(f"{method} {path}")
            self.bodies.append(body_)
            found = self.answers.get(path, [(404, {"error": {"code": "ResourceNotFound", "message": "no"}})])
            status, payload = found.pop(0) if len(found) > 1 else found[0]
        return ArmAnswer(status, payload, str(payload))


def arm(azure, *ids, graph=False):
    time = Time()
    outage = Outage("Azure", clock=time.clock, sleep=time.sleep)
    many = ManySites(ArmRequests(azure, "https://arm", outage), "sub", ids, graph)
    return Arm(azure, "https://arm", "sub", "sub", outage, many)


def test_one_list_in_place_of_a_request_for_each():
    names = ["a", "b", "c", "d"]
    azure = Azure(**{SITES: [(200, {"value": [body(each) for each in [*names, "other"]]})]})
    one = arm(azure, *map(site_id, names))
    assert [one.open_site("rg", each, None).scm_host for each in names] == [
        f"{each}.scm.azurewebsites.net" for each in names
    ]
    assert azure.asked == [f"GET {SITES}"]


def test_few_apps_are_asked_for_one_by_one():
    azure = Azure(**{site_id("a"): [(200, body("a"))]})
    arm(azure, site_id("a"), site_id("b"), site_id("c"), *(site_id(each, "s") for each in "abc")).open_site(
        "rg", "a", None
    )
    assert azure.asked == [f"GET {site_id('a')}"]


def test_what_the_list_omits_is_asked_for():
    azure = Azure(**{SITES: [(200, {"value": [body("a")]})], site_id("b"): [(200, body("b"))]})
    one = arm(azure, *map(site_id, "abcd"))
    assert one.open_site("rg", "b", None).name == "b"
    with pytest.raises(NotFound, match="'c' was not found"):
        one.open_site("rg", "c", None)
    assert azure.asked == [f"GET {SITES}", f"GET {site_id('b')}", f"GET {site_id('c')}"]


def test_a_slot_is_not_its_app():
    azure = Azure(
        **{SITES: [(200, {"value": [body(each) for each in "abcd"]})], site_id("a", "s"): [(200, body("a-s"))]}
    )
    one = arm(azure, *map(site_id, "abcd"), site_id("a", "s"))
    assert one.open_site("rg", "a", "s").scm_host == "a-s.scm.azurewebsites.net"
    assert azure.asked == [f"GET {site_id('a', 's')}"] or azure.asked[-1] == f"GET {site_id('a', 's')}"


def test_who_asks_again_wants_to_know_the_state_now():
    azure = Azure(
        **{
            SITES: [(200, {"value": [body(each) for each in "abcd"]})],
            site_id("a"): [(200, body("a", state="Stopped"))],
        }
    )
    one = arm(azure, *map(site_id, "abcd"))
    assert [one.open_site("rg", "a", None).state for _ in range(2)] == ["Running", "Stopped"]


def test_a_list_is_read_no_further_than_it_is_worth():
    link = {"nextLink": f"https://arm{SITES}?$skiptoken=x"}
    azure = Azure(
        **{
            SITES: [(200, {"value": [body(f"x{each}")], **link}) for each in range(50)],
            site_id("a"): [(200, body("a"))],
        }
    )
    one = arm(azure, *map(site_id, "abcde"))
    assert one.open_site("rg", "a", None).name == "a"
    assert azure.asked == [f"GET {SITES}"] * 5 + [f"GET {site_id('a')}"]


def test_no_page_is_read_once_all_are_found():
    pages = [(200, {"value": [body(each)], "nextLink": f"https://arm{SITES}?$skiptoken={each}"}) for each in "abcdef"]
    azure = Azure(**{SITES: pages})
    one = arm(azure, *map(site_id, "abcd"))
    assert one.open_site("rg", "d", None).name == "d"
    assert azure.asked == [f"GET {SITES}"] * 4


@pytest.mark.parametrize("answer", [(403, {"error": {"message": "no"}}), (200, "no list")])
def test_without_a_list_each_is_asked_for(answer):
    azure = Azure(**{SITES: [answer], site_id("a"): [(200, body("a"))]})
    assert arm(azure, *map(site_id, "abcd")).open_site("rg", "a", None).name == "a"


def test_a_row_of_the_list_is_refused_as_the_app_is():
    azure = Azure(**{SITES: [(200, {"value": [body("a", reserved=True)]})]})
    with pytest.raises(Refused, match="runs on Linux"):
        arm(azure, *map(site_id, "abcd")).open_site("rg", "a", None)


def test_threads_share_one_list():
    azure = Azure(**{SITES: [(200, {"value": [body(f"a{each}") for each in range(20)]})]})
    one = arm(azure, *(site_id(f"a{each}") for each in range(20)))
    threads = [threading.Thread(target=one.open_site, args=("rg", f"a{each}", None)) for each in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert azure.asked == [f"GET {SITES}"]


def graph_row(name, **properties):
    return {"id": f"{site_id(name)}/config/web".lower(), "properties": properties}


MAPPINGS = [{"VirtualPath": "/", "PhysicalPath": "site\\wwwroot\\public"}]


def opened(one, *names):
    return [one.open_site("rg", each, None) for each in names]


def test_path_mappings_of_all_come_with_one_query():
    rows = [
        graph_row(each, VirtualApplications=MAPPINGS, Use32BitWorkerProcess=True, HealthCheckPath="up")
        for each in "abc"
    ]
    azure = Azure(
        **{
            SITES: [(200, {"value": [body(each) for each in "abcd"]})],
            GRAPH: [(200, {"data": [*rows, graph_row("d", MinTlsVersion="1.2")], "resultTruncated": "false"})],
            f"{site_id('d')}/config/web": [(200, {"properties": {"use32BitWorkerProcess": False}})],
        }
    )
    one = arm(azure, *map(site_id, "abcd"), graph=True)
    found = [one.configuration(site) for site in opened(one, *"abcd")]
    assert [each.physical_root for each in found] == ["site\\wwwroot\\public"] * 3 + ["site\\wwwroot"]
    assert [each.use_32bit_worker for each in found] == [True, True, True, False]
    assert found[0].health_check_path == "/up"
    assert azure.asked == [f"GET {SITES}", f"POST {GRAPH}", f"GET {site_id('d')}/config/web"]
    query = azure.bodies[1]["query"]
    assert query.startswith("appserviceresources") and f"'{site_id('a').lower()}/config/web'" in query


@pytest.mark.parametrize("answer", [(403, {}), (400, {}), (200, {"data": None}), (200, [])])
def test_without_resource_graph_each_is_asked_for(answer):
    azure = Azure(
        **{
            SITES: [(200, {"value": [body(each) for each in "abcd"]})],
            GRAPH: [answer],
            f"{site_id('a')}/config/web": [(200, {"properties": {"use32BitWorkerProcess": True}})],
        }
    )
    one = arm(azure, *map(site_id, "abcd"), graph=True)
    assert one.configuration(opened(one, "a")[0]).use_32bit_worker


def test_a_command_that_changes_something_asks_for_each():
    azure = Azure(
        **{
            SITES: [(200, {"value": [body(each) for each in "abcd"]})],
            f"{site_id('a')}/config/web": [(200, {"properties": {"use32BitWorkerProcess": True}})],
        }
    )
    one = arm(azure, *map(site_id, "abcd"))
    assert one.configuration(opened(one, "a")[0]).use_32bit_worker
    assert f"POST {GRAPH}" not in azure.asked


def test_plans_come_with_one_list():
    azure = Azure(
        **{
            SITES: [(200, {"value": [body(each) for each in "abcd"]})],
            PLANS: [(200, {"value": [{"id": "/plans/P", "sku": {"tier": "Free"}}]})],
        }
    )
    one = arm(azure, *map(site_id, "abcd"))
    assert [one.plan_tier(site) for site in opened(one, *"abcd")] == ["Free"] * 4
    assert azure.asked == [f"GET {SITES}", f"GET {PLANS}"]


def test_what_was_listed_long_ago_is_asked_for_again():
    names, time = ["a", "b", "c", "d"], Time()
    azure = Azure(**{SITES: [(200, {"value": list(map(body, names))})]})
    many = ManySites(ArmRequests(azure, "https://arm"), "sub", map(site_id, names), clock=time.clock)
    assert many.site(site_id("a")) is not None
    time.sleep(LISTED_SECONDS)
    assert many.site(site_id("b")) is None
