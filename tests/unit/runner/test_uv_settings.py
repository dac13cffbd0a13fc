"""The settings of pip on the worker, in uv's variables and arguments; what has no equal there leaves the job to pip."""

from __future__ import annotations

import sys

import pytest

from azext_pythonapp.jobs.runner import record
from azext_pythonapp.jobs.runner.uv_settings import Untranslatable, uv_settings


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(record.os, "environ", {"HOME": str(tmp_path)})
    return tmp_path


def given(own_index=False, **variables):
    environment, arguments = uv_settings(variables, own_index, sys.prefix)
    return {name: value for name, value in environment.items() if name != "PATH"}, arguments


@pytest.mark.parametrize(
    "variables, expected, arguments",
    [
        ({"PIP_INDEX_URL": "https://u:p@pkgs.example/s"}, {"UV_INDEX_URL": "https://u:p@pkgs.example/s"}, []),
        (
            {"PIP_EXTRA_INDEX_URL": "https://a.example/s\n https://b.example/s"},
            {"UV_EXTRA_INDEX_URL": "https://a.example/s https://b.example/s"},
            [],
        ),
        (
            {"PIP_FIND_LINKS": "D:\\w https://a.example"},
            {},
            ["--find-links", "D:\\w", "--find-links", "https://a.example"],
        ),
        (
            {"PIP_TRUSTED_HOST": "a.example b.example"},
            {},
            ["--allow-insecure-host", "a.example"] * 1 + ["--allow-insecure-host", "b.example"],
        ),
        ({"PIP_NO_INDEX": "1"}, {}, ["--no-index"]),
        ({"PIP_NO_INDEX": "false", "PIP_PREFER_BINARY": "0"}, {}, []),
        ({"PIP_PRE": "true"}, {}, ["--prerelease", "allow"]),
        ({"PIP_TIMEOUT": "30", "PIP_RETRIES": "0"}, {"UV_HTTP_TIMEOUT": "30", "UV_HTTP_RETRIES": "0"}, []),
        ({"PIP_CERT": "D:\\ca.pem", "REQUESTS_CA_BUNDLE": "D:\\b"}, {"SSL_CERT_FILE": "D:\\ca.pem"}, []),
        ({"REQUESTS_CA_BUNDLE": "D:\\b.pem"}, {"SSL_CERT_FILE": "D:\\b.pem"}, []),
        ({"PIP_CLIENT_CERT": "D:\\me.pem"}, {"SSL_CLIENT_CERT": "D:\\me.pem"}, []),
        (
            {"PIP_PROXY": "http://p.example:1", "NO_PROXY": "x", "https_proxy_": "y"},
            {**dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://p.example:1"), "https_proxy_": "y"},
            [],
        ),
        ({"PIP_NO_INPUT": "1", "PIP_UPGRADE_STRATEGY": "only-if-needed", "PIP_CACHE_DIR": "D:\\c"}, {}, []),
    ],
)
def test_settings_of_pip(variables, expected, arguments):
    environment, words = given(**variables)
    environment = {name: value for name, value in environment.items() if name not in ("REQUESTS_CA_BUNDLE",)}
    assert (environment, words) == (expected, arguments)


@pytest.mark.parametrize(
    "variables",
    [
        {"PIP_PREFER_BINARY": "1"},
        {"PIP_NO_BINARY": ":all:"},
        {"PIP_CONSTRAINT": "D:\\c.txt"},
        {"PIP_UPGRADE": "1"},
        {"PIP_UPGRADE_STRATEGY": "eager"},
        {"PIP_KEYRING_PROVIDER": "import"},
        {"PIP_FIND_LINKS": "D:\\w https://u:p@pkgs.example/links"},
        {"PIP_TIMEOUT": "15.5"},
        {"PIP_INDEX_URL": "http://pkgs.example/simple"},
        {"PIP_INDEX_URL": "http://u:p@pkgs.example/simple", "PIP_TRUSTED_HOST": "other.example"},
    ],
)
def test_settings_without_an_equal(variables):
    with pytest.raises(Untranslatable) as raised:
        given(**variables)
    assert str(raised.value).startswith(next(iter(variables))) and "u:p" not in str(raised.value)


@pytest.mark.parametrize("name", ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"])
def test_an_index_of_a_file_counts_more_only_for_pip(name):
    with pytest.raises(Untranslatable, match=f"the requirements name an index, and {name} another one"):
        given(True, **{name: "https://pkgs.example/simple"})
    assert given(True, PIP_FIND_LINKS="D:\\w")[1] == ["--find-links", "D:\\w"]


def test_a_trusted_host_may_be_without_tls():
    url = "http://pkgs.example:8080/simple"
    assert given(PIP_INDEX_URL=url, PIP_TRUSTED_HOST="pkgs.example")[0] == {"UV_INDEX_URL": url}
    assert given(PIP_INDEX_URL="http://127.0.0.1:8080/simple")[0]


def test_own_variables_of_uv_that_lead_elsewhere_are_left_out():
    kept = {"UV_HTTP_TIMEOUT": "9", "UV_SYSTEM_CERTS": "1", "UV_CONCURRENT_DOWNLOADS": "2", "APP": "x"}
    index = {"UV_INDEX_URL": "https://a.example/s", "UV_FIND_LINKS": "D:\\w", "UV_DEFAULT_INDEX": "https://b.example"}
    index.update(UV_INDEX="https://c.example", UV_EXTRA_INDEX_URL="https://d.example", UV_INDEX_OWN_PASSWORD="x")
    dropped = dict.fromkeys(
        ("UV_PYTHON", "UV_CACHE_DIR", "UV_LINK_MODE", "UV_OFFLINE", "UV_CONSTRAINT", "UV_PRERELEASE", "VIRTUAL_ENV"),
        "1",
    )
    assert given(**kept, **index, **dropped)[0] == kept
    assert given(**kept, **index, PIP_INDEX_URL="https://b.example/s")[0] == {
        **kept,
        "UV_INDEX_URL": "https://b.example/s",
    }


def test_the_netrc_that_pip_reads(home):
    (home / "_netrc").touch()
    assert given()[0] == {"NETRC": str(home / "_netrc")}
    (home / ".netrc").touch()
    assert given()[0] == {"NETRC": str(home / ".netrc")}
    assert given(NETRC="D:\\n")[0] == {"NETRC": "D:\\n"}


@pytest.fixture
def settings_file(home, monkeypatch):
    path = home / "pip.ini"
    monkeypatch.setitem(record.os.environ, "PIP_CONFIG_FILE", str(path))
    return path


def test_files_count_less_than_variables(settings_file):
    settings_file.write_text(
        "[global]\nindex-url = https://a.example/s\ntimeout = 5\nextra_index_url =\n    https://b.example/s\n"
        "    https://c.example/s\n[install]\ntimeout = 6\n[list]\nformat = json\n[freeze]\nall = 1\n"
    )
    assert given()[0] == {
        "UV_INDEX_URL": "https://a.example/s",
        "UV_HTTP_TIMEOUT": "6",
        "UV_EXTRA_INDEX_URL": "https://b.example/s https://c.example/s",
    }
    assert given(PIP_TIMEOUT="7", PIP_INDEX_URL="https://z.example/s")[0]["UV_INDEX_URL"] == "https://z.example/s"


def test_a_file_without_an_equal_is_named(settings_file):
    settings_file.write_text("[install]\nno-binary = lxml\n")
    with pytest.raises(Untranslatable, match="no-binary in pip.ini has no equal in uv"):
        given()


@pytest.mark.parametrize("content", [b"[global\nindex-url\xff", b"\xef\xbb\xbf[global]\nindex-url = x\n", b"\x81"])
def test_a_file_that_cannot_be_read_is_left_to_pip(settings_file, content):
    settings_file.write_bytes(content)
    with pytest.raises(Untranslatable, match="pip.ini cannot be read"):
        given()


def test_a_file_in_the_code_page_of_the_system(settings_file):
    settings_file.write_bytes("[global]\n# f\u00fcr alle\nindex-url = https://a.example/s\n".encode("cp1252"))
    assert given()[0] == {"UV_INDEX_URL": "https://a.example/s"}


def test_a_proxy_without_a_scheme():
    assert given(PIP_PROXY="u:p@proxy.example:8080")[0]["HTTPS_PROXY"] == "http://u:p@proxy.example:8080"


@pytest.fixture
def places(home, monkeypatch):
    """Where pip looks for its settings on Windows, the last one counts most; their names are in another order."""
    folders = {"PROGRAMDATA": home / "z", "APPDATA": home / "y"}
    monkeypatch.setattr(
        record.os, "environ", {"HOME": str(home), **{name: str(path) for name, path in folders.items()}}
    )
    files = [home / "z/pip/pip.conf", home / "pip/pip.conf", home / "y/pip/pip.conf", home / "a/pip.conf"]
    for path in files:
        path.parent.mkdir(parents=True)
    return files


def test_which_file_counts_more(places, home):
    for number, path in enumerate(places):
        path.write_text(f"[global]\nindex-url = https://{number}.example/s\n")
        assert uv_settings({}, False, str(home / "a"))[0]["UV_INDEX_URL"] == f"https://{number}.example/s"


def test_a_section_of_the_command_counts_more_than_a_file(places, home):
    places[0].write_text("[install]\nindex-url = https://install.example/s\n")
    places[3].write_text("[global]\nindex-url = https://global.example/s\n")
    assert uv_settings({}, False, str(home / "a"))[0]["UV_INDEX_URL"] == "https://install.example/s"


def test_a_named_file_takes_the_place_of_those_of_the_user(places, home):
    for number, path in enumerate(places):
        path.write_text(
            f"[global]\nindex-url = https://{number}.example/s\nextra-index-url = https://{number}.example\n"
        )
    places[3].write_text("")
    own = home / "b.ini"
    own.write_text("[global]\nindex-url = https://own.example/s\n")
    record.os.environ["PIP_CONFIG_FILE"] = str(own)
    assert uv_settings({}, False, str(home / "a"))[0] == {
        "UV_INDEX_URL": "https://own.example/s",
        "UV_EXTRA_INDEX_URL": "https://0.example",
    }
