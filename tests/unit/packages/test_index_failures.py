"""Why pip found nothing: an index that was not reached is no index without a package, and says nothing of spelling."""

from __future__ import annotations

import pytest

from azext_pythonapp.packages.failure import explain
from azext_pythonapp.packages.pip_output import PipOutput
from tests.unit.runner import pip_outputs as outputs

FIRST = r"Python 3.8.10 cp38 win_amd64 at D:\home\python3810x64\python.exe, job 20261122-131402-23fc"
NOTHING = {
    "9": "  Could not find a version that satisfies the requirement six (from versions: )\n"
    "No matching distribution found for six\n",
    "20.3": "ERROR: Could not find a version that satisfies the requirement six\n"
    "ERROR: No matching distribution found for six\n",
    "24": "ERROR: Could not find a version that satisfies the requirement six (from versions: none)\n"
    "ERROR: No matching distribution found for six\n",
}
PAGE = "https://pkgs.example/simple/six/"


def explanation(text, first="", **how):
    found = PipOutput()
    for line in f"{FIRST}\n{first}\n{text}".split("\n"):
        found.take(line)
    return explain(found, "app 'shop'", **how)


@pytest.mark.parametrize("nothing", NOTHING.values(), ids=NOTHING)
@pytest.mark.parametrize(
    "line, said, advised",
    [
        (
            f"Not reached: {PAGE}: Failed to establish a new connection: [Errno 11001] getaddrinfo failed",
            "the name pkgs.example cannot be resolved ([Errno 11001] getaddrinfo failed)",
            "private DNS",
        ),
        (
            f"Not reached: {PAGE}: [WinError 10061] No connection could be made because the target machine actively "
            "refused it",
            "pkgs.example refused the connection ([WinError 10061]",
            "firewall",
        ),
        (
            f"Not reached: {PAGE}: HTTPSConnectionPool(host='pkgs.example', port=443): Read timed out. (read timeout=15)",
            "pkgs.example did not answer in time (Read timed out. (read timeout=15))",
            "firewall",
        ),
        (
            f"Not reached: {PAGE}: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self signed certificate",
            "CERTIFICATE_VERIFY_FAILED] certificate verify failed: self signed certificate",
            "--cert",
        ),
        (
            f"Not reached: {PAGE}: ProxyError: Tunnel connection failed: 407 Proxy Authentication Required",
            "the proxy did not pass it on (Tunnel connection failed: 407",
            "--proxy",
        ),
        (f"Not reached: {PAGE}: too many 503 error responses", "it answers HTTP 503", "later"),
        (f"Answered with HTTP 401 Unauthorized: {PAGE}", "it answers HTTP 401, it asks for credentials", "credentials"),
        (f"Answered with HTTP 403 Forbidden: {PAGE}", "it answers HTTP 403", "credentials"),
        (f"Answered with HTTP 500 Internal Server Error: {PAGE}", "it answers HTTP 500", "later"),
        (
            f"Answered with HTTP 404 Not Found: {PAGE}\nAnswered with HTTP 404: https://pkgs.example/simple/",
            "it answers HTTP 404, for its own address and for six",
            "/simple",
        ),
        (
            f"WARNING: Skipping page {PAGE} because the GET request got Content-Type: application/json. The only "
            "supported Content-Type is text/html",
            "it answers with Content-Type: application/json",
            "/simple",
        ),
    ],
)
def test_an_index_that_was_not_reached(nothing, line, said, advised):
    for text in (f"{nothing}{line}", f"{line}\n{nothing}"):
        found = explanation(text)
        assert found.reason.startswith("The index https://pkgs.example/simple could not be reached from the worker: ")
        assert said in found.reason and found.reason.endswith(".")
        assert advised in found.advice and "spelling" not in found.reason + found.advice


def test_credentials_that_are_not_accepted():
    found = explanation(NOTHING["24"] + "Answered with HTTP 401 Unauthorized: https://****@pkgs.example/simple/six/")
    assert "The index https://****@pkgs.example/simple could not" in found.reason
    assert "does not accept these credentials" in found.reason


@pytest.mark.parametrize("text", [outputs.UNREACHED, outputs.UNREACHED.replace("WARNING: ", "  ")])
def test_an_unreached_index_in_pips_own_words(text):
    found = explanation(text)
    assert "could not be reached from the worker: " in found.reason and "getaddrinfo failed" in found.reason
    named = explanation(text + "Not reached: https://pkgs.example/simple/six/: [Errno 11001] getaddrinfo failed")
    assert named.reason.startswith(
        "The index https://pkgs.example/simple could not be reached from the worker: the name"
    )
    assert "CERTIFICATE_VERIFY_FAILED" in explanation(outputs.TLS).reason
    assert "index https://pypi.example/simple could" in explanation(outputs.TLS).reason


@pytest.mark.parametrize("text", [outputs.UNAVAILABLE_9, outputs.UNAVAILABLE_18])
def test_an_index_that_made_pip_crash(text):
    assert explanation(text).reason == (
        "The index https://pkgs.example/simple could not be reached from the worker: it answers HTTP 503."
    )


