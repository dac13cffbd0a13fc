"""Moving secrets out of web.config: what must not happen to an app that works."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from azext_pythonapp.errors import Conflict, Refused
from azext_pythonapp.operations.app.wwwroot import FileState
from azext_pythonapp.operations.doctor import moved_secrets
from tests.unit.operations.shop import shop_site

ONE = b'<configuration><appSettings><add key="API_KEY" value="one-value" /></appSettings></configuration>'


class Files:
    """A web.config that somebody else changes once this command wants to write it."""

    label = "app 'shop'"
    later = ONE.replace(b"one-value", b"two-value")

    def __init__(self, content: bytes):
        self.content, self.etag = content, '"1"'

    def state(self, name: str) -> FileState:
        return FileState(self.content, self.etag)

    def write(self, name: str, content: bytes, etag: str | None) -> str:
        if etag == '"1"':
            self.content, self.etag = self.later, '"2"'
            raise Conflict("It was changed.")
        raise AssertionError("the secret is lost")

    def shown(self, name: str) -> str:
        return name


def app(monkeypatch: pytest.MonkeyPatch, content: bytes, settings: dict[str, str]) -> Any:
    files = Files(content)
    monkeypatch.setattr(moved_secrets, "AppFiles", lambda _: files)
    return SimpleNamespace(site=shop_site(), arm=SimpleNamespace(app_settings=lambda site: settings))


@pytest.mark.parametrize(
    "other",
    [
        b'<location path="admin"><appSettings><add key="Api_Key" value="other" /></appSettings></location>',
        b'<system.webServer><httpPlatform processPath="x"><environmentVariables>'
        b'<environmentVariable name="API_KEY" value="other" /></environmentVariables></httpPlatform></system.webServer>',
    ],
)
def test_two_values_of_one_name_stay(monkeypatch: pytest.MonkeyPatch, other: bytes) -> None:
    both = ONE.replace(b"</configuration>", other + b"</configuration>")
    with pytest.raises(Refused) as caught:
        moved_secrets.move_secrets(app(monkeypatch, both, {}), True)
    assert "Lines 1 and 1" in caught.value.message and 'value"' not in str(caught.value.recommendation)
    assert "one-value" not in caught.value.message


def test_a_name_in_the_advice_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = ONE.replace(b"API_KEY", b"api_key &amp; calc")
    with pytest.raises(Refused) as caught:
        moved_secrets.move_secrets(app(monkeypatch, odd, {"api_key & calc": "other"}), True)
    assert '--setting-names "api_key & calc"`' in str(caught.value.recommendation)


def test_a_value_that_was_changed_in_between_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = app(monkeypatch, ONE, {"API_KEY": "one-value"})
    written: list[Any] = []
    record = SimpleNamespace(
        begin=lambda: None,
        finish=written.append,
        change_id="1",
        keep=lambda *_: None,
        discard=lambda *_: None,
        before=lambda *_: None,
        wrote=lambda *_: None,
    )

    class Recorded:
        def __enter__(self) -> Any:
            return record

        def __exit__(self, *_: object) -> None:
            return None

    monkeypatch.setattr(moved_secrets, "recorded", lambda *_: Recorded())
    shop.progress = SimpleNamespace(phase=lambda title: Recorded(), say=lambda text: None)
    with pytest.raises(Conflict, match="was changed while this command ran"):
        moved_secrets.move_secrets(shop, False)
    assert not written
