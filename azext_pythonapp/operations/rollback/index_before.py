"""Which index packages came from before a change that asked none, for what is said when they are nowhere to be had."""

from __future__ import annotations

from contextlib import suppress

from azext_pythonapp.advice import quoted
from azext_pythonapp.appservice.app import App
from azext_pythonapp.errors import PythonAppError
from azext_pythonapp.history.record import PackageChange, Record
from azext_pythonapp.history.store import History
from azext_pythonapp.operations.app.left_change import undo_command
from azext_pythonapp.operations.app.recording import OpenChange
from azext_pythonapp.operations.package.restore_set import package_set
from azext_pythonapp.runtimes.environment import LOCK

# So many older records are asked for the index of then.
_OLDER = 8


def name_an_index(app: App, record: OpenChange, folder: str) -> str:
    """Return the advice for packages that no index was asked for, because the change itself had asked none.

    The index is named where an earlier change of the same Python knows it; its credentials are not recorded.
    record: of the rollback. folder: as for index_before.
    """
    undoes = str(record.record.undoes)
    index = index_before(History(app.kudu), undoes, folder)
    again = undo_command(app, undoes)
    why = f"Change {undoes} was made with --no-index, so no index was asked."
    if index is None:
        return f"{why} If packages came from one before, add --index-url with its address: `{again}`."
    return f"{why} An earlier one used this: `{again} --index-url {quoted(index)}`."


def index_before(history: History, change_id: str, folder: str) -> str | None:
    """Return the index from which a Python's packages came before a change, without credentials; None for not known.

    folder: of the runtime, below %HOME%; LOCK of runtimes/environment.py for either environment. Raises nothing of
    Azure's.
    """
    with suppress(PythonAppError):
        older = [each for each in history.ids() if each < change_id][:_OLDER]
        for record in history.read_all(older):
            for part in _parts(record, folder) if isinstance(record, Record) else ():
                if index := package_set(part).options.index_url:
                    return index
    return None


def _parts(record: Record, folder: str) -> list[PackageChange]:
    """Return what a record says of the packages in a folder, as of index_before."""
    built = record.environment
    if folder == LOCK:
        return [PackageChange("", "", "", LOCK, None, None, built.addresses, built.arguments)] if built else []
    return [part for part in record.packages if part.folder.lower() == folder.lower()]
