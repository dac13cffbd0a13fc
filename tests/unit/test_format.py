"""Table views: they fit a terminal whatever the names are, and cut nothing that fits."""

from __future__ import annotations

import pytest

from azext_pythonapp import _format

PATH = r"D:\home\python3810x64\python.exe"


def shown(name: str) -> dict:
    """An answer of `show` for an app of that name."""
    return {
        "app": {"name": name, "slot": None},
        "handler": "httpPlatform",
        "entryPoint": "shop.wsgi:application",
        "runtime": {"version": "3.8.10", "architecture": "x64", "pythonPath": PATH},
    }


def width(rows: list[dict]) -> int:
    """What az makes of the rows: headings have a margin of two, columns are two apart."""
    names = list(rows[0])
    columns = [max([len(name) + 2] + [len(str(row[name] or "")) for row in rows]) for name in names]
    return sum(columns) + 2 * (len(columns) - 1)


@pytest.mark.parametrize("name", ["shop", "a-name-of-" + "sixty-characters-" * 3])
def test_the_row_of_show_fits(name):
    (row,) = rows = _format.app_table(shown(name))
    assert width(rows) <= 80
    assert (row["Version"], row["Arch"], row["Handler"]) == ("3.8.10", "x64", "httpPlatform")
    assert row["Python"].endswith("python.exe")


def test_the_row_of_set_version_fits():
    answer = shown("a-name-of-" + "sixty-characters-" * 3) | {"changed": False, "verification": {"httpStatus": 200}}
    rows = _format.set_version_table(answer)
    assert width(rows) <= 80 and rows[0]["Http"] == 200


def test_what_fits_is_not_cut():
    short = {"target": "packages/flask", "action": "install", "before": None, "after": "3.0.3"}
    (row,) = _format.changes_or_none_table({"app": shown("shop")["app"], "changes": [short]})
    assert list(row.values()) == ["install", "packages/flask", None, "3.0.3"]


def test_long_changes_give_way_evenly():
    changes = [
        {
            "target": "siteextensions/azureappservice-python364x64",
            "action": "install",
            "before": None,
            "after": "3.6.4.4",
        },
        {
            "target": "site/wwwroot/web.config",
            "action": "update",
            "before": f"fastCgi {PATH}",
            "after": f"fastCgi {PATH}",
        },
    ]
    rows = _format.changes_or_none_table({"app": shown("shop")["app"], "changes": changes})
    assert width(rows) <= 80
    assert rows[0]["Target"].startswith("…") and rows[0]["Target"].endswith("python364x64")
    assert rows[1]["Before"].endswith(r"\python.exe") and rows[0]["After"] == "3.6.4.4"
