"""Whether a folder is an app."""

from __future__ import annotations

import pytest

from azext_pythonapp.entrypoints.choose import EntryPoint
from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.operations.publish.source_app import SourceApp
from azext_pythonapp.source.folder import read_source
from tests.unit.source.folders import made

FLASK = "from flask import Flask\napp = Flask(__name__)\n"
HANDLER = (
    '<configuration><system.webServer><handlers><add name="Python" path="*" verb="*" modules="httpPlatformHandler"/>'
    '</handlers><httpPlatform processPath="%HOME%\\python311x64\\python.exe" arguments="serve.py"/>'
    "</system.webServer></configuration>"
)


def app_of(folder, files, *exclude):
    """Return what of an app a folder with these files has."""
    return SourceApp(read_source(made(folder, files), exclude))


@pytest.mark.parametrize(
    "files",
    [
        {"app.py": FLASK},
        {"backend/app.py": FLASK},
        {"Requirements.txt": "", "x.html": ""},
        {"web.config": HANDLER},
        {"serve.py": "from aiohttp import web\napp = web.Application()\n"},
    ],
)
def test_folders_that_are_apps(files, tmp_path):
    app_of(tmp_path, files).require(named=False, in_force=False)


def test_folder_without_python_is_refused(tmp_path):
    app = app_of(tmp_path, {"index.html": "", "web.config": "<configuration/>"})
    for in_force in (False, True):
        with pytest.raises(InvalidInput) as caught:
            app.require(named=False, in_force=in_force)
        assert caught.value.message == (
            f"'{tmp_path}' is not a Python app: it has no Python file such as app.py, wsgi.py or manage.py, and there is "
            "no requirements.txt in it."
        )
        assert "Name the folder that holds the app" in caught.value.recommendation
    app.require(named=True, in_force=False)


def test_python_that_is_no_app_is_refused_unless_one_runs(tmp_path):
    app = app_of(tmp_path, {"tool.py": "print(1)\n", "lib/a.py": "", "lib/b.py": "", "lib/c.py": ""})
    with pytest.raises(InvalidInput) as caught:
        app.require(named=False, in_force=False)
    assert (
        "none of its 4 Python files (tool.py, lib/a.py, lib/b.py and 1 more) defines a Django," in caught.value.message
    )
    app.require(named=False, in_force=True)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "web.config is not valid XML at line 1, column 1: no element found. The file is empty."),
        (b"<configuration>\n<handlers>\n</configuration>", "web.config is not valid XML at line 3, column 3: mismatch"),
        (b'<?xml version="1.0" encoding="utf-8"?>\n<!-- \xfc --><configuration/>', "web.config is not valid UTF-8"),
        (b"<system.webServer/>", "The root element of web.config is <system.webServer>, not <configuration>"),
    ],
)
def test_a_web_config_that_cannot_be_edited_is_the_folders(content, reason, tmp_path):
    app = app_of(tmp_path, {"app.py": FLASK, "requirements.txt": "", "Web.config": content})
    for named in (False, True):
        with pytest.raises(InvalidInput) as caught:
            app.require(named=named, in_force=True)
        assert caught.value.message.startswith(f"'{tmp_path / 'Web.config'}' cannot be published: {reason}")
        assert caught.value.recommendation == (
            "Correct it, or leave it out with `--exclude /Web.config`; then the app's own stays."
        )
    app_of(tmp_path, {}, "/Web.config").require(named=False, in_force=False)


def test_python_files_that_are_not_looked_at_are_not_denied(tmp_path):
    app = app_of(tmp_path, {"setup.cfg": "", "src/acme/portal/web.py": FLASK, "tests/test_web.py": ""})
    with pytest.raises(InvalidInput) as caught:
        app.require(named=False, in_force=False)
    assert caught.value.message == (
        f"'{tmp_path}' is not a Python app: it has no Python file such as app.py, wsgi.py or manage.py where an entry "
        "point is looked for, only src/acme/portal/web.py, tests/test_web.py, and there is no requirements.txt in it."
    )
    app.require(named=True, in_force=False)


def test_what_was_nearly_an_app_is_said(tmp_path):
    app = app_of(
        tmp_path, {"app.py": f'if __name__ == "__main__":\n    {FLASK.splitlines()[0]}\n    app = Flask("x")\n'}
    )
    with pytest.raises(InvalidInput) as caught:
        app.require(named=False, in_force=False)
    assert "app.py does not define" in caught.value.message
    assert "creates the application app only when it is run as a script" in caught.value.message


