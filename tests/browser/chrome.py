"""A real browser without a window, spoken to through a pipe (the DevTools protocol): what a page is for a reader.

Every request that leaves the machine would go to a proxy of ours, which writes it down and answers nothing.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

DEADLINE = 60.0
"""How long the browser may take for an answer, seconds: generous, for slow machines."""

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--no-default-browser-check",
    "--disable-default-apps",
    "--disable-features=OptimizationHints,MediaRouter,Translate",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--remote-debugging-pipe",
)
_OWN = (".google.com", ".googleapis.com", ".gvt1.com", ".gstatic.com")
"""Whom a browser asks on its own account. A page that asked them would be told of by the protocol."""


def browser() -> str | None:
    """Return where a browser is; None where there is none."""
    found = next((place for name in _NAMES if (place := shutil.which(name))), None)
    return found or (str(_MAC) if _MAC.exists() else None)


class Proxy:
    """Takes what wants to leave the machine, remembers where it was to go, and lets nothing out."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.getsockname()[1]}"

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            with client, suppress(OSError):
                client.settimeout(5)
                self.asked.append(client.recv(4096).decode("latin-1").split("\r\n", 1)[0])
                client.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def strangers(self) -> list[str]:
        """Return requests that were not the browser's own."""
        return [line for line in self.asked if not any(host in line for host in _OWN)]

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(60)


class Tab:
    """One page in the browser, and all that it complained about or asked for."""

    def __init__(self, chrome: Chrome, session: str) -> None:
        self._chrome = chrome
        self._session = session
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._chrome.call(method, parameters, self._session)

    def open(self, address: str, *, width: int = 1200, height: int = 900) -> None:
        """Open a page and wait until it is there with all that it loads."""
        self.resize(width, height)
        self._chrome.events.clear()
        self.call("Page.navigate", url=address)
        self._chrome.wait_for("Page.loadEventFired", self._session)

    def resize(self, width: int, height: int = 900) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def media(self, *, medium: str = "screen", scheme: str = "light") -> None:
        self.call(
            "Emulation.setEmulatedMedia", media=medium, features=[{"name": "prefers-color-scheme", "value": scheme}]
        )

    def evaluate(self, expression: str) -> Any:
        """Return what an expression in the page comes to."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def complaints(self) -> list[str]:
        """Return what stands in the console: errors, warnings, violations of the page's policy."""
        found = []
        for event in self._of("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            entry = event["params"].get("entry", event["params"])
            found.append(str(entry.get("text") or entry))
        return found

    def requests(self) -> list[str]:
        """Return what was loaded, the page itself first."""
        return [event["params"]["request"]["url"] for event in self._of("Network.requestWillBeSent")]

    def picture(self, place: Path) -> bytes:
        """Take a picture of the whole page."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        place.write_bytes(base64.b64decode(shot["data"]))
        return place.read_bytes()

    def paper(self, place: Path) -> bytes:
        """Print it."""
        place.write_bytes(base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"]))
        return place.read_bytes()

    def _of(self, *methods: str) -> list[dict[str, Any]]:
        self.call("Runtime.evaluate", expression="0")  # whatever was told before this is here now
        return [one for one in self._chrome.events if one["method"] in methods and one["sessionId"] == self._session]


class Chrome:
    """The browser's process."""

    def __init__(self, program: str, profile: Path, proxy: Proxy) -> None:
        self.events: list[dict[str, Any]] = []
        self._number = 0
        self._rest = b""
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        command = [
            program,
            *_FLAGS,
            f"--user-data-dir={profile}",
            f"--proxy-server=http://{proxy.address}",
            "about:blank",
        ]
        # The protocol's two ends are always the third and the fourth.
        shell = ["/bin/bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "browser", *command]
        self._process = subprocess.Popen(
            shell,
            pass_fds=(theirs_in, theirs_out),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)

    def tab(self) -> Tab:
        target = self.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        return Tab(self, self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"])

    def call(self, method: str, parameters: dict[str, Any], session: str | None = None) -> dict[str, Any]:
        self._number += 1
        told = {"id": self._number, "method": method, "params": parameters} | (
            {"sessionId": session} if session else {}
        )
        os.write(self._out, json.dumps(told).encode() + b"\0")
        number = self._number
        while True:
            message = self._next()
            if message.get("id") == number:
                assert "error" not in message, f"{method}: {message['error']}"
                result: dict[str, Any] = message["result"]
                return result

    def wait_for(self, method: str, session: str) -> None:
        while not any(one["method"] == method and one.get("sessionId") == session for one in self.events):
            self._next()

    def _next(self) -> dict[str, Any]:
        """Read one message; what is no answer is kept."""
        deadline = time.monotonic() + DEADLINE
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._in], [], [], max(deadline - time.monotonic(), 0))
            assert ready, f"the browser said nothing for {DEADLINE} s"
            piece = os.read(self._in, 1 << 20)
            assert piece, "the browser ended"
            self._rest += piece
        raw, self._rest = self._rest.split(b"\0", 1)
        message: dict[str, Any] = json.loads(raw)
        if "method" in message:
            self.events.append(message)
        return message

    def close(self) -> None:
        with suppress(AssertionError, OSError):
            self.call("Browser.close", {})
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(60)
        os.close(self._in)
        os.close(self._out)


@contextmanager
def started(program: str, profile: Path) -> Iterator[tuple[Chrome, Proxy]]:
    """Start a browser whose requests go nowhere."""
    proxy = Proxy()
    chrome = Chrome(program, profile, proxy)
    try:
        yield chrome, proxy
    finally:
        chrome.close()
        proxy.close()
