r"""What stands for cmd.exe on a worker without a Windows: as much of its language as the product uses.

    <python> -I -S cmd_exe.py <the folder that is drive D:> <command line>

It knows `&`, `&&`, parentheses, `for [/d] %i in (...) do`, `if [not] exist`, `if [not] defined`, echo, set, type, dir,
move and programs; anything else ends it with exit code 255, so that no test passes by a command that did nothing.
"""

import fnmatch
import os
import re
import subprocess
import sys

_FOR = re.compile(r"for (?P<folders>/d )?%(?P<letter>[a-z]) in \((?P<items>[^)]*)\) do (?P<command>.*)", re.DOTALL)
_IF = re.compile(r'if (?P<not>not )?(?P<what>exist|defined) (?P<item>"[^"]*"|\S+) (?P<command>.*)', re.DOTALL)
_WORD = re.compile(r'"([^"]*)"|(\S+)')


class Unknown(Exception):
    """A command that this program does not understand."""


class Shell:
    """drive: the folder that is D:. directory: where it was started. variables: the environment."""

    def __init__(self, drive, directory, variables):
        self.drive = drive
        self.directory = directory
        self.variables = {name.lower(): value for name, value in variables.items()}

    def say(self, text):
        """Print a line."""
        print(text, flush=True)

    def complain(self, text):
        """Print an error; returns the exit code."""
        print(text, file=sys.stderr, flush=True)
        return 1

    def write(self, content):
        """Print bytes."""
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()

    def execute(self, path, arguments):
        """Run a program to its end; returns its exit code."""
        sys.stdout.flush()
        return subprocess.run([path, *arguments], stdin=subprocess.DEVNULL, check=False).returncode

    def run(self, text):
        """Run a command line; returns the exit code of its last command."""
        code = 0
        for operator, command in split(text):
            if operator != "&&" or code == 0:
                code = self.one(command.strip())
        return code

    def one(self, text):
        """Run one command."""
        text = text.lstrip("@").strip()
        if text.startswith("(") and text.endswith(")"):
            return self.run(text[1:-1])
        loop, condition = _FOR.fullmatch(text), _IF.fullmatch(text)
        if loop:
            code = 0
            for item in self.items(loop["items"], bool(loop["folders"])):
                code = self.run(substituted(loop["command"], loop["letter"], item))
            return code
        if condition:
            item = condition["item"].strip('"')
            if condition["what"] == "exist":
                found = self.path(item) is not None
            else:
                found = item.lower() in self.variables
            return self.run(condition["command"]) if found != bool(condition["not"]) else 0
        name = re.match(r"[a-z]+(?=[ .]|$)", text)
        builtin = getattr(self, f"do_{name[0]}", None) if name else None
        if builtin is not None:
            return builtin(text[name.end() :])
        if text.startswith('"'):
            return self.program(text)
        raise Unknown(text)

    def do_echo(self, rest):
        """echo TEXT, or echo. for an empty line."""
        self.say("" if rest == "." else self.expanded(rest[1:]))
        return 0

    def do_set(self, rest):
        """set NAME=VALUE"""
        name, _, value = rest.strip().partition("=")
        self.variables[name.lower()] = value
        return 0

    def do_type(self, rest):
        """type FILE"""
        name = rest.strip().strip('"')
        if name.lower() == "nul":
            return 0
        path = self.path(name)
        if path is None:
            return self.complain("The system cannot find the file specified.")
        with open(path, "rb") as file:
            self.write(file.read())
        return 0

    def do_dir(self, rest):
        """dir /-C /A:D "FOLDER": no more of it than what is free."""
        name = re.fullmatch(r' /-C /A:D "([^"]+)"', rest)[1]
        if self.path(name) is None:
            return self.complain("File Not Found")
        self.say(
            f" Directory of {name}\n\n               0 File(s) 0 bytes\n               2 Dir(s) 10737332224 bytes free"
        )
        return 0

    def do_move(self, rest):
        """move "SOURCE" "TARGET" """
        source, target = (word(*each) for each in _WORD.findall(rest))
        found, folder = self.path(source), self.path(target.rpartition("\\")[0])
        if found is None or folder is None:
            return self.complain("The system cannot find the file specified.")
        if self.path(target) is not None:
            return self.complain("Access is denied.")
        os.rename(found, os.path.join(folder, target.rpartition("\\")[2]))
        self.say("        1 dir(s) moved.")
        return 0

    def program(self, text):
        """Run a program that is named in quotes."""
        program, *arguments = (word(*each) for each in _WORD.findall(text))
        path = self.path(program)
        if path is None:
            return self.complain("The system cannot find the path specified.")
        return self.execute(path, arguments)

    def expanded(self, text):
        """Return text with the variables in it."""
        folder = "D:\\" + os.path.relpath(self.directory, self.drive).replace("/", "\\")
        values = {"cd": folder, **self.variables}
        return re.sub("%([A-Za-z_]+)%", lambda match: values.get(match[1].lower(), match[0]), text)

    def items(self, text, folders):
        """Yield what a `for` loops over: words as they are, patterns as the files or folders that match."""
        for word in text.split():
            if "*" not in word:
                yield word
                continue
            folder, _, pattern = word.rpartition("\\")
            place = self.path(folder or ".")
            for name in sorted(os.listdir(place)) if place and os.path.isdir(place) else ():
                is_folder = os.path.isdir(os.path.join(place, name))
                if is_folder == folders and fnmatch.fnmatch(name.lower(), pattern.lower()):
                    yield f"{folder}\\{name}" if folder else name

    def path(self, name):
        """Return the path of a file or folder of this machine, found without regard to case; None when there is none."""
        name = self.expanded(name)
        if re.match(r"[cd]:\\", name, re.IGNORECASE):
            place, name = self.drive, name[3:]
        else:
            place = self.directory
        for part in filter(None, re.split(r"[\\/]", name)):
            if part not in (".", "..") and not os.path.lexists(os.path.join(place, part)):
                same = [each for each in listed(place) if each.lower() == part.lower()]
                if not same:
                    return None
                part = same[0]
            place = os.path.normpath(os.path.join(place, part))
        return place


