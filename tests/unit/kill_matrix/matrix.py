"""One command of the kill matrix: its client is killed at each of its requests, and then there are two ways on."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.local_azure.front_door import Exchange
from tests.unit.kill_matrix.clients import Ended
from tests.unit.kill_matrix.gate import COMMAND, Moment
from tests.unit.kill_matrix.stage import Stage
from tests.unit.kill_matrix.stories import Story

WEB_CONFIG = "site/wwwroot/web.config"
LEFT = re.compile(r"^Change (?P<id>\S+) of .* is not finished: `az (?P<again>[^`]+)` finishes it, `az (?P<back>[^`]+)`")


@dataclass
class Totals:
    """What a story's matrix has come to. broken: what was wrong, by request."""

    story: str
    requests: int = 0
    kills: int = 0
    states: int = 0
    unfinished: int = 0
    ways: int = 0
    broken: list[str] = field(default_factory=list)

    def row(self) -> dict[str, object]:
        """As tests/conftest.py prints it."""
        return {**vars(self), "broken": len(self.broken)}


def moments_of(sent: Sequence[Exchange], every: bool) -> Iterator[tuple[int, Moment, int]]:
    """Yield when to kill the client of a whole run: as each request has been carried out, and as each command begins.

    Each is the number of the request, and the moment with its number as `Kill` counts.

    Where requests that only read follow each other, the first of them stands for all, unless `every` is asked for: the
    app is the same after each of them, and the client is dead.
    """
    reading, commands = False, 0
    for number, one in enumerate(sent, 1):
        path = one.path.partition("?")[0]
        was, reading = reading, one.method in ("GET", "HEAD") or path.endswith("/list")
        if path == COMMAND:
            commands += 1
            yield number, "arrived", commands
        if every or not (was and reading):
            yield number, "answered", number


class Matrix:
    """Plays a story.

    part, parts: only one of so many parts of its requests, so that the parts can be played at the same time.
    """

    def __init__(self, stage: Stage, story: Story, part: int, parts: int):
        self.stage, self.story = stage, story
        self.totals = Totals(story.name)
        stage.lay_out(story.files)
        story.before(stage)
        stage.settle()
        stage.keep("before")
        self.before = stage.picture()
        self._records = len(stage.records())
        first = len(stage.requests())
        stage.run(story.command)
        stage.settle()
        sent = stage.requests()[first:]
        self.after = stage.picture()
        moments = list(moments_of(sent, "KILL_EVERY_REQUEST" in os.environ))
        size = -(-len(moments) // parts)
        first_moment, end = part * size, (part + 1) * size
        # One moment more than its part: another run may have asked once more or less while it followed a job.
        self._moments = moments[max(0, first_moment - 1) : end]
        ends = [0, *(number for number, _, _ in moments[:-1]), len(sent)]
        self.totals.requests = ends[min(end, len(moments))] - ends[min(first_moment, len(moments))]

    def play(self) -> Totals:
        """Kill the client at each request."""
        assert self.before.against(self.after), "the story changes nothing"
        seen = set[str]()
        for number, moment, counted in self._moments:
            self.stage.restore("before")
            ended = self.stage.run_killed(self.story.command, counted, moment)
            self.totals.kills += ended.killed
            if moment == "answered":
                self.stage.settle()
                state = self.stage.fingerprint()
                if state in seen:
                    continue  # nothing was changed since an earlier kill, and from there both ways on were taken
                seen.add(state)
            self._ways_on(f"request {number}, {moment}", ended, moment == "answered")
        return self.totals

    def _ways_on(self, where: str, ended: Ended, settled: bool) -> None:
        """Look at the app that a killed client has left, and take both ways on from there.

        settled: whether nothing runs on the worker any more, so that this state can be kept and gone back to.
        """
        self.totals.states += 1
        if settled:
            self.stage.keep("killed")
        checks: list[Callable[[], None]] = [self._again]
        if settled:
            checks = [self._serves, self._says, self._again, self._back]
        for check in checks:
            if check == self._back:
                self.stage.restore("killed")
            try:
                check()
            except AssertionError as error:
                self.totals.broken.append(f"{where}: {check.__name__}: {error}\n{ended}")

    def _serves(self) -> None:
        """The app serves what it served, or what it is to serve."""
        now = self.stage.picture()
        assert now.page in (self.before.page, self.after.page), now.page
        assert now.files.get(WEB_CONFIG) in (self.before.files.get(WEB_CONFIG), self.after.files.get(WEB_CONFIG))

    def _says(self) -> None:
        """A reader says in one sentence what was interrupted, and both ways on; or there was nothing to say."""
        unfinished = self.stage.unfinished()
        said = [line for line in self.stage.run("show").stderr.splitlines() if "is not finished" in line]
        if unfinished is None:
            assert not said, said
            changed = self.before.against(self.stage.picture())
            known = len(self.stage.records()) > self._records
            assert not changed or known, ["changed, and no record says so", *changed]
            return
        self.totals.unfinished += 1
        assert len(said) == 1, said or "it says nothing"
        sentence = LEFT.match(said[0])
        assert sentence is not None, said[0]
        assert sentence["id"] == unfinished, said[0]
        assert shlex.split(sentence["again"]) == shlex.split(self.stage.words(self.story.command)), said[0]
        assert f"--change-id {unfinished} --yes" in sentence["back"], said[0]

    def _again(self) -> None:
        """The same command does the rest, as the same change."""
        unfinished = self.stage.unfinished()
        if self.story.redoes and unfinished is None and not self.after.against(self.stage.picture()):
            return  # its record is complete, so the same command is another one: it undoes what was done
        self.totals.ways += 1
        ended = self.stage.run(self.story.command)
        self.stage.settle()
        found = self.after.against(self.stage.picture())
        assert not found, "\n".join([*found, str(ended)])
        self._nothing_left(ended)
        if unfinished is not None:
            state = self.stage.record(unfinished)["state"]
            assert state == "succeeded", f"change {unfinished} is {state}\n{ended}"

    def _back(self) -> None:
        """`rollback`, as the sentence has it, gives the app of before."""
        unfinished = self.stage.unfinished()
        if unfinished is None:
            return
        self.totals.ways += 1
        ended = self.stage.run(f"rollback --change-id {unfinished} --yes")
        self.stage.settle()
        found = self.before.against(self.stage.picture())
        assert not found, "\n".join([*found, str(ended)])
        self._nothing_left(ended)
        assert "is not finished" not in self.stage.run("show").stderr, str(ended)

    def _nothing_left(self, ended: Ended) -> None:
        """Nothing is said to be unfinished, locked or pending any more."""
        left = self.stage.left_behind()
        assert not left, f"left behind: {left}\n{ended}"
