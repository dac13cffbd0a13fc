"""The page: headline numbers, the timeline, and the rows as data for the script that draws the table.

Everything on the page that Azure or an app has written is text: escaped where it is HTML, and with `<`, `>` and `&` as
\\u003c and so on where it is JSON inside of a script element. The policy of the page (CSP) lets nothing be loaded and
runs only the script whose hash it names.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from azext_pythonapp.operations.inventory.report.timeline import timeline
from azext_pythonapp.operations.inventory.rows import is_known
from azext_pythonapp.plain_text import plain_line

# Support that ends within so many days is shown apart.
SOON_DAYS = 365
_PLACE = re.compile(r"\{\{(\w+)\}\}")
# The kinds of rows, in the order of the bar that shows their shares, with their names for a person.
KINDS = {
    "ended": "End of life",
    "soon": "Ends within a year",
    "security": "Security fixes only",
    "active": "Supported",
    "prerelease": "Pre-release",
    "unknown": "Not known",
    "none": "No Python",
}
_UNSAFE_IN_SCRIPT = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


@dataclass(frozen=True)
class About:
    """What the page says of itself.

    made: when the apps were asked, in UTC. subscriptions: names by id. details: whether the apps were asked what they
    run. filters: in words. notes: sentences about what is not on the page. portal: the address of Azure's portal, ""
    for none.
    """

    made: datetime
    subscriptions: Mapping[str, str]
    details: bool = True
    filters: Sequence[str] = ()
    notes: Sequence[str] = ()
    portal: str = ""
    missing: Sequence[str] = field(default_factory=tuple)


def page(rows: Sequence[Mapping[str, Any]], about: About) -> str:
    """Return the page in HTML. rows: as docs/json-output.md describes them."""
    kinds = [kind_of(row, about.made.date(), about.details) for row in rows]
    style, script = _file("report.css"), _file("report.js")
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; base-uri 'none'; form-action 'none'"
    )
    parts = {
        "policy": policy,
        "style": style,
        "script": script,
        "made": html.escape(f"{about.made:%d %B %Y, %H:%M} UTC".lstrip("0")),
        "scope": html.escape(_scope(rows, about)),
        "notes": _notes(about),
        "numbers": _numbers(rows, kinds, about),
        "shares": _shares(kinds) if about.details else "",
        "timeline": timeline(_by_feature(rows), about.made.date()) if about.details else "",
        "data": _data(rows, kinds, about),
    }
    return _PLACE.sub(lambda match: parts[match[1]], _file("report.html"))


def kind_of(row: Mapping[str, Any], today: date, details: bool = True) -> str:
    """Return which of KINDS a row is."""
    runtime = row["runtime"]
    if runtime is None:
        return "none" if details and is_known(row) else "unknown"
    support, ends = runtime["support"], runtime["endOfLife"]
    if support == "endOfLife":
        return "ended"
    if support == "prerelease":
        return "prerelease"
    if ends is not None and date.fromisoformat(ends) <= today + timedelta(days=SOON_DAYS):
        return "soon"
    return "security" if support == "security" else "active"


def _scope(rows: Sequence[Mapping[str, Any]], about: About) -> str:
    number = len({row["subscription"] for row in rows} | set(about.subscriptions))
    parts = [f"{number} subscription{'s' * (number != 1)}", *about.filters]
    return " · ".join(map(plain_line, parts))


def _notes(about: About) -> str:
    incomplete = [f"<li class=missing>{html.escape(plain_line(note))}</li>" for note in about.missing]
    others = [f"<li>{html.escape(plain_line(note))}</li>" for note in about.notes]
    return f"<ul class=notes>{''.join([*incomplete, *others])}</ul>" if incomplete or others else ""


def _numbers(rows: Sequence[Mapping[str, Any]], kinds: Sequence[str], about: About) -> str:
    count = Counter(kinds)
    slots = sum(row["slot"] is not None for row in rows)
    tiles = [("", len(rows), "Windows apps and slots", f"{slots:,} slot{'s' * (slots != 1)}")]
    if about.details:
        python = len(rows) - count["none"] - count["unknown"]
        tiles += [
            ("", python, "run Python", _share(python, len(rows), "of all")),
            ("ended", count["ended"], "end of life", _share(count["ended"], python, "of those with Python")),
            ("soon", count["soon"], "end within a year", _share(count["soon"], python, "of those with Python")),
        ]
        if count["unknown"]:
            tiles.append(("unknown", count["unknown"], "not known", "they did not answer, or Python did not"))
    return "".join(
        f'<div class="tile {kind}"><dt>{html.escape(name)}</dt><dd>{number:,}</dd><dd class=beside>'
        f"{html.escape(beside)}</dd></div>"
        for kind, number, name, beside in tiles
    )


def _share(part: int, whole: int, words: str) -> str:
    return f"{100 * part / whole:.0f} % {words}" if whole else "no Python"


def _shares(kinds: Sequence[str]) -> str:
    """Return the bar that shows how many rows are of which kind, with its legend."""
    count, total, left = Counter(kinds), len(kinds), 0.0
    bars, legend = [], []
    for kind, name in KINDS.items():
        if not count[kind]:
            continue
        width = 1000 * count[kind] / total
        bars.append(
            f'<rect class="{kind}" x="{left:.2f}" width="{max(width - 2, 0.5):.2f}" height="16">'
            f"<title>{name}: {count[kind]:,}</title></rect>"
        )
        legend.append(
            f'<li><button type=button class="key {kind}" data-kind="{kind}">{name} <b>{count[kind]:,}</b></button></li>'
        )
        left += width
    words = ", ".join(f"{name}: {count[kind]}" for kind, name in KINDS.items() if count[kind])
    return (
        f'<svg class=shares viewBox="0 0 1000 16" preserveAspectRatio="none" role=img aria-label="{words}">'
        f"{''.join(bars)}</svg><ul class=legend>{''.join(legend)}</ul>"
        if total
        else ""
    )


def _by_feature(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return how many apps run each feature release: {"3.8": 12}."""
    versions = (row["runtime"]["version"] for row in rows if row["runtime"] is not None)
    return dict(Counter(".".join(re.findall(r"\d+", version)[:2]) for version in versions))


