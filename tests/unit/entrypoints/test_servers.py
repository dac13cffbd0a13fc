"""Which server HttpPlatformHandler starts, and with what arguments."""

from __future__ import annotations

import pytest

from azext_pythonapp.entrypoints.choose import EntryPoint, choose_server, served_entry_point, startup_arguments
from azext_pythonapp.errors import InvalidInput, Refused
from azext_pythonapp.webconfig.words import split_words

FLASK = EntryPoint("app", "app", "flask", "")
FACTORY = EntryPoint("app", "create_app()", "flask", "")
FASTAPI = EntryPoint("main", "app", "fastapi", "")
ASGI_FACTORY = EntryPoint("main", "create_app()", "fastapi", "")
STREAMLIT = EntryPoint("src.home", None, "streamlit", "")
HYPHEN = EntryPoint("shop-site", "app", "flask", "")
TRUSTED = '--trusted-proxy=127.0.0.1 --trusted-proxy-headers="x-forwarded-proto x-forwarded-for"'


@pytest.mark.parametrize(
    "entry, server, arguments, served",
    [
        (FLASK, "waitress", f"-m waitress --listen=127.0.0.1:%HTTP_PLATFORM_PORT% {TRUSTED} app:app", "app:app"),
        (
            FACTORY,
            "waitress",
            f"-m waitress --listen=127.0.0.1:%HTTP_PLATFORM_PORT% {TRUSTED} --call app:create_app",
            "app:create_app()",
        ),
        (FLASK, "hypercorn", "-m hypercorn --bind 127.0.0.1:%HTTP_PLATFORM_PORT% wsgi:app:app", "app:app"),
        (FASTAPI, "uvicorn", "-m uvicorn main:app --host 127.0.0.1 --port %HTTP_PLATFORM_PORT%", "main:app"),
        (
            ASGI_FACTORY,
            "uvicorn",
            "-m uvicorn main:create_app --factory --host 127.0.0.1 --port %HTTP_PLATFORM_PORT%",
            "main:create_app()",
        ),
        (
            ASGI_FACTORY,
            "hypercorn",
            "-m hypercorn --bind 127.0.0.1:%HTTP_PLATFORM_PORT% asgi:main:create_app()",
            "main:create_app()",
        ),
        (FASTAPI, "daphne", "-m daphne -b 127.0.0.1 -p %HTTP_PLATFORM_PORT% --proxy-headers main:app", "main:app"),
        (
            STREAMLIT,
            "streamlit",
            "-m streamlit run src/home.py --server.port %HTTP_PLATFORM_PORT% "
            "--server.address 127.0.0.1 --server.headless true",
            "src/home.py",
        ),
    ],
)
def test_arguments(entry: EntryPoint, server: str, arguments: str, served: str) -> None:
    assert startup_arguments(entry, server) == arguments
    assert served_entry_point(arguments) == served == entry.spec


@pytest.mark.parametrize(
    "entry, server",
    [(FLASK, "uvicorn"), (FASTAPI, "waitress"), (ASGI_FACTORY, "daphne"), (FLASK, "gunicorn"), (STREAMLIT, "uvicorn")],
)
def test_a_server_that_does_not_fit(entry: EntryPoint, server: str) -> None:
    with pytest.raises(InvalidInput, match="cannot serve"):
        startup_arguments(entry, server)


@pytest.mark.parametrize(
    "entry, requirements, server",
    [
        (FLASK, ["Flask", "Waitress"], "waitress"),
        (FLASK, ["hypercorn"], "hypercorn"),
        (FASTAPI, ["fastapi", "hypercorn", "uvicorn"], "uvicorn"),
        (FASTAPI, ["fastapi[standard]==0.110"], "uvicorn"),
        (FASTAPI, ["Daphne>=4"], "daphne"),
        (STREAMLIT, ["streamlit"], "streamlit"),
        (FASTAPI, ["uvicorn[standard]>=0.20"], "uvicorn"),
        (FASTAPI, ["FastAPI[all, other]"], "uvicorn"),
        (FASTAPI, ["fastapi", "litestar[Standard]"], "uvicorn"),
        (FASTAPI, ["channels[daphne]"], "daphne"),
        (FASTAPI, ["quart==0.18"], "hypercorn"),
        (FLASK, ["flask", "waitress==2.0.0"], "waitress"),
        (HYPHEN, ["waitress", "hypercorn"], "hypercorn"),
    ],
)
def test_the_server_comes_from_the_requirements(entry: EntryPoint, requirements: list[str], server: str) -> None:
    assert choose_server(entry, requirements) == server


@pytest.mark.parametrize(
    "entry, requirements, line, words",
    [
        (FLASK, ["flask", "gunicorn"], "waitress", "gunicorn needs Unix"),
        (FLASK, ["uvicorn"], "waitress", ""),
        (FASTAPI, ["fastapi", "", "# c"], "uvicorn", "ASGI"),
        (ASGI_FACTORY, ["daphne"], "uvicorn", ""),
        (HYPHEN, ["waitress"], "hypercorn", "waitress cannot load 'shop-site'"),
        (STREAMLIT, [], "streamlit", "Streamlit"),
    ],
)
def test_no_server_says_which_line_to_add(entry: EntryPoint, requirements: list[str], line: str, words: str) -> None:
    with pytest.raises(Refused) as error:
        choose_server(entry, requirements)
    assert f"Add the line '{line}' to requirements.txt" in (error.value.recommendation or "")
    assert words in error.value.message


@pytest.mark.parametrize(
    "arguments, entry",
    [
        (None, None),
        ("app.py", None),
        ("-m flask run --port %HTTP_PLATFORM_PORT%", None),
        ('-m waitress --listen 127.0.0.1:5 "proj.wsgi:application"', "proj.wsgi:application"),
    ],
)
def test_what_other_arguments_serve(arguments: str | None, entry: str | None) -> None:
    assert served_entry_point(arguments) == entry


@pytest.mark.parametrize(
    "packages, options",
    [
        ([], TRUSTED),
        (["waitress"], TRUSTED),
        (["waitress>=1"], TRUSTED),
        (["waitress==2.1.2"], TRUSTED),
        (["waitress~=1.4"], TRUSTED),
        (["waitress==3.1.7"], TRUSTED),
        (["waitress==1.4.*"], TRUSTED),
        (["flask<1", "waitress<4"], TRUSTED),
        (["waitress==not a version"], TRUSTED),
        (["waitress==1.1.0"], "--trusted-proxy=127.0.0.1"),
        (["Waitress<1.2"], "--trusted-proxy=127.0.0.1"),
        (["waitress", "waitress==1.0.2"], "--trusted-proxy=127.0.0.1"),
        (["waitress==0.9.*"], "--trusted-proxy=127.0.0.1"),
    ],
)
def test_the_proxy_options_that_this_waitress_knows(packages: list[str], options: str) -> None:
    assert (
        startup_arguments(FLASK, "waitress", packages)
        == f"-m waitress --listen=127.0.0.1:%HTTP_PLATFORM_PORT% {options} app:app"
    )


def test_the_headers_are_one_argument_to_a_windows_program() -> None:
    words = [word.text for word in split_words(startup_arguments(FLASK, "waitress"))]
    assert "--trusted-proxy-headers=x-forwarded-proto x-forwarded-for" in words
