"""An app that runs an environment is understood by what reads it, with no more requests."""

from __future__ import annotations

import pytest

from azext_pythonapp.errors import Refused
from azext_pythonapp.operations.app.observe import observe
from azext_pythonapp.operations.app.python_in_use import packages_in_use, runtime_of, target_in_use
from azext_pythonapp.operations.runtime.list_installed import list_runtimes
from azext_pythonapp.operations.runtime.uninstall import UninstallRequest, uninstall
from azext_pythonapp.operations.show import show
from azext_pythonapp.runtimes.identity import VersionSpec
from tests.unit.operations.app.test_observe import FIRST_ROUND, PRINTED, PYTHON, Azure, web_config

OF_A = r"D:\home\data\pythonapp\environments\a\Scripts\python.exe"
COMPLETE = "pythonapp-complete a\r\n"
ANSWERED = "pythonapp-environment a 3.6.4 64 D:\\home\\python364x64\r\n"
PYVENV = b"home = D:\\home\\python364x64\r\ninclude-system-site-packages = false\r\n"


@pytest.fixture
def azure():
    made = Azure({"site/wwwroot/web.config": web_config(OF_A), "data/pythonapp/environments/a/pyvenv.cfg": PYVENV})
    made.printed = PRINTED + COMPLETE + ANSWERED
    made.folders = {
        "data/pythonapp/environments/a/Scripts": ["python.exe"],
        "data/pythonapp/environments/a/Lib/site-packages": ["click-8.1.8.dist-info"],
    }
    return made


def test_show_tells_the_environment_and_its_python(azure):
    answer = show(azure.app)
    assert answer["environment"] == "a" and answer["warnings"] == []
    assert answer["runtime"] == {
        "version": "3.6.4",
        "architecture": "x64",
        "extensionId": "azureappservice-python364x64",
        "packageVersion": "3.6.4.4",
        "pythonPath": OF_A,
        "source": "environment",
        "inUse": True,
        "answered": True,
    }
    assert set(azure.asked) == FIRST_ROUND and len(azure.asked) == 4


@pytest.mark.parametrize("spelling", [OF_A.replace("D:\\home", "%HOME%"), OF_A.replace("\\", "/"), OF_A.upper()])
def test_any_spelling_of_its_path_is_understood(azure, spelling):
    azure.files["site/wwwroot/web.config"] = web_config(spelling)
    assert show(azure.app)["environment"] == "a" and set(azure.asked) == FIRST_ROUND


def test_list_marks_the_runtime_that_the_environment_stands_on(azure):
    rows = list_runtimes(azure.app)
    assert [(row["pythonPath"], row["source"], row["inUse"]) for row in rows] == [(PYTHON, "siteExtension", True)]
    assert set(azure.asked) == FIRST_ROUND and len(azure.asked) == 4 and azure.said == []


def test_an_environment_that_is_not_in_use_is_no_row(azure):
    azure.files["site/wwwroot/web.config"] = web_config()
    assert [row["pythonPath"] for row in list_runtimes(azure.app)] == [PYTHON]
    assert show(azure.app)["environment"] is None


def test_its_packages_are_read_as_those_of_a_runtime(azure):
    assert packages_in_use(observe(azure.app, pythons=False)) == {"click": "8.1.8"}
    assert sorted(azure.asked) == [
        "GET config/web",
        "list data/pythonapp/environments/a/Lib/site-packages",
        "list data/pythonapp/environments/a/Scripts",
        "read site/wwwroot/web.config",
    ]


def test_jobs_look_at_it_with_the_python_of_its_runtime(azure):
    target = target_in_use(observe(azure.app))
    assert (target.letter, target.folder, target.runner) == ("a", "environments", PYTHON)
    assert target.place == "data/pythonapp/environments/a" and target.python_path == OF_A
    base = runtime_of(target)
    assert (base.python_path, base.folder, base.place, base.letter) == (PYTHON, "python364x64", "python364x64", None)
    assert set(azure.asked) == FIRST_ROUND


def gone(azure):
    """The runtime is removed: python.exe of the environment ends without an answer."""
    azure.printed = "pythonapp-home D:\\home \r\npythonapp-folder site\r\n" + COMPLETE
    azure.folders |= {"": ["site"], "python364x64": []}
    azure.answers_others = False
    return azure


def test_a_runtime_that_was_removed_is_named(azure):
    trouble = observe(gone(azure).app).trouble
    assert f"starts environment a, whose runtime {PYTHON} is not there. The app cannot start." in trouble.message
    assert "az webapp python install" in trouble.advice and "--version 3.6.4 --arch x64" in trouble.advice
    (warning,) = [each for each in show(azure.app)["warnings"] if "environment a" in each]
    assert warning == str(trouble)


def test_an_environment_without_its_python_is_named(azure):
    azure.printed = PRINTED + COMPLETE
    azure.answers_others = False
    azure.folders["data/pythonapp/environments/a/Scripts"] = []
    assert f"starts {OF_A}, which is not there" in observe(azure.app).trouble.message


def test_a_half_built_environment_is_asked_alone(azure):
    azure.printed = PRINTED
    seen = observe(azure.app)
    assert seen.environment == "a" and seen.current.version == "3.9.13", "whatever runs is what is shown"
    assert "run another command" in azure.asked


@pytest.mark.parametrize("web", [web_config(OF_A), b"<configuration/>"])
@pytest.mark.parametrize("answer", [ANSWERED, ""])
def test_the_runtime_of_an_environment_is_not_uninstalled(azure, monkeypatch, web, answer):
    azure.files["site/wwwroot/web.config"] = web
    azure.printed = PRINTED + COMPLETE + answer
    monkeypatch.setattr("azext_pythonapp.operations.runtime.uninstall.uses_of_runtime", lambda *about: [])
    request = UninstallRequest(VersionSpec.parse("3.6.4"), None, None, False, False, True)
    with pytest.raises(Refused, match=r"python364x64 of app 'shop' is the runtime of environment a, which"):
        uninstall(azure.app, request, True)
    standing = observe(azure.app)
    assert standing.environments == {"a": PYTHON}


def test_what_a_cut_survey_did_not_tell_is_asked(azure):
    azure.printed = ""
    azure.folders |= {"data/pythonapp/environments/a": ["pythonapp.json"], "data/pythonapp/environments/b": ["Scripts"]}
    assert observe(azure.app).environments == {"a": PYTHON}


def test_nothing_more_is_asked_where_there_is_none():
    azure = Azure()
    assert observe(azure.app).environments == {} and set(azure.asked) <= FIRST_ROUND
