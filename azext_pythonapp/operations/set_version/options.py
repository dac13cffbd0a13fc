"""The options of `set-version`, read and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from azext_pythonapp.entrypoints.choose import parse_app_option
from azext_pythonapp.operations.app.health_check import HealthOptions
from azext_pythonapp.operations.web_config.handler import HandlerOptions
from azext_pythonapp.operations.web_config.options import static_folder
from azext_pythonapp.runtimes.identity import VersionSpec

PackagesIn = Literal["runtime", "environment"]


@dataclass(frozen=True, kw_only=True)
class SetVersionRequest:
    """What the app is to run, and how the switch is made.

    version: None for the Python in use; otherwise: the version to take where there is none, and otherwise_from: the
    file that says it, "" for none. architecture: "x64", "x86", or None for either. app: the entry point; None for the
    one in force. requirements: whether requirements.txt is installed. restart: whether the app may be restarted.
    health: None for no health check.
    confirmed: whether questions are answered with yes. import_check: whether the entry point is imported first.
    prereleases: whether a pre-release will do. static: folders of wwwroot that IIS is to serve itself.
    packages_in: where the packages go; None for where they are.
    """

    version: VersionSpec | None
    architecture: str | None
    handler: HandlerOptions
    app: str | None
    requirements: bool
    restart: bool
    health: HealthOptions | None
    confirmed: bool
    import_check: bool
    prereleases: bool
    static: tuple[str, ...] = ()
    otherwise: VersionSpec | None = None
    otherwise_from: str = ""
    packages_in: PackagesIn | None = None

    @classmethod
    def from_options(
        cls,
        *,
        version: str | None,
        architecture: str | None,
        handler: str,
        app: str | None,
        startup_command: str | None,
        requirements: bool,
        restart: bool,
        health: HealthOptions | None,
        confirmed: bool,
        import_check: bool,
        prereleases: bool,
        static: Sequence[str] = (),
        packages_in: str | None = None,
    ) -> SetVersionRequest:
        """Read the command's options. Raises InvalidInput for those that are malformed or contradict each other."""
        handler_options = HandlerOptions.from_options(handler=handler, startup_command=startup_command)
        if app is not None:
            parse_app_option(app)
        return cls(
            version=VersionSpec.parse(version) if version is not None else None,
            architecture=architecture,
            handler=handler_options,
            app=app,
            requirements=requirements,
            restart=restart,
            health=health,
            confirmed=confirmed,
            import_check=import_check,
            prereleases=prereleases,
            static=tuple(map(static_folder, static)),
            packages_in=_packages_in(packages_in),
        )


def _packages_in(text: str | None) -> PackagesIn | None:
    return next((each for each in get_args(PackagesIn) if text is not None and each == text.lower()), None)
