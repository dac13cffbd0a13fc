"""Static files after a switch: who serves them is said, and --static-path makes IIS do it."""

from __future__ import annotations

from tests.scenario.apps import naming, web_root

SET = "webapp python set-version --version 3.11"


def test_django_serves_none_until_iis_does(az, apps):
    site = apps.new("django_hello", python="3.11.9")
    stylesheet = "/static/hello.css"

    dry = az(f"{SET} --dry-run", *naming(site))
    command = f"az webapp python web-config set -g rg -n {site.name} --static-path static"
    said = (
        f"Static files: nothing serves /static/ of app '{site.name}', because Django does so only under runserver. "
        f"Let IIS do it: {command}"
    )
    assert dry.stderr.rstrip().splitlines()[-1] == said

    first = az(SET, *naming(site))
    assert said in first.stderr.splitlines() and apps.get(site, stylesheet).status_code == 404

    done = az(f"{SET} --static-path static", *naming(site))
    assert [change["target"] for change in done.json["changes"]] == ["site/wwwroot/static/web.config"]
    assert "Restarting" not in done.stderr and "IIS serves the folder 'static' itself." in done.stderr, done
    assert apps.get(site, stylesheet).status_code == 200 and "Hello from Django" in apps.get(site).text
    again = az(f"{SET} --static-path static", *naming(site)).json
    assert again["changed"] is False


def test_a_static_folder_of_a_failed_switch_is_put_back(az, apps):
    site = apps.prepared("wsgi_hello", also="3.11.9")
    (web_root(site) / "static").mkdir()
    (web_root(site) / "app.py").write_text(
        "import sys\n\n\ndef application(environ, start_response):\n"
        "    assert sys.version_info < (3, 11)\n"
        '    start_response("200 OK", [("Content-Type", "text/plain")])\n    return [b"ok"]\n',
        encoding="utf-8",
    )
    failed = az(f"{SET} --static-path static", *naming(site), expect=1)
    assert "AssertionError" in failed.stderr and f"app '{site.name}' runs Python 3.8.10 again (200)" in failed.stderr
    assert not (web_root(site) / "static/web.config").exists()

    absent = az(f"{SET} --static-path nowhere", *naming(site), expect=3)
    assert "nowhere" in absent.stderr, absent
