"""What stands last on a person's screen after set-version: a switch that was put back, nothing to do, a stopped app."""

from __future__ import annotations

import pytest

from tests.local_azure.site import Site
from tests.scenario.apps import naming, web_root
from tests.scenario.az import Az
from tests.scenario.terminal import az_in_terminal
from tests.scenario.test_set_version import FAILS_ON_311
from tests.screen import Screen


def shown(az: Az, site: Site, options: str, columns: int, expect: int = 0) -> Screen:
    """The screen after set-version, in a terminal of that width."""
    with az_in_terminal(az, f"webapp python set-version {options}", *naming(site), columns=columns) as terminal:
        code = terminal.end(300)
    assert code == expect, terminal.screen
    return terminal.screen


@pytest.mark.parametrize("columns", [80, 120])
def test_what_is_read_last(az, apps, columns):
    site = apps.prepared("wsgi_hello", also="3.11.9")
    site.use_32bit_worker = False
    (web_root(site) / "app.py").write_text(FAILS_ON_311, encoding="utf-8")

    failed = shown(az, site, "--version 3.11", columns, expect=1)
    message, advice = failed.text.splitlines()[-2:]
    assert message.startswith(f"With Python 3.11.9, https://{site.host}/ answered 500 (200 before). "), failed
    assert message.endswith(f"Rolled back: app '{site.name}' runs Python 3.8.10 again (200)."), failed
    assert advice.startswith("The whole log: https://") and advice.endswith("/wfastcgi.log"), failed
    assert failed.text.count("Restarting app") == 1 and "Putting back web.config" in failed.text, failed

    (web_root(site) / "app.py").write_text(FAILS_ON_311.replace("200 OK", "404 Not Found"), encoding="utf-8")
    unchanged = shown(az, site, "--version 3.8", columns)
    assert unchanged.text.splitlines()[-1] == (
        f"App '{site.name}' runs Python 3.8.10 already; nothing changed. https://{site.host}/ answers 404, from the "
        "app itself, as before."
    )
    assert "Restarting" not in unchanged.text and "Switching" not in unchanged.text, unchanged

    site.stop()
    stopped = shown(az, site, "--version 3.11 --no-import-check", columns)
    now, undo, start = stopped.text.splitlines()[-3:]
    assert now.startswith(f"App '{site.name}' is set to run Python 3.11.9 (was 3.8.10). 1 file changed, "), stopped
    assert undo.startswith(f"Undo: az webapp python rollback -g rg -n {site.name} --change-id "), stopped
    assert start == (
        f"App '{site.name}' is stopped, so nothing was fetched: not verified. Start it: az webapp start -g rg "
        f"-n {site.name}"
    )