def test_what_another_index_has_is_said_too():
    found = explanation(outputs.UNREACHED.replace("versions: none", "versions: 1.0"))
    assert "could not be reached" in found.reason and found.reason.endswith("these versions of six: 1.0.")


def test_a_retry_that_helped_is_no_failure():
    found = explanation(outputs.UNREACHED.replace("total=0", "total=2"))
    assert found.reason == "The index has no version of six for Python 3.8.10 (cp38 win_amd64)."


def test_failure_of_another_package_is_not_the_reason():
    other = "Not reached: https://a.example/simple/flask/: Read timed out."
    assert "has no package named nosuch" in explanation(f"{outputs.NO_SUCH_NAME}{other}").reason


def test_only_a_missing_name_may_be_misspelled():
    found = explanation(outputs.NO_SUCH_NAME)
    assert found.reason == "The index https://pkgs.example/simple has no package named nosuch."
    assert "Check the spelling of nosuch" in found.advice
    found = explanation(outputs.NO_SUCH_NAME + "Answered with HTTP 404: https://b.example/simple/nosuch/")
    assert found.reason == (
        "None of the indexes https://pkgs.example/simple and https://b.example/simple has a package named nosuch."
    )
    for nothing in NOTHING.values():
        assert "spelling" not in explanation(nothing).advice


@pytest.mark.parametrize("text", [outputs.NUMPY_9, outputs.NUMPY_20, outputs.NUMPY_21, outputs.NUMPY_24])
def test_version_for_newer_pythons(text):
    found = explanation(text)
    assert found.reason == "numpy 2.1.0 needs Python 3.10 or newer; app 'shop' runs 3.8.10."
    assert "set-version --version 3.10`" in found.advice
    assert ("numpy 1.24.4" in found.advice) == ("from versions" in text)
    found = explanation(text, in_use=False)
    assert found.reason == "numpy 2.1.0 needs Python 3.10 or newer; these packages are for Python 3.8.10."


@pytest.mark.parametrize(
    "line",
    [
        "ERROR: Package 'newer' requires a different Python: 3.8.10 not in '>=3.9,<3.13'",
        "newer requires Python '>=3.9,<3.13' but the running Python is 3.8.10",
    ],
)
def test_package_for_other_pythons(line):
    found = explanation(f"  Downloading https://h/newer-1.2-py3-none-any.whl (1 kB)\n{line}")
    assert found.reason == "newer 1.2 needs Python 3.9 or newer, older than 3.13; app 'shop' runs 3.8.10."


def test_other_packages_versions_are_not_mixed_up():
    text = outputs.NUMPY_24.replace("numpy==2.1.0", "nosuch>=2")
    assert "needs Python" not in explanation(text).reason


@pytest.mark.parametrize("nothing", NOTHING.values(), ids=NOTHING)
@pytest.mark.parametrize("first", [r"pip install --no-index --find-links D:\home\x -r r.txt", "No index was asked."])
def test_without_an_index_none_is_spoken_of(nothing, first):
    found = explanation(nothing, first)
    assert found.reason == "None of the wheels that pip may use satisfies six for Python 3.8.10 (cp38 win_amd64)."
    assert "The index" not in found.advice and "--no-index" in found.advice


def test_an_index_that_pip_does_not_trust():
    found = explanation(
        "WARNING: The repository located at pkgs.example is not a trusted or secure host and is being ignored. If\n"
        f"{NOTHING['24']}No index was asked."
    )
    assert "The index pkgs.example could not be reached from the worker: pip does not ask it" in found.reason
    assert "--trusted-host pkgs.example" in found.advice


def test_yanked_versions():
    found = explanation("ERROR: Ignored the following yanked versions: 1.0, 1.1\n" + NOTHING["24"])
    assert "yanked" in found.reason and "1.0, 1.1" in found.reason and "`six==1.1`" in found.advice


def test_build_that_cannot_get_its_tools_tells_of_the_index():
    text = (
        "  Downloading https://h/box-1.0.tar.gz (1 kB)\n  error: subprocess-exited-with-error\n"
        "      WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by 'ProxyError('Cannot connect to "
        "proxy.', OSError('Tunnel connection failed: 403 Forbidden'))': /simple/setuptools/\n"
        "      ERROR: Could not find a version that satisfies the requirement setuptools>=40.8.0 (from versions: none)\n"
        "      ERROR: No matching distribution found for setuptools>=40.8.0\n"
        "ERROR: Failed to build 'box' when installing build dependencies"
    )
    found = explanation(text)
    assert "could not be reached from the worker: the proxy did not pass it on" in found.reason


def test_only_wheels_are_allowed():
    first = "pip install --only-binary :all: -r packages.txt"
    found = explanation(NOTHING["24"], first)
    assert "no wheel of six for Python 3.8.10" in found.reason and "--only-binary" in found.reason
    assert "--only-binary" not in explanation(outputs.NUMPY_21, first).reason


def test_a_version_that_is_nowhere_tells_what_others_need():
    found = explanation(outputs.NUMPY_21.replace("numpy==2.1.0", "numpy==2.0.9"))
    assert found.reason.startswith("There is no numpy 2.0.9 for Python 3.8.10")
    assert found.reason.endswith("1.24.4. numpy 2.1.1 needs Python 3.10 or newer.")
