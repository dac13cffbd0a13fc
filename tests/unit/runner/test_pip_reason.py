"""pip's own reason becomes the job's error, whichever pip it is."""

from __future__ import annotations

import pytest

from azext_pythonapp.jobs.runner import pip_reason
from tests.unit.runner import pip_outputs as outputs


def reason(text):
    found = pip_reason.PipReason()
    for line in text.split("\n"):
        found.read_line(line)
    return found.text()


@pytest.mark.parametrize(
    "text, shown",
    [
        (outputs.WRONG_HASH, ["click==8.1.8", "hash does not match", "expected sha256 0000", "got 63c132"]),
        (outputs.MISSING_HASH, ["colorama", "from click==8.1.8"]),
        (outputs.ABSENT_HASH, ["six==1.16.0 --hash=sha256:8abb", "a hash is missing"]),
        (
            outputs.CONFLICT_20_TO_24,
            ["conflicting dependencies: The user requested werkzeug==2.0.3; flask 3.0.3 depends on Werkzeug>=3.0.0"],
        ),
        (
            outputs.CONFLICT_25,
            [
                "flask 3.0.3 depends on Werkzeug>=3.0.0; The user requested (constraint) werkzeug==2.0.3",
                "no matching distribution: werkzeug",
            ],
        ),
        (
            outputs.TRACEBACK,
            ["UnicodeDecodeError: 'utf-8' codec can't decode byte 0xe9 in position 5: invalid continuation byte"],
        ),
        (outputs.TRACEBACK_9, ["Invalid requirement: 'pytz>=2013b,'", "parse error"]),
        (outputs.TWO_TRACEBACKS, ['ProtocolError: ("Connection broken']),
        (outputs.LOGGING, ["Could not open requirements file: [Errno 2] No such file or directory: 'missing.txt'"]),
        *((text, ["RuntimeError: uvloop does not support Windows at the moment"]) for text in outputs.UVLOOP),
        (outputs.GIT_24, ["fatal: unable to access 'https://h/x/y.git/': Could not resolve host: h"]),
        (outputs.BAD_LINE_25, ["itsdangerous>=2.1.*", "(from line 1 of star.txt)"]),
        (outputs.BAD_PATH, ["'./nosuch' (from line 1 of path.txt)", "does not exist"]),
        (outputs.BAD_PATH_9, ["'x @ file:///C:/b/croot/work'", "Does it exist"]),
        (outputs.BAD_OPTION, ["itsdangerous==2.2.0", "no such option: --no-deps"]),
        (outputs.BUILD_24, ["badbuild", "error: libfoo.h was not found, install libfoo first"]),
        (outputs.NO_VERSION_20, ["No matching distribution found for pkg-resources==0.0.0"]),
        ("", ["it printed nothing"]),
        ("just this", ["just this"]),
    ],
)
def test_pips_own_words(text, shown):
    found = reason(text)
    assert all(part in found for part in shown), found
    assert "\n" not in found and "http://127" not in found
    for empty in (
        "ResolutionImpossible",
        "for help visit",
        "metadata-generation-failed",
        "subprocess-exited",
        "See above",
        "Check the logs",
    ):
        assert empty not in found


def test_earlier_build_output_is_not_the_reason():
    text = (
        outputs.BUILD_24
        + "ERROR: Could not find a version that satisfies the requirement six==9 (from versions: 1.0)\n"
        "ERROR: No matching distribution found for six==9\n"
    )
    assert reason(text) == "ERROR: No matching distribution found for six==9"


def test_it_is_short_however_long_the_explanation():
    lines = "".join(f"    package{number} 1.0 depends on other>={number}\n" for number in range(2000))
    text = (
        f"ERROR: Cannot install x because these package versions have conflicting dependencies.\n\n"
        f"The conflict is caused by:\n{lines}\nERROR: ResolutionImpossible: for help visit https://x\n"
    )
    assert len(reason(text)) < 1600 and "package0 1.0 depends on other>=0" in reason(text)
    assert len(reason("ERROR: " + "x" * 100000)) < 1600
