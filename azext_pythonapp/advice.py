"""The commands that messages advise: with the app's options, quoted for pasting into a shell."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
from collections.abc import Sequence

from azext_pythonapp.url_secrets import masked

# Characters that mean themselves anywhere in a word in all shells that az is used in (POSIX, PowerShell, cmd.exe).
_PLAIN = re.compile(r"[A-Za-z0-9_./:=+-]+")
# A command in a message, in backquotes: the command's own words, then whatever options it has.
_ADVISED = re.compile(r"`(?P<words>az webapp(?: [a-z][a-z-]*)+)(?P<options>[^`]*)`")
_OF_NO_APP = ("az webapp python", "az webapp list", "az webapp list-runtimes", "az webapp create")
# Options that change nothing about what a command does to an app; those of the second row are followed by a value.
_OF_NO_ACCOUNT_WITH_VALUE = ("--timeout", "--output", "-o", "--query")
_OF_NO_ACCOUNT = ("--debug", "--verbose", "--yes", "-y", "--only-show-errors", "--no-wait", *_OF_NO_ACCOUNT_WITH_VALUE)
# The user and password of a proxy without a scheme.
_USER = re.compile(r"(?<![\w/*])[^\s/:@=]+:[^\s/@]+@")
# The option for settings, also shortened, as az allows.
_SETTING = re.compile(r"--e(?:nv?)?(?:=|$)")
# Characters that a POSIX shell or PowerShell interprets even between double quotes.
_ACTIVE = re.compile(r'["$`\\!]')
# PowerShell takes typographic quotation marks for plain ones (about_Quoting_Rules).
_QUOTES = re.compile("['\u2018-\u201f]")
# What ends a command in cmd.exe, which knows no single quotes.
_OPERATOR = re.compile(r"[&|<>^%\r\n]")
# az replaces `@file` and `KEY=@file` with what is in that file.
_FROM_FILE = re.compile(r"(?:^|=)@")
_FILE_OPTIONS = ("--src", "--requirement", "-r", "--constraint", "-c", "--wheel-dir", "--package")
_APP_OPTIONS = {
    "-g": "group",
    "--resource-group": "group",
    "-n": "name",
    "--name": "name",
    "-s": "slot",
    "--slot": "slot",
}


def quoted(text: str) -> str:
    """Return one argument quoted for a shell: unquoted where that is safe, else in double quotes, else in single ones.

    Every shell supports double quotes; single quotes are those of a POSIX shell. A control character, which no name in
    Azure has, becomes a question mark: it would end the command.
    """
    text = "".join("?" if ord(character) < 32 or 127 <= ord(character) < 160 else character for character in text)
    if _PLAIN.fullmatch(text):
        return text
    if _ACTIVE.search(text) is None:
        return f'"{text}"'
    return "'" + text.replace("'", "'\\''") + "'"


def options(resource_group: str, name: str, slot: str | None = None, subscription: str | None = None) -> str:
    """Return the options that name an app or slot: `-g rg -n shop -s staging`.

    subscription: the one given on the command line; None when none was given, so the advised command needs none either.
    """
    named = [("-g", resource_group), ("-n", name), ("-s", slot), ("--subscription", subscription)]
    return " ".join(f"{option} {quoted(value)}" for option, value in named if value)


def given(words: Sequence[str], arguments: str, subscription: str | None) -> str | None:
    """Return the command that was given, to paste again; --debug and --verbose are left out.

    None when the words are not a command of this extension, and when some may be secret, such as a password in an
    address or a setting: without them the command would do something else.
    words: what followed `az` on the command line. arguments: the result of `options` for the app, added where the
    command took its app from az's defaults.
    """
    if list(words[:2]) != ["webapp", "python"]:
        return None
    kept = [word for word in words if word not in ("--debug", "--verbose")]
    if any(_SETTING.match(word) or _USER.search(word) or masked(word) != word for word in kept):
        return None
    text = " ".join(["az", *map(quoted, kept)])
    return text if "`" in text else completed(f"`{text}`", arguments, subscription).strip("`")


def fingerprint(words: Sequence[str], arguments: str) -> str:
    """Return what tells whether a command is given again, also one that `given` cannot show: 16 hexadecimal digits.

    words, arguments: as for `given`. Nothing secret goes into it: settings count by their names, addresses without
    credentials. Nor do the options that only say how much is printed or asked, and how long is waited.
    """
    kept, setting, skipped = [], False, False
    for word in _absolute(words):
        if word.startswith("-"):
            setting = _SETTING.match(word) is not None
        if skipped or word.partition("=")[0] in _OF_NO_ACCOUNT:
            skipped = not skipped and word in _OF_NO_ACCOUNT_WITH_VALUE
            continue
        plain = _USER.sub("****@", masked(word))
        option, equals, value = word.partition("=") if setting and word.startswith("-") else ("", "", word)
        kept.append(option + equals + value.partition("=")[0] if setting else plain)
    return hashlib.sha256("\0".join([*kept, arguments]).encode("utf-8", "replace")).hexdigest()[:16]


def read_back(command: str, words: str) -> str | None:
    """Return a command that was kept in a file, which others can write, so that it can only do what it is kept for.

    words: that it must begin with, such as "az webapp python set-version". None for anything else. Whatever follows is
    quoted anew, so that no shell takes a part of it for another command; None where a shell would still take a part for
    more, and for one that az would replace with the content of a file of this machine.
    """
    try:
        parts = shlex.split(command)
    except ValueError:
        return None
    begin = words.split()
    meant = parts[: len(begin)] == begin and not any(_differs(part) or _FROM_FILE.search(part) for part in parts)
    return " ".join(map(quoted, parts)) if meant else None


def from_anywhere(command: str) -> str:
    """Return a command with the files and folders of this machine that its options name as absolute paths.

    So it names the same ones when it is pasted in another folder: `--src .` would publish that one.
    """
    try:
        parts = shlex.split(command)
    except ValueError:
        return command
    return " ".join(map(quoted, _absolute(parts)))


def _absolute(words: Sequence[str]) -> list[str]:
    """Return the words of a command with absolute paths of the files and folders of this machine."""
    parts = list(words)
    for index, word in enumerate(parts):
        option, equals, value = word.partition("=")
        if option in _FILE_OPTIONS and equals and os.path.exists(value):
            parts[index] = f"{option}={os.path.abspath(value)}"
        elif index and parts[index - 1] in _FILE_OPTIONS and os.path.exists(word):
            parts[index] = os.path.abspath(word)
    return parts


def named_app(command: str) -> tuple[str | None, str | None, str | None]:
    """Return the values of --resource-group, --name and --slot in a command; None for one that it does not have."""
    values = dict.fromkeys(_APP_OPTIONS.values())
    words = shlex.split(command)
    for word, following in zip(words, [*words[1:], ""]):
        option, equals, value = word.partition("=")
        if option in _APP_OPTIONS:
            values[_APP_OPTIONS[option]] = value if equals else following
    return values["group"], values["name"], values["slot"]


def _differs(part: str) -> bool:
    """Return whether there is a shell that takes a quoted argument for more than one."""
    return _QUOTES.search(part) is not None or (_ACTIVE.search(part) is not None and _OPERATOR.search(part) is not None)


def in_subscription(subscription: str | None) -> str:
    """Return the option --subscription with a blank before it; "" when none was given."""
    return f" --subscription {quoted(subscription)}" if subscription else ""


def completed(text: str, arguments: str, subscription: str | None) -> str:
    """Return a message in which every advised command names the app.

    text: with commands in backquotes. arguments: the result of `options` for the app; subscription: the one given on
    the command line. A command that already names an app, works on a file, or shows help keeps its own options.
    """

    def fill(found: re.Match[str]) -> str:
        words, own = found["words"], found["options"]
        if words in _OF_NO_APP or re.search(r" (?:--file|--help|-h|--ids)\b", own):
            return found[0]
        if re.search(r" (?:-g|--resource-group|-n|--name)\b", own):
            missing = "" if " --subscription " in own else in_subscription(subscription)
            return f"`{words}{own}{missing}`"
        return f"`{words} {arguments}{own}`"

    return _ADVISED.sub(fill, text)
