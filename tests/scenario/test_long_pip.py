"""A pip that takes two minutes and is silent for most of them, under time limits that are a fraction of that."""

from __future__ import annotations

import json
import re
import threading
import time
from pathlib import Path

import pytest

from tests.local_azure.site import Site
from tests.scenario.apps import jobs_started, naming

FRONT_END_LIMIT, IDLE_TIMEOUT = 19, 7
SILENCE, TIMES = 20, 6
SEEN_WITHIN = SILENCE / 2
FALLS_SILENT = re.compile(r"quietbuild falls silent at ([\d.]+)")


class LogWatch(threading.Thread):
    """Notes when each line of an app's first job came to stand in its log.txt on the worker (Unix time)."""

    def __init__(self, site: Site):
        super().__init__(daemon=True)
        self.lines: list[tuple[float, str]] = []
        self._jobs = site.machine.home / "data/pythonapp/jobs"
        self._ended = threading.Event()

    def run(self) -> None:
        content, log = b"", None
        while not self._ended.wait(0.1):
            log = log or next(self._jobs.glob("*/log.txt"), None)
            if log is not None and log.stat().st_size > len(content):
                now, before, content = time.time(), content.count(b"\n"), log.read_bytes()
                self.lines += [
                    (now, line.decode("utf-8").rstrip("\r"))
                    for line in content.split(b"\n")[before : content.count(b"\n")]
                ]

    def stop(self) -> None:
        """End the watching."""
        self._ended.set()
        self.join()

    def when(self, start: str) -> float:
        """When the first line came that starts like this."""
        return next(moment for moment, line in self.lines if line.startswith(start))


def killed_when_silent(az, site: Site, folder: Path) -> str:
    """What Kudu answers to a Python that sleeps as silently as the build does, started by /api/command alone."""
    (site.machine.home / "data/sleeper.py").write_text(f"import time\ntime.sleep({SILENCE})\n", encoding="ascii")
    command = {"command": f'"{site.windows_path("python3810x64/python.exe")}" sleeper.py', "dir": "data"}
    (folder / "command.json").write_text(json.dumps(command), encoding="ascii")
    answer = az(
        "rest --method post --resource https://management.core.windows.net/ --body @command.json --url",
        f"https://{site.scm_host}/api/command",
    ).json
    assert answer["ExitCode"] == -1, answer
    return answer["Error"]


@pytest.mark.long
def test_silent_pip_of_two_minutes_succeeds(az, azure, apps, tmp_path):
    site = apps.prepared("wsgi_hello")
    site.machine.boot()
    site.switches.front_end_limit, site.switches.idle_timeout = FRONT_END_LIMIT, IDLE_TIMEOUT
    site.app_settings.update(QUIETBUILD_SECONDS=str(SILENCE), QUIETBUILD_TIMES=str(TIMES))
    (tmp_path / "requirements.txt").write_text("quietbuild\n", encoding="utf-8")
    written, seen = LogWatch(site), []
    written.start()

    running = az.start(
        "webapp python install-requirements --pip-args=--verbose -r", tmp_path / "requirements.txt", *naming(site)
    )
    for line in running.stderr:
        seen.append((time.time(), line.rstrip("\n")))
        if FALLS_SILENT.search(line) and sum(bool(FALLS_SILENT.search(text)) for _, text in seen) == 1:
            assert f"due to no output nor CPU activity for {IDLE_TIMEOUT} seconds" in killed_when_silent(
                az, site, tmp_path
            )
            (job,) = jobs_started(site)
            assert not job.answer.done(), "the heartbeat keeps what is as silent alive"
    stdout, (ended, _) = running.stdout.read(), seen[-1]
    assert running.wait(60) == 0, "\n".join(text for _, text in seen)
    written.stop()
    assert [row["name"] for row in json.loads(stdout)["installed"]] == ["quietbuild"]

    printed = [float(FALLS_SILENT.search(text)[1]) for _, text in written.lines if FALLS_SILENT.search(text)]
    assert len(printed) == TIMES
    gaps = [after - before for (before, _), (after, _) in zip(written.lines, written.lines[1:])]
    assert len([gap for gap in gaps if gap > SILENCE - 1]) == TIMES and ended - written.lines[0][0] > SILENCE * TIMES

    first = next(moment for moment, text in seen if text.startswith("  | Using pip")) - written.when("Using pip")
    assert first < SEEN_WITHIN
    late = [moment - float(FALLS_SILENT.search(text)[1]) for moment, text in seen if FALLS_SILENT.search(text)]
    assert len(late) == TIMES and sorted(late)[TIMES // 2] < SEEN_WITHIN, late

    assert jobs_started(site) == [job]
    cut = [
        request
        for request in azure.requests
        if request.host == site.scm_host and request.path == "/api/command" and request.status == 500
    ]
    assert len(cut) == 1, "the front end gave up on the request that started the job"
    beats = re.findall(r"^\d{4}-\d\d-\d\dT\S+ \w+", str(job.answer.result(30)["Output"]), re.MULTILINE)
    assert len(beats) > SILENCE * TIMES / (IDLE_TIMEOUT - 1), "the heartbeat came more often than the idle limit"
