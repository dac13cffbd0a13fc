"""Where packages came from that no index provided, as the worker prints it."""

from __future__ import annotations

from types import SimpleNamespace

from azext_pythonapp.errors import UnknownOutcome
from azext_pythonapp.operations.app.site_packages import direct_addresses

PRINTED = (
    "pythonapp-address six-1.16.0.dist-info \r\n"
    '{"archive_info": {}, "url": "https://me:pw@h/six-1.16.0-py3-none-any.whl"}\r\n'
    "pythonapp-address Own_Pkg-1.0.dist-info \r\n"
    '{"url": "https://h/a.git", "vcs_info": {"vcs": "git", "commit_id": "4f2a"}, "subdirectory": "b"}\r\n'
    "pythonapp-address library-1.0.dist-info \r\n"
    '{"url": "file:///D:/home/site/wwwroot/library", "dir_info": {"editable": true}}\r\n'
    "pythonapp-address torn-1.0.dist-info \r\n{\r\n"
    "pythonapp-address list-1.0.dist-info \r\n[]\r\n\r\n"
)


def test_each_is_an_address_for_a_requirement():
    commands = []
    app = SimpleNamespace(
        kudu=SimpleNamespace(run=lambda text: commands.append(text) or SimpleNamespace(output=PRINTED))
    )
    assert direct_addresses(app, "python3810x64") == {
        "six": "https://h/six-1.16.0-py3-none-any.whl",
        "own-pkg": "git+https://h/a.git@4f2a#subdirectory=b",
        "library": "-e file:///D:/home/site/wwwroot/library",
    }
    assert r"python3810x64\Lib\site-packages\*.dist-info" in commands[0]


def test_what_cannot_be_asked_is_not_known():
    def run(text):
        raise UnknownOutcome("cut")

    assert direct_addresses(SimpleNamespace(kudu=SimpleNamespace(run=run)), "python3810x64") == {}
