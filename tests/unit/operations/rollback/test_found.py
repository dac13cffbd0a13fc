"""What a change touched, as it is now, and what is said when somebody else changed it since."""

from __future__ import annotations

import pytest

from azext_pythonapp.errors import Conflict, UnknownOutcome
from azext_pythonapp.history.record import KeptFile, Published, RecordedRuntime
from azext_pythonapp.operations.rollback import found as found_module
from azext_pythonapp.operations.rollback.difference import require_ours
from azext_pythonapp.operations.rollback.found import look
from azext_pythonapp.operations.rollback.target import choose_target
from azext_pythonapp.runtimes.discovery import InstalledRuntime
from tests.unit.operations.rollback.pythons import NEW, OLD, WEB_CONFIG, config, has, packages, python, runtime, seen


@pytest.fixture
def put(tmp_path):
    """Writes web.config; None for none."""

    def write(content):
        path = tmp_path / WEB_CONFIG
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)

    return write


@pytest.fixture
def see(app, monkeypatch):
    """Looks at the app, whose Pythons are the given ones."""

    pythons: list[InstalledRuntime] = []
    monkeypatch.setattr(found_module, "observe", lambda opened: seen(opened, pythons))
    monkeypatch.setattr(found_module, "uses_of_runtime", lambda opened, path: [])

    def look_at(*present, change_id=None):
        pythons[:] = present
        return look(app, choose_target(app, change_id))

    return look_at


def switch(before, after):
    return (KeptFile(WEB_CONFIG, "web.config", before, after, True),)


def test_web_config_as_the_change_left_it(app, add, put, see, tmp_path):
    put(config(NEW))
    add(files=switch(config(OLD), config(NEW)))
    found = see(python(OLD), python(NEW, in_use=True))
    assert [each.foreign for each in found.files] == [False] and not found.missing and not found.stays
    assert found.wanted_config == config(OLD) and found.python_exe == OLD
    assert found.is_wanted(OLD) and not found.is_wanted(NEW)
    require_ours(found, force=False)


def test_web_config_of_another_hand_has_three_states(app, add, put, see, tmp_path):
    put(config(NEW).replace(b'verb="*"', b'verb="GET"'))
    made = add(files=switch(config(OLD), config(NEW)))
    found = see(python(OLD), python(NEW))
    with pytest.raises(Conflict) as caught:
        require_ours(found, force=False)
    message, advice = caught.value.message, caught.value.recommendation
    assert message.startswith(f"Somebody changed app 'shop' since change {made.id} (set-version, by ann")
    assert (
        f"{WEB_CONFIG} (before: Python 3.8.10, FastCGI; after it: Python 3.11.9, FastCGI; now: Python 3.11.9, FastCGI, "
        "with other lines)" in message
    )
    assert f"`az webapp python rollback -g rg -n shop --change-id {made.id} --yes --force`" in advice
    shown = "\n".join(app.progress.said)
    assert f"What change {made.id} made of {WEB_CONFIG}:" in shown and f"What was made of {WEB_CONFIG} since:" in shown
    assert "python3810x64" in shown and 'verb="GET"' in shown
    require_ours(found, force=True)
    assert "and --force replaces it" in app.progress.said[-1]


def test_a_later_change_of_ours_is_named(app, add, put, see, tmp_path):
    made = add(files=switch(config(OLD), config(NEW)))
    later = add("web-config set", files=switch(config(NEW), b"<configuration/>"))
    put(b"<configuration/>")
    found = see(python(OLD), python(NEW), change_id=made.id)
    with pytest.raises(
        Conflict, match=f"^Change {later.id} .web-config set, by ann.*. changed app 'shop' since"
    ) as caught:
        require_ours(found, force=False)
    assert f"Undo that change first: `az webapp python rollback -g rg -n shop --change-id {later.id} --yes`." in (
        caught.value.recommendation
    )


