"""Which server HttpPlatformHandler starts, and with what arguments."""
from __future__ import annotations

import pytest

from azext_pythonapp.appservice.errors import InvalidInput, Refused
from azext_pythonapp.webconfig.entrypoint import EntryPoint, choose_server, served_entry_point, startup_arguments

FLASK = EntryPoint("app", "app", "flask", "")
FACTORY = EntryPoint("app", "create_app()", "flask", "")
FASTAPI = EntryPoint("main", "app", "fastapi", "")
ASGI_FACTORY = EntryPoint("main", "create_app()", "fastapi", "")
STREAMLIT = EntryPoint("src.home", None, "streamlit", "")


@pytest.mark.parametrize("entry, server, arguments, served", [
    (FLASK, "waitress", "-m waitress --listen=127.0.0.1:%HTTP_PLATFORM_PORT% app:app", "app:app"),
    (FACTORY, "waitress", "-m waitress --listen=127.0.0.1:%HTTP_PLATFORM_PORT% --call app:create_app",
     "app:create_app()"),
    (FLASK, "hypercorn", "-m hypercorn --bind 127.0.0.1:%HTTP_PLATFORM_PORT% wsgi:app:app", "app:app"),
    (FASTAPI, "uvicorn", "-m uvicorn main:app --host 127.0.0.1 --port %HTTP_PLATFORM_PORT%", "main:app"),
    (ASGI_FACTORY, "uvicorn", "-m uvicorn main:create_app --factory --host 127.0.0.1 --port %HTTP_PLATFORM_PORT%",
     "main:create_app()"),
    (ASGI_FACTORY, "hypercorn", "-m hypercorn --bind 127.0.0.1:%HTTP_PLATFORM_PORT% asgi:main:create_app()",
     "main:create_app()"),
    (FASTAPI, "daphne", "-m daphne -b 127.0.0.1 -p %HTTP_PLATFORM_PORT% main:app", "main:app"),
    (STREAMLIT, "streamlit", "-m streamlit run src/home.py --server.port %HTTP_PLATFORM_PORT% "
     "--server.address 127.0.0.1 --server.headless true", "src/home.py"),
])
def test_arguments(entry: EntryPoint, server: str, arguments: str, served: str) -> None:
    assert startup_arguments(entry, server) == arguments
    assert served_entry_point(arguments) == served == entry.spec


@pytest.mark.parametrize("entry, server", [
    (FLASK, "uvicorn"), (FASTAPI, "waitress"), (ASGI_FACTORY, "daphne"), (FLASK, "gunicorn"), (STREAMLIT, "uvicorn")])
def test_a_server_that_does_not_fit(entry: EntryPoint, server: str) -> None:
    with pytest.raises(InvalidInput, match="cannot serve"):
        startup_arguments(entry, server)


@pytest.mark.parametrize("entry, requirements, server", [
    (FLASK, ["Flask", "Waitress"], "waitress"), (FLASK, ["hypercorn"], "hypercorn"),
    (FASTAPI, ["fastapi", "hypercorn", "uvicorn"], "uvicorn"), (FASTAPI, ["fastapi[standard]==0.110"], "uvicorn"),
    (FASTAPI, ["Daphne>=4"], "daphne"), (STREAMLIT, ["streamlit"], "streamlit"),
])
def test_the_server_comes_from_the_requirements(entry: EntryPoint, requirements: list[str], server: str) -> None:
    assert choose_server(entry, requirements) == server


@pytest.mark.parametrize("entry, requirements, line, words", [
    (FLASK, ["flask", "gunicorn"], "waitress", "gunicorn does not run on Windows"),
    (FLASK, ["uvicorn"], "waitress", ""),
    (FASTAPI, ["fastapi", "", "# c"], "uvicorn", "ASGI"), (ASGI_FACTORY, ["daphne"], "uvicorn", ""),
    (STREAMLIT, [], "streamlit", "Streamlit")])
def test_no_server_says_which_line_to_add(entry: EntryPoint, requirements: list[str], line: str, words: str) -> None:
    with pytest.raises(Refused) as error:
        choose_server(entry, requirements)
    assert f"Add the line '{line}' to requirements.txt" in (error.value.recommendation or "")
    assert words in error.value.message


@pytest.mark.parametrize("arguments, entry", [
    (None, None), ("app.py", None), ("-m flask run --port %HTTP_PLATFORM_PORT%", None),
    ('-m waitress --listen 127.0.0.1:5 "proj.wsgi:application"', "proj.wsgi:application")])
def test_what_other_arguments_serve(arguments: str | None, entry: str | None) -> None:
    assert served_entry_point(arguments) == entry