def listed(folder):
    """Return the names in a folder; none when it is not one."""
    return os.listdir(folder) if os.path.isdir(folder) else []


def word(quoted, plain):
    """Return an argument as the program gets it: backslashes before the closing quote are doubled on the line."""
    trailing = len(quoted) - len(quoted.rstrip("\\"))
    return plain or quoted[: len(quoted) - trailing // 2]


def substituted(command, letter, item):
    """Return the body of a loop for one item."""
    return command.replace(f"%~nx{letter}", item.rpartition("\\")[2]).replace(f"%{letter}", item)


def split(text):
    """Yield (operator before it, command) of a command line; quotes and parentheses hold their content together.

    What follows `for … do` or `if …` belongs to it, to the end of the line.
    """
    if re.match(r"[ @]*(for|if) ", text):
        yield "&", text
        return
    operator, start, depth, quoted, position = "&", 0, 0, False, 0
    while position < len(text):
        letter = text[position]
        if letter == '"':
            quoted = not quoted
        elif not quoted and letter in "()":
            depth += 1 if letter == "(" else -1
        elif not quoted and not depth and letter == "&":
            yield operator, text[start:position]
            operator = "&&" if text[position + 1 : position + 2] == "&" else "&"
            position += len(operator) - 1
            start = position + 1
        position += 1
    yield operator, text[start:]


if __name__ == "__main__":
    try:
        sys.exit(Shell(sys.argv[1], os.getcwd(), os.environ).run(sys.argv[2]))
    except Unknown as error:
        print(f"cmd_exe.py does not understand: {error}", file=sys.stderr)
        sys.exit(255)
