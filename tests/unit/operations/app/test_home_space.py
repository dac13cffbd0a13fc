"""Homes that cannot be written to are seen in the plan."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from azext_pythonapp.appservice.site import SiteConfiguration, VirtualApplication
from azext_pythonapp.errors import Refused, UnknownOutcome
from azext_pythonapp.operations.app.home_space import require_room, require_writable_root

LISTING = """ Volume in drive D is Windows
 Volume Serial Number is E83B-C639

 Directory of {0}

02/27/2020  05:08 AM    <DIR>          .
02/27/2020  05:08 AM    <DIR>          ..
               0 File(s)              0 bytes
               2 Dir(s)  {1} bytes free
"""


def app(
    home: str | None,
    root: str | None = "10737332224",
    settings: dict[str, str] | None = None,
    physical: str = "site\\wwwroot",
):
    """An app whose `dir` says this; None: nothing."""

    def run(command: str) -> SimpleNamespace:
        assert command.startswith('dir /-C /A:D "D:\\home"')
        if home is None:
            raise UnknownOutcome("cut")
        listings = [("D:\\home", home)] + ([("D:\\home\\site\\wwwroot", root)] if "&" in command else [])
        return SimpleNamespace(output="".join(LISTING.format(*each) for each in listings if each[1] is not None))

    configuration = SiteConfiguration(True, (VirtualApplication("/", physical),))
    return SimpleNamespace(
        kudu=SimpleNamespace(home=lambda: "D:\\home", run=run),
        arm=SimpleNamespace(configuration=lambda _: configuration, app_settings=lambda _: settings or {}),
        site=SimpleNamespace(label="app 'shop'", arguments="-g rg -n shop"),
    )


@pytest.mark.parametrize(
    "name, value",
    [("WEBSITE_RUN_FROM_PACKAGE", "1"), ("website_run_from_package", "https://a/b.zip"), ("WEBSITE_RUN_FROM_ZIP", "1")],
)
def test_an_app_that_runs_from_a_package(name: str, value: str):
    with pytest.raises(Refused, match=f"runs from a package .app setting {name}") as raised:
        require_writable_root(app("5000", settings={name: value}))
    assert "--output-file" in str(raised.value.recommendation)
    require_writable_root(app("5000", settings={name: value}, physical="site\\elsewhere"))


@pytest.mark.parametrize("value", ["0", "", "false"])
def test_an_app_that_does_not(value: str):
    require_writable_root(app("5,000", settings={"WEBSITE_RUN_FROM_PACKAGE": value}))


def test_a_mount_that_no_setting_names():
    with pytest.raises(Refused, match="read-only wwwroot"):
        require_writable_root(app("5000", "0"))


def test_a_full_home():
    for check in (require_room, require_writable_root):
        with pytest.raises(Refused, match="home directory of app 'shop' is full"):
            check(app("0", "0"))


@pytest.mark.parametrize("home, root", [(None, None), ("5000", None), ("10,737,332,224", "10.737.332.224")])
def test_what_is_not_known_is_no_reason(home: str | None, root: str | None):
    require_writable_root(app(home, root))
    require_room(app(home, root))


@pytest.mark.parametrize("first", [UnknownOutcome("cut"), "", LISTING.format("D:\\home", "5000").partition("2 Dir")[0]])
def test_what_a_busy_worker_did_not_tell_is_asked_again(first: UnknownOutcome | str):
    full = app("0", "0")
    answers = [first]
    whole = full.kudu.run

    def run(command: str) -> SimpleNamespace:
        if not answers:
            return whole(command)
        answer = answers.pop()
        if isinstance(answer, UnknownOutcome):
            raise answer
        return SimpleNamespace(output=answer)

    full.kudu.run = run
    with pytest.raises(Refused, match="home directory of app 'shop' is full"):
        require_room(full)
    assert answers == []
