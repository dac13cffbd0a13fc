"""What the runner keeps out of log.txt: credentials and queries of addresses, wherever they stand."""

from __future__ import annotations

from pathlib import Path

from azext_pythonapp import url_secrets
from azext_pythonapp.jobs.runner.log import Log, masked_urls, secret_words


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
        "git+ssh://me:s3cret@h/r",
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
        "git+ssh://me:****@h/r",
    ]
    log.secrets = []
    for line in lines:
        assert log.masked(line) == url_secrets.masked(line)


def test_a_user_of_ssh_and_a_version_are_no_secrets():
    sources = [
        "x @ git+ssh://git@h/x.git@v1",
        "git+https://h/y.git@v2",
        "git+https://h:8443/y.git@v2",
        "git+ssh://me:s3cret@h/z.git@v3",
        "git+https://tok3n@h/z.git@v3",
    ]
    known = secret_words(sources)
    assert "git" not in known and not [each for each in known if "y.git" in each]
    assert "s3cret@h/z.git" in known and any("tok3n" in each for each in known)
    assert masked_urls(sources[0]) == sources[0] and masked_urls(sources[1]) == sources[1]
