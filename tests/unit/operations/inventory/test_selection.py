"""Which apps there are: by Resource Graph, else by lists; what is left out and what is missing is told."""

from __future__ import annotations

import re

import pytest

from azext_pythonapp.appservice.account import Directory
from azext_pythonapp.appservice.arm_requests import ArmAnswer, ArmRequests
from azext_pythonapp.appservice.credentials import token_failure
from azext_pythonapp.errors import AccessDenied, InvalidInput, Unreachable
from azext_pythonapp.operations.inventory.selection import READABLE, Filter, Selection, query, select

FIELDS = ("state", "reserved", "isXenon", "hyperV", "managedEnvironmentId", "defaultHostName", "hostNameSslStates")


def site(name, subscription="s1", group="rg", slot=None, kind="app", tags=None, **properties):
    """Resource Manager's JSON of an app or slot."""
    path = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Web/sites/{name}"
    host = f"{name}{'-' + slot if slot else ''}"
    hosts = [{"name": f"{host}.scm.azurewebsites.net", "hostType": "Repository"}]
    return {
        "id": path + (f"/slots/{slot}" if slot else ""),
        "kind": kind,
        "tags": tags,
        "properties": {
            "state": "Running",
            "defaultHostName": f"{host}.azurewebsites.net",
            "hostNameSslStates": hosts,
            **properties,
        },
    }


class Azure:
    """Sites of some subscriptions. refused: subscriptions that nobody may read. graph: the status of Resource Graph;
    hidden: subscriptions that it does not read. said: what the user was told. asked: the paths of all requests."""

    def __init__(self, *sites, refused=(), graph=200, hidden=(), unreadable_slots=()):
        self.sites, self.refused, self.graph, self.hidden = sites, refused, graph, {*hidden, *refused}
        self.unreadable_slots, self.said, self.asked = unreadable_slots, [], []

    def send(self, method, url, query_, body, secret):
        path = url.removeprefix("https://arm")
        self.asked.append(path)
        if method == "POST":
            return self.answer_query(body)
        subscription = path.split("/")[2]
        if subscription in self.refused or any(f"/sites/{name}/slots" in path for name in self.unreadable_slots):
            return ArmAnswer(403, {"error": {"message": "no rights"}}, "{}")
        found = [each for each in self.sites if f"/subscriptions/{subscription}/" in each["id"]]
        group = re.search("/resourceGroups/([^/]+)/providers/Microsoft.Web/sites$", path)
        if path.endswith("/slots"):
            found = [each for each in found if each["id"].startswith(f"{path}/")]
        else:
            found = [each for each in found if "/slots/" not in each["id"]]
        if group:
            found = [each for each in found if f"/resourceGroups/{group[1]}/" in each["id"]]
            if not found:
                return ArmAnswer(404, {"error": {"code": "ResourceGroupNotFound", "message": "none"}}, "{}")
        return ArmAnswer(200, {"value": found}, "{}")

    def answer_query(self, body):
        if self.graph != 200:
            return ArmAnswer(self.graph, {"error": {"message": "refused"}}, "{}")
        scope = [each for each in body["subscriptions"] if each not in self.hidden]
        if body["query"] == READABLE:
            rows = [{"id": f"/subscriptions/{each}", "subscriptionId": each} for each in scope]
        else:
            rows = [
                {key: each[key] for key in ("id", "kind", "tags")}
                | {"subscriptionId": each["id"].split("/")[2]}
                | {key: each["properties"].get(key) for key in FIELDS}
                for each in self.sites
                if each["id"].split("/")[2] in scope
            ]
        return ArmAnswer(200, {"data": rows, "resultTruncated": "false"}, "{}")

    def select(self, *subscriptions, wanted=Filter()) -> Selection:
        directory = Directory(ArmRequests(self.send, "https://arm"), subscriptions or ("s1",))
        return select([directory], wanted, self.said.append, 3)


def names(found):
    return [(app.name, app.slot) for app in found.apps]


def test_one_query_selects_apps_and_slots():
    azure = Azure(site("b", "s2"), site("A"), site("A", slot="staging"))
    found = azure.select("s1", "s2")
    assert names(found) == [("A", None), ("A", "staging"), ("b", None)]
    assert (len(azure.asked), azure.said, found.missing) == (1, [], [])
    app = found.apps[1]
    assert (app.subscription, app.group, app.state) == ("s1", "rg", "Running")
    assert (app.host, app.scm_host) == ("A-staging.azurewebsites.net", "A-staging.scm.azurewebsites.net")
    assert app.site_id == found.apps[0].site_id == app.id.lower().partition("/slots/")[0]


def test_only_windows_web_apps_are_listed():
    azure = Azure(
        site("web"),
        site("linux", kind="app,linux", reserved=True),
        site("linux-by-its-flag", reserved=True),
        site("function", kind="functionapp"),
        site("logic", kind="functionapp,workflowapp"),
        site("windows-container", kind="app,container,windows", isXenon=True),
        site("linux-container", kind="app,linux,container", reserved=True),
    )
    found = azure.select()
    assert names(found) == [("web", None)]
    assert (found.linux, found.containers) == (2, 2)


