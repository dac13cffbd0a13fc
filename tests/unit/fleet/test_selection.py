"""Which apps and slots --ids names."""

from __future__ import annotations

import pytest

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.fleet.selection import read_members


def site(name, slot=None, group="rg", subscription="sub"):
    end = f"/slots/{slot}" if slot else ""
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Web/sites/{name}{end}"


def nothing(*_):
    raise AssertionError("nothing is read")


def read(*words, standard_input=nothing, files=nothing):
    return read_members(words, standard_input, files)


def test_ids_are_taken_in_order_and_once():
    found = read(site("b"), site("a", "staging"), site("B"), site("a"), site("a", "STAGING") + "/")
    assert [each.label for each in found] == ["b", "a/staging", "a"]
    assert [each.id for each in found] == [site("b"), site("a", "staging"), site("a")]
    assert found[1].to_dict() == {"name": "a", "resourceGroup": "rg", "slot": "staging"}


def test_the_production_slot_is_the_app():
    (found,) = read(site("shop", "Production"), site("shop"))
    assert found.slot is None and found.resource_id == site("shop")


@pytest.mark.parametrize(
    "text",
    [
        f"{site('a')} {site('b')}",
        f"# apps\n{site('a')}  # the first\r\n\n{site('b')}\n",
        f"\ufeff{site('a')}\n{site('b')}",
    ],
)
def test_a_text_holds_ids_and_comments(text):
    assert [each.name for each in read(text)] == ["a", "b"]
    assert [each.name for each in read("-", standard_input=lambda: text)] == ["a", "b"]
    assert [each.name for each in read("@ids.txt", files={"ids.txt": text}.__getitem__)] == ["a", "b"]


def test_a_file_that_cannot_be_read_is_an_error():
    def missing(name):
        raise FileNotFoundError(2, "No such file or directory", name)

    with pytest.raises(InvalidInput, match=r"'ids\.txt' cannot be read: No such file"):
        read("@ids.txt", files=missing)


@pytest.mark.parametrize(
    "wrong",
    [
        "shop",
        "/subscriptions/sub/resourceGroups/rg",
        site("a").replace("sites", "serverfarms"),
        site("a") + "/config/web",
    ],
)
def test_a_wrong_id_is_refused(wrong):
    with pytest.raises(InvalidInput, match="not the resource id of a web app or slot. Nothing was started") as error:
        read(site("a"), wrong)
    assert repr(wrong) in error.value.message and "az webapp list" in error.value.recommendation


def test_many_wrong_ids_are_counted():
    with pytest.raises(InvalidInput, match="'a', 'b', 'c' and 2 more are not"):
        read("a b c d e")


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_no_id_is_refused(text):
    with pytest.raises(InvalidInput, match="names no app"):
        read(text)


def test_the_group_tells_apps_of_one_name_apart():
    found = read(site("shop"), site("Shop", group="eu"), site("shop", "staging"), site("shop", subscription="other"))
    assert [each.label for each in found] == ["shop (rg) (sub)", "Shop (eu)", "shop/staging", "shop (rg) (other)"]


@pytest.mark.parametrize(
    "text",
    [
        site("shop#", "staging"),
        site("shop?x", "staging"),
        site("shop%23"),
        site("shop", ".."),
        site("shop", "."),
        site("a\x1bb"),
        site("shop", group=".."),
        site("a\\b"),
        "/resource" + site("shop"),
        "https://portal.azure.com/#@contoso/resource" + site("shop"),
    ],
)
def test_a_part_that_is_no_name_is_refused(text):
    with pytest.raises(InvalidInput, match="not the resource id"):
        read(text)


def test_standard_input_that_is_no_text_is_an_error():
    def no_text():
        return b"\xff\xfe/\x00".decode("utf-8")

    with pytest.raises(InvalidInput, match="standard input cannot be read"):
        read("-", standard_input=no_text)