def test_a_later_publish_of_the_same_file_is_named(app, add, put, see):
    put(None)
    made = add("publish", published=Published("site/wwwroot", None, ["app.py", "old.py"], [], []))
    first = add("publish", published=Published("site/wwwroot", "x.zip", [], ["App.py"], []))
    later = add("publish", published=Published("site/wwwroot", "y.zip", ["more.py"], [], ["old.py"]))
    for names, by in ((["app.py"], first), (["old.py", "app.py"], later)):
        with pytest.raises(Conflict, match=f"^Change {by.id} .publish, by ann.*: {', '.join(names)}.$") as caught:
            require_ours(see(change_id=made.id), False, names)
        assert f"Undo that change first: `az webapp python rollback -g rg -n shop --change-id {by.id} --yes`." in (
            caught.value.recommendation
        )
    with pytest.raises(Conflict, match="^Somebody changed"):
        require_ours(see(change_id=made.id), False, ["theirs.py"])


def test_a_file_that_was_not_yet_written_is_nobody_elses(app, add, put, see, tmp_path):
    put(b"<configuration/>")
    add(state="unfinished", files=(KeptFile(WEB_CONFIG, "web.config", config(OLD)),))
    found = see(python(OLD))
    assert not found.files[0].foreign and not found.files[0].back
    require_ours(found, force=False)


def test_packages_have_three_states(app, add, put, see, tmp_path):
    put(config(OLD))
    has(tmp_path, OLD, {"flask": "3.1", "six": "1.0"})
    made = add("install-requirements", packages=(packages(OLD, {"flask": "2.0"}, {"flask": "3.0", "six": "1.0"}),))
    found = see(python(OLD, in_use=True))
    with pytest.raises(Conflict, match=r"packages of Python 3.8.10: flask \(before: 2.0; after it: 3.0; now: 3.1\)\."):
        require_ours(found, force=False)
    has(tmp_path, OLD, {"flask": "3.0", "six": "1.0.0"})
    found = see(python(OLD, in_use=True))
    require_ours(found, force=False)
    assert not found.packages[0].back
    has(tmp_path, OLD, {"flask": "2.0"})
    assert see(python(OLD, in_use=True)).packages[0].back, made.id


def test_packages_of_an_interrupted_change_may_be_anything(app, add, put, see, tmp_path):
    put(config(OLD))
    has(tmp_path, OLD, {"flask": "2.0", "half": "1"})
    add("install-requirements", "unfinished", packages=(packages(OLD, {"flask": "2.0"}, None),))
    found = see(python(OLD))
    require_ours(found, force=False)
    assert not found.packages[0].back


def test_an_uninstalled_python_comes_back_with_its_packages(app, add, put, see, tmp_path):
    put(config(NEW))
    part = packages(OLD, {"flask": "2.0"}, {})
    add("uninstall", runtimes=(runtime("uninstall", OLD),), packages=(part,))
    found = see(python(NEW, in_use=True))
    (missing,) = found.missing
    assert missing.runtime.extension_id == "pythonapp-python3810x64" and not missing.partial
    assert [(each.change, each.absent, each.back) for each in found.packages] == [(part, True, False)]
    require_ours(found, force=False)
    has(tmp_path, OLD, {"flask": "2.0"})
    assert see(python(NEW)).missing[0].partial, "the rest of a folder without a Python"
    assert not see(python(NEW), python(OLD)).missing and see(python(NEW), python(OLD)).packages[0].back
    kept = python(OLD, extension_id=None, package_version=None, source="folder")
    (again,) = see(python(NEW), kept).missing
    assert not again.partial, "its files were kept: its extension comes back, and takes the packages along"


def test_the_python_of_before_was_uninstalled_later(app, add, put, see, tmp_path):
    put(config(NEW))
    was = RecordedRuntime("3.8.10", "x64", "some-id", "3.8.10.1", "siteExtension", OLD)
    made = add(files=switch(config(OLD), config(NEW)), runtime_before=was)
    found = see(python(NEW, in_use=True), change_id=made.id)
    assert [(each.runtime.extension_id, each.packages) for each in found.missing] == [("some-id", None)]
    part = packages(OLD, {"flask": "2.0"}, {})
    add("uninstall", runtimes=(runtime("uninstall", OLD),), packages=(part,))
    found = see(python(NEW, in_use=True), change_id=made.id)
    assert [(each.runtime.package_version, each.packages) for each in found.missing] == [("3.8.10", part)]
    assert [each.change for each in found.packages] == [part]


