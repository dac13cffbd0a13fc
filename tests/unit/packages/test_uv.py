"""What pip's call is for uv, and where uv would do something else (each seen with uv 0.13.9; docs/platform/uv.md 3)."""

from __future__ import annotations

import pytest

from azext_pythonapp.operations.package.index_options import parse_options
from azext_pythonapp.packages import requirements, uv
from azext_pythonapp.packages.pip import JobFile, PipOptions
from azext_pythonapp.packages.requirements import TargetEnvironment
from azext_pythonapp.packages.uv_differences import Reads, why_pip

TARGET = TargetEnvironment("3.11.9", "x64")
MAIN = JobFile("requirements/requirements.txt")


def reads(text, **more):
    content = text if isinstance(text, bytes) else text.encode("utf-8")
    return Reads({"requirements/requirements.txt": content}, requirements.parse(content).requirements, **more)


def why(text="flask==3.0.3\n", target=TARGET, **options):
    found = why_pip(parse_options(**options), reads(text), target)
    if found is not None:
        assert found.startswith("pip is used instead of uv: ") and found.endswith(".")
    return found


@pytest.mark.parametrize(
    "text",
    [
        "flask==3.0.3\n",
        "\ufeffflask[async]>=3,<4 ; python_version >= '3.8'  # why\n",
        "six==1.16.0 \\\n    --hash=sha256:8abb2f1d8cc6e3ef \\\n    --hash=sha256:1e61c37477a1626458e36f7b1d82aa5c9b094fa\n",
        "-r more.txt\n-c limits.txt\n--no-index\n--find-links D:\\home\\wheels\n",
        "--index-url https://pkgs.example/simple\n--extra-index-url=https://other.example/simple\nflask\n",
        "--index-url https://${TOKEN}@pkgs.example/simple\nflask\n",
        "--only-binary :all:\n--require-hashes\n",
        "flask @ https://pkgs.example/flask-3.0.3-py3-none-any.whl\n",
        "# caf\u00e9\nflask\n",
        "flask>=3rc1,<4,!=3.1.*\n",
        "",
    ],
)
def test_files_that_uv_reads_as_pip_does(text):
    assert why(text) is None


@pytest.mark.parametrize(
    "text, reason",
    [
        ("--pre\nflask\n", "requirements.txt:1 has --pre, which uv does not know"),
        ("flask\n--trusted-host pkgs.example\n", "requirements.txt:2 has --trusted-host, which"),
        ("--prefer-binary\nflask\n", "has --prefer-binary, which"),
        ("--use-feature fast-deps\n", "has --use-feature, which"),
        ("--no-binary flask\nflask\n", "has --no-binary, which"),
        ("--find wheels\nflask\n", "has --find, which"),
        ("--only-binary flask,six\n", "several names"),
        ("--index-url https://a.example/s --extra-index-url https://b.example/s\n", "has --index-url in a form"),
        ('--index-url "https://a.example/s"\n', "has --index-url in a form"),
        ("--index-url https://a.example/s\n--index-url https://b.example/s\n", "several indexes"),
        ("--index-url https://${token}@a.example/s\n", "in lower case"),
        ("--index-url http://a.example/s\n", "--index-url names an address without TLS"),
        ("--find-links wheels\n", "--find-links names neither an https address nor a full path"),
        ('flask --config-settings="a=b"\n', "has --config-settings, which uv does not know there"),
        ("flask \\\n --global-option=x\n", "has --global-option, which"),
        ("flask==\\\n3.0.3\n", "requirements.txt:1 is one requirement in several lines"),
        ("left = 1.0\n", "PEP 508"),
        ("flask>=3.0,<3.1.*\n", "PEP 508"),
        ("flask==${VERSION}\n", "has a variable"),
        ("flask>=2,<3.0.0dev\n", "names a pre-release as a bound"),
        ("flask>3a1\n", "names a pre-release as a bound"),
        ("-e .\n", "has -e, which"),
        ("./wheels/flask-3.0.3-py3-none-any.whl\n", "names a file or folder"),
        ("flask @ git+https://host.example/flask\n", "names a repository"),
        ("flask @ https://host.example/flask.zip\n", "names an address"),
        ("flask @ http://host.example/flask-1.0-py3-none-any.whl\n", "names an address"),
        ("# caf\xe9\nflask\n".encode("cp1252"), "requirements.txt is not text in UTF-8"),
        ("\ufeffflask\n".encode("utf-16-le"), "requirements.txt is not text in UTF-8"),
        ("# coding: latin-1\nfl\u00e4sk\n".encode("utf-8"), "requirements.txt is not text in UTF-8"),
    ],
)
def test_files_that_uv_reads_in_another_way(text, reason):
    assert reason in why(text)


def test_what_cannot_be_seen_is_left_to_pip():
    found = why_pip(PipOptions(), reads("", unseen=("-r https://user:secret@host.example/r.txt",)), TARGET)
    assert "is not known before" in found and "secret" not in found


