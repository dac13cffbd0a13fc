"""The report in a real browser: it is drawn, sorts and filters, asks for nothing, and takes hostile texts as texts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from azext_pythonapp.operations.inventory.report.page import page as html
from tests.chromium import Browser, Page, browser
from tests.unit.operations.inventory.fleet_rows import SUBSCRIPTIONS, about, many_rows, row

ROWS = 'document.querySelectorAll("#rows tr.app").length'
FIRST = 'document.querySelector("#rows tr.app th button").textContent'
SHOWN = 'document.getElementById("shown").textContent'
HOSTILE = (
    "</script><script>window.hurt = 1</script>",
    "<img src=x onerror='window.hurt = 1'>",
    "<!--<script>",
    "\" onmouseover='window.hurt = 1'",
    "javascript:window.hurt=1",
    "{{data}} ${1+1} \u2028\u2029 \ud800 \u202e",
    "&lt;b&gt; &amp; ]]>",
)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture
def report(chromium: Browser, tmp_path: Path) -> Any:
    """Returns the page of some rows, opened; at the end none may have asked for anything or complained."""
    opened: list[tuple[Page, str]] = []

    def show(rows: list[dict[str, Any]], scheme: str = "light", **other: Any) -> Page:
        path = tmp_path / f"report-{len(opened)}.html"
        path.write_text(html(rows, about(**other)), encoding="utf-8", errors="replace")
        found = chromium.open(path, scheme)
        opened.append((found, path.as_uri()))
        return found

    yield show
    for found, address in opened:
        assert found.requests() == [address]
        assert found.complaints() == []
        assert found.run("window.hurt === undefined")


def search(found: Page, text: str, shown: str) -> None:
    """Type into the search box and wait for the line that says how many there are."""
    found.run(
        "document.getElementById('shown').textContent = '';"
        f"(() => {{ const box = document.getElementById('search'); box.value = {json.dumps(text)};"
        "box.dispatchEvent(new Event('input')); })()"
    )
    found.wait_for(f"{SHOWN} == {json.dumps(shown)}")


def sort(found: Page, heading: str) -> list[str]:
    """Click a heading; the first cells of the rows that are drawn."""
    found.run(
        f"[...document.querySelectorAll('#headings button')].find((each) => each.textContent == {json.dumps(heading)}).click()"
    )
    names: list[str] = found.run(
        "[...document.querySelectorAll('#rows tr.app th button')].map((each) => each.textContent)"
    )
    return names


def choose(found: Page, select: str, value: str) -> None:
    """Choose a value of a filter."""
    found.run(
        f"(() => {{ const list = document.getElementById('{select}'); list.value = {json.dumps(value)};"
        "list.dispatchEvent(new Event('change')); })()"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_thousand_rows_are_drawn(report, scheme, tmp_path):
    found = report(many_rows(1000), scheme)
    assert found.run(SHOWN) == "1,000 apps and slots"
    assert found.run(ROWS) == 200
    assert found.run("document.querySelectorAll('.tile').length") == 5
    assert found.run("document.querySelectorAll('.timeline .release[data-version]').length") == 8
    assert found.nameless() == []
    assert found.run("document.documentElement.scrollWidth <= innerWidth")
    found.screenshot(tmp_path / "report.png")


def brightness(colour: str) -> float:
    """The relative luminance of a colour such as rgb(1, 2, 3) (WCAG 2.2)."""
    parts = [int(float(each)) / 255 for each in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out(report, scheme):
    found = report(many_rows(300), scheme)
    page_colour = found.run("getComputedStyle(document.body).backgroundColor")
    assert (brightness(page_colour) > 0.5) == (scheme == "light")
    colours = found.run(
        """(() => {
            const back = (node) => {
                const found = getComputedStyle(node).backgroundColor;
                return found == "rgba(0, 0, 0, 0)" ? back(node.parentElement) : found;
            };
            const places = [".scope", ".tile dd", ".beside", ".chip", ".date", ".quiet", "thead button", "#shown", ".slot"];
            return places.flatMap((place) => [...document.querySelectorAll(place)].map(
                (node) => [place + " " + node.className, getComputedStyle(node).color, back(node)]));
        })()"""
    )
    weak = set()
    for name, text, behind in colours:
        light, dark = sorted((brightness(text), brightness(behind)), reverse=True)
        if (light + 0.05) / (dark + 0.05) < 4.5:
            weak.add((name, text, behind))
    assert weak == set()


def test_headings_sort(report):
    rows = [row("shop-10", "3.8.10"), row("shop-9", "3.13.2"), row("Mail", None), row("api", "3.11.9", packages=[])]
    found = report(rows)
    assert found.run(FIRST) == "shop-10"  # what needs somebody is first
    assert sort(found, "App") == ["api", "Mail", "shop-9", "shop-10"]
    assert found.run("document.querySelector('#headings th').getAttribute('aria-sort')") == "ascending"
    assert sort(found, "App") == ["shop-10", "shop-9", "Mail", "api"]
    assert sort(found, "Python") == ["shop-10", "api", "shop-9", "Mail"]  # 3.8 before 3.11, none last
    assert sort(found, "Python") == ["shop-9", "api", "shop-10", "Mail"]
    assert found.run("document.querySelectorAll('[aria-sort]').length") == 1


def test_filters_narrow_the_rows(report):
    rows = [
        row("old", "3.6.4", packages=[{"name": "django", "version": "2.2.28"}]),
        row("old", "3.6.4", slot="staging", state="Stopped", warnings=["The app 'old' is stopped."]),
        row("new", "3.13.2", subscription=list(SUBSCRIPTIONS)[1], entryPoint="main:app"),
        row("plain", None),
    ]
    found = report(rows)
    search(found, "django 2.2", "1 of 4 apps and slots")
    search(found, "OLD stopped", "1 of 4 apps and slots")
    assert found.run("document.querySelector('#rows .slot').textContent") == "staging"
    search(found, "nothing like it", "0 of 4 apps and slots")
    assert found.run("document.querySelector('#rows').textContent") == "No app fits these filters."
    search(found, "", "4 apps and slots")
    for select, value, names in (
        ("kind", "ended", ["old", "old"]),
        ("kind", "none", ["plain"]),
        ("kind", "", ["old", "old", "new", "plain"]),
        ("version", "3.13", ["new"]),
        ("version", "", ["old", "old", "new", "plain"]),
        ("subscription", list(SUBSCRIPTIONS)[1], ["new"]),
    ):
        choose(found, select, value)
        shown = found.run("[...document.querySelectorAll('#rows tr.app th button')].map((each) => each.textContent)")
        assert shown == names, (select, value)
    found.run("document.getElementById('reset').click()")
    found.wait_for(f"{SHOWN} == '4 apps and slots'")
    found.run("document.querySelector('.release[data-version=\"3.6\"]').dispatchEvent(new Event('click'))")
    assert found.run(SHOWN) == "2 of 4 apps and slots"


def test_a_row_opens_and_tells_the_rest(report):
    error = {"code": 1, "message": "The SCM site refused access (403).", "recommendation": "Ask for the role."}
    found = report([row("shop", warnings=["First.", "Second."]), row("shut", None, error=error)])
    found.run("document.querySelectorAll('#rows th button').forEach((each) => each.click())")
    details = found.run("[...document.querySelectorAll('tr.details')].map((each) => each.textContent)")
    assert "First." in details[0] and "flask 3.0.3" in details[0] and "/sites/shop" in details[0]
    assert "The SCM site refused access (403). Ask for the role." in details[1]
    link = found.run("document.querySelector('tr.details a').href")
    assert link.startswith("https://portal.azure.com/#resource/subscriptions/")
    found.run("document.querySelectorAll('#rows th button').forEach((each) => each.click())")
    assert found.run("document.querySelectorAll('tr.details').length") == 0


def test_hostile_texts_stay_texts(report):
    rows = [
        row(
            text,
            None,
            resourceGroup=text,
            slot=text,
            state=text,
            runtime={"version": text, "support": "active", "endOfLife": None},
            entryPoint=text,
            packages=[{"name": text, "version": text}],
            warnings=[text],
            error={"code": 1, "message": text, "recommendation": text},
        )
        for text in HOSTILE
    ]
    names = {each: HOSTILE[1] for each in SUBSCRIPTIONS}
    found = report(rows, subscriptions=names, filters=HOSTILE, notes=HOSTILE, missing=HOSTILE)
    found.run("document.querySelectorAll('#rows th button').forEach((each) => each.click())")
    assert found.run("document.querySelectorAll('img, iframe, object, [onerror], [onmouseover]').length") == 0
    assert found.run("document.scripts.length") == 2
    drawn = found.run("document.querySelector('#rows').textContent")
    for text in HOSTILE[:5]:
        assert text in drawn
    assert "\u202e" not in drawn


def test_the_policy_lets_nothing_out(chromium, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(html([row()], about()), encoding="utf-8")
    found = chromium.open(path)
    assert found.run("fetch('https://example.com/').then(() => 'sent', () => 'refused')") == "refused"
    script = "(() => { const node = document.createElement('script'); node.textContent = 'window.hurt = 1'; "
    assert found.run(script + "document.body.append(node); return window.hurt === undefined; })()")
    assert [each for each in found.complaints() if "Content Security Policy" in each]


def test_five_thousand_rows_stay_usable(report):
    found = report(many_rows(5000))
    assert found.run(SHOWN) == "5,000 apps and slots"
    assert found.run(ROWS) == 200  # a page that drew all of them would be slow with each key
    search(found, "shop-17", found.run(counted("shop-17")))
    search(found, "", "5,000 apps and slots")
    names = sort(found, "App")
    assert len(names) == 200 and names == sorted(names, key=lambda name: (name.split("-")[0], int(name.split("-")[1])))
    assert found.run("document.getElementById('more').textContent") == "Show all 5,000 rows"
    found.run("document.getElementById('more').click()")
    assert found.run(ROWS) == 5000
    assert found.run("document.getElementById('more').hidden")


def counted(word: str) -> str:
    """An expression for the line that a search for a word of ids must show."""
    return (
        "(() => { const rows = JSON.parse(document.getElementById('data').textContent).rows;"
        f"const found = rows.filter((row) => row[0].includes({json.dumps(word)})).length;"
        "return found.toLocaleString('en') + ' of ' + rows.length.toLocaleString('en') + ' apps and slots'; })()"
    )


def test_more_rows_come_while_one_scrolls(report):
    found = report(many_rows(700))
    found.run("scrollTo(0, document.body.scrollHeight)")
    found.wait_for(f"{ROWS} > 200")


def test_paper_has_every_row(report):
    found = report(many_rows(450), "dark")
    assert found.call("Page.printToPDF", landscape=True)["data"]
    assert found.run(ROWS) == 450
    found.prefer("dark", "print")
    assert found.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert found.run("getComputedStyle(document.querySelector('.filters')).display") == "none"


def test_ids_are_copied(report):
    found = report([row("b", "3.11.9"), row("a", "3.6.4")])
    found.run(
        "Object.defineProperty(navigator, 'clipboard', {value: {writeText: async (text) => { window.got = text; }}})"
    )
    found.run("document.getElementById('copy').click()")
    found.wait_for("document.getElementById('copy').textContent == 'Copied 2'")
    assert [line.rpartition("/")[2] for line in found.run("window.got").splitlines()] == ["a", "b"]


@pytest.mark.parametrize("rows", [[], [row("plain", None)]], ids=["no-app", "no-python"])
def test_a_page_without_python_is_no_ruin(report, rows):
    found = report(rows)
    assert found.run("document.querySelector('#lifetimes').checkVisibility()") is False
    assert found.nameless() == []


def test_without_details_the_page_claims_nothing(report):
    found = report([row("shop", None)], details=False)
    assert found.run("document.querySelector('#rows .chip').textContent") == "Not known"
    assert "Python" not in found.run("document.querySelector('.tiles').textContent")
