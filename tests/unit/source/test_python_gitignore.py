"""A .gitignore as Python projects have it: the kinds of patterns that public templates for Python use."""

from __future__ import annotations

import pytest

from tests.unit.source.folders import made, sent_of
from tests.unit.source.git_tool import GitFolder, needs_git

GITIGNORE = """\
# Compiled
__pycache__/
*.py[codz]
*$py.class
*.so

# Builds
.Python
build/
dist/
eggs/
lib/
lib64/
parts/
sdist/
wheels/
*.egg-info/
.installed.cfg
MANIFEST

# Tests
htmlcov/
.tox/
.coverage
.coverage.*
*.cover
cover/

# Django and Flask
*.log
local_settings.py
db.sqlite3
db.sqlite3-journal
instance/
docs/_build/
.ipynb_checkpoints
celerybeat-schedule
/site

# Environments
.env
.env.*
!.env.example
env/
ENV/
env.bak/
.idea/
*.iml
.vscode/*
!.vscode/settings.json
**/secrets/**/*.key
"""
SENT = [
    ".env.example",
    ".gitignore",
    ".vscode/settings.json",
    "app/__init__.py",
    "app/envs/prod.py",
    "app/settings.py",
    "app/site/index.html",
    "app/static/app.js",
    "docs/index.txt",
    "manage.py",
    "requirements.txt",
    "secrets/readme.txt",
]
NOT_SENT = [
    ".coverage",
    ".coverage.host.1",
    ".env.production",
    ".idea/x.xml",
    ".vscode/launch.json",
    "MANIFEST",
    "app/_speed.so",
    "app/app.log",
    "app/instance/db.txt",
    "app/local_settings.py",
    "app/secrets/deep/er/tls.key",
    "app/x.pyd",
    "build/lib/app.py",
    "db.sqlite3",
    "docs/_build/html/index.html",
    "env/x.py",
    "lib/x.py",
    "secrets/tls.key",
    "shop.egg-info/PKG-INFO",
    "site/index.html",
    "tools/wheels/x.whl",
]


def test_files_that_are_sent(tmp_path):
    assert sent_of(tmp_path, {**dict.fromkeys([*SENT, *NOT_SENT], ""), ".gitignore": GITIGNORE}) == SENT


@needs_git
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_git_takes_the_same(tmp_path, line_end):
    folder = GitFolder(tmp_path / "tree")
    files = dict.fromkeys([*SENT, *NOT_SENT], "")
    kept = sent_of(folder.folder, {**files, ".gitignore": GITIGNORE.replace("\n", line_end)})
    made(folder.folder, ["__pycache__/x.pyc"])
    assert set(kept) == folder.kept() == set(SENT)
