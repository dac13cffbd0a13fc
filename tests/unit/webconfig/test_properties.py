"""What holds for every web.config and every intent."""

from __future__ import annotations

from xml.dom import minidom

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from azext_pythonapp.webconfig.diff import unified_diff
from azext_pythonapp.webconfig.document import Document
from azext_pythonapp.webconfig.handlers import HandlerIntent, read_handler, write_handler
from tests.unit.webconfig.strategies import fastcgi_intents, foreign_parts, http_intents, intents, text_of, web_configs
from tests.unit.webconfig.wfastcgi_parser import read_as_wfastcgi

EXAMPLES = settings(max_examples=150, deadline=None)


@EXAMPLES
@given(web_configs())
def test_an_untouched_document_is_the_same_bytes(content: bytes) -> None:
    assert Document.parse(content).to_bytes() == content


@EXAMPLES
@given(web_configs(), intents)
def test_the_result_runs_what_was_asked_for(content: bytes, intent: HandlerIntent) -> None:
    found = read_handler(write_handler(content, intent).content)
    assert found is not None
    assert (found.kind, found.python_path) == (intent.kind, intent.python_path)
    assert (found.entry_point, found.arguments) == (intent.entry_point, intent.arguments)
    assert intent.environment.items() <= found.environment.items()


@EXAMPLES
@given(web_configs(), intents)
def test_nothing_but_the_owned_elements_changes(content: bytes, intent: HandlerIntent) -> None:
    assume(intent.kind == "fastCgi" or "handler.fcgi" not in text_of(content))
    result = write_handler(content, intent).content
    before, gaps_before = foreign_parts(content)
    after, gaps_after = foreign_parts(result)
    assume(not before[-1].endswith("/>"))
    assert after == before
    for index in gaps_before.keys() & gaps_after.keys():
        assert gaps_after[index] == gaps_before[index]


@EXAMPLES
@given(web_configs(), intents)
def test_encoding_and_end_of_file_stay(content: bytes, intent: HandlerIntent) -> None:
    result = write_handler(content, intent).content
    assert result[:2] == content[:2]
    end = len(content) - content.rfind(b">") - 1
    assert result.endswith(content[len(content) - end :]) and result[len(result) - end - 1 :][:1] == b">"


@EXAMPLES
@given(web_configs(), intents)
def test_writing_again_changes_nothing(content: bytes, intent: HandlerIntent) -> None:
    once = write_handler(content, intent)
    again = write_handler(once.content, intent)
    assert (again.content, again.changed) == (once.content, False)
    assert once.changed == (once.content != content)


@EXAMPLES
@given(web_configs(), intents, intents)
def test_there_and_back_means_the_same(content: bytes, first: HandlerIntent, second: HandlerIntent) -> None:
    there = write_handler(content, first).content
    back = write_handler(write_handler(there, second).content, first).content
    once, twice = read_handler(there), read_handler(back)
    assert once is not None and twice is not None
    assert twice.environment.items() >= first.environment.items()
    assert (twice.python_path, twice.entry_point) == (once.python_path, once.entry_point)


@EXAMPLES
@given(web_configs(), intents, intents)
def test_going_on_there_and_back_gives_the_same_bytes(
    content: bytes, first: HandlerIntent, second: HandlerIntent
) -> None:
    there = write_handler(write_handler(content, first).content, second).content
    back = write_handler(there, first).content
    assert write_handler(write_handler(back, second).content, first).content == back


@EXAMPLES
@given(web_configs(), fastcgi_intents)
def test_wfastcgi_reads_the_intended_environment(content: bytes, intent: HandlerIntent) -> None:
    environment = read_as_wfastcgi(write_handler(content, intent).content)
    assert environment["WSGI_HANDLER"] == intent.entry_point
    assert intent.environment.items() <= environment.items()
    others = {key: value for key, value in read_as_wfastcgi(content).items() if not key.startswith("WSGI_")}
    assert others == {key: value for key, value in environment.items() if not key.startswith("WSGI_")}


@EXAMPLES
@given(web_configs(), http_intents)
def test_going_to_http_platform_leaves_no_handler_for_fastcgi(content: bytes, intent: HandlerIntent) -> None:
    result = write_handler(content, intent).content
    before, after = read_as_wfastcgi(content), read_as_wfastcgi(result)
    assert after == before, "what only wfastcgi reads is there for the way back"
    entries = minidom.parseString(result).getElementsByTagName("add")
    processors = [entry.getAttribute("scriptProcessor") for entry in entries]
    assert not [processor for processor in processors if "python" in processor]
    assert len(minidom.parseString(result).getElementsByTagName("httpPlatform")) == 1


@EXAMPLES
@given(web_configs(), fastcgi_intents)
def test_going_to_fastcgi_leaves_no_handler_for_http_platform(content: bytes, intent: HandlerIntent) -> None:
    edit = write_handler(content, intent)
    assert "httpPlatformHandler" not in text_of(edit.content)
    for name in ("arguments", "requestTimeout"):
        if name in text_of(content):
            assert name in text_of(edit.content) or any(name in note for note in edit.notes)


@EXAMPLES
@given(web_configs(), intents)
def test_a_diff_is_readable(content: bytes, intent: HandlerIntent) -> None:
    edit = write_handler(content, intent)
    diff = unified_diff(content, edit.content, "web.config")
    assert bool(diff) == edit.changed
    assert "\0" not in diff and "\ufffd" not in diff and "\r" not in diff.replace("\\r", "")


def test_strategies_are_not_trivial() -> None:
    seen: set[str] = set()

    @settings(max_examples=300, deadline=None, database=None)
    @given(web_configs(), st.just(None))
    def collect(content: bytes, _: None) -> None:
        text = text_of(content)
        seen.update(
            word
            for word in (
                "<location",
                "httpPlatform",
                "wfastcgi",
                "CDATA",
                "\t<",
                "\r\n",
                "WSGI_HANDLER",
                "appSettings",
                "<!--",
            )
            if word in text
        )

    collect()
    assert len(seen) == 9
