"""Why uv failed, from what it prints, in the words that a failed pip is explained with."""

from __future__ import annotations

import pytest

from azext_pythonapp.packages.failure import explain
from azext_pythonapp.packages.pip_output import PipOutput
from tests.unit.packages import uv_outputs as outputs

FIRST = r"Python 3.11.9 cp311 win_amd64 at D:\home\python3119x64\python.exe, job 20261122-131402-23fc"
INDEX = "The index https://pkgs.example/simple could not be reached from the worker: "
WHERE = "Python 3.11.9 (cp311 win_amd64)"


def output_of(text):
    found = PipOutput()
    for line in f"{FIRST}\n{outputs.USED}\nResolved 1 package in 4ms\n{text}".split("\n"):
        found.take(line)
    return found


@pytest.mark.parametrize(
    "text, reason, advised",
    [
        (outputs.MISSING, "No index has a package named nothere.", "spelling of nothere"),
        (outputs.MISSING_DEPENDENCY, "No index has a package named absent, which broken needs.", "spelling of absent"),
        (outputs.MISSING_FOLDER, "None of the wheels that uv may use is one of nothere.", "--wheel-dir"),
        (outputs.CONFLICT, "other needs left>=2, boxed needs left<2.", "other versions"),
        (outputs.NO_VERSION, f"The index has nothing for {WHERE} that satisfies left==9.", "another version"),
        (outputs.TOO_HIGH, f"The index has nothing for {WHERE} that satisfies left>3.5,<9.", "another version"),
        (outputs.BETWEEN, f"The index has nothing for {WHERE} that satisfies left>1.2,<1.9.", "another version"),
        (outputs.YANKED, "yk 1.2 was yanked: its authors have taken it back.", "only where the requirements name it"),
        (outputs.YANKED_RANGE, "yk>=1.1 was yanked: its authors have taken it back.", "another version"),
        (
            outputs.NO_WHEEL,
            "winny 1.0 has no wheel for cp311 win_amd64; there are wheels for win_amd64.",
            "--wheel-dir",
        ),
        (
            outputs.OTHER_PYTHON,
            "newpy 1.0 needs Python 3.12 or newer; app 'shop' runs 3.11.9.",
            "set-version --version 3.12",
        ),
        (outputs.SPOILED, "The file of torn 1.0 is damaged, or not what its name says.", "--installer pip"),
        (
            outputs.UNAUTHORIZED,
            INDEX + "it answers HTTP 401, it does not accept these credentials or wants some.",
            "credentials",
        ),
        (outputs.FORBIDDEN, INDEX + "it answers HTTP 403.", "credentials"),
        (outputs.SERVER_ERROR, INDEX + "it answers HTTP 500.", "again later"),
        (
            outputs.REFUSED,
            INDEX + "pkgs.example refused the connection (Connection refused (os error 111)).",
            "firewall",
        ),
        (
            outputs.NO_HOST,
            INDEX + "the name pkgs.example cannot be resolved (error resolving DNS: failed to lookup address "
            "information: Name or service not known).",
            "private DNS",
        ),
        (outputs.CERTIFICATE, INDEX + "invalid peer certificate: UnknownIssuer.", "UV_SYSTEM_CERTS"),
        (outputs.NO_TLS, INDEX + "received corrupt message of type InvalidContentType.", "https or http"),
        (outputs.PROXY, INDEX + "the proxy did not pass it on (tunnel error: unsuccessful).", "--proxy"),
        (
            outputs.WRONG_HASH,
            "The index has another file than that whose hash is in the requirements: left==2.0 (expected sha256 "
            f"{1:064d}, got sha256 b150ba9c13dbda54b84867fff9e5efe6d7ebbb2ee84556b55e0448e1b84baa3d).",
            "trusted",
        ),
        (
            outputs.NO_HASH,
            "The requirements have hashes, and these packages have none, or no exact version: left.",
            "--generate-hashes",
        ),
        (
            outputs.NOT_PINNED,
            "The requirements have hashes, and these packages have none, or no exact version: left.",
            "--generate-hashes",
        ),
        (outputs.DISK_FULL, "A disk is full: the app's own, or the worker's for temporary files.", "larger plan"),
        (
            outputs.BUILD,
            "srcp 1.0 has no wheel for cp311 win_amd64, and the worker has no compiler; its build needs Microsoft "
            "Visual C++ 14.0 or greater.",
            "--only-binary srcp",
        ),
        (outputs.DISTUTILS, "uv cannot replace old: it does not know which files belong to it.", "--installer pip"),
    ],
)
def test_what_uv_prints_is_explained(text, reason, advised):
    found = explain(output_of(text), "app 'shop'")
    assert found.reason == reason and advised in found.advice


def test_what_is_not_known_is_left_to_uv_itself():
    assert explain(output_of("error: Something new\n  cause: of a kind"), "app 'shop'") is None


def test_pip_that_takes_over_is_explained_as_ever():
    text = f"{outputs.CERTIFICATE}\npip is used instead of uv: it does not start.\npip install -r requirements.txt\n"
    found = output_of(
        text + "ERROR: Could not find a version that satisfies the requirement left==9 (from versions: 1.0)"
    )
    assert not found.uv.failed
    assert explain(found, "app 'shop'").reason.startswith(f"There is no left 9 for {WHERE}")


@pytest.mark.parametrize("line", ["error: Failed to fetch: https://pkgs.example/simple/left/", outputs.NO_HASH])
def test_lines_like_those_of_uv_mean_nothing_in_the_log_of_pip(line):
    found = PipOutput()
    for each in (FIRST, "pip install -r requirements.txt", line):
        found.take(each)
    assert not found.uv.failed and found.hashes_missing is None
