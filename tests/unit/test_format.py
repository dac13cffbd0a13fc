"""Table views: as wide as the terminal, each column in its place, and what differs stays different."""

from __future__ import annotations

import io
import itertools
import sys

import pytest

from azext_pythonapp import _format

PATH = r"D:\home\python3810x64\python.exe"


@pytest.fixture(autouse=True)
def columns(monkeypatch):
    """The terminal's width, which a test may change."""

    def of(number: int) -> None:
        monkeypatch.setenv("COLUMNS", str(number))

    of(80)
    return of


def shown(name: str, slot: str | None = None) -> dict:
    """An answer of `show` for an app of that name."""
    return {
        "app": {"name": name, "slot": slot},
        "handler": "httpPlatform",
        "entryPoint": "shop.wsgi:application",
        "runtime": {"version": "3.8.10", "architecture": "x64", "pythonPath": PATH},
    }


def changed(*changes: tuple) -> dict:
    """An answer with these changes: target, action, before, after."""
    keys = ("target", "action", "before", "after")
    return {"app": shown("shop")["app"], "changes": [dict(zip(keys, change)) for change in changes]}


def offer(version: str, **more) -> dict:
    """A row of `list-versions`."""
    return {
        "version": version,
        "architecture": "x64",
        "extensionId": f"pythonapp-python{version.replace('.', '')}x64",
        "packageVersion": version,
        "publisher": "Python Software Foundation",
        "trusted": True,
        "source": "nuget",
        "support": "security",
        "installed": None,
    } | more


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
    assert "3810x64" in row["Python"]
    assert row["App"] == name or row["App"].startswith("a-name-of-") and row["App"].endswith("haracters-")


def test_the_name_of_a_slot_is_kept_as_long_as_possible():
    (row,) = rows = _format.app_table(shown("contoso-orders-17", "staging") | {"handler": "fastCgi"})
    assert row["App"] == "contoso-orders-17/staging" and "3810x64" in row["Python"] and width(rows) <= 80
    (row,) = _format.app_table(shown("contoso-orders-of-the-north-17-" * 2, "staging"))
    assert row["App"].startswith("contoso-") and row["App"].endswith("staging")


def test_all_the_room_is_used():
    rows = _format.changes_table(changed(("x" * 50, "update", "y" * 51, "z" * 52)))
    assert width(rows) == 80


def test_the_row_of_set_version_fits():
    answer = shown("a-name-of-" + "sixty-characters-" * 3) | {"changed": False, "verification": {"httpStatus": 200}}
    rows = _format.set_version_table(answer)
    assert width(rows) <= 80 and rows[0]["Http"] == "200"


@pytest.mark.parametrize("wide", [80, 100, 120, 200])
def test_what_fits_is_not_cut(columns, wide):
    columns(wide)
    name = "x" * 20
    long = ("siteextensions/azureappservice-python364x64", "install", None, "3.6.4.4")
    rows = _format.changes_table(changed(long, ("packages/" + name, "update", "1" * 12, "2")))
    (cut, whole) = (row["Target"] for row in rows)
    assert whole == "packages/" + name and width(rows) <= wide
    assert cut == long[0] or wide == 80 and width(rows) == 80


def test_columns_stay_where_they_are():
    assert list(_format.changes_table(changed(("packages/flask", "install", None, "3.0.3")))[0].values()) == [
        "install",
        "packages/flask",
        "-",
        "3.0.3",
    ]
    assert list(_format.changes_table(changed())[0].items()) == [
        ("Action", "none"),
        ("Target", "shop"),
        ("Before", "-"),
        ("After", "-"),
    ]
    empty = {"app": shown("shop")["app"], "handler": None, "entryPoint": None, "runtime": None}
    assert list(_format.app_table(empty)[0]) == list(_format.app_table(shown("shop"))[0])
    assert list(_format.app_table(empty)[0].values())[:6] == ["shop", "-", "-", "-", "-", "-"]
    job = {"id": "1", "title": None, "state": "running", "exitCode": None, "startedAt": None}
    assert list(_format.job_table(job)[0].values()) == ["1", "-", "running", "-", "-"]
    job |= {"id": "20261126-155713-fc54", "title": "pip (install-requirements)", "startedAt": "2026-11-26T15:57:13Z"}
    rows = _format.jobs_table([job | {"state": "succeeded"}])
    assert width(rows) == 80 and (rows[0]["Command"], rows[0]["StartedAt"]) == (
        "pip (install-requirements)",
        "11-26 15:57",
    )
    assert _format.jobs_table([]) == _format.packages_table([]) == []