def test_a_python_that_is_named_nowhere_is_known_by_its_folder(app, add, put, see, tmp_path):
    put(config(NEW))
    add(files=switch(config(OLD), config(NEW)))
    (missing,) = see(python(NEW)).missing
    assert (missing.runtime.version, missing.runtime.architecture, missing.runtime.extension_id) == (
        "3.8.10",
        "x64",
        None,
    )


def test_what_install_put_there_goes(app, add, put, see, tmp_path):
    put(config(NEW))
    add("install", runtimes=(runtime("install", OLD),))
    found = see(python(NEW, in_use=True), python(OLD))
    assert [each.name for each in found.extra] == ["Python 3.8.10 x64"] and not found.stays and not found.used
    assert not see(python(NEW, in_use=True)).extra, "it is gone already"
    found = see(python(OLD, in_use=True))
    assert not found.extra and found.used == {"Python 3.8.10 x64": rf"web.config starts {OLD}"}


def test_what_is_left_of_an_interrupted_installation_goes(app, add, put, see, tmp_path):
    put(config(NEW))
    add("install", "unfinished", runtimes=(runtime("install", OLD),))
    assert see(python(NEW, in_use=True)).rests == []
    has(tmp_path, OLD, {})
    assert see(python(NEW, in_use=True)).rests == ["python3810x64"]
    assert see(python(NEW, in_use=True), python(OLD)).rests == []


def test_packages_that_came_since_are_not_lost(app, add, put, see, tmp_path):
    put(config(NEW))
    made = add("install", runtimes=(runtime("install", OLD),))
    has(tmp_path, OLD, {"pip": "25", "setuptools": "56", "wfastcgi": "3.0.0"})
    found = see(python(NEW, in_use=True), python(OLD))
    require_ours(found, force=False)
    has(tmp_path, OLD, {"pip": "25", "flask": "2.0"})
    with pytest.raises(Conflict, match="packages that were installed into Python 3.8.10 x64 since: flask 2.0"):
        require_ours(found, force=False)
    require_ours(found, force=True)
    assert made.id in app.progress.said[-1]


def test_what_set_version_installed_stays(app, add, put, see, tmp_path):
    put(config(NEW))
    parts = (packages(NEW, {}, {"flask": "2.0"}),)
    add(files=switch(config(OLD), config(NEW)), runtimes=(runtime("install", NEW),), packages=parts)
    found = see(python(NEW, in_use=True), python(OLD))
    assert [each.name for each in found.stays] == ["Python 3.11.9 x64"] and not found.extra
    assert not found.packages, "and so do its packages"


def test_what_a_rollback_installed_again_goes_again(app, add, put, see, tmp_path):
    put(config(NEW))
    gone = add("uninstall", runtimes=(runtime("uninstall", OLD),))
    undo = add("rollback", undoes=gone.id, runtimes=(runtime("install", OLD),))
    found = see(python(NEW, in_use=True), python(OLD))
    assert found.target.record == undo and [each.name for each in found.extra] == ["Python 3.8.10 x64"]


def test_a_python_that_did_not_answer_is_not_absent(app, add, put, see, tmp_path):
    put(config(NEW))
    add(files=switch(config(OLD), config(NEW)))
    with pytest.raises(UnknownOutcome, match="whether it has to be installed again"):
        see(python(NEW), python(OLD, answered=False, unknown=True, problem="It did not answer."))


def test_a_web_config_that_was_new_goes(app, add, put, see, tmp_path):
    put(config(NEW))
    add(files=switch(None, config(NEW)))
    found = see(python(NEW, in_use=True))
    assert found.wanted_config is None and found.handler is None and found.python_exe is None
    require_ours(found, force=False)
    put(None)
    assert see(python(NEW)).files[0].back
