"""The options of `web-config set` and `web-config diff`, read and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from azext_pythonapp.errors import InvalidInput
from azext_pythonapp.operations.web_config.handler import HandlerOptions
from azext_pythonapp.runtimes.identity import VersionSpec
from azext_pythonapp.webconfig.httpplatform import check_settings
from azext_pythonapp.webconfig.intent import HandlerIntent

NO_LOG = "none"
_FOLDER_NAME = re.compile(r'[^<>:"|?*\\/\x00-\x1f]+')


@dataclass(frozen=True)
class PlatformOptions:
    """The options that become attributes of <httpPlatform>.

    startup_time_limit: seconds. stdout_log: path of the log, without the suffix that the handler adds.
    settings: the other attributes by name.
    """

    startup_time_limit: int | None = None
    stdout_log: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_options(
        cls, *, startup_time_limit: int | None, stdout_log: str | None, attributes: Mapping[str, object]
    ) -> PlatformOptions:
        """Read the command's options. attributes: by their names in web.config, None for those that were not given.

        Raises InvalidInput for a value outside the schema's range (docs/platform/site-extensions.md 2.3).
        """
        settings = {name: str(value) for name, value in attributes.items() if value is not None}
        if stdout_log == NO_LOG:
            settings["stdoutLogEnabled"] = "false"
            stdout_log = None
        given = dict(settings)
        if startup_time_limit is not None:
            given["startupTimeLimit"] = str(startup_time_limit)
        if stdout_log is not None:
            given["stdoutLogFile"] = stdout_log
        check_settings(given)
        return cls(startup_time_limit, stdout_log, settings)

    def added_to(self, intent: HandlerIntent) -> HandlerIntent:
        """Return the intent with these attributes. Raises InvalidInput for an intent without <httpPlatform>."""
        if intent.kind == "fastCgi":
            if self != PlatformOptions():
                raise InvalidInput(
                    "--startup-time-limit, --processes, --stdout-log and the other options for the process need the "
                    "HttpPlatform handler, and the handler is FastCGI.",
                    "Add `--handler httpplatform`, or leave them out.",
                )
            return intent
        new_log = None if "stdoutLogEnabled" in self.settings else intent.stdout_log
        return replace(
            intent,
            startup_time_limit=self.startup_time_limit,
            settings=self.settings,
            stdout_log=self.stdout_log or new_log,
        )


@dataclass(frozen=True, kw_only=True)
class WebConfigRequest:
    """What web.config is to say.

    version, architecture: one of the app's Pythons. python_path: a Python by its path. None of them: the present one.
    app: the entry point. environment: variables to set. static: folders of wwwroot that IIS is to serve itself.
    output: the local file to write instead; None to write in place.
    """

    version: VersionSpec | None
    architecture: str | None
    python_path: str | None
    handler: HandlerOptions
    app: str | None
    platform: PlatformOptions
    environment: Mapping[str, str]
    static: tuple[str, ...]
    output: Path | None

    @classmethod
    def from_options(
        cls,
        *,
        version: str | None,
        architecture: str | None,
        python_path: str | None,
        handler: HandlerOptions,
        app: str | None,
        platform: PlatformOptions,
        environment: Sequence[str],
        static: Sequence[str],
        output: str | None,
    ) -> WebConfigRequest:
        """Read the command's options. Raises InvalidInput for options that are malformed or contradict each other."""
        if python_path is not None and (version is not None or architecture is not None):
            raise InvalidInput(
                "--python-path cannot be combined with --version or --arch: it already names the Python.",
                "Use --python-path alone, or --version with --arch.",
            )
        return cls(
            version=VersionSpec.parse(version) if version is not None else None,
            architecture=architecture,
            python_path=python_path,
            handler=handler,
            app=app,
            platform=platform,
            environment=_environment(environment),
            static=tuple(map(static_folder, static)),
            output=Path(output) if output is not None else None,
        )


def _environment(pairs: Sequence[str]) -> dict[str, str]:
    environment: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise InvalidInput(f"--env '{name}' is not KEY=VALUE.", "For example --env LOG_LEVEL=info")
        environment[name] = value
    return environment


def static_folder(path: str) -> str:
    """Return a folder as "static/css". Raises InvalidInput for one that is not below wwwroot."""
    names = [name for name in path.replace("\\", "/").strip("/").split("/") if name != "."]
    if not all(_FOLDER_NAME.fullmatch(name) and name != ".." for name in names) or not names:
        raise InvalidInput(
            f"--static-path is '{path}'; it must be a folder below wwwroot.", "For example --static-path static"
        )
    return "/".join(names)