@pytest.mark.parametrize(
    "command", ["install-requirements", "package install", "package uninstall", "set-version", "publish", "rollback"]
)
def test_a_job_of_an_environment_fits_80_columns(command):
    job = {"id": "20261126-155713-fc54", "state": "succeeded", "exitCode": 0, "startedAt": "2026-11-26T15:57:13Z"}
    rows = _format.jobs_table([job | {"title": f"environment {letter} ({command})"} for letter in "ab"])
    assert width(rows) <= 80
    assert [row["Command"] for row in rows] == [f"env a {command}", f"env b {command}"]


@pytest.mark.parametrize("letter", ["a", "b"])
def test_a_table_tells_which_environment_a_python_is(letter):
    """The path of one does not fit 80 columns, and without its middle the two are the same."""
    path = rf"D:\home\data\pythonapp\environments\{letter}\Scripts\python.exe"
    python = {"version": "3.11.9", "architecture": "x64", "source": "environment", "pythonPath": path, "inUse": True}
    base = python | {"source": "siteExtension", "pythonPath": PATH, "inUse": False}
    in_list = [row["Python"] for row in _format.runtimes_table([python, base])]
    (row,) = _format.app_table(shown("shop") | {"runtime": python})
    of_web_config = shown("shop") | {"path": "web.config", "pythonPath": path, "warnings": []}
    assert in_list == [f"environment {letter}", PATH]
    assert row["Python"] == _format.web_config_table(of_web_config)[0]["Python"] == f"environment {letter}"


def test_a_table_of_changes_tells_the_environments_apart():
    """Before and after are columns of their own, so that neither is cut with a look at the other."""
    path = r"\data\pythonapp\environments\{}\Scripts\python.exe"
    was, now = f"fastCgi D:\\home{path.format('b')}", f"fastCgi %HOME%{path.format('a')}"
    (row,) = _format.changes_table(changed(("site/wwwroot/web.config", "update", was, now)))
    assert (row["Before"], row["After"]) == ("fastCgi environment b", "fastCgi environment a")


def test_what_is_not_known_is_a_question_mark():
    python = {"version": "3.8.10", "architecture": "x64", "source": "folder", "pythonPath": PATH, "inUse": False}
    rows = _format.runtimes_table([python, python | {"answered": False, "inUseUnknown": True}])
    assert [(row["Version"], row["InUse"]) for row in rows] == [("3.8.10", "no"), ("3.8.10?", "?")]
    assert [row["OnApp"] for row in _format.offers_table([offer("3.8.9"), offer("3.8.8", installed=True)])] == [
        "?",
        "yes",
    ]


def test_offers_have_source_and_publisher(columns):
    columns(90)
    stranger = offer("3.6.4", publisher="Naked Objects Group", trusted=False, source="siteExtension")
    gallery = offer("3.6.4", publisher="Microsoft", source="siteExtension", extensionId="azureappservice-python364x64")
    usual, every = _format.offers_table([offer("3.13.2"), gallery]), _format.offers_table([stranger, gallery])
    assert every[0]["Publisher"] == "Naked…roup?", "its own word"
    assert [(row["Source"], row["Publisher"]) for row in usual] == [("nuget", "python.org"), ("gallery", "Microsoft")]
    assert [row["ExtensionId"] for row in usual][1] == "azureappservice-python364x64"
    assert list(usual[0])[-2:] == ["Support", "OnApp"] and list(every[0])[-2:] == ["Package", "OnApp"]
    columns(80)
    for rows in (_format.offers_table([offer("3.13.2"), gallery]), _format.offers_table([stranger, gallery])):
        assert width(rows) <= 80 and rows[1]["ExtensionId"].endswith("364x64")


def test_an_entry_point_has_one_form(columns):
    columns(120)
    for entry, handler, printed in (
        ("app.app", "fastCgi", "app:app"),
        ("shop.wsgi.application", "fastCgi", "shop.wsgi:application"),
        ("shop.create()", "fastCgi", "shop:create()"),
        ("app:app", "httpPlatform", "app:app"),
        ("app.py", "httpPlatform", "app.py"),
        ("-m flask run", "httpPlatform", "-m flask run"),
        ("nothing", "fastCgi", "nothing"),
    ):
        (row,) = _format.app_table(shown("shop") | {"entryPoint": entry, "handler": handler})
        assert row["EntryPoint"] == printed


