"""The diff that a person reads."""

from __future__ import annotations

import codecs

from azext_pythonapp.webconfig.diff import unified_diff


def test_equal_files_have_no_diff() -> None:
    assert unified_diff(b"<a/>", b"<a/>", "web.config") == ""


def test_crlf_is_shown_cleanly() -> None:
    before = b"".join(b"<l%d/>\r\n" % number for number in range(20))
    after = before.replace(b"<l10/>", b"<new/>")
    assert unified_diff(before, after, "site/wwwroot/web.config") == (
        "--- a/site/wwwroot/web.config\n+++ b/site/wwwroot/web.config\n@@ -8,7 +8,7 @@\n <l7/>\n <l8/>\n <l9/>\n"
        "-<l10/>\n+<new/>\n <l11/>\n <l12/>\n <l13/>\n"
    )


def test_two_hunks() -> None:
    before = "".join(f"{number}\n" for number in range(1, 31)).encode()
    after = before.replace(b"\n5\n", b"\n5\nfive\n").replace(b"\n25\n", b"\n")
    diff = unified_diff(before, after, "f")
    assert "@@ -3,6 +3,7 @@" in diff and "@@ -22,7 +23,6 @@" in diff and diff.count("\n+") == 2 and "\n-25\n" in diff


def test_a_new_file() -> None:
    assert unified_diff(None, b"a\r\nb\r\n", "f") == "--- /dev/null\n+++ b/f\n@@ -0,0 +1,2 @@\n+a\n+b\n"


def test_utf16_and_byte_order_mark() -> None:
    before = codecs.BOM_UTF16_LE + "<a>\u00e9</a>\n".encode("utf-16-le")
    after = codecs.BOM_UTF16_LE + "<a>\u4f60</a>\n".encode("utf-16-le")
    assert unified_diff(before, after, "f") == "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-<a>\u00e9</a>\n+<a>\u4f60</a>\n"
    marked = codecs.BOM_UTF8 + b"<a/>\n"
    assert "\ufeff" not in unified_diff(marked, codecs.BOM_UTF8 + b"<b/>\n", "f")


def test_line_ends_and_missing_newline() -> None:
    diff = unified_diff(b"<a>\n</a>\n", b"<a>\r\n</a>\n", "f")
    assert "-<a>  [line ends in \\n]\n+<a>  [line ends in \\r\\n]\n" in diff
    assert unified_diff(b"a\n", b"a\nb", "f").endswith(" a\n+b\n\\ No newline at end of file\n")


def test_what_cannot_be_decoded_is_still_shown() -> None:
    assert "-\ufffd\n" in unified_diff(b"\xff\n", b"<a/>\n", "f")
