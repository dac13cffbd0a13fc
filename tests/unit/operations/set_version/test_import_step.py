"""The step that imports the entry point: what it advises."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from azext_pythonapp.errors import RemoteFailed
from azext_pythonapp.operations.app.import_check import ImportCheck, ImportTarget
from azext_pythonapp.operations.set_version import steps
from tests.unit.operations.shop import shop_site
from tests.unit.progress import Recorded

PYTHON = SimpleNamespace(python_path=r"D:\home\python3119x64\python.exe", version="3.11.9")


@pytest.mark.parametrize(
    "command, advice",
    [
        ("set-version", "`az webapp python package install -g rg -n shop --packages pyyaml`"),
        ("publish", "Add pyyaml, which has the module 'yaml', to requirements.txt"),
    ],
)
def test_a_module_that_is_missing(monkeypatch, command, advice):
    """What a published folder needs is to be in its requirements.txt, or the next app that gets it fails again."""
    check = ImportCheck("3.11.9", "ModuleNotFoundError: No module named 'yaml'")
    monkeypatch.setattr(steps, "import_target", lambda content, settings: ImportTarget("web.app", {}))
    monkeypatch.setattr(steps, "check_import", lambda *arguments: check)
    kudu = SimpleNamespace(home=lambda: r"D:\home")
    app = SimpleNamespace(site=shop_site(), progress=Recorded(), kudu=kudu)
    request = SimpleNamespace(import_check=True, requirements=True)
    found = SimpleNamespace(web_config=SimpleNamespace(content=b""))
    decision = SimpleNamespace(app=app, request=request, found=found, before=PYTHON, python=PYTHON)
    run = SimpleNamespace(
        acts=False,
        python=PYTHON,
        verification={},
        web_config=SimpleNamespace(content=b"", edit=SimpleNamespace(changed=False)),
        brought=SimpleNamespace(command=command, changed=False, missing=lambda module, package: None),
    )
    with pytest.raises(RemoteFailed) as caught:
        steps._import_step(decision, run).apply()
    assert advice in (caught.value.recommendation or "")
    assert run.verification == {"pythonVersion": "3.11.9", "importOk": False}