def test_files_that_are_left_out_do_not_count(tmp_path):
    app = app_of(tmp_path, {".gitignore": "/app.py\nrequirements.txt\n", "app.py": FLASK, "requirements.txt": "flask"})
    with pytest.raises(InvalidInput) as caught:
        app.require(named=False, in_force=True)
    assert caught.value.message.endswith("Left out: 2 files of .gitignore (app.py, requirements.txt).")
    assert caught.value.recommendation == ("If 'app.py' belongs to the app, send it with `--exclude '!/app.py'`.")


def test_folder_below_that_looks_like_the_app_is_named(tmp_path):
    app = app_of(
        tmp_path, {"README.md": "", "services/shop/requirements.txt": "flask\n", "services/shop/x.py": "x = 1\n"}
    )
    with pytest.raises(InvalidInput) as caught:
        app.require(named=False, in_force=False)
    assert caught.value.recommendation == (
        f"If the app is in 'services/shop', name that folder: --src {tmp_path}/services/shop"
    )


@pytest.mark.parametrize(
    "module, package, installs, advised",
    [
        ("yaml", "pyyaml", True, "add its package, pyyaml, to '{folder}/requirements.txt' and publish again"),
        ("yaml", "pyyaml", False, "'{folder}/requirements.txt' and publish again, without --no-requirements"),
        ("local", "local", True, "'conf/local.py' of the folder is left out by .gitignore: send it with `--exclude"),
        (
            "vendored",
            "vendored",
            True,
            "'vendored' of the folder is left out by --exclude vendored: send it with `--exclude",
        ),
        ("wsgi", None, True, None),
    ],
)
def test_a_missing_module_is_added_to_the_folder(module, package, installs, advised, tmp_path):
    files = {"app.py": FLASK, ".gitignore": "local.py\n", "conf/local.py": "", "vendored/__init__.py": ""}
    said = app_of(tmp_path, files, "vendored").missing(module, package, installs)
    assert (said is None) if advised is None else advised.format(folder=tmp_path) in said, said


def test_no_file_is_run(tmp_path):
    mark = tmp_path / "ran"
    app = app_of(tmp_path, {"app.py": f"open({str(mark)!r}, 'w')\n{FLASK}"})
    app.require(named=False, in_force=False)
    assert not mark.exists()


def test_folder_of_which_nothing_is_sent_is_refused(tmp_path):
    app = app_of(tmp_path, {"tests/test_app.py": FLASK, ".env": "X=1"}, "tests/")
    with pytest.raises(InvalidInput) as caught:
        app.require(named=True, in_force=True)
    assert caught.value.message == (f"Nothing of '{tmp_path}' is sent. Left out: .env, 1 folder of --exclude tests/.")


def test_file_that_cannot_be_read_is_not_taken_for_empty(tmp_path):
    app = app_of(tmp_path, {"app.py": FLASK})
    (tmp_path / "app.py").write_text("changed", encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"app\.py' changed while this command ran"):
        app.require(named=False, in_force=False)


@pytest.mark.parametrize(
    "entry, on_app, place",
    [
        ("shop.web:app", ["shop/web.py"], "shop/web.py"),
        ("shop:app", ["shop/__init__.py"], "shop/__init__.py"),
        ("app:app", ["app.py"], None),
        ("Tool:app", ["tool.py"], None),
        ("django.core.wsgi:get_wsgi_application()", [], None),
    ],
)
def test_an_entry_point_that_the_folder_has_not(tmp_path, entry, on_app, place):
    """The app would go on with its old code: nothing of the folder is what it starts."""
    module, _, name = entry.partition(":")
    app = app_of(tmp_path, {"app.py": FLASK, "tool/__init__.py": ""})
    sentence = app.elsewhere(EntryPoint(module, name, "flask", ""), on_app.__contains__, "app 'shop'")
    assert (sentence or "").startswith(f"App 'shop' starts {entry} from its own file {place}," if place else "")
    assert ("`--app app:app`" in sentence) if place else sentence is None


def test_an_entry_point_outside_of_the_app_is_not_looked_for(tmp_path):
    entry = EntryPoint("web", "app", "flask", "", folder="D:\\home\\lib")
    app = app_of(tmp_path, {"app.py": FLASK})
    assert app.elsewhere(entry, lambda name: pytest.fail(name), "app 'shop'") is None
