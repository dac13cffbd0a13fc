"""The example pipelines of docs/how-to/pipelines: what they are made of, and what the scripts in them do."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from azext_pythonapp.operations.inventory.matrix import matrix
from tests.unit.operations.inventory.test_matrix import fleet

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "pipelines"
SHARDS = matrix(fleet({"s1": 3, "s2": 2}), 2)


def parsed(name: str) -> Any:
    """A pipeline. YAML takes the key `on` for true."""
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


@pytest.fixture
def github() -> Any:
    return parsed("github-actions.yml")


@pytest.fixture
def azure() -> Any:
    return parsed("azure-pipelines.yml")


def tasks(pipeline: Any) -> Iterator[Any]:
    """The steps of a pipeline of Azure Pipelines."""
    for stage in pipeline["stages"]:
        for job in stage["jobs"]:
            yield from job["steps"]


def run(
    script: str, folder: Path, shards: Any = SHARDS, fails: bool = False, **environment: str
) -> tuple[str, list[list[str]]]:
    """Run a script with an az that prints the matrix; what it prints, and the words of each call of az.

    fails: whether that az, which has printed it, ends with exit code 1; the script has to, then.
    """
    (folder / "shards.json").write_text(json.dumps(shards, indent=2), encoding="utf-8")
    az = folder / "az"
    az.write_text(
        '#!/bin/sh\nfor word in "$@"; do printf "%s\\0" "$word" >>"$CALLS"; done\nprintf "\\n" >>"$CALLS"\n'
        f'if [ "$3" = inventory ]; then cat "$SHARDS"; exit {int(fails)}; fi\n',
        encoding="utf-8",
    )
    az.chmod(0o755)
    variables = {
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "CALLS": str(folder / "calls"),
        "SHARDS": str(folder / "shards.json"),
        "GITHUB_OUTPUT": str(folder / "outputs"),
        "EXTENSION": "https://example.com/x.whl",
    }
    done = subprocess.run(
        ["bash", "-e", "-c", script],  # as GitHub runs it where no shell is named, without pipefail
        cwd=folder,
        env=variables | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode != 0) == fails, done.stderr
    calls = (folder / "calls").read_text(encoding="utf-8").splitlines()
    return done.stdout, [call.split("\0")[:-1] for call in calls]


def test_jobs_of_github_are_whole(github):
    assert set(github) == {"name", True, "permissions", "concurrency", "env", "jobs"}
    jobs = github["jobs"]
    for name, job in jobs.items():
        needs = job.get("needs", [])
        assert set([needs] if isinstance(needs, str) else needs) <= set(jobs) - {name}
        assert job["runs-on"] == "ubuntu-latest" and job["steps"]
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step)
            # What a pipeline puts into a script is run by the shell: it comes by variables alone.
            assert "${{" not in step.get("run", "")
        assert ("strategy" in job) == (name != "select")
        if "strategy" in job:
            assert job["strategy"]["matrix"] == "${{ fromJSON(needs.select.outputs.matrix) }}"
            assert job["strategy"]["fail-fast"] is False
            assert set(re.findall(r"matrix\.(\w+)", json.dumps(job))) <= set(SHARDS["include"][0])


def test_the_matrix_reaches_the_jobs_of_github(github, tmp_path):
    select = github["jobs"]["select"]
    step = next(each for each in select["steps"] if each.get("id") == "inventory")
    assert list(step["env"]) == ["FILTER"]
    _, calls = run(step["run"], tmp_path, FILTER="--tag team=shop")
    assert calls == [["webapp", "python", "inventory", "--tag", "team=shop", "--matrix", "8", "--output", "json"]]
    lines = (tmp_path / "outputs").read_text(encoding="utf-8").splitlines()
    outputs = dict(line.split("=", 1) for line in lines)
    assert json.loads(outputs["matrix"]) == SHARDS and outputs["count"] == "2"
    assert {name: value for name, value in select["outputs"].items()} == {
        name: f"${{{{ steps.inventory.outputs.{name} }}}}" for name in outputs
    }


def test_a_selection_that_fails_starts_nothing(github, azure, tmp_path):
    step = next(each for each in github["jobs"]["select"]["steps"] if each.get("id") == "inventory")
    run(step["run"], tmp_path, fails=True, FILTER="")
    outputs = tmp_path / "outputs"
    assert not outputs.exists() or "matrix=" not in outputs.read_text(encoding="utf-8")
    printed, _ = run(next(tasks(azure))["inputs"]["inlineScript"], tmp_path, fails=True, FILTER="")
    assert printed == ""


def test_without_apps_there_is_no_job(github, azure, tmp_path):
    step = next(each for each in github["jobs"]["select"]["steps"] if each.get("id") == "inventory")
    run(step["run"], tmp_path, matrix([], 8), FILTER="")
    assert "count=0" in (tmp_path / "outputs").read_text(encoding="utf-8").splitlines()
    assert all("needs.select.outputs.count != '0'" in github["jobs"][name]["if"] for name in ("start", "collect"))
    printed, _ = run(next(tasks(azure))["inputs"]["inlineScript"], tmp_path, matrix([], 8), FILTER="")
    assert printed.rstrip().endswith("]{}")
    wanted = "ne(dependencies.select.outputs['select.inventory.legs'], '{}')"
    assert all(wanted in stage["condition"] for stage in azure["stages"][1:])


@pytest.mark.parametrize("job", ["start", "collect"])
def test_ids_of_github_are_words(github, job, tmp_path):
    script = github["jobs"][job]["steps"][-1]["run"]
    _, ((*words,),) = run(script, tmp_path, IDS=SHARDS["include"][0]["ids"])
    at = words.index("--ids")
    assert words[at + 1 : at + 4] == SHARDS["include"][0]["ids"].split()


def test_stages_of_azure_pipelines_are_whole(azure):
    stages = [stage["stage"] for stage in azure["stages"]]
    assert stages == ["select", "start", "collect"]
    assert azure["trigger"] == "none"
    for step in tasks(azure):
        assert step["task"] == "AzureCLI@2"
        inputs = step["inputs"]
        assert inputs["scriptType"] == "bash" and inputs["scriptLocation"] == "inlineScript"
        assert "${{" not in inputs["inlineScript"] and "$(" not in inputs["inlineScript"].replace("$(python3", "")
        assert set(step["env"]) in ({"FILTER"}, {"IDS"})
    for stage in azure["stages"][1:]:
        (job,) = stage["jobs"]
        assert job["strategy"]["matrix"] == "$[ stageDependencies.select.select.outputs['inventory.legs'] ]"


def test_the_matrix_reaches_the_jobs_of_azure_pipelines(azure, tmp_path):
    first = next(tasks(azure))
    assert first["name"] == "inventory"
    printed, calls = run(first["inputs"]["inlineScript"], tmp_path, FILTER="")
    assert calls[-1] == ["webapp", "python", "inventory", "--matrix", "8", "--output", "json"]
    (line,) = printed.splitlines()
    command, found, legs = line.partition("isOutput=true]")
    assert command == "##vso[task.setvariable variable=legs;" and found
    assert json.loads(legs) == {f"shard{each['shard']}": {"ids": each["ids"]} for each in SHARDS["include"]}


@pytest.mark.parametrize("number", [1, 2])
def test_ids_of_azure_pipelines_are_words(azure, number, tmp_path):
    step = list(tasks(azure))[number]
    assert step["env"] == {"IDS": "$(ids)"}
    _, calls = run(step["inputs"]["inlineScript"], tmp_path, IDS="/a /b")
    assert calls[0][:2] == ["extension", "add"]
    assert calls[1][calls[1].index("--ids") + 1 :][:2] == ["/a", "/b"]
