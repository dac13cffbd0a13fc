"""Mending `web-config-secrets`: secrets of web.config become app settings, and their lines go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from azext_pythonapp.advice import quoted
from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import Conflict, Refused
from azext_pythonapp.operations.app.recording import OpenChange, recorded
from azext_pythonapp.operations.app.wwwroot import WEB_CONFIG, AppFiles
from azext_pythonapp.operations.doctor.configuration import COMMAND
from azext_pythonapp.operations.web_config.change import WebConfigChange
from azext_pythonapp.plan import Change, Plan, Step, report
from azext_pythonapp.webconfig.intent import Edit
from azext_pythonapp.webconfig.secrets import Secret, secrets_in, without


def move_secrets(app: App, dry_run: bool) -> Mapping[str, Any]:
    """Make the secrets of web.config app settings, then take their lines out. Returns `changes` and `changeId`.

    An app setting is there for the app under the same name, and web.config had gone before it
    (docs/platform/site-extensions.md 3.2), so the app sees the same values. `rollback` puts web.config back; the app
    settings stay. No value is shown. Raises Refused when an app setting has another value than web.config, and when two
    lines of web.config have one; Conflict when somebody changed them in between.
    """
    files = AppFiles(app)
    found = files.state(WEB_CONFIG)
    secrets = _agreeing(app, secrets_in(found.content or b""))
    settings = app.arm.app_settings(app.site)
    missing = _missing(app, secrets, settings)
    rows = [Change(f"settings/{name}", "create") for name in missing]
    moved = {secret.name.upper(): secret.value for secret in secrets}

    held: list[OpenChange] = []

    def edited(content: bytes | None) -> Edit:
        if any(moved.get(each.name.upper(), each.value) != each.value for each in secrets_in(content or b"")):
            raise Conflict(
                f"A secret in web.config of {app.site.label} was changed while this command ran. Its line is kept.",
                "Run the command again.",
            )
        after = without(content or b"", moved)
        return Edit(after, after != content, ())

    def set_them() -> list[Change]:
        app.arm.add_app_settings(app.site, missing)
        return rows

    write = WebConfigChange(files, WEB_CONFIG, found, edited, lambda: held[0] if held else None)
    setting = Step(f"Setting {', '.join(missing)} of {app.site.label}.", rows, set_them)
    plan = Plan([*([setting] if missing else []), write.step(f"Taking secrets out of {write.title}.")])
    if dry_run or not secrets:
        return report(app.site.to_dict(), plan.changes if secrets else [], dry_run)
    with recorded(app, COMMAND) as change:
        held.append(change)
        change.begin()
        done = plan.apply(app.progress)
        change.finish(done)
    return report(app.site.to_dict(), done, False, changeId=change.change_id)


def _agreeing(app: App, secrets: Sequence[Secret]) -> list[Secret]:
    """Return one secret for each name. Raises Refused for two values: an app setting cannot say which the app gets.

    They may be for two <location>s, or one for wfastcgi and one for an HttpPlatform that is not in use.
    """
    kept: dict[str, Secret] = {}
    for secret in secrets:
        first = kept.setdefault(secret.name.upper(), secret)
        if first.value != secret.value:
            raise Refused(
                f"Lines {first.line} and {secret.line} of web.config of {app.site.label} have two values for "
                f"{secret.name}, and an app setting can have one. Nothing was changed.",
                "Delete the line that is not needed, and run the command again.",
            )
    return list(kept.values())


def _missing(app: App, secrets: Sequence[Secret], settings: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that are to be made. Raises Refused for one that is there with another value."""
    present = {name.upper(): value for name, value in settings.items()}
    for secret in secrets:
        if present.get(secret.name.upper(), secret.value) != secret.value:
            raise Refused(
                f"The app setting {secret.name} of {app.site.label} has another value than line {secret.line} of "
                "web.config, which is the one that the app gets. Nothing was changed.",
                f"Decide which is right: delete the line, or `az webapp config appsettings delete {app.site.arguments} "
                f"--setting-names {quoted(secret.name)}`.",
            )
    return {secret.name: secret.value for secret in secrets if secret.name.upper() not in present}