@pytest.mark.parametrize(
    "pip_args",
    [
        "--prefer-binary",
        "-I",
        "--no-binary flask",
        "--ignore-requires-python",
        "--use-feature x",
        "--upgrade-strategy eager",
        "--build-constraint c.txt",
        "--timeou 3",
        "--cache-dir x",
    ],
)
def test_options_without_an_equal(pip_args):
    assert f"uv has nothing that means the same as {pip_args.split()[0]}" in why(pip_args=pip_args)


def test_every_option_that_is_not_refused_has_words_for_uv():
    options = parse_options(
        pip_args="-v --no-compile --compile --progress-bar off --timeout 9 --retries=1 --cert 'D:\\home\\ca.pem' --client-cert "
        "'D:\\home\\me.pem' --trusted-host pkgs.example --find-links https://pkgs.example/links --force-reinstall "
        "--no-cache-dir --config-settings a=b --upgrade-strategy only-if-needed --root-user-action ignore",
        upgrade=True,
        pre=True,
        no_deps=True,
        only_binary="flask, six",
        no_index=True,
        require_hashes=True,
        index_url="https://user:secret@pkgs.example/simple",
        proxy="user:secret@proxy.example:8080",
    )
    assert why_pip(options, reads("flask\n"), TARGET) is None
    options = PipOptions(**{**vars(options), "constraints": (JobFile("c.txt"),), "wheel_dir": JobFile("wheels.html")})
    arguments, variables = uv.install(MAIN, options, ("flask", "six"))
    words = ["w" if not isinstance(each, str) else each for each in arguments]
    assert " ".join(words) == (
        "--upgrade-package flask --upgrade-package six --refresh --prerelease allow --no-deps --require-hashes "
        "--only-binary flask "
        "--only-binary six --no-index --find-links w -c w --compile-bytecode --allow-insecure-host pkgs.example "
        "--find-links https://pkgs.example/links --reinstall --no-cache --config-setting a=b -r w"
    )
    assert variables == {
        "PIP_TIMEOUT": "9",
        "PIP_RETRIES": "1",
        "PIP_CERT": "D:\\home\\ca.pem",
        "PIP_CLIENT_CERT": "D:\\home\\me.pem",
    }
    assert "secret" not in repr(arguments)


def test_a_hash_anywhere_makes_uv_demand_hashes_as_pip_does():
    found = reads("six==1.16.0 --hash=sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254\nflask\n")
    assert found.hashes and "--require-hashes" in uv.install(MAIN, PipOptions(), hashes=found.hashes)[0]


@pytest.mark.parametrize(
    "given, names", [(":all:", [":all:"]), (":all:,:none:,six", ["six"]), (":none:", []), (None, [])]
)
def test_only_binary(given, names):
    arguments = uv.install(MAIN, PipOptions(only_binary=given))[0]
    assert [word for word in arguments if isinstance(word, str)] == [
        *(word for name in names for word in ("--only-binary", name)),
        "-r",
    ]


@pytest.mark.parametrize(
    "options", [{"index_url": "https://a.example/s"}, {"extra_index_url": ["https://a.example/s"]}]
)
def test_an_index_of_a_file_counts_more_only_for_pip(options):
    assert "which pip prefers" in why("--index-url https://b.example/s\nflask\n", **options)
    assert why("--extra-index-url https://b.example/s\nflask\n", **options) is None


@pytest.mark.parametrize("where", ["index_url", "extra_index_url"])
def test_plain_http_needs_a_trusted_host(where):
    url = "http://pkgs.example:8080/simple"
    options = {where: url if where == "index_url" else [url]}
    assert "without TLS" in why(**options)
    assert why(pip_args="--trusted-host pkgs.example", **options) is None
    assert why(pip_args="--trusted-host pkgs.example:8080", **options) is None
    assert "without TLS" in why(pip_args="--trusted-host other.example", **options)
    local = "http://127.0.0.1:8080/simple"
    assert why(**{where: local if where == "index_url" else [local]}) is None


@pytest.mark.parametrize(
    "version, reason", [("2.7.18", "older than 3.6"), ("3.5.4", "older than 3.6"), ("3.6.4", None), ("3.13.2", None)]
)
def test_pythons(version, reason):
    found = why(target=TargetEnvironment(version, "x86"))
    assert (found is None) if reason is None else reason in found


def test_builds_name_the_files_of_their_architecture():
    x64, x86 = uv.BUILDS["x64"], uv.BUILDS["x86"]
    assert (x64.wheel, x86.wheel) == (f"uv-{uv.VERSION}-py3-none-win_amd64.whl", f"uv-{uv.VERSION}-py3-none-win32.whl")
    assert x64.program.path == f"data/pythonapp/tools/uv-{uv.VERSION}/uv.exe" and x86.program != x64.program
    hashes = [each for build in (x64, x86) for each in (build.sha256, build.wheel_sha256)]
    assert len(set(hashes)) == 4 and all(len(each) == 64 and int(each, 16) for each in hashes)
