"""A processPath with its arguments as a program: which Python it needs, what it serves, and how another one starts it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_pythonapp.entrypoints.served import served
from azext_pythonapp.errors import Refused
from azext_pythonapp.webconfig.command_line import understand
from azext_pythonapp.webconfig.words import quoted, split_words

NEW = r"%HOME%\python3111x64\python.exe"
PORT = "%HTTP_PLATFORM_PORT%"


@pytest.mark.parametrize(
    "path",
    [
        "python",
        "python.exe",
        "PYTHON.EXE",
        '"D:\\home\\python364x64\\python.exe"',
        r".\venv\Scripts\python.exe",
        r"%home%\python364x64\python.exe",
        "D:/home/python364x64/python.exe",
        "python3.11.exe",
        "pythonw.exe",
        " python ",
        "%INTERPRETERPATH%",
        "%PYTHON_EXE%",
        r"D:\home\python364x64\python",
    ],
)
def test_python_in_any_spelling(path: str) -> None:
    program = understand(path, f"-m waitress --port {PORT} shop:app")
    assert program.kind == "python"
    assert program.runs_python
    moved = program.moved_to(NEW)
    assert (moved.process_path, moved.arguments) == (NEW, f"-m waitress --port {PORT} shop:app")


@pytest.mark.parametrize(
    "path, arguments, module",
    [
        (
            r"D:\home\site\wwwroot\env\Scripts\waitress-serve.exe",
            f"--host 127.0.0.1 --port {PORT} shop:app",
            "waitress",
        ),
        (r'"D:\home\site\wwwroot\env\Scripts\uvicorn.exe"', f'main:app --host "127.0.0.1"  --port {PORT}', "uvicorn"),
        ("streamlit", f"run app.py --server.port {PORT}", "streamlit"),
        ("%HOME%/python3810x64/Scripts/Hypercorn.EXE", f"--bind 127.0.0.1:{PORT} main:app", "hypercorn"),
        (r".\Scripts\daphne.exe", f"-b 127.0.0.1 -p {PORT} site.asgi:application", "daphne"),
        (r"env\Scripts\flask.exe", f"run --port {PORT}", "flask"),
        (r"D:\home\python364x64\Scripts\gunicorn.exe", "main:app", "gunicorn"),
    ],
)
def test_a_servers_own_program(path: str, arguments: str, module: str) -> None:
    program = understand(path, arguments)
    assert program.kind == "server"
    moved = program.moved_to(NEW)
    assert (moved.process_path, moved.arguments) == (NEW, f"-m {module} {arguments}")
    assert module in (moved.note or "")


def test_a_server_without_a_module_form() -> None:
    moved = understand(r"D:\home\python364x64\Scripts\superset.exe", "run -p 1").moved_to(NEW)
    assert moved.process_path == r"%HOME%\python3111x64\Scripts\superset.exe"
    assert moved.arguments == "run -p 1"


@pytest.mark.parametrize(
    "path, pythons",
    [
        (
            r"%HOME%\python3810x64\Scripts\waitress-serve.exe",
            (r"%HOME%\python3810x64\python.exe", r"%HOME%\python3810x64\Scripts\python.exe"),
        ),
        (
            r"D:\home\site\wwwroot\env\Scripts\uvicorn.exe",
            (r"D:\home\site\wwwroot\env\Scripts\python.exe", r"D:\home\site\wwwroot\env\python.exe"),
        ),
        (
            r"D:\home\site\wwwroot\env\Scripts\own.exe",
            (r"D:\home\site\wwwroot\env\Scripts\python.exe", r"D:\home\site\wwwroot\env\python.exe"),
        ),
        (r"D:\home\python364x64\python.exe", (r"D:\home\python364x64\python.exe",)),
        ("uvicorn", ()),
        ("python", ()),
        (r"C:\Windows\py.exe", ()),
        (r"D:\home\tool.exe", ()),
    ],
)
def test_which_python_it_needs(path: str, pythons: tuple[str, ...]) -> None:
    assert understand(path, "main:app").python_paths == pythons


@pytest.mark.parametrize(
    "path, arguments, left",
    [
        (r"C:\Windows\py.exe", f"-3.6 -m waitress --port {PORT} shop:app", f"-m waitress --port {PORT} shop:app"),
        ("py", "-3 run.py", "run.py"),
        ("py.exe", "-3.6-32 -u run.py", "-u run.py"),
        ("pyw", "-V:3.8 run.py", "run.py"),
        ("py", "-u run.py -3", "-u run.py -3"),
        ("py", "-2", ""),
        ("py", "", ""),
    ],
)
def test_the_launcher_loses_its_choice(path: str, arguments: str, left: str) -> None:
    program = understand(path, arguments)
    assert program.kind == "launcher"
    assert (program.moved_to(NEW).process_path, program.moved_to(NEW).arguments) == (NEW, left)


@pytest.mark.parametrize(
    "path, arguments, inner",
    [
        (
            "cmd.exe",
            rf"/c D:\home\python364x64\python.exe -m waitress --port {PORT} shop:app",
            f"-m waitress --port {PORT} shop:app",
        ),
        (
            r"%SystemRoot%\System32\cmd.exe",
            rf'/d /s /c "D:\home\env\Scripts\uvicorn.exe main:app --port {PORT}"',
            f"-m uvicorn main:app --port {PORT}",
        ),
        ("cmd", "/c py -3.6 run.py", "run.py"),
        ("cmd", r"/c cd src && D:\home\python364x64\python.exe run.py", None),
        ("cmd", r'/c ""D:\my python\python.exe" run.py"', None),
        (
            "powershell.exe",
            r"-NoProfile -ExecutionPolicy Bypass -Command D:\home\python364x64\python.exe run.py",
            "run.py",
        ),
        ("powershell", r'-Command "& { D:\home\python364x64\python.exe run.py }"', None),
        ("pwsh", r"-File start.ps1", None),
        (r".\start.bat", "", None),
        ("start.cmd", "python run.py", "run.py"),
        ("poetry.exe", "run python run.py", "run.py"),
        ("conda.exe", "run -n shop python run.py", None),
    ],
)
def test_a_shell_is_refused(path: str, arguments: str, inner: str | None) -> None:
    program = understand(path, arguments)
    assert program.kind == "shell"
    assert program.inner_arguments == inner
    with pytest.raises(Refused) as error:
        program.moved_to(NEW)
    assert path in error.value.message
    assert "--startup-command" in (error.value.recommendation or "")
    assert inner is None or inner in (error.value.recommendation or "")


def test_a_shell_tells_which_python_it_uses() -> None:
    program = understand("cmd.exe", r"/c cd src & D:\home\python364x64\python.exe run.py")
    assert program.python_paths == (r"D:\home\python364x64\python.exe",)
    assert program.runs_python
    assert not understand("cmd.exe", "/c node server.js").runs_python


@pytest.mark.parametrize(
    "path, python",
    [
        (r"D:\home\tool.exe", False),
        (r"D:\node\node.exe", False),
        (r".\env\Scripts\own-server.exe", True),
        ("app.py", True),
        ("pythonic.exe", False),
        ("waitress.exe", False),
        ("", False),
    ],
)
def test_what_is_not_known_is_never_mixed(path: str, python: bool) -> None:
    program = understand(path, "main:app")
    assert (program.kind, program.runs_python) == ("unknown", python)
    with pytest.raises(Refused, match="not known"):
        program.moved_to(NEW)


@pytest.mark.parametrize(
    "arguments, moved",
    [
        (r"D:\home\python364x64\Scripts\uvicorn.exe main:app", "-m uvicorn main:app"),
        (r'-u "D:\home\python364x64\Scripts\waitress-serve-script.py"  shop:app', "-u -m waitress  shop:app"),
        (r"flask.py run", r"flask.py run"),
        (r"src\uvicorn.py", r"src\uvicorn.py"),
    ],
)
def test_a_servers_program_as_pythons_script(arguments: str, moved: str) -> None:
    assert understand("python.exe", arguments).moved_to(NEW).arguments == moved


@pytest.mark.parametrize(
    "arguments, spec, asgi, folders",
    [
        ("-m uvicorn src.shop.main:app --port 1", "src.shop.main:app", True, (".",)),
        ("-m uvicorn --app-dir backend --reload main:app", "main:app", True, ("backend",)),
        ("-m uvicorn main:app --app-dir=back/end --factory", "main:app()", True, ("back/end",)),
        ("-m uvicorn --interface wsgi main:app", "main:app", False, (".",)),
        ("-u -Xutf8 -X dev -Bm uvicorn main:app", "main:app", True, (".",)),
        ("-m hypercorn --bind 127.0.0.1:1 -c file:hyper.toml main:app", "main:app", True, (".",)),
        ("-m hypercorn wsgi:shop-site.wsgi:app", "shop-site.wsgi:app", False, (".",)),
        ("-m hypercorn src/main.py:app", "main:app", True, ("src", ".")),
        ("-m daphne -b 127.0.0.1 -p 1 site.asgi:application", "site.asgi:application", True, (".",)),
        ("-m waitress --listen=127.0.0.1:1 --call shop:create", "shop:create()", False, (".",)),
        ("-m waitress --port 1 --app=shop:app", "shop:app", False, (".",)),
        ("-m waitress --no-ipv6 shop-site:app.wsgi", "shop-site:app.wsgi", False, (".",)),
        ("-m gunicorn -w 2 -k uvicorn.workers.UvicornWorker main:app", "main:app", True, (".",)),
        ("-m gunicorn -c python:conf --chdir src main", "main:application", False, ("src",)),
        ("-m gunicorn \"main:create('live')\"", "main:create('live')", False, (".",)),
        ("-m streamlit run src/home.py --server.port 1", "src/home.py", None, ("src", ".")),
        ("-m flask --app src/shop.py:app run", "shop:app", False, ("src", ".")),
        ("-m flask run", None, False, (".",)),
        ("manage.py runserver 1", None, False, (".",)),
        (r"D:\home\site\wwwroot\run.py", None, None, ("D:\\home\\site\\wwwroot",)),
        ("-m shop.serve", None, None, (".",)),
    ],
)
def test_what_is_served(arguments: str, spec: str | None, asgi: bool | None, folders: tuple[str, ...]) -> None:
    found = served(understand("python", arguments))
    assert found is not None
    assert (found.spec, found.asgi, found.folders) == (spec, asgi, folders)


def test_flask_app_of_the_environment() -> None:
    found = served(understand("flask.exe", "run"), {"flask_app": r"src\shop.py:create('x')"})
    assert found is not None
    assert (found.module, found.object, found.factory, found.folders) == ("shop", "create('x')", True, ("src", "."))


@pytest.mark.parametrize(
    "arguments, unix",
    [("-m gunicorn -k uvicorn.workers.UvicornWorker main:app", True), ("-m waitress shop:app", False)],
)
def test_servers_that_need_a_unix(arguments: str, unix: bool) -> None:
    found = served(understand("python", arguments))
    assert found is not None
    assert found.unix_only is unix


@pytest.mark.parametrize(
    "path, arguments",
    [("python", ""), ("python", '-c "import shop"'), ("python", "-m"), ("node.exe", "a:b"), ("start.bat", "a:b")],
)
def test_nothing_is_told(path: str, arguments: str) -> None:
    assert served(understand(path, arguments)) is None


@pytest.mark.parametrize(
    "line, words",
    [
        (r'a "b c" d', ["a", "b c", "d"]),
        (r'"a\"b" c\\d \\"e f\\"', ['a"b', r"c\\d", "\\e f\\"]),
        (r'"a""b"', ['a"b']),
        (r"D:\x\ y", ["D:\\x\\", "y"]),
        ("'a b'", ["'a", "b'"]),
        ('--x="y z"', ["--x=y z"]),
        ("", []),
    ],
)
def test_splitting(line: str, words: list[str]) -> None:
    assert [word.text for word in split_words(line)] == words


@given(st.lists(st.text(alphabet='ab \\"\t', max_size=8), max_size=5))
def test_splitting_undoes_quoting(words: list[str]) -> None:
    assert [word.text for word in split_words(" ".join(map(quoted, words)))] == words


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_is_understood(path: str, arguments: str) -> None:
    program = understand(path, arguments)
    served(program)
    assert isinstance(program.python_paths, tuple)
