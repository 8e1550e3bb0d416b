"""A headless Chromium with one page, which runs what a test tells it and answers what came of it.

The page asks its own loopback server for the next script and posts the outcome there; nothing leaves the machine.
"""

from __future__ import annotations

import contextlib
import json
import queue
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PAGE = Path(__file__).with_name("page.html")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND,EXCLUDE 127.0.0.1",
)
PATIENCE = 30  # seconds for one script, the browser's start included


class PageError(Exception):
    """The script in the page threw; the message is its own."""


class Page:
    """The page as a test uses it."""

    def __init__(self, sdk: Path) -> None:
        self._files = {"/": ("text/html", PAGE.read_bytes()), "/sdk.js": ("text/javascript", sdk.read_bytes())}
        self._scripts: queue.SimpleQueue[dict[str, object]] = queue.SimpleQueue()
        self._outcomes: queue.SimpleQueue[dict[str, object]] = queue.SimpleQueue()

    def run(self, script: str, **names: object) -> object:
        """Run the body of an async function; ``paragon`` and ``names`` are at hand; gives back what it returns."""
        self._scripts.put({"script": script, "names": names})
        outcome = self._outcomes.get(timeout=PATIENCE)
        if "error" in outcome:
            raise PageError(outcome["error"])
        return outcome.get("value")

    def reload(self) -> None:
        """A page as a new visitor has it."""
        self._scripts.put({"reload": True})

    def answer(self, path: str) -> tuple[str, bytes]:
        """What the page's server answers to a GET."""
        if path == "/next":
            with contextlib.suppress(queue.Empty):
                return "application/json", json.dumps(self._scripts.get(timeout=5)).encode()
            return "application/json", b"{}"
        return self._files.get(path, ("text/plain", b""))

    def take(self, outcome: bytes) -> None:
        """Take what the page posts."""
        self._outcomes.put(json.loads(outcome))


@contextlib.contextmanager
def open_page(chromium: str, sdk: Path) -> Iterator[Page]:
    """A browser with its page, until the block ends."""
    page = Page(sdk)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            kind, content = page.answer(self.path)
            with contextlib.suppress(OSError):
                self._send(kind, content)

        def do_POST(self) -> None:
            page.take(self.rfile.read(int(self.headers["Content-Length"])))
            self._send("text/plain", b"")

        def _send(self, kind: str, content: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_arguments: object) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="sdk-profile-", ignore_cleanup_errors=True) as profile:
        browser = subprocess.Popen(
            [chromium, *FLAGS, f"--user-data-dir={profile}", f"http://127.0.0.1:{server.server_address[1]}/"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield page
        finally:
            browser.send_signal(signal.SIGTERM)
            try:
                browser.wait(timeout=10)
            except subprocess.TimeoutExpired:
                browser.kill()
                browser.wait()
            server.shutdown()
            server.server_close()
