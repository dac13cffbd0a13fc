"""Apps of every framework that is recognized: a bare app, one `set-version`, and the front end serves its page."""

from __future__ import annotations

import shutil

import pytest

from tests.scenario.apps import deploy, naming, web_root

VERSION = "3.11.9"


def switch(az, site, *options):
    """One `set-version` without a word about the framework; its answer."""
    answer = az("webapp python set-version --version", VERSION, *naming(site), *options).json
    assert answer["verification"]["httpStatus"] == 200
    return answer


def replaced(site, sample):
    """The same app with another sample in it, as if the first had never been."""
    site.stop()
    shutil.rmtree(web_root(site))
    web_root(site).mkdir()
    site.start()
    deploy(site, sample)


def test_wsgi_frameworks_under_fastcgi(az, apps):
    """Django brings more files than any other; Bottle comes to the runtime that it left."""
    site = apps.new("django_hello", python=VERSION)
    answer = switch(az, site)
    assert (answer["handler"], answer["entryPoint"]) == ("fastCgi", "hello.wsgi.application")
    assert answer["verification"]["importOk"] is True
    page = apps.get(site)
    assert "Hello from Django 5" in page.text and f"on Python {VERSION}" in page.text, page.text
    assert apps.get(site, "/static/hello.css").status_code == 404, "a production Django serves no files"

    az("webapp python web-config set --static-path static", *naming(site))
    assert apps.get(site, "/static/hello.css").text == "h1 { color: navy; }\n"
    assert "Hello from Django 5" in apps.get(site).text

    replaced(site, "bottle_hello")
    answer = switch(az, site)
    assert (answer["handler"], answer["entryPoint"]) == ("fastCgi", "app.application")
    assert "Hello from Bottle 0.13" in apps.get(site).text


def test_fastapi_under_http_platform(az, apps):
    site = apps.new("fastapi_hello", python=VERSION)
    answer = switch(az, site)
    assert (answer["handler"], answer["entryPoint"]) == ("httpPlatform", "main:app")
    assert answer["verification"]["importOk"] is True
    assert apps.get(site).json()["hello"].endswith(f"on Python {VERSION}")
    assert "openapi" in apps.get(site, "/openapi.json").json()


@pytest.mark.long
def test_streamlit_under_http_platform(az, apps):
    """The 6,000 files of its dependencies are compiled behind the switch, which takes minutes in Wine."""
    site = apps.new("streamlit_hello", python=VERSION)
    answer = switch(az, site)
    assert (answer["handler"], answer["entryPoint"]) == ("httpPlatform", "app.py")
    assert "<title>Streamlit</title>" in apps.get(site).text
    assert apps.get(site, "/_stcore/health").text == "ok"
