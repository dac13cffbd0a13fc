"""The az that the tests run, forked from a loaded one, is the az that a person starts."""

from __future__ import annotations

import subprocess

import pytest

from tests.scenario.apps import naming
from tests.scenario.az import Az


@pytest.mark.parametrize(
    "command",
    [
        "webapp python show",
        "webapp python list -o table",
        "webapp python install-requirements -r there.txt -r not-there.txt",
        "webapp python show -s nowhere",
        "webapp python show --no-such-option",
        "webapp python set-version --help",
    ],
)
def test_it_answers_as_a_new_az(az, apps, tmp_path, command):
    site = apps.new()
    (tmp_path / "there.txt").touch()
    new = Az(az.executable, az.environment, az.folder)
    answers = [one(command, *naming(site), expect=None) for one in (new, az, az)]
    first = answers[0]
    assert [(each.returncode, each.stdout, each.stderr) for each in answers] == [
        (first.returncode, first.stdout, first.stderr)
    ] * 3


def test_it_ends_with_its_time(az, azure, apps):
    site = apps.new()
    with azure.delayed(600), pytest.raises(subprocess.TimeoutExpired):
        az("webapp python show", *naming(site), timeout=1)
    assert az("webapp python show", *naming(site)).json["state"] == "Running"


def test_other_variables_are_for_a_new_az(az, tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config").write_text("[core]\noutput = yaml\n", encoding="utf-8")
    assert az("version").stdout.startswith("{")
    assert az("version", AZURE_CONFIG_DIR=str(tmp_path / "config")).stdout.startswith("azure-cli:")
