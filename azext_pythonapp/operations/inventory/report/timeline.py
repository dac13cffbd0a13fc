"""The versions of Python on a line of time, as SVG inside of the page: when each ends, and how many apps run it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from azext_pythonapp.runtimes.end_of_life import Life, lives
from azext_pythonapp.runtimes.versions import numbers

_WIDTH, _LEFT, _RIGHT = 1000, 56, 190
_ROW, _TOP, _BAR = 30, 48, 14
# The line begins no longer ago than this: nothing is told by when 2.7 was released.
_YEARS_BEFORE, _YEARS_AFTER = 8, 4
_COUNT_BAR = 90


def timeline(apps: Mapping[str, int], today: date) -> str:
    """Return the drawing. apps: how many run each feature release. "" when no app runs one whose time is known."""
    shown = [life for life in lives() if apps.get(life.version) or _lives(life, today)]
    if not any(apps.get(life.version) for life in shown):
        return ""
    axis = _Axis(today)
    height = _TOP + _ROW * len(shown) + 8
    most = max(apps.get(life.version, 0) for life in shown)
    rows = [
        _row(life, apps.get(life.version, 0), most, _TOP + _ROW * number, axis, today)
        for number, life in enumerate(sorted(shown, key=lambda life: numbers(life.version), reverse=True))
    ]
    words = "; ".join(
        f"Python {life.version}, supported until {life.end_of_life}: {_apps(apps[life.version])}"
        for life in shown
        if apps.get(life.version)
    )
    now = axis.at(today)
    return (
        f'<div class=scroll tabindex=0 role=group aria-label="Versions of Python and their end of life">'
        f'<svg class=timeline viewBox="0 0 {_WIDTH} {height}" role=img aria-labelledby="timeline-title timeline-words">'
        f"<title id=timeline-title>Versions of Python and their end of life</title>"
        f"<desc id=timeline-words>{words}.</desc>"
        f"{_years(axis, height)}{''.join(rows)}"
        f'<line class=today x1="{now}" x2="{now}" y1="{_TOP - 10}" y2="{height - 4}"/>'
        f'<rect class=today x="{now - 24}" y="{_TOP - 27}" width="48" height="18" rx="9"/>'
        f'<text class=today x="{now}" y="{_TOP - 14}" text-anchor=middle>today</text>'
        f'<text class=year x="{_WIDTH - _RIGHT + 24}" y="12">apps and slots</text></svg></div>'
    )


class _Axis:
    """Days to places on the line."""

    def __init__(self, today: date):
        self.first = date(today.year - _YEARS_BEFORE, 1, 1)
        self.last = date(today.year + _YEARS_AFTER + 1, 12, 31)

    def at(self, day: date) -> float:
        """Return where a day is; at an end of the line for one beyond it."""
        share = (day - self.first) / (self.last - self.first)
        return round(_LEFT + min(max(share, 0.0), 1.0) * (_WIDTH - _LEFT - _RIGHT), 1)


def _lives(life: Life, today: date) -> bool:
    return life.first_release <= today <= life.end_of_life


def _years(axis: _Axis, height: int) -> str:
    drawn = []
    for year in range(axis.first.year, axis.last.year + 2):
        place = axis.at(date(year, 1, 1))
        drawn.append(f'<line class=year x1="{place}" x2="{place}" y1="20" y2="{height - 4}"/>')
        if year <= axis.last.year:
            middle = axis.at(date(year, 7, 1))
            drawn.append(f'<text class=year x="{middle}" y="12" text-anchor=middle>{year}</text>')
    return "".join(drawn)


def _row(life: Life, count: int, most: int, top: int, axis: _Axis, today: date) -> str:
    """Return one version: its name, its time in colours, and how many apps run it."""
    middle, edge = top + _ROW / 2, top + (_ROW - _BAR) / 2
    ended = life.end_of_life < today
    start, security, end = axis.at(life.first_release), axis.at(life.security_from), axis.at(life.end_of_life)
    parts = [
        f'<rect class=whole x="0" y="{top}" width="{_WIDTH}" height="{_ROW}" rx="6"/>',
        f'<text class=version x="{_LEFT - 12}" y="{middle + 5}" text-anchor=end>{life.version}</text>',
        _bar("past" if ended else "active", start, security, edge),
        _bar("past" if ended else "security", security, end, edge),
    ]
    if ended and count:
        parts.append(_bar("without", max(end, _LEFT), axis.at(today), edge))
    soon = not ended and life.end_of_life <= today + timedelta(days=365)
    if count:
        kind = "ended" if ended else "soon" if soon else "active"
        left = _WIDTH - _RIGHT + 24
        width = max(3.0, round(_COUNT_BAR * count / most, 1))
        parts.append(f'<rect class="count {kind}" x="{left}" y="{edge}" width="{width}" height="{_BAR}" rx="3"/>')
        parts.append(f'<text class=count x="{left + width + 8}" y="{middle + 5}">{count:,}</text>')
    words = f"Python {life.version}: {'ended' if ended else 'supported until'} {life.end_of_life}, {_apps(count)}"
    live = f' class="release" data-version="{life.version}"' if count else ' class="release empty"'
    return f"<g{live}><title>{words}</title>{''.join(parts)}</g>"


def _bar(kind: str, start: float, end: float, top: float) -> str:
    if end <= start:
        return ""
    return f'<rect class="{kind}" x="{start}" y="{top}" width="{round(end - start, 1)}" height="{_BAR}" rx="3"/>'


def _apps(count: int) -> str:
    return "no apps" if not count else f"{count:,} app{'s' * (count != 1)}"
