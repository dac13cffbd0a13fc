"""The application object of a web app: where it is and what kind of thing it is."""

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
    """What a web server has to import and call.

    module: dotted name ("proj.wsgi"), importable from the app's folder or from `folder`. object: what to take from it:
    "app", or "create_app()" for a factory; None for a Streamlit script, which is run and not imported.
    framework: "wsgi" and "asgi" stand for all others. reason: one sentence that names file and line.
    settings_module: Django's settings, None for the rest or when it is not known.
    rank: how much of a guess it is, 0 is the least; two of the same rank are equally good.
    folder: what has to be on the import path beside the app's folder: relative to that with '/' ("backend"), or as a
    command line names it; "" for nothing.
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
        """As it is written after --app: "module:object", for a Streamlit script its file."""
        return self.file if self.object is None else f"{self.module}:{self.object}"

    @property
    def file(self) -> str:
        """The file that defines it, relative to the app's folder, with '/'."""
        return f"{self.folder}/".lstrip("/") + self.module.replace(".", "/") + ".py"

    @property
    def is_factory(self) -> bool:
        """Whether the object has to be called to get the application."""
        return self.object is not None and self.object.endswith("()")

    @property
    def is_asgi(self) -> bool:
        """Whether it speaks ASGI, which FastCGI cannot (docs/platform/site-extensions.md 2.4)."""
        return self.framework in ASGI_FRAMEWORKS

    @property
    def wsgi_handler(self) -> str:
        """The WSGI_HANDLER for wfastcgi: "module.object" or "module.factory()"
        (docs/platform/site-extensions.md 2.4, 3.3).

        Raises Refused for what wfastcgi cannot run.
        """
        if self.is_asgi or self.object is None:
            raise Refused(
                f"{self.spec} is a {TITLES[self.framework]} application; FastCGI runs only WSGI.",
                "Run the command again with --handler httpplatform.",
            )
        return f"{self.module}.{self.object}"
