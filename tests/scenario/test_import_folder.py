"""An app in src/ with the server that its Python has: found, put on the import path, and told the caller's scheme."""

from __future__ import annotations

from tests.scenario.apps import naming, web_root
from tests.scenario.unchanged import unchanged

APP = """\
import sys
from flask import Flask, request
from services import word

app = Flask(__name__)


@app.route("/")
def home():
    return "%s from Python %s by %s as %s" % (
        word(), sys.version.split()[0], request.environ.get("SERVER_SOFTWARE", ""), request.scheme)
"""


def test_an_app_in_a_folder_with_the_pythons_own_server(az, azure, apps):
    site = apps.prepared("waitress_hello", "3.11.9", "httpplatform")
    site.use_32bit_worker = False
    root = web_root(site)
    for name in ("web.config", "requirements.txt", "app.py"):
        (root / name).unlink()
    (root / "src" / "services").mkdir(parents=True)
    (root / "src" / "app.py").write_text(APP, encoding="utf-8")
    (root / "src" / "services" / "__init__.py").write_text('def word():\n    return "neighbour"\n', encoding="utf-8")

    answer = az(
        "webapp python set-version --version 3.11.9 --handler httpplatform --no-requirements", *naming(site)
    ).json
    assert (answer["handler"], answer["entryPoint"]) == ("httpPlatform", "app:app")
    page = apps.get(site).text
    assert "neighbour from Python 3.11.9 by waitress as https" in page, page
    with unchanged(azure, site):
        again = az("webapp python set-version --version 3.11.9 --no-requirements", *naming(site)).json
        assert again["changed"] is False

    answer = az("webapp python set-version --version 3.11.9 --handler fastcgi --no-requirements", *naming(site)).json
    assert (answer["handler"], answer["entryPoint"]) == ("fastCgi", "app.app")
    assert "neighbour from Python 3.11.9" in apps.get(site).text
