"""Source files of an app: how they are parsed."""

from __future__ import annotations

import ast
import threading
import time

from azext_pythonapp.entrypoints import source


def test_one_thread_parses_at_a_time(monkeypatch):
    inside, most, parse = [0], [0], ast.parse

    def slow(content):
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.01)
        inside[0] -= 1
        return parse(content)

    monkeypatch.setattr(ast, "parse", slow)
    threads = [threading.Thread(target=source.parsed, args=("a = 1",)) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert most[0] == 1
