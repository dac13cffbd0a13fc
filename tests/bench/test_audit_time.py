"""How long `package audit` needs for 500 packages and a zip of advisories as large as OSV's export for PyPI.

Printed, not judged: a shared machine tells little about seconds. What is judged is that the second time costs a
fraction of the first, which has to look at every record.
"""

from __future__ import annotations

import io
import json
import random
import time
import zipfile
from types import SimpleNamespace
from typing import Any

from azext_pythonapp.operations.package.audit import find
from azext_pythonapp.packages.osv_file import Advisories
from tests.unit.progress import Recorded

RECORDS, NAMES, PACKAGES = 20_000, 6_000, 500


class Kept:
    """Indexes in memory, as JSON."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def read(self, digest: str) -> Any:
        return json.loads(self.kept[digest]) if digest in self.kept else None

    def write(self, digest: str, index: Any) -> None:
        self.kept[digest] = json.dumps(index)


def export() -> bytes:
    """A zip of records of the size and form of OSV's: some 25 MB, with lists of versions and references."""
    chance, content = random.Random(1), io.BytesIO()
    versions = {
        number: [f"{a}.{b}.{c}" for a in range(1, 4) for b in range(number % 7 + 3) for c in range(number % 5 + 2)]
        for number in range(NAMES)
    }
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(RECORDS):
            name = chance.randrange(NAMES)
            fixed = chance.randrange(1, len(versions[name]))
            events = [{"introduced": "0"}, {"fixed": versions[name][fixed]}]
            record = {
                "id": f"PYSEC-{number}",
                "modified": "2026-01-01T00:00:00Z",
                "aliases": [f"CVE-{number}"],
                "summary": "A vulnerability of some kind in some package",
                "details": " ".join(str(chance.random()) for _ in range(60)),
                "affected": [
                    {
                        "package": {"ecosystem": "PyPI", "name": f"package-{name}", "purl": f"pkg:pypi/package-{name}"},
                        "ranges": [{"type": "ECOSYSTEM", "events": events}],
                        "versions": versions[name][:fixed],
                    }
                ],
                "references": [{"type": "WEB", "url": f"https://example.org/{chance.random()}"} for _ in range(6)],
                "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}],
            }
            archive.writestr(f"PYSEC-{number}.json", json.dumps(record))
    return content.getvalue()


def test_500_packages_against_all_advisories(capsys):
    content, indexes = export(), Kept()
    app: Any = SimpleNamespace(progress=Recorded(), site=SimpleNamespace(label="app 'shop'"))
    packages = [{"name": f"package-{number}", "version": "2.1.1"} for number in range(PACKAGES)]
    seconds, found = [], []
    for _ in range(2):
        began = time.process_time()
        found.append(find(app, packages, Advisories("all.zip", content, indexes)))
        seconds.append(time.process_time() - began)
    with capsys.disabled():
        print(
            f"\n{RECORDS:,} records in {len(content) / 1e6:.0f} MB, {PACKAGES} packages, {len(found[0])} findings: "
            f"{seconds[0]:.2f} s of processor time, {seconds[1]:.2f} s from the second time on"
        )
    assert found[0] == found[1] and found[0]
    assert seconds[1] < seconds[0]
