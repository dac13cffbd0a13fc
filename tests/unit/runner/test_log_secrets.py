"""What the runner keeps out of log.txt: credentials and queries of addresses, wherever they stand."""

from __future__ import annotations

from pathlib import Path

from azext_pythonapp import url_secrets
from azext_pythonapp.jobs.runner.log import Log, secret_words


def test_queries_and_their_values_are_masked(tmp_path: Path):
    log = Log(str(tmp_path / "log.txt"))
    log.secrets = secret_words(
        ["https://h/simple?sv=1&sig=abcdefghijkl%3D&x=y", "https://u:pass@h2/x?token=longlonglonglong https://h3/?a=b"]
    )
    lines = [
        "403 for https://h/simple?sv=1&sig=abcdefghijkl%3D&x=y.",
        "the signature abcdefghijkl%3D is wrong",
        "u:pass",
        "longlonglonglong!",
        "x=y a=b pass",
        "https://other/w.whl?sig=short (from r.txt)",
        '"GET /w.whl?sig=short HTTP/1.1" 403',
    ]
    for line in lines:
        log.line(line)
    assert (tmp_path / "log.txt").read_text().splitlines() == [
        "403 for https://h/simple?****.",
        "the signature **** is wrong",
        "****",
        "****!",
        "x=y a=b ****",
        "https://other/w.whl?**** (from r.txt)",
        '"GET /w.whl?**** HTTP/1.1" 403',
    ]
    log.secrets = []
    for line in lines:
        assert log.masked(line) == url_secrets.masked(line)
