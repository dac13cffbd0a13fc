"""Where pip gets packages from: indexes that want a sign-in, a further index, and hashes that must fit."""

from __future__ import annotations

import hashlib
import shutil

from tests.local_azure.windows.index import PackageIndex
from tests.scenario.apps import naming

SIX, OTHER = "six-1.16.0-py2.py3-none-any.whl", "itsdangerous-2.2.0-py3-none-any.whl"
# As they are typed, and as the index must be told.
CREDENTIALS = {"me%40corp:p%2Fss-w0rd": "me@corp:p/ss-w0rd", "robot%40corp:t0ken%21": "robot@corp:t0ken!"}
SECRETS = ("p%2Fss-w0rd", "p/ss-w0rd", "t0ken")


def folder_with(parent, index, wheel):
    """A folder with one wheel of the package index, and the requirement of it with its hash."""
    folder = parent / wheel.partition("-")[0]
    folder.mkdir()
    shutil.copy(index / wheel, folder)
    name, version = wheel.split("-")[:2]
    return folder, f"{name}=={version} --hash=sha256:{hashlib.sha256((index / wheel).read_bytes()).hexdigest()}\n"


def test_two_indexes_with_percent_encoded_credentials_and_hashes(az, azure, apps, windows, tmp_path):
    """six is on the index only, itsdangerous on the further one only; each lets in its own user."""
    site = apps.prepared("wsgi_hello")
    home, requests = site.machine.home, len(azure.requests)
    first, six = folder_with(tmp_path, windows / "index", SIX)
    second, itsdangerous = folder_with(tmp_path, windows / "index", OTHER)
    requirements = tmp_path / "requirements.txt"
    (typed, told), (typed_too, told_too) = CREDENTIALS.items()

    with PackageIndex(first, told) as index, PackageIndex(second, told_too) as further:
        command = (
            "webapp python install-requirements --require-hashes -r",
            requirements,
            "--index-url",
            index.url.replace("://", f"://{typed}@"),
            "--extra-index-url",
            further.url.replace("://", f"://{typed_too}@"),
            *naming(site),
        )
        requirements.write_text(six + itsdangerous[:-5] + "0000\n", encoding="utf-8")
        refused = az(*command, expect=1)
        assert "THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE" in refused.stderr, refused
        assert "No package was changed" in refused.stderr
        assert not (home / "python3810x64" / "Lib" / "site-packages" / "six.py").exists()

        requirements.write_text(six + itsdangerous, encoding="utf-8")
        done = az(*command)
        assert done.json["installed"] == [
            {"name": "itsdangerous", "version": "2.2.0"},
            {"name": "six", "version": "1.16.0"},
        ], done
        assert (index.refused, further.refused) == ([], [])
        assert f"/files/{SIX}" in index.requests and f"/files/{OTHER}" in further.requests

    for secret in SECRETS:
        assert secret not in refused.stderr + done.stderr + done.stdout
        assert not [str(request) for request in azure.requests[requests:] if secret in request.path]
        assert not [started.text for started in site.commands.started if secret in started.text]
        assert not [path for path in home.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
