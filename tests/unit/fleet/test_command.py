"""A command's function with --ids: what az gets, and what becomes of it."""

from __future__ import annotations

import os
import sys
from inspect import Parameter, signature
from types import SimpleNamespace

import pytest

from azext_pythonapp.custom import fleet
from azext_pythonapp.custom.opening import OptionsRead
from azext_pythonapp.errors import Conflict, Interrupted, InvalidInput, NotFound, Refused

MODULES = ("audit", "doctor", "export", "history", "job", "package", "publish", "rollback", "runtime", "web_config")


def site(name, slot=None, subscription="sub"):
    end = f"/slots/{slot}" if slot else ""
    return f"/subscriptions/{subscription}/resourceGroups/rg/providers/Microsoft.Web/sites/{name}{end}"


class Default(str):
    is_default = True


class Context:
    """az's cli_ctx."""

    only_show_errors = False

    def __init__(self, subscription=None, never_ask=False):
        self.data = {"subscription_id": subscription}
        self.events = []
        self.config = SimpleNamespace(getboolean=lambda *_, **__: never_ask)
        self.cloud = SimpleNamespace(endpoints=SimpleNamespace(resource_manager="https://arm"))

    def register_event(self, name, handler):
        self.events.append((name, handler))

    def unregister_event(self, name, handler):
        self.events.remove((name, handler))


class Command:
    """The function of a command: does to each app what `apps` says, an answer or an error to raise."""

    def __init__(self, apps, **options):
        self.apps = apps
        self.calls = []
        calls, what = self.calls, apps

        def change_app(cmd, resource_group_name, webapp_name, slot=None, version=None, yes=False, dry_run=False):
            if version == "wrong":
                raise InvalidInput("--version is wrong.")
            if cmd.one_of_many.rehearsal:
                raise OptionsRead
            name = webapp_name.rpartition("/")[2]
            calls.append((name, yes, dry_run))
            found = what[name]
            found = found(dry_run) if callable(found) else found
            if isinstance(found, BaseException):
                raise found
            return found

        self.function = fleet.for_many(change_app)


def changed(dry_run):
    return {"changed": True, "changes": [{"action": "restart", "target": "app", "after": None}]} | (
        {"dryRun": True} if dry_run else {}
    )


def unchanged(dry_run):
    return {"changed": False, "changes": []} | ({"dryRun": True} if dry_run else {})


def run(command, *ids, context=None, **options):
    context = context or Context()
    cmd = SimpleNamespace(cli_ctx=context)
    given = {
        "resource_group_name": None,
        "webapp_name": None,
        "slot": None,
        "version": None,
        "yes": True,
        "dry_run": False,
    }
    answer = command.function(cmd, ids=list(ids), **{**given, **options})
    return answer, [name for name, handler in context.events if name == "Cli.SuccessfulExecute"], context


@pytest.mark.parametrize("module", MODULES)
def test_every_command_names_one_app_or_many(module):
    functions = getattr(fleet, module)
    real = __import__(f"azext_pythonapp.custom.{module}", fromlist=["x"])
    found = [
        name
        for name, value in vars(real).items()
        if callable(value) and not name.startswith("_") and getattr(value, "__module__", "") == real.__name__
    ]
    assert found
    for name in found:
        own, more = signature(getattr(real, name)).parameters, signature(getattr(functions, name)).parameters
        if name in fleet.OF_ONE_APP:
            assert own == more
            continue
        assert list(more) == [*own, "ids", "parallel", "max_failures"]
        assert more["webapp_name"].default is None
        assert {each for each in own if own[each].default is Parameter.empty} - {
            "cmd",
            "webapp_name",
            "resource_group_name",
        } == {each for each in more if more[each].default is Parameter.empty} - {"cmd"}


def test_readers_are_commands():
    names = {
        name for module in MODULES for name in vars(__import__(f"azext_pythonapp.custom.{module}", fromlist=["x"]))
    }
    assert set(fleet.READERS) | set(fleet.OF_ONE_APP) <= names


