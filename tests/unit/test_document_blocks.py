"""What the test of the documents takes for a command, for its output, and for a difference."""

from __future__ import annotations

import pytest

from tests.scenario.documents import Block, Command, blocks, commands, difference

MARKDOWN = """\
# Title

<!-- not run: it takes a day -->
```console
$ make everything
```

1. A step:

   <!-- exit code 3 -->
   ```console
   $ az show \\
       --name x
   ERROR: no x
   ```

```json
{}
```
"""
REST = """\
Title
=====

.. exit code 1
.. code-block:: console

    $ az show
    ERROR: no

Text::

    literal

End
"""


@pytest.fixture
def read(tmp_path):
    """Read the blocks of a text under a file name."""

    def read(name: str, text: str) -> list[Block]:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return blocks(tmp_path / name)

    return read


def test_blocks_of_markdown(read):
    first, second, third = read("page.md", MARKDOWN)
    assert (first.line, first.language, first.not_run, first.exit_code) == (5, "console", "it takes a day", 0)
    assert (second.not_run, second.exit_code, third.language, third.exit_code) == ("", 3, "json", 0)
    assert {first.section, second.section, third.section} == {"Title"}
    assert commands(second) == [Command(13, "az show --name x", ("ERROR: no x",), 3)]


def test_blocks_of_restructuredtext(read):
    first, second = read("page.rst", REST)
    assert commands(first) == [Command(7, "az show", ("ERROR: no",), 1)]
    assert (first.section, second.section) == ("Title", "Title")
    assert (second.language, [line for line in second.lines if line]) == ("", ["    literal"])


@pytest.mark.parametrize("lines, code", [(("no command",), 0), (("$ one", "$ two"), 1)])
def test_a_block_that_cannot_be_run_is_an_error(lines, code):
    with pytest.raises(ValueError, match="a block"):
        commands(Block(1, "console", lines, exit_code=code))


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        (["one", "..."], ["one", "two", "three"]),
        (["...", "three"], ["one", "two", "three"]),
        (["one", "...", "three"], ["one", "three"]),
        (["at ... o'clock"], ["at 10 o'clock"]),
        (["job 20260101-000000-0000 failed"], ["job 20261126-160219-f8f3 failed"]),
        ([], ["anything"]),
    ],
)
def test_what_is_shown_is_what_was_printed(shown, printed):
    assert difference(shown, printed) == ""


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        (["one"], ["one", "two"]),
        (["one", "three"], ["one", "two", "three"]),
        (["two", "...", "one"], ["one", "two"]),
        (["a.c"], ["abc"]),
        (["job 20260101-000000-0000 failed"], ["job x failed"]),
        (["one", "..."], []),
    ],
)
def test_anything_else_is_a_difference(shown, printed):
    assert "--- and the command printed" in difference(shown, printed)
