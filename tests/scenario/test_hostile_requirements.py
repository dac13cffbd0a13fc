"""What cmd.exe would take for its own reaches pip as it was written: requirements and options travel in files.

pip is replaced by a program that writes down what it was given; all else is real: the worker's cmd.exe, the Python, the
runner, and az.
"""

from __future__ import annotations

import json
import shlex
import shutil

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from packaging.requirements import InvalidRequirement, Requirement

from tests.scenario.apps import naming

RECORDER = """\
import io, json, sys
if sys.argv[1] == "install":
    with open(sys.argv[-1], "rb") as stream:
        content = stream.read()
    with io.open("D:\\\\home\\\\data\\\\seen.json", "w", encoding="ascii") as stream:
        stream.write(json.dumps({"arguments": sys.argv[1:], "file": content.decode("utf-8")}))
"""
NASTY = "\"<>|&^%!()@,;=~`$*?#'\\ \té漢😀"
ALPHABET = st.sampled_from(NASTY + "ab0") | st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])
TEXTS = st.text(ALPHABET, min_size=1, max_size=20)
FILE_NAMES = st.text(st.sampled_from("&^%!()@,;=~`$' éa漢"), min_size=1, max_size=10).map(lambda text: f"r{text}r.txt")
WORST = [
    "%PATH%",
    "%",
    "^",
    '"',
    'a" & echo b > c & "',
    "<x>",
    ">=1,<2",
    "|",
    "!PATH!",
    "^^&&",
    "it's",
    "é漢😀",
    "%~dp0",
    '\\"',
]


def requirement(text):
    """A requirement line that holds a text: in a marker, which can quote any but both quotes and a line's end."""
    quote = "'" if '"' in text else '"'
    return f"six ; python_version != {quote}{text.replace(quote, '')}{quote}"


def acceptable(text):
    """Whether pip itself would read the line as one requirement: no comment begins in it, no line ends in it, and
    Python could read its quoted text."""
    try:
        Requirement(requirement(text))
    except InvalidRequirement:
        return False
    return " #" not in text and "\t#" not in text and len(text.splitlines()) == 1 and "${" not in text


@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(texts=st.lists(TEXTS.filter(acceptable), min_size=1, max_size=15), file_name=FILE_NAMES, host=TEXTS)
@example(texts=WORST, file_name="a %PATH% & ^b! é.txt", host='%PATH% & "x" <y> | ^z !Z! é')
def check(texts, file_name, host, az, site, folder):
    """One run of az with hostile requirements, file name and option; pip must have got just these."""
    shutil.rmtree(site.machine.home / "data", ignore_errors=True)
    lines = "\n".join(requirement(text) for text in texts) + "\n"
    (folder / file_name).write_text(lines, encoding="utf-8", newline="")

    az(
        "webapp python install-requirements -r",
        folder / file_name,
        f"--pip-args=--trusted-host={shlex.quote(host)}",
        *naming(site),
    )

    seen = json.loads((site.machine.home / "data" / "seen.json").read_text(encoding="ascii"))
    assert seen["file"] == lines
    assert seen["arguments"] == ["install", "--no-compile", "--trusted-host", host, "-r", file_name]


def test_hostile_requirements_reach_pip_unchanged(az, apps, tmp_path):
    site = apps.prepared("wsgi_hello")
    pip = site.machine.home / "python3810x64" / "Lib" / "site-packages" / "pip"
    shutil.rmtree(pip)
    pip.mkdir()
    (pip / "__init__.py").write_text("", encoding="ascii")
    (pip / "__main__.py").write_text(RECORDER, encoding="ascii")
    check(az=az, site=site, folder=tmp_path)
