"""Shards: every app in one of them, subscriptions apart, an app with its slots, and no shard much larger than others."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.operations.inventory.matrix import matrix, require_count
from azext_pythonapp.operations.inventory.selection import ListedApp


def app(subscription: str, name: str, slot: str | None = None) -> ListedApp:
    path = f"/subscriptions/{subscription}/resourceGroups/rg/providers/Microsoft.Web/sites/{name}"
    return ListedApp(path + (f"/slots/{slot}" if slot else ""), subscription, "rg", name, slot, "Running", "h", "s")


def fleet(sizes: dict[str, int]) -> list[ListedApp]:
    return [app(subscription, f"app{number:04}") for subscription, count in sizes.items() for number in range(count)]


def counts(sizes: dict[str, int], shards: int) -> list[tuple[str, int]]:
    return [(each["subscription"], each["count"]) for each in matrix(fleet(sizes), shards)["include"]]


def test_a_subscription_gets_its_share_of_the_shards():
    assert counts({"a": 600, "b": 300, "c": 1}, 4) == [("a", 300), ("a", 300), ("b", 300), ("c", 1)]
    assert counts({"a": 10}, 3) == [("a", 3), ("a", 4), ("a", 3)] or sum(n for _, n in counts({"a": 10}, 3)) == 10


def test_too_few_shards_have_whole_subscriptions():
    found = counts({"a": 50, "b": 30, "c": 30}, 2)
    assert sorted(found) == [("a", 50), ("b c", 60)]


def test_no_shard_is_empty():
    assert counts({"a": 2}, 8) == [("a", 1), ("a", 1)]
    assert matrix([], 8) == {"include": []}


def test_an_app_and_its_slots_stay_together():
    apps = [app("a", name, slot) for name in "xyz" for slot in (None, "staging", "test")]
    found = matrix(apps, 9)["include"]
    assert [each["count"] for each in found] == [3, 3, 3]
    assert [each["shard"] for each in found] == ["1", "2", "3"]
    assert all(len({i.partition("/slots/")[0] for i in each["ids"].split()}) == 1 for each in found)


def test_a_name_that_begins_like_another_parts_no_slots():
    apps = [app("a", "shop"), app("a", "shop-api"), app("a", "shop.b"), app("a", "SHOP", "staging")]
    found = [each["ids"].split() for each in matrix(apps, 4)["include"]]
    assert sorted(map(len, found)) == [1, 1, 2]
    assert [apps[0].id, apps[3].id] in found


def test_a_large_subscription_is_cut_beside_many_small_ones():
    small = {f"s{number:02}": 2 for number in range(20)}
    found = counts({"large": 200} | small, 8)
    assert len(found) == 8
    assert max(count for _, count in found) <= 40
    assert {name for name, _ in found if "large" in name} == {"large"}, "it shares no shard"
    assert sorted(" ".join(name for name, _ in found if name != "large").split()) == sorted(small)


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 40), min_size=1), st.integers(1, 256))
def test_every_app_is_in_one_shard(sizes, shards):
    apps = fleet(sizes)
    found = matrix(apps, shards)["include"]
    ids = [i for each in found for i in each["ids"].split()]
    assert sorted(ids) == sorted(each.id for each in apps)
    assert len(found) <= shards and all(each["count"] == len(each["ids"].split()) > 0 for each in found)
    if shards >= len(sizes):
        assert all(" " not in each["subscription"] for each in found)
        largest = Counter()
        for each in found:
            largest[each["subscription"]] = max(largest[each["subscription"]], each["count"])
        pieces = Counter(each["subscription"] for each in found)
        assert all(largest[key] <= sizes[key] // pieces[key] + 1 for key in sizes)


@pytest.mark.parametrize("count", [0, -1, 257])
def test_a_number_that_no_pipeline_takes_is_refused(count):
    with pytest.raises(InvalidInput):
        require_count(count)


def test_numbers_sort_as_texts():
    names = [each["shard"] for each in matrix(fleet({"a": 12}), 12)["include"]]
    assert names == sorted(names) and names[0] == "01"
