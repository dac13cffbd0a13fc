"""docs/json-output.md and docs/schemas: each command is in both, they agree, and the schemas are strict enough."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from azext_pythonapp.commands import load_command_table
from azext_pythonapp.plan import Change, report
from tests.json_contract import (
    SCHEMAS,
    TEXT_COMMANDS,
    check_answer,
    check_error,
    check_output,
    parse_error,
    schema_name,
    validator,
)

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "json-output.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### `([^`]+)`\n(.*?)(?=^##|\Z)", DOCUMENT, re.M | re.S))
SHARED = json.loads((SCHEMAS / "common.json").read_text(encoding="utf-8"))["$defs"]
# Documented once, for all commands that change something.
OF_EVERY_CHANGE = {"changed", "app", "changes", "changeId", "dryRun"}
APP = {"name": "shop", "resourceGroup": "rg", "slot": None}


def commands() -> list[str]:
    """Every command that az gets from this extension: "show", "job list"."""
    found = []

    class Group:
        def __init__(self, name: str, **_: object):
            self.words = name.split()[2:]

        def __enter__(self) -> Group:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def custom_command(self, name: str, *_: object, **__: object) -> None:
            found.append(" ".join([*self.words, name]))

        custom_show_command = custom_command

    load_command_table(SimpleNamespace(command_group=Group), None)
    return found


COMMANDS = commands()
WITH_JSON = [command for command in COMMANDS if command not in TEXT_COMMANDS]
FILES = sorted(path.name for path in SCHEMAS.iterdir())


def schema(command: str) -> Any:
    """A command's schema as it is published."""
    return json.loads((SCHEMAS / f"{schema_name(command)}.json").read_text(encoding="utf-8"))


def shared(part: Any) -> tuple[Any, str | None]:
    """What a $ref means, and the name of its definition; anything else as it is."""
    if "$ref" not in part:
        return part, None
    path = part["$ref"].partition("#/$defs/")[2].split("/")
    found: Any = SHARED
    for step in path:
        found = found[step]
    return found, path[-1]


def meaning(part: Any) -> str:
    """The description of a property."""
    return str(part.get("description") or shared(part)[0].get("description"))


def own_keys(part: Any, before: str = "") -> dict[str, str]:
    """Keys of an object, of the rows of an array or of the object that may be null, with what they mean."""
    if "properties" not in part:
        inner = part.get("items") or next(iter(part.get("anyOf", [])), None)
        return own_keys(inner, before) if inner else {}
    keys = {}
    for key, each in part["properties"].items():
        keys[before + key] = meaning(each)
        if each.get("type") == "object":
            keys.update(own_keys(each, f"{before}{key}."))
    return keys


def table(text: str) -> dict[str, str]:
    """The keys in the table of a section, with what they mean."""
    return dict(re.findall(r"^\| `([^`]+)` \| [^|]+ \| (.+) \|$", text, re.M))


def objects(part: Any) -> list[Any]:
    """Every object with named properties in a schema."""
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    found = [each for value in inner for each in objects(value)]
    return [part, *found] if isinstance(part, dict) and part.get("type") == "object" and "properties" in part else found