def test_the_answer_is_a_list_in_the_order_given(capsys):
    command = Command({"a": changed, "b": NotFound("The app 'b' was not found.", "List."), "c": unchanged})
    answer, events, _ = run(command, site("a"), f"{site('b')}\n# the last\n{site('c', 'c')}")
    assert [(row["id"], row["status"]) for row in answer] == [
        (site("a"), "succeeded"),
        (site("b"), "failed"),
        (site("c", "c"), "succeeded"),
    ]
    assert answer[1]["error"] == {"code": 3, "message": "The app 'b' was not found.", "recommendation": "List."}
    assert answer[2]["app"] == {"name": "c", "resourceGroup": "rg", "slot": "c"} and "error" not in answer[0]
    assert events == ["Cli.SuccessfulExecute"]
    text = capsys.readouterr().err
    assert "a: succeeded: 1 change.\n" in text and "b: failed: The app 'b' was not found. List.\n" in text


def test_the_exit_code_is_0_when_all_succeeded():
    assert run(Command({"a": changed}), site("a"))[1] == []


def test_the_exit_code_is_1_when_one_failed():
    _, _, context = run(Command({"a": Conflict("Busy.")}), site("a"))
    (handler,) = [handler for name, handler in context.events if name == "Cli.SuccessfulExecute"]
    with pytest.raises(SystemExit) as end:
        handler(context, result=None)
    assert end.value.code == 1 and ("Cli.SuccessfulExecute", handler) not in context.events


@pytest.mark.parametrize(
    "options, words",
    [
        ({"resource_group_name": "rg"}, "--ids and --resource-group both"),
        ({"webapp_name": "shop"}, "--ids and --name both"),
        ({"slot": "staging"}, "--ids and --slot both"),
        ({"parallel": 0}, "--parallel 0"),
        ({"parallel": 201}, "--parallel 201"),
        ({"max_failures": 0}, "--max-failures 0"),
        ({"version": "wrong"}, "^--version is wrong.$"),
    ],
)
def test_wrong_options_are_refused_before_anything_starts(options, words):
    command = Command({"a": changed})
    with pytest.raises(InvalidInput, match=words):
        run(command, site("a"), **options)
    assert command.calls == []


def test_a_wrong_id_is_refused_before_anything_starts():
    command = Command({"a": changed})
    with pytest.raises(InvalidInput, match="'shop' is not the resource id"):
        run(command, site("a"), "shop")
    assert command.calls == []


def test_names_out_of_the_configuration_do_not_count():
    answer, _, _ = run(
        Command({"a": changed}), site("a"), resource_group_name=Default("rg"), webapp_name=Default("other")
    )
    assert [row["status"] for row in answer] == ["succeeded"]


def test_the_subscription_is_not_another_one():
    with pytest.raises(InvalidInput, match="--subscription 'other' contradict"):
        run(Command({}), site("a"), context=Context("other"))
    assert run(Command({"a": changed}), site("a"), context=Context("SUB"))[0]


def test_parallel_is_only_for_ids():
    with pytest.raises(InvalidInput, match="--max-failures is only for --ids"):
        Command({}).function(SimpleNamespace(), webapp_name="a", max_failures=1)


def test_without_ids_the_function_is_called_as_it_is():
    def show_app(cmd, resource_group_name, webapp_name, slot=None):
        return cmd, resource_group_name, webapp_name, slot

    assert fleet.for_many(show_app)("cmd", slot="s", webapp_name="a") == ("cmd", None, "a", "s")


def answering(monkeypatch, answer):
    from azext_pythonapp.console import Console

    asked = []

    def confirm(_, question):
        asked.append(question)
        if not answer:
            raise Refused("Nothing was changed: the answer to the prompt was no.")

    monkeypatch.setattr(Console, "confirm", confirm)
    return asked


def test_one_question_for_all_apps(monkeypatch, capsys):
    asked = answering(monkeypatch, True)
    command = Command({"a": changed, "b": Refused("It runs on Linux."), "c": unchanged})
    answer, _, _ = run(command, site("a"), site("b"), site("c"), yes=False, parallel=1)
    assert asked == ["Change 1 of 3 apps?"]
    assert command.calls == [
        ("a", False, True),
        ("b", False, True),
        ("c", False, True),
        ("a", True, False),
        ("c", False, False),
    ]
    assert [row["status"] for row in answer] == ["succeeded", "failed", "succeeded"]
    text = capsys.readouterr().err
    assert "1 app: restart the app\n1 app: unchanged\n1 app: refused\n" in text


def test_no_is_an_answer_for_all(monkeypatch):
    answering(monkeypatch, False)
    command = Command({"a": changed, "b": changed})
    with pytest.raises(Refused, match="Nothing was changed"):
        run(command, site("a"), site("b"), yes=False)
    assert all(dry_run for _, _, dry_run in command.calls)