@pytest.mark.parametrize("wide", [40, 60, 80, 120])
def test_what_differs_stays_different(columns, wide):
    columns(wide)
    drives = [rf"{drive}:\home\{folder}\python.exe" for drive in "CD" for folder in ("python3810x64", "python3810x86")]
    paths = [*drives, r"D:\home\python-with-a-very-long-name-of-ours-3.8\Scripts\python.exe", PATH.replace("38", "311")]
    paths += [f"packages/{name}-{end}" for name in ("a" * 40, "b" * 40) for end in ("client" * 5, "server" * 5)]
    for order in itertools.islice(itertools.permutations(paths), 50):
        rows = _format.changes_table(changed(*((path, "update", f"fastCgi {path}", path) for path in order)))
        for column in ("Target", "Before", "After"):
            assert len({row[column] for row in rows}) == len(paths)


@pytest.mark.parametrize("encoding, mark", [("utf-8", "…"), ("ascii", "..."), ("latin-1", "...")])
def test_a_cut_is_visible_in_every_encoding(monkeypatch, encoding, mark):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding))
    rows = _format.changes_table(changed((r"D:\home\pythön" + "x" * 70, "update", None, PATH * 2)))
    assert width(rows) <= 80
    for text in (rows[0]["Target"], rows[0]["After"]):
        assert text.count(mark) == 1 and text.encode(encoding)


def test_a_text_with_line_feeds_is_one_cell():
    (row,) = _format.changes_table(changed(("packages/a", "update", "1\n2", "")))
    assert (row["Before"], row["After"]) == ("1 2", "-")


def test_characters_that_a_terminal_obeys_are_not_printed():
    answer = {**shown("shop"), "entryPoint": "a\x1b[31mb\t\r\nc\u202ed\x07"}
    text = _format.app_table(answer)[0]["EntryPoint"]
    assert text == "a [31mb c d"
    assert _format.app_table({**shown("shop"), "entryPoint": "\x1b\r"})[0]["EntryPoint"] == "-"


@pytest.mark.parametrize("number", [80, 100, 120])
def test_characters_of_double_width_fit_the_terminal(columns, number):
    columns(number)
    answer = shown("shop")
    answer["runtime"]["pythonPath"] = "D:\\home\\" + "蟒蛇" * 20 + "\\python.exe"
    row = _format.app_table(answer)[0]
    widths = [max(len(name) + 2, len(value)) for name, value in row.items()]
    double = sum("\u4e00" <= each <= "\u9fff" for value in row.values() for each in value)
    assert sum(widths) + 2 * (len(widths) - 1) + double <= number
    assert row["Python"].startswith("D:\\") and row["Python"].endswith(".exe")


def recorded(**parts: object) -> dict:
    """An answer of `history show`, or a row of `history list`."""
    row = {
        "changeId": "20261126-110100-0001",
        "startedAt": "2026-11-26T11:01:00Z",
        "state": "failed",
        "inProgress": False,
        "command": "set-version",
        "user": "ann@contoso.com",
    }
    return {**changed(), **row, **parts}


def test_a_recorded_change_without_rows_is_shown_as_in_the_list() -> None:
    (row,) = _format.recorded_change_table(recorded())
    assert list(row.values()) == ["20261126-110100-0001", "11-26 11:01", "failed", "set-version", "ann@contoso.com"]
    (row,) = _format.recorded_change_table(recorded(**changed(("packages/flask", "install", None, "3.0.3"))))
    assert row["Target"] == "packages/flask"


def test_a_user_is_told_by_the_beginning_of_the_name() -> None:
    principal = "3f0c1c1e-0000-4000-8000-1234567890ab"
    users = ("ann@contoso.com", principal, None, "bob.of.marketing@contoso.com", "bob.of.marketing@fabrikam.com")
    rows = _format.history_table([recorded(user=each, command="install-requirements") for each in users])
    shown_users = [row["User"] for row in rows]
    assert shown_users[:3] == ["ann@contoso.c…", "3f0c1c1e-0000…", "-"] and len(set(shown_users)) == 5
    assert all(sum(map(len, row.values())) + 8 <= 80 for row in rows)