def examples(text: str) -> list[Any]:
    """The JSON examples in a section."""
    return [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```$", text, re.M | re.S)]


def test_every_command_has_a_schema_and_every_schema_a_command() -> None:
    assert len(WITH_JSON) > 20
    assert FILES == sorted(
        ["common.json", "error.json", "many-apps.json", *(f"{schema_name(command)}.json" for command in WITH_JSON)]
    )


@pytest.mark.parametrize("file", FILES)
def test_a_schema_is_one(file: str) -> None:
    published = json.loads((SCHEMAS / file).read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(published)
    for each in objects(published):
        required, properties = set(each["required"]), each["properties"]
        assert required <= set(properties)
        assert all(meaning(part) not in ("", "None") for part in properties.values()), each
        for key in set(properties) - required:
            assert meaning(properties[key]).startswith("Only "), f"when is {key} there?"


def test_every_shared_definition_is_used() -> None:
    everything = "".join((SCHEMAS / file).read_text(encoding="utf-8") for file in FILES)
    assert [
        name for name in SHARED if f'#/$defs/{name}"' not in everything and f"#/$defs/{name}/" not in everything
    ] == []


def test_the_document_tells_of_many_apps() -> None:
    (text,) = re.findall(r"^## Many apps\n(.*?)^## ", DOCUMENT, re.M | re.S)
    published = json.loads((SCHEMAS / "many-apps.json").read_text(encoding="utf-8"))
    keys = {key: meaning(part) for key, part in published["items"]["properties"].items()}
    assert table(text) == {**keys, "app": "The app or slot that the command worked on."}
    (example,) = examples(text)
    assert list(validator("many-apps").iter_errors(example)) == []
    for row in example:
        broken = copy.deepcopy(row)
        broken["status"] = "failed" if row["status"] == "succeeded" else "succeeded"
        assert list(validator("many-apps").iter_errors([broken]))


def test_an_answer_for_many_fits_exit_code_and_command() -> None:
    row = {"id": "/x", "resourceGroup": "rg", "app": APP, "status": "succeeded", "result": []}
    failed = {
        "id": "/y",
        "resourceGroup": "rg",
        "app": APP,
        "status": "failed",
        "error": {"code": 1, "message": "No.", "recommendation": None},
    }
    words = ["webapp", "python", "package", "list", "--ids", "/x", "/y"]
    check_output(words, {}, (0, json.dumps([row]), "x: succeeded.\n"))
    check_output(words, {}, (1, json.dumps([row, failed]), "y: failed: No.\n"))
    for returncode, answer in ((0, [row, failed]), (1, [row]), (0, [{**row, "result": [{"name": 1}]}])):
        with pytest.raises(AssertionError):
            check_output(words, {}, (returncode, json.dumps(answer), ""))


@pytest.mark.parametrize("command", WITH_JSON)
def test_the_document_tells_of_a_command(command: str) -> None:
    text = SECTIONS[command]
    assert f"(schemas/{schema_name(command)}.json)" in text
    assert examples(text), "no example"
    for example in examples(text):
        check_answer(command, example)
    published = schema(command)
    row = published.get("items", published)
    keys = {} if "$ref" in row else own_keys(row)
    if "dryRun" in keys:
        keys = {key: words for key, words in keys.items() if key not in OF_EVERY_CHANGE}
    assert table(text) == keys


def test_a_scenario_runs_every_command() -> None:
    scenarios = Path(__file__).resolve().parents[1] / "scenario"
    sources = "".join(path.read_text(encoding="utf-8") for path in scenarios.glob("test_*.py"))
    assert [each for each in COMMANDS if not re.search(rf"webapp python {each}(?![\w-])", sources)] == []


def test_the_document_tells_of_the_text_commands() -> None:
    assert all(command in SECTIONS for command in TEXT_COMMANDS)


@pytest.mark.parametrize(
    "name", [name for name in SHARED if own_keys(SHARED[name]) and name not in ("appOrNull", "changes", "packages")]
)
def test_the_document_tells_of_a_shared_object(name: str) -> None:
    keys = own_keys(SHARED[name])
    if name == "packageChange":
        keys = {key: words for key, words in keys.items() if key not in OF_EVERY_CHANGE}
    assert table(SECTIONS[name]) == keys


def test_the_document_tells_of_what_every_change_has() -> None:
    text = DOCUMENT.partition("## Commands that change something")[2].partition("\n## ")[0]
    changing = [
        command
        for command in WITH_JSON
        if "dryRun" in json.dumps(schema(command)) or "packageChange" in json.dumps(schema(command))
    ]
    assert {command for command in changing if f"`{command}`" not in text} == set()
    assert {key: words for key, words in table(text).items() if key in OF_EVERY_CHANGE} == {
        key: meaning({"$ref": f"#/$defs/{key}"}) for key in OF_EVERY_CHANGE
    }


def test_actions_are_told() -> None:
    for action in SHARED["change"]["properties"]["action"]["enum"]:
        assert f"`{action}`" in DOCUMENT.partition("| action | meaning |")[2].partition("\n\n")[0]


def test_a_report_is_what_the_contract_says() -> None:
    for dry_run in (False, True):
        for changes in ([], [Change("python364x64", "uninstall", "no packages", None, "--- a")], [Change("a", "none")]):
            check_answer("uninstall", report(APP, changes, dry_run))


def test_answers_that_break_the_contract_are_seen() -> None:
    good = examples(SECTIONS["set-version"])[0]
    check_answer("set-version", good)
    for path, value in {
        ("more",): 1,
        ("app", "more"): 1,
        ("changes", 0, "more"): 1,
        ("changes", 0, "action"): "mend",
        ("changed",): False,
        ("changes",): [],
        ("app",): None,
        ("dryRun",): False,
        ("verification", "instances", 0, "more"): 1,
        ("verification", "httpStatus"): "200",
        ("runtime", "version"): 3,
        ("changeId",): 1,
    }.items():
        with pytest.raises(AssertionError, match="docs/schemas does not allow"):
            check_answer("set-version", changed(good, path, value))
    for key in set(good):
        with pytest.raises(AssertionError, match="required property"):
            check_answer("set-version", {name: each for name, each in good.items() if name != key})


def changed(answer: Any, path: tuple[Any, ...], value: object) -> Any:
    """A copy of an answer with another value at a path."""
    copied = copy.deepcopy(answer)
    place = copied
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return copied


MISSING = "The app 'shop' was not found in resource group 'rg'."
ADVICE = "List what there is: `az webapp list`."


@pytest.mark.parametrize(
    "stderr, message, recommendation",
    [
        (f"ERROR: {MISSING}\n", MISSING, None),
        (f"WARNING: preview\n  | ERROR: pip's\nERROR: {MISSING}\n{ADVICE}\n", MISSING, ADVICE),
        (f"ERROR: {MISSING}\n--- a\n+++ b\n \n-x\n{ADVICE}\n", f"{MISSING}\n--- a\n+++ b\n \n-x", ADVICE),
        (
            "ERROR: arguments are required: --name/-n\n\nhttps://aka.ms/cli_ref\nRead more\n",
            "arguments are required: --name/-n",
            None,
        ),
    ],
)
def test_an_error_is_read(stderr: str, message: str, recommendation: str | None) -> None:
    assert parse_error(3, stderr) == {"code": 3, "message": message, "recommendation": recommendation}


def test_the_example_of_an_error_is_what_its_text_means() -> None:
    section = DOCUMENT.partition("## Errors")[2].partition("\n## ")[0]
    (text,) = re.findall(r"^```text\n(.*?)^```$", section, re.M | re.S)
    (example,) = examples(section)
    assert parse_error(3, text) == example
    assert list(validator("error").iter_errors(example)) == []
    check_error("show", ("-n", "shop"), 3, "", text)


@pytest.mark.parametrize(
    "returncode, stdout, stderr",
    [
        (3, "", "nothing\n"),
        (3, "", "ERROR: \n"),
        (3, "[]\n", f"ERROR: {MISSING}\n"),
        (4, "", f"ERROR: {MISSING}\n"),
        (1, "", f"Traceback (most recent call last):\nERROR: {MISSING}\n"),
        (1, "", "ERROR: The app 'shop' has no end\n"),
        (1, "", "ERROR: The app was not found.\n"),
    ],
)
def test_errors_that_break_the_contract_are_seen(returncode: int, stdout: str, stderr: str) -> None:
    with pytest.raises((AssertionError, ValueError)):
        check_output(["webapp", "python", "show", "-g", "rg", "-n", "shop"], {}, (returncode, stdout, stderr))


@pytest.mark.parametrize(
    "options, environment", [(["-o", "table"], {}), (["--query", "[]"], {}), ([], {"AZURE_CORE_OUTPUT": "tsv"})]
)
def test_what_is_not_whole_json_is_not_checked(options: list[str], environment: dict[str, str]) -> None:
    check_output(["webapp", "python", "list", *options], environment, (0, "no JSON", ""))
    with pytest.raises(ValueError):
        check_output(["webapp", "python", "list"], {}, (0, "no JSON", ""))


def test_other_commands_are_not_checked() -> None:
    check_output(["webapp", "list"], {}, (0, "no JSON", ""))
    check_output(["webapp", "python", "show", "--help"], {}, (0, "Command", ""))
