"""The contract of docs/json-output.md: what the commands print, checked against the JSON Schemas in docs/schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

SCHEMAS = Path(__file__).resolve().parent.parent / "docs" / "schemas"
GROUP = ("webapp", "python")
# Prints lines of text, which are its data also when the job failed.
TEXT_COMMANDS = ("job log",)
# Prints the text that it makes, in the language that is asked for, unless it writes it into a file.
TEXT_WITHOUT_FILE = ("export",)
# Print what they have although a part of what was asked for is missing.
PARTIAL_COMMANDS = ("inventory", "doctor", "package audit")
# What az's own parser appends to what it refuses, before a command begins.
_OF_AZ = "https://aka.ms/cli_ref"
_END_OF_SENTENCE = (".", "!", "?", ".)", ".`", ".'")


def schema_name(command: str) -> str:
    """Return the name of a command's schema. command: "show", "job list"."""
    return command.replace(" ", "-")


@cache
def validator(name: str) -> Draft202012Validator:
    """Return a validator by docs/schemas/<name>.json that also refuses every key that the schema does not name."""
    registry: Registry[Any] = Registry(retrieve=lambda uri: Resource.from_contents(closed(uri)))
    return Draft202012Validator(closed(f"{name}.json"), registry=registry)


@cache
def closed(file: str) -> Any:
    """Return the schema in a file, with additionalProperties false in every object whose properties it names."""

    def close(part: Any) -> Any:
        if isinstance(part, list):
            return [close(each) for each in part]
        if not isinstance(part, dict):
            return part
        named = {"additionalProperties": False} if part.get("type") == "object" and "properties" in part else {}
        return {**{key: close(each) for key, each in part.items()}, **named}

    return close(json.loads((SCHEMAS / file).read_text(encoding="utf-8")))


def check_answer(command: str, answer: Any) -> None:
    """Raise AssertionError when what a command printed does not fit its schema."""
    faults = [f"{error.json_path}: {error.message}" for error in validator(schema_name(command)).iter_errors(answer)]
    assert not faults, f"`az webapp python {command}` printed what docs/schemas does not allow:\n" + "\n".join(faults)


def check_many(command: str, answer: Any, returncode: int) -> None:
    """Raise AssertionError when the answer for many apps does not fit its schema, a result not that of the command, or
    the exit code not the answer."""
    faults = [f"{error.json_path}: {error.message}" for error in validator("many-apps").iter_errors(answer)]
    assert not faults, f"`az webapp python {command} --ids` printed what docs/schemas does not allow:\n" + "\n".join(
        faults
    )
    bad = any(row["status"] != "succeeded" or _tells_a_fault(command, row["result"]) for row in answer)
    assert returncode == int(bad), f"exit code {returncode}"
    for row in answer:
        if row["status"] == "succeeded" and command not in (*TEXT_COMMANDS, *TEXT_WITHOUT_FILE):
            check_answer(command, row["result"])


def _tells_a_fault(command: str, result: Any) -> bool:
    """Return whether an answer is one that ends the command with exit code 1: of `doctor` with a check that failed, of
    `package audit` with a vulnerability."""
    if command == "package audit":
        return bool(result if isinstance(result, list) else result["runs"][0]["results"])
    return isinstance(result, dict) and bool((result.get("summary") or {}).get("fail"))


def parse_error(returncode: int, stderr: str) -> dict[str, Any]:
    """Return the error that az wrote to standard error, as docs/json-output.md tells scripts to read it.

    Raises ValueError when there is none.
    """
    _, found, text = f"\n{stderr}".rpartition("\nERROR: ")
    if not found:
        raise ValueError("no line of standard error begins with 'ERROR: '")
    lines = list(takewhile(bool, text.split("\n")))
    message, recommendation = (lines[:-1], lines[-1]) if len(lines) > 1 else (lines, None)
    return {"code": returncode, "message": "\n".join(message), "recommendation": recommendation}


def check_error(command: str, options: Sequence[str], returncode: int, stdout: str, stderr: str) -> None:
    """Raise AssertionError when a command failed in another way than the contract allows.

    command: "job list". options: what followed it.
    """
    assert not re.search(r"^Traceback \(most recent call last\)", stderr, re.M), "a traceback"
    assert not stdout or command in TEXT_COMMANDS, "a failed command printed data"
    error = parse_error(returncode, stderr)
    faults = [f"{fault.json_path}: {fault.message}" for fault in validator("error").iter_errors(error)]
    assert not faults, "an error that docs/schemas/error.json does not allow: " + "\n".join(faults)
    if returncode == 2 and _OF_AZ in stderr:
        return
    message = error["message"]
    # What another program said stands behind a colon, as it was.
    assert re.search(r":\s", message) or message.endswith(_END_OF_SENTENCE), f"the message is no sentence: {message!r}"
    if _value(options, "--file") is None:
        name, slot = _value(options, "--name", "-n"), _value(options, "--slot", "-s")
        for what, value in (("app", name), ("slot", slot if slot != "production" else None)):
            known = value is None or f"'{value}'" in message or all(f"'{each}'" in message for each in _names(value))
            assert known, f"the message does not name the {what}: {message!r}"


def _names(value: str) -> list[str]:
    """Return the app and slot of `APP/SLOT`, or of a resource id."""
    parts = value.strip("/").split("/")
    return parts[-3::2] if "slots" in parts else parts[-1:] if "sites" in parts else parts


def check_output(words: Sequence[str], environment: Mapping[str, str], result: tuple[int, str, str]) -> None:
    """Check what an az command printed, when it is one of this extension's and prints JSON.

    words: after `az`. result: exit code, standard output, standard error.
    Raises AssertionError for what the contract does not allow.
    """
    if tuple(words[:2]) != GROUP:
        return
    command = " ".join(takewhile(lambda word: not word.startswith("-"), words[2:]))
    options = words[2 + len(command.split()) :]
    returncode, stdout, stderr = result
    if "--help" in options or "-h" in options or not command:
        return
    many = any(option.partition("=")[0] == "--ids" for option in options)
    if returncode == 1 and command in PARTIAL_COMMANDS and stdout and not many:
        returncode = 0
    if stdout and many:
        if _prints_whole_json(options, environment):
            check_many(command, json.loads(stdout), returncode)
    elif returncode:
        if not {"--debug", "--verbose"}.intersection(options):
            check_error(command, options, returncode, stdout, stderr)
    elif not prints_text(command, options) and _prints_whole_json(options, environment):
        check_answer(command, json.loads(stdout))


def prints_text(command: str, options: Sequence[str]) -> bool:
    """Return whether a command prints text in place of an answer. command: "job list". options: what followed it."""
    return command in TEXT_COMMANDS or (command in TEXT_WITHOUT_FILE and _value(options, "--output-file") is None)


def _prints_whole_json(options: Sequence[str], environment: Mapping[str, str]) -> bool:
    output = _value(options, "--output", "-o") or environment.get("AZURE_CORE_OUTPUT") or "json"
    return output in ("json", "jsonc") and _value(options, "--query") is None


def _value(options: Sequence[str], *names: str) -> str | None:
    """Return what follows an option, or what `--option=value` gives it; None without it."""
    for number, option in enumerate(options):
        name, _, value = option.partition("=")
        if name in names:
            return value or (options[number + 1] if number + 1 < len(options) else None)
    return None
