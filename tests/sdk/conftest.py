"""What the SDK's tests need: one browser for all of them, one emulator and one fresh page for each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest

from paragon_sync.emulator import Emulator, codec, running
from paragon_sync.emulator.codec import JsonObject
from tests.sdk.browser import PATIENCE, Page, open_page
from tests.sdk.package import Missing, chromium, sdk_script

USER = "u/1 ~.ü"
HERE = Path(__file__).parent

AUTHENTICATE = """
const services = ["ZEUS", "HERMES", "CONNECT", "DASHBOARD", "PASSPORT", "CDN", "WORKER_PROXY", "API_TRIGGER_KIT"];
const urls = Object.fromEntries(services.map(name => [name + "_PUBLIC_URL", url]));
paragon.configureGlobal({host: "emulator.invalid"}, {...urls, PASSPORT_PRODUCTION_URL: url});
await paragon.authenticate(project, token);
"""


@pytest.fixture(scope="session")
def browser() -> Iterator[Page]:
    """One Chromium for the whole session."""
    try:
        program, sdk = chromium(), sdk_script()
    except Missing as missing:
        pytest.skip(str(missing))
    with open_page(program, sdk) as page:
        yield page


@pytest.fixture(scope="session")
def signing_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One key for all emulators: making it takes longer than starting one."""
    with running() as emulator:
        key = tmp_path_factory.mktemp("key") / "key.pem"
        key.write_bytes(emulator.signing_key.read_bytes())
    return key


@dataclass(frozen=True, slots=True)
class Visit:
    """A user's page with the SDK, against an emulator of its own."""

    page: Page
    emulator: Emulator

    @property
    def state(self) -> JsonObject:
        """The user's full state in the emulator."""
        return self.emulator.user(USER)

    def authenticate(self) -> None:
        """What an application does first."""
        claims = {"sub": USER, "iat": int(time.time()) - 30, "exp": int(time.time()) + 300}
        claims["aud"] = f"useparagon.com/{self.emulator.project}"
        token = jwt.encode(claims, self.emulator.signing_key.read_text(), "RS256")
        self.page.run(AUTHENTICATE, url=self.emulator.url, project=self.emulator.project, token=token)
        until = time.monotonic() + PATIENCE
        while not any(request["path"] == "/ui" for request in self.sent()) and time.monotonic() < until:
            time.sleep(0.01)  # the browser loads the portal's page when it likes

    def sent(self) -> list[JsonObject]:
        """The requests until now, in the form of ``expected_requests.jsonl``."""
        return [_facts(codec.as_object(request) or {}) for request in self.emulator.requests()]


def _facts(request: JsonObject) -> JsonObject:
    headers = codec.as_object(request["headers"]) or {}
    query = f"?{request['query']}" if request["query"] else ""
    told = {name: value for name, value in headers.items() if name != "user-agent"}
    if request["path"] == "/ui":  # the browser loads this page, not the SDK
        told, query = {}, ""
    facts: JsonObject = {"method": request["method"], "path": f"{request['path']}{query}", "headers": told}
    return facts if request["body"] is None else {**facts, "body": request["body"]}


@pytest.fixture
def visit(browser: Page, signing_key: Path, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A fresh page and a fresh emulator; parametrize it with other readings of the API than the usual."""
    readings: dict[str, Any] = getattr(request, "param", {})
    browser.reload()
    with running(HERE / "fixture.json", signing_key=signing_key, **readings) as emulator:
        yield Visit(browser, emulator)