@pytest.mark.parametrize(
    "options, never_ask", [({"yes": True}, False), ({"yes": False, "dry_run": True}, False), ({"yes": False}, True)]
)
def test_no_question_where_none_is_wanted(monkeypatch, options, never_ask):
    asked = answering(monkeypatch, True)
    command = Command({"a": changed})
    run(command, site("a"), context=Context(never_ask=never_ask), **options)
    assert asked == [] and len(command.calls) == 1


def test_no_question_when_nothing_would_change(monkeypatch):
    asked = answering(monkeypatch, True)
    run(Command({"a": unchanged}), site("a"), yes=False)
    assert asked == []


@pytest.mark.parametrize(
    "words, kept",
    [
        (["show", "--ids", "/a", "/b", "--check"], ["show", "--check"]),
        (["show", "--ids=/a", "--parallel=5", "-o", "json"], ["show", "-o", "json"]),
        (
            ["set-version", "--version", "3", "--ids", "-", "--max-failures", "2", "-y"],
            ["set-version", "--version", "3", "-y"],
        ),
        (["show", "--id", "/a", "/b"], ["show"]),
        (["package", "install", "--packages", "six", "--ids", "@f"], ["package", "install", "--packages", "six"]),
        (["show", "--max-f", "2", "--debug"], ["show", "--debug"]),
        (["install", "--package", "p.nupkg"], ["install", "--package", "p.nupkg"]),
    ],
)
def test_the_command_for_one_app(words, kept):
    assert fleet.words_for_one(words) == kept


def test_a_command_for_one_app_has_a_context_of_its_own(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["az", "webapp", "python", "show", "--ids", site("a")])
    seen = []

    def show_app(cmd, resource_group_name, webapp_name, slot=None):
        if cmd.one_of_many.rehearsal:
            raise OptionsRead
        seen.append((dict(cmd.cli_ctx.data), cmd.one_of_many.words))
        cmd.cli_ctx.data["subscription_id"] = "changed"
        cmd.cli_ctx.register_event("any", print)

    context = Context()
    fleet.for_many(show_app)(SimpleNamespace(cli_ctx=context), ids=[site("a")])
    assert seen == [({"subscription_id": None}, ["webapp", "python", "show"])]
    assert context.data == {"subscription_id": None} and "any" not in dict(context.events)


def test_closed_standard_input_matters_only_to_who_reads_it(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    assert run(Command({"a": changed}), site("a"))[0][0]["status"] == "succeeded"
    with pytest.raises(InvalidInput, match="standard input cannot be read"):
        run(Command({}), "-")


def test_what_was_not_asked_is_not_agreed_to(monkeypatch):
    answering(monkeypatch, True)
    command = Command({"a": unchanged})
    run(command, site("a"), yes=False)
    assert command.calls == [("a", False, True), ("a", False, False)]


def test_ctrl_c_at_the_question_changes_nothing(monkeypatch):
    from azext_pythonapp.console import Console

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Console, "confirm", interrupt)
    command = Command({"a": changed})
    with pytest.raises(Interrupted, match=r"^Interrupted. Nothing was changed.$"):
        run(command, site("a"), yes=False)
    assert command.calls == [("a", False, True)]


def test_a_second_ctrl_c_ends_without_waiting_for_pools(monkeypatch):
    from azext_pythonapp.fleet import run as module

    def interrupt(*_):
        raise KeyboardInterrupt

    ended = []
    monkeypatch.setattr(module, "run_all", interrupt)
    monkeypatch.setattr(os, "_exit", ended.append)
    context = Context()
    with pytest.raises(Interrupted, match="may be changed in part"):
        run(Command({"a": changed}), site("a"), context=context)
    ((name, handler),) = context.events
    handler(context)
    assert name == "Cli.PostExecute" and ended == [1]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
def test_a_file_that_can_be_read_only_once_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    def install(cmd, resource_group_name, webapp_name, slot=None, requirement=None):
        raise AssertionError("nothing is read")

    cmd = SimpleNamespace(cli_ctx=Context())
    with pytest.raises(InvalidInput, match="--requirement .* can be read only once"):
        fleet.for_many(install)(cmd, ids=[site("a")], requirement=str(tmp_path / "pipe"))