def test_the_query_is_in_order_and_asks_for_what_is_needed():
    text = query(None)
    assert text.endswith("order by id asc")
    assert "resourceGroup" not in text
    assert all(f"{name} = properties.{name}" in text for name in FIELDS)


def test_a_group_cannot_leave_its_quotes():
    assert query("it's").count("where resourceGroup =~ 'it\\'s'") == 1
    assert "'a\\\\'" in query("a\\")


@pytest.mark.parametrize("status", [400, 403, 404, 409])
def test_without_resource_graph_lists_are_read(status):
    azure = Azure(site("a"), site("a", slot="staging"), site("b", "s2"), site("l", reserved=True), graph=status)
    found = azure.select("s1", "s2")
    assert names(found) == [("a", None), ("a", "staging"), ("b", None)]
    assert (found.linux, found.missing) == (1, [])
    assert len(azure.said) == 1 and azure.said[0].startswith("Resource Graph was not used")
    assert len(azure.asked) == 1 + 2 + 2  # the slots of Linux apps are not asked for


def test_a_group_is_asked_for_in_each_subscription():
    azure = Azure(site("a", group="other"), site("b", "s2"), graph=403)
    found = azure.select("s1", "s2", wanted=Filter("rg"))
    assert (names(found), found.missing) == ([("b", None)], [])


def test_a_subscription_that_is_not_shown_is_read_by_its_list():
    azure = Azure(site("a"), site("b", "s2"), hidden=["s2"])
    found = azure.select("s1", "s2", "s3")
    assert (names(found), found.missing, azure.said) == ([("a", None), ("b", None)], [], [])
    assert not [path for path in azure.asked if "/s1/" in path or "/s3/" in path]


def test_a_subscription_that_cannot_be_read_is_told():
    azure = Azure(site("a"), refused=["s2"])
    found = azure.select("s1", "s2")
    assert names(found) == [("a", None)]
    assert len(found.missing) == 1 and "Subscription s2 could not be read" in found.missing[0]


def test_slots_that_cannot_be_read_are_told():
    found = Azure(site("a"), site("b"), graph=403, unreadable_slots=["b"]).select()
    assert names(found) == [("a", None), ("b", None)]
    assert len(found.missing) == 1 and "slots of app 'b'" in found.missing[0]


def test_when_nothing_can_be_read_that_is_the_error():
    with pytest.raises(AccessDenied):
        Azure(refused=["s1", "s2"], graph=403).select("s1", "s2")


def no_network():
    failure = Unreachable("Azure Resource Manager could not be reached: no route.")
    failure.permanent = True
    return failure


@pytest.mark.parametrize("error", [no_network(), token_failure(ValueError("multi-factor authentication is asked for"))])
def test_where_nothing_can_be_asked_no_list_is(error):
    asked = []

    def send(method, url, *_):
        asked.append(method)
        raise error

    broken = Directory(ArmRequests(send, "https://arm"), tuple(f"other{number}" for number in range(5)))
    azure = Azure(site("a"))
    good = Directory(ArmRequests(azure.send, "https://arm"), ("s1",))
    found = select([broken, good], Filter(), azure.said.append, 3)
    assert (names(found), asked, azure.said) == ([("a", None)], ["POST"], [])
    (sentence,) = found.missing
    assert sentence.startswith("Subscriptions other0, other1, other2 and 2 more could not be read: ")
    with pytest.raises(type(error)):
        select([broken], Filter(), azure.said.append, 3)


@pytest.mark.parametrize(
    ("tags", "taken"),
    [
        ([], ["a", "b", "c"]),
        (["team=shop"], ["a"]),
        (["TEAM=shop"], ["a"]),
        (["team=Shop"], []),
        (["team"], ["a", "b"]),
        (["team=shop", "stage=test"], []),
        (["team=", "stage"], ["b"]),
        (["link=a=b"], ["c"]),
        (["empty="], ["c"]),
        (["empty=None"], []),
    ],
)
def test_tags_filter(tags, taken):
    sites = (
        site("a", tags={"Team": "shop"}),
        site("b", tags={"team": "", "stage": "x"}),
        site("c", tags={"link": "a=b", "empty": None}),
    )
    assert [app.name for app in Azure(*sites).select(wanted=Filter.from_options(None, tags)).apps] == taken


@pytest.mark.parametrize("tag", ["", "=x", " =x"])
def test_a_tag_without_a_name_is_refused(tag):
    with pytest.raises(InvalidInput):
        Filter.from_options(None, [tag])


def test_what_comes_twice_counts_once():
    assert names(Azure(site("a"), site("a")).select()) == [("a", None)]


def test_rows_that_are_no_sites_are_left_out():
    assert names(
        Azure({"id": "/subscriptions/s1/x", "kind": None, "tags": None, "properties": {}}, site("a")).select()
    ) == [("a", None)]
