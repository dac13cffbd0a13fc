"""Resource Graph is read to its end, or not at all."""

from __future__ import annotations

import pytest

from azext_pythonapp.appservice import resource_graph
from azext_pythonapp.appservice.arm_requests import ArmAnswer, ArmRequests
from azext_pythonapp.appservice.retry import Outage, seconds_of
from azext_pythonapp.errors import AccessDenied, PlatformFailed
from tests.unit.passing_time import Time

QUERY = "resources | project id | order by id asc"


class Graph:
    """Answers in turn, the last one again and again. asked: the bodies and api-versions of the requests."""

    def __init__(self, *answers):
        self.answers, self.asked, self.time = list(answers), [], Time()
        outage = Outage("Azure", clock=self.time.clock, sleep=self.time.sleep)
        self.requests = ArmRequests(self.send, "https://arm", outage)

    def send(self, method, url, query, body, secret):
        assert (method, url, secret) == ("POST", "https://arm/providers/Microsoft.ResourceGraph/resources", False)
        self.asked.append(body | query)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer if isinstance(answer, ArmAnswer) else ArmAnswer(200, answer, "{}")

    def rows(self, *subscriptions):
        return [row["id"] for row in resource_graph.rows(self.requests, QUERY, subscriptions or ("s",), 2)]


def page(*ids, token=None, total=None, cut=None, headers=None):
    body = {"data": [{"id": each} for each in ids], "count": len(ids), "facets": []}
    body |= {"$skipToken": token} if token else {}
    body |= {"totalRecords": total} if total is not None else {}
    body |= {"resultTruncated": cut} if cut is not None else {}
    return ArmAnswer(200, body, "{}", headers=headers or {})


def test_every_page_is_read():
    graph = Graph(page("a", "b", token="1", total=5, cut="true"), page("c", "d", token="2"), page("e", total=5))
    assert graph.rows() == ["a", "b", "c", "d", "e"]
    assert [each["options"].get("$skipToken") for each in graph.asked] == [None, "1", "2"]
    assert all(each["query"] == QUERY and each["options"]["$top"] == 2 for each in graph.asked)
    assert all(each["api-version"] == "2024-04-01" and each["subscriptions"] == ["s"] for each in graph.asked)


def test_an_empty_page_in_between_ends_nothing():
    assert Graph(page("a", token="1"), page(token="2"), page("b")).rows() == ["a", "b"]


@pytest.mark.parametrize("last", [page("a", cut="true"), page("a", total=2), page("a", cut=True, total=7)])
def test_a_part_is_never_taken_for_the_whole(last):
    with pytest.raises(PlatformFailed, match="did not say how to go on"):
        Graph(last).rows()


def test_the_same_page_again_and_again_ends():
    with pytest.raises(PlatformFailed, match="same page"):
        Graph(page("a", token="1")).rows()


@pytest.mark.parametrize("body", [None, [], {}, {"data": None}, {"data": {"rows": []}}, {"data": ["a"]}])
def test_an_answer_without_rows_is_an_error(body):
    with pytest.raises(PlatformFailed):
        Graph(ArmAnswer(200, body, "")).rows()


def test_a_refusal_is_one():
    with pytest.raises(AccessDenied):
        Graph(ArmAnswer(403, {"error": {"code": "AuthorizationFailed", "message": "no"}}, "{}")).rows()


def test_a_thousand_subscriptions_are_asked_at_once():
    graph = Graph(page("a"), page("b"), page("c"))
    names = [f"s{number}" for number in range(2001)]
    assert graph.rows(*names) == ["a", "b", "c"]
    assert [len(each["subscriptions"]) for each in graph.asked] == [1000, 1000, 1]


def test_a_used_up_quota_is_waited_for():
    quota = {"x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": "00:00:04"}
    graph = Graph(page("a", token="1", headers=quota), page("b"))
    assert graph.rows() == ["a", "b"]
    assert graph.time.pauses == [4]


def test_a_quota_is_waited_for_no_longer_than_anything():
    quota = {"x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": "23:00:00"}
    graph = Graph(page("a", token="1", headers=quota), page("b"))
    assert graph.rows() == ["a", "b"]
    assert graph.time.pauses == [240]


def test_a_throttled_query_is_sent_again():
    text = '{"error": {"code": "RateLimiting", "details": [{"message": "has been throttled"}]}}'
    throttled = ArmAnswer(429, {"error": {}}, text, headers={"x-ms-user-quota-resets-after": "00:00:03"})
    graph = Graph(throttled, page("a"))
    assert graph.rows() == ["a"]
    assert graph.time.pauses == [3]


def test_a_server_error_is_transient():
    assert Graph(ArmAnswer(503, {"error": {}}, "{}"), page("a")).rows() == ["a"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("00:00:05", 5), ("01:02:03", 3723), ("", None), ("5", None), ("a:b:c", None), ("0:0:-1", None)],
)
def test_a_time_of_the_quota_is_read(text, seconds):
    assert seconds_of(text) == seconds