def _data(rows: Sequence[Mapping[str, Any]], kinds: Sequence[str], about: About) -> str:
    """Return the rows as JSON for a script element. The name and version of a package is there once."""
    packages: dict[str, int] = {}

    def numbered(found: Sequence[Mapping[str, str]] | None) -> list[int] | None:
        if found is None:
            return None
        return [packages.setdefault(f"{each['name']} {each['version']}".strip(), len(packages)) for each in found]

    def line(text: str | None) -> str | None:
        # Half of a character, which JSON can hold, is an error to a browser that makes an address of it.
        return plain_line(text).encode("utf-8", "replace").decode("utf-8") if text is not None else None

    data = [
        [
            line(row["id"]),
            line(row["name"]),
            line(row["slot"]),
            line(row["resourceGroup"]),
            line(row["subscription"]),
            line(row["state"]),
            line(row["runtime"]["version"]) if row["runtime"] else None,
            row["runtime"]["endOfLife"] if row["runtime"] else None,
            kind,
            row["handler"],
            line(row["entryPoint"]),
            numbered(row["packages"]),
            [line(warning) for warning in row["warnings"]],
            [line(row["error"]["message"]), line(row["error"]["recommendation"])] if row["error"] else None,
        ]
        for row, kind in zip(rows, kinds)
    ]
    document = {
        "kinds": KINDS,
        "subscriptions": {each: plain_line(name) for each, name in about.subscriptions.items()},
        "packages": [line(text) for text in packages],
        "portal": about.portal if about.portal.startswith("https://") else "",
        "rows": data,
    }
    text = json.dumps(document, separators=(",", ":"))
    return text.translate(_UNSAFE_IN_SCRIPT)


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _file(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
