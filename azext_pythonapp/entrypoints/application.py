"""The entry point of a web app: the module and object of the application, and its framework."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from azext_pythonapp.errors import Refused

Framework = Literal["django", "flask", "bottle", "fastapi", "starlette", "streamlit", "wsgi", "asgi"]

ASGI_FRAMEWORKS = ("fastapi", "starlette", "asgi")
TITLES = {
    "django": "Django",
    "flask": "Flask",
    "bottle": "Bottle",
    "fastapi": "FastAPI",
    "starlette": "Starlette",
    "streamlit": "Streamlit",
    "wsgi": "WSGI",
    "asgi": "ASGI",
}


@dataclass(frozen=True)
class EntryPoint:
    """The application that a web server imports and calls.

    module: dotted name ("proj.wsgi"), importable from the app's folder or from `folder`. object: its name in the
    module: "app", or "create_app()" for a factory; None for a Streamlit script, which is run and not imported.
    framework: "wsgi" and "asgi" stand for all others. reason: one sentence that names file and line.
    settings_module: Django's settings; None for other frameworks or when not known.
    rank: how uncertain it is, 0 is the most certain; two with the same rank are equally good.
    folder: a folder that must be on the import path in addition to the app's: relative to that with '/' ("backend"), or
    as a command line names it; "" for none.
    """

    module: str
    object: str | None
    framework: Framework
    reason: str
    settings_module: str | None = None
    rank: int = field(default=0, compare=False)
    folder: str = ""

    @property
    def spec(self) -> str:
        """Return its form for --app: "module:object", or the file of a Streamlit script."""
        return self.file if self.object is None else f"{self.module}:{self.object}"

    @property
    def file(self) -> str:
        """Return the file that defines it, relative to the app's folder, with '/'."""
        return f"{self.folder}/".lstrip("/") + self.module.replace(".", "/") + ".py"

    @property
    def is_factory(self) -> bool:
        """Return whether the object has to be called to get the application."""
        return self.object is not None and self.object.endswith("()")

    @property
    def is_asgi(self) -> bool:
        """Return whether it is an ASGI application, which FastCGI cannot run (docs/platform/site-extensions.md 2.4)."""
        return self.framework in ASGI_FRAMEWORKS

    @property
    def wsgi_handler(self) -> str:
        """Return the WSGI_HANDLER for wfastcgi: "module.object" or "module.factory()".

        Source: docs/platform/site-extensions.md 2.4, 3.3. Raises Refused for an application that wfastcgi cannot run.
        """
        if self.is_asgi or self.object is None:
            raise Refused(
                f"{self.spec} is a {TITLES[self.framework]} application; FastCGI runs only WSGI.",
                "Run the command again with --handler httpplatform.",
            )
        return f"{self.module}.{self.object}"
