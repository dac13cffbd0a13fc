"""The licence of a distribution, from the three places in which its metadata may tell it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

# Identifiers of https://spdx.org/licenses/ that packages of PyPI use most, for fields that hold one by themselves.
_SPDX = (
    "0BSD AFL-3.0 AGPL-3.0-only AGPL-3.0-or-later Apache-1.1 Apache-2.0 Artistic-2.0 BSD-2-Clause BSD-3-Clause "
    "BSD-3-Clause-Clear BSL-1.0 CC-BY-4.0 CC0-1.0 CDDL-1.0 CECILL-2.1 CECILL-B CECILL-C CNRI-Python EPL-1.0 EPL-2.0 "
    "EUPL-1.1 EUPL-1.2 GPL-2.0-only GPL-2.0-or-later GPL-3.0-only GPL-3.0-or-later HPND ISC LGPL-2.0-only "
    "LGPL-2.0-or-later LGPL-2.1-only LGPL-2.1-or-later LGPL-3.0-only LGPL-3.0-or-later MIT MIT-0 MIT-CMU MPL-1.1 "
    "MPL-2.0 MS-PL NCSA OFL-1.1 OSL-3.0 PostgreSQL PSF-2.0 Python-2.0 QPL-1.0 Unlicense UPL-1.0 W3C WTFPL Zlib "
    "ZPL-2.0 ZPL-2.1"
).split()
_BY_WORDS = {name.lower(): name for name in _SPDX}
# What people write for them.
_BY_WORDS.update(
    {
        "mit license": "MIT",
        "the mit license": "MIT",
        "apache 2.0": "Apache-2.0",
        "apache 2": "Apache-2.0",
        "apache license 2.0": "Apache-2.0",
        "apache license, version 2.0": "Apache-2.0",
        "apache software license 2.0": "Apache-2.0",
        "new bsd": "BSD-3-Clause",
        "new bsd license": "BSD-3-Clause",
        "modified bsd license": "BSD-3-Clause",
        "3-clause bsd": "BSD-3-Clause",
        "bsd 3-clause": "BSD-3-Clause",
        "2-clause bsd": "BSD-2-Clause",
        "bsd 2-clause": "BSD-2-Clause",
        "simplified bsd": "BSD-2-Clause",
        "mpl 2.0": "MPL-2.0",
        "psf": "PSF-2.0",
        "isc license": "ISC",
    }
)
# Classifiers that mean one licence; "BSD License" and "Apache Software License" may mean several.
_BY_CLASSIFIER = {
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "ISC License (ISCL)": "ISC",
    "Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
    "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication": "CC0-1.0",
    "Eclipse Public License 2.0 (EPL-2.0)": "EPL-2.0",
    "European Union Public Licence 1.2 (EUPL 1.2)": "EUPL-1.2",
    "GNU Affero General Public License v3": "AGPL-3.0-only",
    "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "Historical Permission Notice and Disclaimer (HPND)": "HPND",
    "Mozilla Public License 1.1 (MPL 1.1)": "MPL-1.1",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "Universal Permissive License (UPL)": "UPL-1.0",
    "zlib/libpng License": "Zlib",
}
_MOST_CHARACTERS = 100


def licences(expression: str, field: str, classifiers: Sequence[str]) -> list[dict[str, Any]]:
    """Return the value of CycloneDX's `licenses`; [] where nothing is told.

    expression: of License-Expression, which counts alone (PEP 639). field: of License, free text, often the whole
    licence. classifiers: those that begin with "License ::".
    An SPDX id is given where the words mean exactly one licence, else the words as a name.
    """
    if expression.strip():
        return [{"expression": " ".join(expression.split()), "acknowledgement": "declared"}]
    named = [each.rpartition("::")[2].strip() for each in classifiers if each.count("::") > 1 or "OSI" not in each]
    found = [({"id": _BY_CLASSIFIER[name]} if name in _BY_CLASSIFIER else {"name": name}) for name in named if name]
    own = _of_field(field)
    if own is not None and (not found or "id" in own and not any("id" in each for each in found)):
        found = [own]
    unique = {tuple(each.items()): each for each in found}
    return [{"license": {**each, "acknowledgement": "declared"}} for _, each in sorted(unique.items())]


def _of_field(text: str) -> dict[str, str] | None:
    """Return what a License field says: an id, or its first line as a name."""
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip(" \t-=*#|")]
    first = re.sub(r"^\W+|[\s.,;]+$", "", lines[0]) if lines else ""
    if not first:
        return None
    known = (
        _BY_WORDS.get(first.lower()) if len(lines) == 1 or first.lower() in ("mit license", "the mit license") else None
    )
    return {"id": known} if known is not None else {"name": first[:_MOST_CHARACTERS]}
