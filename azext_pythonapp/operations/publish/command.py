"""The command: read the folder, compare it with the app, then the transaction of `set-version`."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from azext_pythonapp.appservice.app import App
from azext_pythonapp.operations.app.left_change import interrupted_before
from azext_pythonapp.operations.app.wwwroot import web_root
from azext_pythonapp.operations.publish.folder_files import FolderFiles
from azext_pythonapp.operations.publish.options import PublishRequest
from azext_pythonapp.operations.publish.python_version import version_of
from azext_pythonapp.operations.set_version.command import PlannedSwitch
from azext_pythonapp.source.windows_paths import require_windows_paths


def publish(app: App, request: PublishRequest, dry_run: bool) -> dict[str, Any]:
    """Make a folder the running app; return what docs/json-output.md says.

    What differs is uploaded in one archive; then the app is made to run it, as `set-version` does. A new version that
    does not work is undone to the old files and the old web.config.
    """
    source = request.source
    with ExitStack() as stack:
        with app.progress.phase(f"Comparing '{source.folder}' with {app.site.label}."):
            for sentence in filter(None, [source.left_out_sentence, source.unmatched_sentence]):
                app.progress.say(sentence)
            root = web_root(app)
            require_windows_paths((file.path for file in source.files), _worker_folder(root))
            left = interrupted_before(app)
            files = FolderFiles(app, root, request, left.published if left else None, stack)
            files.warn()
            version, of = version_of(source) if request.switch.version is None else (None, "")
            switch = PlannedSwitch(app, replace(request.switch, otherwise=version, otherwise_from=of), files)
        answer = switch.carry_out(dry_run)
    answer.pop("environment")
    return answer


def _worker_folder(root: str) -> str:
    return "\\".join(["D:\\home", *root.split("/")])
