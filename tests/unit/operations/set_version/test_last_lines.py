"""The last lines of set-version: what runs now, what ran before, what was changed in numbers, and the way back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest

from azext_pythonapp.operations.environment.place import Place
from azext_pythonapp.operations.set_version.brought import Brought
from azext_pythonapp.operations.set_version.decision import Decision
from azext_pythonapp.operations.set_version.last_lines import last_lines
from azext_pythonapp.operations.set_version.words import (
    end_of_life_warning,
    entry_point_words,
    now_in_words,
    runs_in_words,
    switch_title,
)
from azext_pythonapp.plan import Change
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from azext_pythonapp.webconfig.handlers import HandlerIntent, read_handler, write_handler
from tests.unit.operations.shop import shop_site
from tests.unit.progress import Recorded

HOME = r"D:\home"
CONFIG = Change("site/wwwroot/web.config", "update")
RESTART = Change("app", "restart")
PACKAGES = [Change(f"packages/p{number}", "install", None, "1") for number in range(10)]
URL = "https://shop.azurewebsites.net/"
UNDO = "az webapp python rollback -g rg -n shop --change-id 20261126-120000-4f2a --yes"


def python(version: str, architecture: str = "x64") -> InstalledRuntime:
    folder = f"python{version.replace('.', '')}{architecture}"
    return InstalledRuntime(
        version, architecture, folder, version, rf"{HOME}\{folder}\python.exe", "siteExtension", False
    )


def fast(runtime: InstalledRuntime, entry: str = "app.app") -> HandlerIntent:
    return HandlerIntent(
        "fastCgi", runtime.python_path, runtime.python_path.replace("python.exe", "wfastcgi.py"), entry
    )


def platform(runtime: InstalledRuntime, arguments: str = "-m waitress app:app") -> HandlerIntent:
    return HandlerIntent("httpPlatform", runtime.python_path, arguments=arguments)


OLD, NEW, OTHER = python("3.11.9"), python("3.8.10"), python("3.8.10", "x86")


def decided(before=OLD, now=None, after=NEW, intent=None, *, on_app=(OLD, NEW), place=None, **request):
    """The decision for a switch. now: what web.config says; request: restart, health, was (the environment before)."""
    options = {"restart": True, "health": True, "requirements": True} | request
    current = read_handler(write_handler(None, now or fast(before)).content) if before else None
    files = SimpleNamespace(shown=lambda name: f"site/wwwroot/{name}")
    was = request.pop("was", None)
    found = SimpleNamespace(current=current, in_use=before, pythons=on_app, files=files, started=was)
    app = SimpleNamespace(
        site=shop_site(options.get("state", "Running")), kudu=SimpleNamespace(home=lambda: HOME), progress=Recorded()
    )
    request = SimpleNamespace(
        restart=options["restart"],
        requirements=options["requirements"],
        health=SimpleNamespace(demanded=False) if options["health"] else None,
    )
    return Decision(app, request, found, None, after, intent or fast(after), place)


def ended(decision, changes, sentence=f"{URL} answers 200.", good=True, restarted=True, brought=None, stays=None):
    health = SimpleNamespace(sentence=sentence, good=good)
    recorded = SimpleNamespace(undo=UNDO if any(each.action != "restart" for each in changes) else None)
    change = recorded if changes else None
    letter = decision.place.letter if decision.place is not None else None
    letter, run_python, intent = stays or (letter, decision.python, decision.intent)
    run = SimpleNamespace(
        letter=letter,
        python=run_python,
        intent=intent,
        health=health,
        restarted=restarted,
        change=change,
        brought=brought or Brought(),
    )
    return last_lines(decision, run, changes)


def test_a_new_web_config_and_what_deletes_it():
    lines = ended(decided(None), [Change("site/wwwroot/web.config", "create"), RESTART])
    assert lines[0] == (
        "A zip deployment deletes a web.config that is not in its archive; with the option --clean false it does not."
    )
    assert not any("deployment" in line for line in ended(decided(), [CONFIG, RESTART]))


def test_what_was_brought_with_a_switch_is_counted():
    brought = SimpleNamespace(command="publish", sent="2 files uploaded, 1 file deleted")
    changes = [
        Change("site/wwwroot/new.py", "create"),
        Change("site/wwwroot/app.py", "update"),
        Change("site/wwwroot/old.py", "delete"),
        RESTART,
    ]
    assert ended(decided(before=NEW), changes, brought=brought) == [
        f"App 'shop' runs Python 3.8.10 as before. {URL} answers 200. 2 files uploaded, 1 file deleted, 12 s.",
        f"Undo: {UNDO}",
    ]
    both = ended(decided(before=None), [PACKAGES[0], Change("site/wwwroot/web.config", "create")], brought=brought)
    assert "1 package installed, 2 files uploaded, 1 file deleted, 12 s." in both[0], "no word about zip deployments"


def test_a_switch():
    assert ended(decided(), [*PACKAGES, CONFIG, RESTART]) == [
        f"App 'shop' runs Python 3.8.10 (was 3.11.9). {URL} answers 200. 10 packages installed, 12 s.",
        f"Undo: {UNDO}",
    ]


def test_a_first_python():
    install = Change("siteextensions/python3810x64", "install", None, "3.8.10")
    assert ended(decided(before=None), [install, PACKAGES[0], CONFIG, RESTART]) == [
        f"App 'shop' runs Python 3.8.10. {URL} answers 200. 1 Python and 1 package installed, 12 s.",
        f"Undo: {UNDO}",
    ]


def test_nothing_changed():
    same = decided(before=NEW)
    as_before = f"{URL} answers 404, from the app itself, as before."
    assert ended(same, [], as_before, restarted=False) == [
        f"App 'shop' runs Python 3.8.10 already; nothing changed. {as_before}"
    ]
    assert ended(same, [], f"{URL} answers 500, as before.", False) == [
        f"App 'shop' is set to run Python 3.8.10 already; nothing changed. {URL} answers 500, as before."
    ]


def test_a_stopped_app_ends_with_the_command_that_starts_it():
    lines = ended(decided(state="Stopped"), [CONFIG], None, False, restarted=False)
    assert lines == [
        "App 'shop' is set to run Python 3.8.10 (was 3.11.9). 1 file changed, 12 s.",
        f"Undo: {UNDO}",
        "App 'shop' is stopped, so nothing was fetched: not verified. Start it: az webapp start -g rg -n shop",
    ]
    assert ended(decided(before=NEW, state="Stopped"), [], None, False, restarted=False)[0] == (
        "App 'shop' is set to run Python 3.8.10 already; nothing changed."
    )


@pytest.mark.parametrize(
    "request_, changes, said",
    [
        (
            {"restart": False, "health": False},
            [CONFIG],
            "not restarted (--no-restart), and its page was not checked. To",
        ),
        (
            {"restart": False, "health": False},
            [*PACKAGES, CONFIG],
            "so its processes may still have other packages. To",
        ),
        ({"health": False}, [CONFIG, RESTART], "Its page was not checked (--no-health-check). 1 file changed, 12 s."),
    ],
)
def test_what_was_not_checked_is_said(request_, changes, said):
    first = ended(decided(**request_), changes, None, False)[0]
    assert first.startswith("App 'shop' is set to run Python 3.8.10 (was 3.11.9). ") and said in first


def test_a_page_that_was_not_reached():
    sentence = f"{URL} was not verified: the app's access restrictions block this client."
    assert ended(decided(), [CONFIG, RESTART], sentence, False)[0] == (
        f"App 'shop' is set to run Python 3.8.10 (was 3.11.9). {sentence} 1 file changed, 12 s."
    )


def test_another_handler():
    to_platform = decided(before=NEW, intent=platform(NEW))
    assert switch_title(to_platform) == (
        "Switching web.config of app 'shop' from FastCGI to HttpPlatform, with Python 3.8.10 as before."
    )
    assert ended(to_platform, [CONFIG, RESTART]) == [
        f"App 'shop' runs Python 3.8.10 with HttpPlatform (was FastCGI). {URL} answers 200. 1 file changed, 12 s.",
        f"Undo: {UNDO}",
    ]
    both = decided(now=platform(OLD))
    assert ended(both, [CONFIG, RESTART]) == [
        f"App 'shop' runs Python 3.8.10 with FastCGI (was 3.11.9 with HttpPlatform). {URL} answers 200. "
        "1 file changed, 12 s.",
        f"Undo: {UNDO}",
    ]


def test_another_entry_point():
    decision = decided(before=NEW, now=fast(NEW, "app.make()"), intent=fast(NEW, "shop.app"))
    assert switch_title(decision) == ("Changing the entry point in web.config of app 'shop'; Python 3.8.10 as before.")
    assert ended(decision, [CONFIG, RESTART]) == [
        f"App 'shop' runs shop.app (was app.make()) on Python 3.8.10. {URL} answers 200. 1 file changed, 12 s.",
        f"Undo: {UNDO}",
    ]


def test_two_pythons_of_one_version_are_told_apart():
    decision = decided(before=OTHER, after=NEW, on_app=(NEW, OTHER))
    assert ended(decision, [CONFIG, RESTART]) == [
        f"App 'shop' runs Python 3.8.10 x64 (was 3.8.10 x86). {URL} answers 200. 1 file changed, 12 s.",
        f"Undo: {UNDO}",
    ]
    assert switch_title(decision) == "Switching web.config of app 'shop' from Python 3.8.10 x86 to Python 3.8.10 x64."


def test_a_pending_restart_only():
    assert ended(decided(before=NEW), [RESTART]) == [
        f"App 'shop' runs Python 3.8.10 as before. {URL} answers 200. The app was restarted, 12 s."
    ]


def test_the_heading_of_a_plan():
    assert now_in_words(decided()) == "Python 3.11.9, FastCGI"
    assert now_in_words(decided(before=None)) is None
    assert switch_title(decided()) == "Switching web.config of app 'shop' from Python 3.11.9 to Python 3.8.10."
    assert switch_title(decided(before=None)) == "Switching web.config of app 'shop' to Python 3.8.10."
    assert switch_title(decided(before=NEW)) == "Correcting web.config of app 'shop'; Python 3.8.10 as before."


def test_the_entry_point_in_a_plan():
    assert entry_point_words(decided(before=NEW, intent=fast(NEW, "shop.app"))) == "Entry point app.app -> shop.app."
    assert entry_point_words(decided()) is None and entry_point_words(decided(before=None)) is None
    assert entry_point_words(decided(intent=platform(NEW))) is None, "another handler names it in another way"


def test_a_version_without_security_fixes_is_warned_of():
    day = date(2026, 1, 1)
    assert end_of_life_warning("3.8.10", day) == (
        "Python 3.8 reached its end of life on 2024-10-07 and gets no more security fixes."
    )
    assert end_of_life_warning("3.13.2", day) is None and end_of_life_warning("3.15.0rc1", day) is None
    assert end_of_life_warning("3.0.1", day) == "Python 3.0 reached its end of life and gets no more security fixes."


IN_A = replace(OLD, python_path=rf"{HOME}\data\pythonapp\environments\a\Scripts\python.exe", source="environment")
IN_B = replace(IN_A, python_path=IN_A.python_path.replace(r"\a\S", r"\b\S"))
B = SimpleNamespace(letter="b")
BUILT = Change("data/pythonapp/environments/b", "create", None, "Python 3.11.9")


@pytest.mark.parametrize(
    "decision, line",
    [
        (
            decided(OLD, None, IN_B, place=B),
            "App 'shop' runs Python 3.11.9 in environment b (was 3.11.9 with its own packages).",
        ),
        (
            decided(IN_A, None, IN_B, place=B, was="a"),
            "App 'shop' runs Python 3.11.9 in environment b (was 3.11.9 in environment a).",
        ),
        (
            decided(IN_A, None, OLD, was="a"),
            "App 'shop' runs Python 3.11.9 with its own packages (was 3.11.9 in environment a).",
        ),
    ],
)
def test_where_the_packages_are(decision, line):
    first = ended(decision, [BUILT, *PACKAGES[:1], CONFIG])[0]
    assert first.startswith(f"{line} {URL} answers 200.") and "nvironment b built, 1 package installed" in first


@pytest.mark.parametrize(
    "intent, line",
    [
        (fast(IN_A), "App 'shop' runs Python 3.11.9 in environment a as before."),
        (platform(IN_A), "App 'shop' runs Python 3.11.9 in environment a with HttpPlatform (was FastCGI)."),
    ],
)
def test_an_app_that_stays_in_its_environment(intent, line):
    """The other one was built, and has the same packages."""
    after = fast(IN_B) if intent.kind == "fastCgi" else platform(IN_B)
    decision = decided(IN_A, None, IN_B, after, place=Place("b", OLD, IN_B, None, None), was="a")
    first = ended(decision, [CONFIG], stays=("a", IN_A, intent))[0]
    assert first.startswith(f"{line} {URL} answers 200. 1 file changed")


def test_an_environment_before_is_named():
    decision = decided(IN_A, None, IN_B, place=B, was="a")
    assert now_in_words(decision) == "Python 3.11.9, environment a, FastCGI"
    assert runs_in_words(decision) == "Python 3.11.9 in environment a"
