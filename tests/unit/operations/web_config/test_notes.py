"""`notes`: in the answer and on stderr, whatever is done with the edit; and nothing claimed that was not looked up."""

from __future__ import annotations

from pathlib import Path

import pytest

from azext_pythonapp.errors import InvalidInput, InvalidWebConfig, Refused
from azext_pythonapp.operations.web_config.show_set_diff import diff_web_config, set_web_config, show_web_config
from azext_pythonapp.operations.web_config.target import FileTarget
from tests.unit.operations.web_config.test_local_file import request
from tests.unit.progress import Recorded
from tests.unit.webconfig.test_switching_back import ADD, PAIR, fastcgi, platform

PYTHON = r"D:\home\python3119x64\python.exe"
RULED = fastcgi({"WSGI_HANDLER": "shop.app"}).replace(
    "  </system.webServer>",
    """\
    <rewrite>
      <rules>
        <rule name="Flask Application" stopProcessing="true">
          <match url="(.*)" ignoreCase="true" />
          <action type="Rewrite" url="app.py" />
        </rule>
      </rules>
    </rewrite>
  </system.webServer>""",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text("from flask import Flask\n\napp = Flask(__name__)\n")
    (tmp_path / "requirements.txt").write_text("flask\nwaitress\n")
    return tmp_path


def place(folder: Path, text: str) -> FileTarget:
    (folder / "web.config").write_text(text)
    return FileTarget(folder / "web.config", Recorded())


@pytest.mark.parametrize("way", ["set", "dry run", "output file", "diff"])
def test_notes_are_in_the_answer_and_said(folder: Path, way: str) -> None:
    (folder / "static").mkdir()
    where = place(folder, RULED)
    wanted = request("httpplatform", static=("static",), output=folder / "out.config" if way == "output file" else None)
    answer = diff_web_config(where, wanted) if way == "diff" else set_web_config(where, wanted, way == "dry run")
    assert any("'Flask Application' (line 11) were removed" in note for note in answer["notes"])
    assert any(note.startswith("static: IIS serves its files itself") for note in answer["notes"])
    said = list(where.progress.said)  # type: ignore[attr-defined]
    for _, _, changes, _ in where.progress.plans:  # type: ignore[attr-defined]
        planned = " ".join(change.note or "" for change in changes)
        said += [note for note in answer["notes"] if note in planned]
    assert all(said.count(f"  {note}") + said.count(note) == 1 for note in answer["notes"]), said
    assert any(line.startswith("Planned for web.config") for line in said) is (way == "diff")
    assert "regist" not in " ".join(said), "no registration was looked up"


def test_nothing_to_do_has_no_notes(folder: Path) -> None:
    where = place(folder, fastcgi({"WSGI_HANDLER": "shop.app"}))
    assert set_web_config(where, request(), False)["notes"] == [] and diff_web_config(where, request())["notes"] == []
    shown = show_web_config(where)
    assert (shown["notes"], shown["warnings"]) == ([], [])


def test_a_part_of_the_site_is_told(folder: Path) -> None:
    where = place(folder, fastcgi({"WSGI_HANDLER": "shop.app"}).replace('path="*"', 'path="api/*"'))
    shown = show_web_config(where)
    assert shown["warnings"] == [] and shown["notes"] == ["Python serves only a part of the site: the path 'api/*'."]


@pytest.mark.parametrize(
    "path",
    [
        r".\venv\Scripts\python.exe",
        r"D:/home/python364x64/python.exe",
        r"%home%\python364x64\python.exe",
        r"&quot;D:\home\python364x64\python.exe&quot;",
        "python",
        r"%HOME%/python364x64/Python.EXE",
        r"D:\home\python364x64\pythonw.exe",
    ],
)
def test_a_good_process_path_keeps_its_spelling(folder: Path, path: str) -> None:
    text = platform(
        f'processPath="{path}" arguments="-m waitress --port %HTTP_PLATFORM_PORT% shop:app"', {"STAGE": "live"}
    )
    where = place(folder, text)
    assert show_web_config(where)["warnings"] == []
    assert set_web_config(where, request(), False)["changed"] is False
    set_web_config(where, request(environment=("NEW=1",)), False)
    assert f'processPath="{path}"' in (folder / "web.config").read_text()
    set_web_config(where, request(python=PYTHON), False)
    assert r'processPath="%HOME%\python3119x64\python.exe"' in (folder / "web.config").read_text()


def test_the_same_python_in_other_words_is_no_other_python(folder: Path) -> None:
    text = platform(r'processPath="%home%/python364x64/python.exe" arguments="-m waitress shop:app"')
    answer = set_web_config(place(folder, text), request(python=r"D:\home\python364x64\python.exe"), False)
    assert answer["changed"] is False
    text = fastcgi({"WSGI_HANDLER": "shop.app"}).replace(PAIR, PAIR.upper())
    assert set_web_config(place(folder, text), request(), False)["changed"] is False


@pytest.mark.parametrize(
    "path, arguments, moved",
    [
        (
            r"env\Scripts\waitress-serve.exe",
            "--port %HTTP_PLATFORM_PORT% shop:app",
            "-m waitress --port %HTTP_PLATFORM_PORT% shop:app",
        ),
        (r"C:\Windows\py.exe", "-3.6 -m waitress shop:app", "-m waitress shop:app"),
        ("cmd.exe", "/c python -m waitress shop:app", None),
        (r".\run.bat", "-m uvicorn shop:app", None),
    ],
)
def test_another_program(folder: Path, path: str, arguments: str, moved: str | None) -> None:
    text = platform(f'processPath="{path}" arguments="{arguments}"', {"STAGE": "live"})
    where = place(folder, text)
    set_web_config(where, request(environment=("NEW=1",)), False)
    kept = (folder / "web.config").read_text()
    assert f'processPath="{path}" arguments="{arguments}"' in kept and 'name="NEW"' in kept, "nobody asked for another"
    if moved is None:
        with pytest.raises(Refused, match="another program|not known"):
            set_web_config(where, request(python=PYTHON), False)
        assert (folder / "web.config").read_text() == kept
    else:
        answer = set_web_config(where, request(python=PYTHON), False)
        assert (answer["pythonPath"], answer["arguments"]) == (r"%HOME%\python3119x64\python.exe", moved)


def test_a_servers_own_program_is_taken_up_again_as_it_was(folder: Path) -> None:
    text = platform(r'processPath="D:\home\python364x64\Scripts\waitress-serve.exe" arguments="--threads=8 shop:app"')
    where = place(folder, text)
    there = set_web_config(where, request("fastcgi"), False)
    assert there["pythonPath"] == r"D:\home\python364x64\python.exe"
    back = set_web_config(where, request("httpplatform"), False)
    assert (back["pythonPath"], back["arguments"]) == (
        r"D:\home\python364x64\Scripts\waitress-serve.exe",
        "--threads=8 shop:app",
    )
    set_web_config(where, request("fastcgi"), False)
    other = set_web_config(where, request("httpplatform", python=PYTHON), False)
    assert (other["pythonPath"], other["arguments"]) == (
        r"%HOME%\python3119x64\python.exe",
        "-m waitress --threads=8 shop:app",
    )


@pytest.mark.parametrize(
    "processor",
    [
        r"D:\home\python364x64",
        r"D:\home\python364x64\ "[:-1],
        "%INTERPRETERPATH%|%WFASTCGIPATH%",
        "&lt;path to python&gt;",
        "{python}",
        "",
    ],
)
def test_folder_or_placeholder_with_wsgi_handler_is_python(folder: Path, processor: str) -> None:
    text = fastcgi({"WSGI_HANDLER": "shop.app"}).replace(PAIR, processor)
    where = place(folder, text)
    shown = show_web_config(where)
    assert (shown["handler"], shown["entryPoint"]) == ("fastCgi", "shop.app") and shown["warnings"]
    if "home" in processor:
        assert set_web_config(where, request(), False)["pythonPath"] == r"D:\home\python364x64\python.exe"
    else:
        with pytest.raises(InvalidInput, match="has no handler that starts Python"):
            set_web_config(where, request(), False)
        assert set_web_config(where, request("fastcgi", python=PYTHON), False)["pythonPath"] == PYTHON


def test_settings_without_a_handler_are_in_force(folder: Path) -> None:
    settings = {"WSGI_HANDLER": "shop.app", "PYTHONPATH": r"%HOME%\site\wwwroot\lib", "STAGE": "live"}
    text = fastcgi(settings)
    text = text[: text.index("  <system.webServer>")] + "</configuration>\n"
    (folder / "other.py").write_text("from flask import Flask\n\nwrong = Flask(__name__)\n")
    answer = set_web_config(place(folder, text), request("fastcgi", python=PYTHON), False)
    assert answer["entryPoint"] == "shop.app" and answer["environment"]["STAGE"] == "live"
    assert answer["environment"]["WSGI_LOG"] == r"D:\home\LogFiles\wfastcgi.log"
    answer = set_web_config(place(folder, text), request("httpplatform", python=PYTHON), False)
    assert answer["entryPoint"] == "shop:app"
    assert answer["environment"] == {"PYTHONPATH": r"D:\home\site\wwwroot\lib", "STAGE": "live"}


def test_a_fastcgi_section_is_named_with_its_line_and_left(folder: Path) -> None:
    text = fastcgi({"WSGI_HANDLER": "shop.app"}).replace(
        "    <handlers>", "    <fastCgi>\n    </fastCgi>\n    <handlers>"
    )
    where = place(folder, text)
    shown = show_web_config(where)
    assert [
        warning for warning in shown["warnings"] if "line 6: <fastCgi> is allowed in applicationHost.config" in warning
    ]
    answer = set_web_config(where, request(), False)
    assert answer["changed"] is False and "line 6: <fastCgi>" in answer["notes"][0]


def test_virtual_environment_proxy_stays_with_its_python(folder: Path) -> None:
    for proxy in ("virtualenv_proxy.get_venv_handler()", "ptvs_virtualenv_proxy.get_virtualenv_handler()"):
        text = fastcgi(
            {
                "WSGI_ALT_VIRTUALENV_HANDLER": "shop.app",
                "WSGI_HANDLER": proxy,
                "WSGI_ALT_VIRTUALENV_ACTIVATE_THIS": r"D:\home\site\wwwroot\env\Scripts\python.exe",
            }
        )
        where = place(folder, text)
        shown = show_web_config(where)
        assert (shown["entryPoint"], shown["warnings"]) == ("shop.app", [])
        set_web_config(where, request(environment=("NEW=1",)), False)
        assert proxy in (folder / "web.config").read_text()
        other = set_web_config(where, request(python=PYTHON), False)
        assert other["entryPoint"] == "shop.app" and proxy not in (folder / "web.config").read_text()
        assert "WSGI_ALT_VIRTUALENV_ACTIVATE_THIS=" in " ".join(other["notes"])


def test_paths_of_the_python_before_are_moved_or_named(folder: Path) -> None:
    text = fastcgi(
        {
            "WSGI_HANDLER": "shop.app",
            "PYTHONHOME": r"D:\home\python364x64",
            "PYTHONPATH": r"D:\home\python364x64\Lib\site-packages;D:\home\lib",
            "DB": r"D:\home\python364x64\my.db",
        }
    )
    answer = set_web_config(place(folder, text), request(python=PYTHON), False)
    assert answer["environment"] == {
        "PYTHONHOME": r"D:\home\python3119x64",
        "PYTHONPATH": r"D:\home\python3119x64\Lib\site-packages;D:\home\lib",
        "DB": r"D:\home\python364x64\my.db",
    }
    said = " ".join(answer["notes"])
    assert "'PYTHONHOME' on line 4" in said and "'DB' on line 6 still names" in said
    text = platform(
        r'processPath="D:\home\python364x64\python.exe" '
        r'arguments="D:\home\python364x64\Scripts\waitress-serve-script.py shop:app"'
    )
    assert ADD in text
    answer = set_web_config(place(folder, text), request(python=PYTHON), False)
    assert "python364x64" not in answer["arguments"]


def test_a_transform_is_refused_by_file(folder: Path) -> None:
    text = (
        '<configuration xmlns:xdt="http://schemas.microsoft.com/XML-Document-Transform"><system.web>'
        '<compilation xdt:Transform="RemoveAttributes(debug)" /></system.web></configuration>'
    )
    for attempt in (
        show_web_config,
        lambda where: set_web_config(where, request(python=PYTHON), True),
        lambda where: diff_web_config(where, request(python=PYTHON)),
    ):
        with pytest.raises(InvalidWebConfig, match="transform"):
            attempt(place(folder, text))


def test_no_name_that_the_web_config_of_a_folder_adds_is_taken(folder: Path) -> None:
    for name, content in {"api": '<add name="pythonhandler" path="*.x" verb="*" type="T" />', "broken": "<"}.items():
        (folder / name).mkdir()
        (folder / name / "web.config").write_text(
            f"<configuration><system.webServer><handlers>{content}</handlers></system.webServer></configuration>"
        )
    answer = set_web_config(FileTarget(folder / "web.config", Recorded()), request("fastcgi", python=PYTHON), False)
    assert answer["handlerName"] == "PythonHandler2"
    assert set_web_config(FileTarget(folder / "web.config", Recorded()), request(), False)["changed"] is False
