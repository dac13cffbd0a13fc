"""A real browser for tests: headless Chromium, told what to do through two pipes (Chrome DevTools Protocol).

`make test` installs it from the distribution's packages. Nothing outside of this machine can be reached by it.
"""

from __future__ import annotations

import base64
import json
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# A busy machine is slow, and a browser that hangs is the only thing that this is for.
SECONDS = 120
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_OPTIONS = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=direct://",
    "--window-size=1400,1000",
)


def program() -> str:
    """The browser's program. Raises LookupError where there is none."""
    found = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if found is None:
        raise LookupError("There is no Chromium here: `make test` installs it, or install the package chromium.")
    return found


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A browser whose profile is in a folder."""
    to_browser, from_browser = os.pipe(), os.pipe()
    shell = f'exec "$@" 3<&{to_browser[0]} 4>&{from_browser[1]}'
    with (folder / "chromium.log").open("wb") as log:
        process = subprocess.Popen(
            ["bash", "-c", shell, "bash", program(), *_OPTIONS, f"--user-data-dir={folder / 'profile'}"],
            pass_fds=(to_browser[0], from_browser[1]),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    os.close(to_browser[0])
    os.close(from_browser[1])
    try:
        yield Browser(to_browser[1], from_browser[0])
    finally:
        process.kill()
        process.wait()
        os.close(to_browser[1])


class Browser:
    """One browser. write, read: the ends of its pipes."""

    def __init__(self, write: int, read: int):
        self._write = write
        self._answers: dict[int, queue.SimpleQueue[dict[str, Any]]] = {}
        self._pages: dict[str, Page] = {}
        self._number = 0
        self._lock = threading.Lock()
        threading.Thread(target=self._listen, args=(read,), name="browser", daemon=True).start()

    def open(self, path: Path, scheme: str = "light") -> Page:
        """Open a file in a page of its own and return once it is loaded. scheme: "light" or "dark"."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self._pages[session] = Page(self, session)
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            page.call(f"{domain}.enable")
        page.prefer(scheme)
        page.call("Page.navigate", url=path.as_uri())
        page.wait_for("document.readyState == 'complete'")
        return page

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result. Raises RuntimeError when the browser refuses it."""
        with self._lock:
            self._number += 1
            number = self._number
            waiting = self._answers[number] = queue.SimpleQueue()
            message = {"id": number, "method": method, "params": parameters}
            data = json.dumps(message | ({"sessionId": session} if session else {})).encode() + b"\0"
            while data:
                data = data[os.write(self._write, data) :]
        answer = waiting.get(timeout=SECONDS)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def _listen(self, read: int) -> None:
        with os.fdopen(read, "rb") as stream:
            waiting = b""
            while part := stream.read1(1 << 20):  # type: ignore[attr-defined]
                *messages, waiting = (waiting + part).split(b"\0")
                for message in map(json.loads, messages):
                    if "id" in message:
                        self._answers.pop(message["id"]).put(message)
                    elif message.get("sessionId") in self._pages:
                        self._pages[message["sessionId"]].events.append(message)


class Page:
    """One page. events: all that the browser told of it."""

    def __init__(self, of: Browser, session: str):
        self._browser = of
        self._session = session
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command about this page."""
        return self._browser.call(method, self._session, **parameters)

    def run(self, script: str) -> Any:
        """Return the value of an expression in the page, awaited when it is a promise. Raises RuntimeError."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def wait_for(self, script: str) -> None:
        """Return once an expression is true in the page."""
        self.run(
            f"new Promise((done) => {{ const look = () => ({script}) ? done(true) : setTimeout(look, 20); look(); }})"
        )

    def prefer(self, scheme: str, media: str = "") -> None:
        """Let the page be shown to somebody who prefers a light or a dark one. media: "print" for paper."""
        self.call(
            "Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}]
        )

    def requests(self) -> list[str]:
        """The addresses that the page asked for."""
        return [event["params"]["request"]["url"] for event in self._of("Network.requestWillBeSent")]

    def complaints(self) -> list[str]:
        """What the page wrote to its console, its errors, and what the browser says of it."""
        kinds = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        return [json.dumps(event["params"]) for kind in kinds for event in self._of(kind)]

    def nameless(self) -> list[str]:
        """What can be operated and has no name for somebody who does not see the page."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        roles = ("button", "combobox", "searchbox", "textbox", "link", "img", "table")
        return [
            node["role"]["value"]
            for node in nodes
            if not node.get("ignored")
            and node["role"]["value"] in roles
            and not node.get("name", {}).get("value", "").strip()
        ]

    def screenshot(self, path: Path, whole: bool = False) -> None:
        """Write what is seen to a file."""
        found = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(found["data"]))

    def _of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in list(self.events) if event["method"] == kind]
