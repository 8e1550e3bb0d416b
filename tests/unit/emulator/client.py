"""A client of one user, as plain as can be: requests go out as bytes, answers come back as text."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from paragon_sync.emulator import Emulator, codec
from paragon_sync.emulator.codec import Json

T = TypeVar("T")


def token(key: Path, user: str, **claims: Any) -> str:
    """A user token; a claim that is None is left out."""
    usual = {"sub": user, "iat": int(time.time()) - 30, "exp": int(time.time()) + 300, **claims}
    told = {name: value for name, value in usual.items() if value is not None}
    return jwt.encode(told, _private(key.read_bytes()), "RS256")


@cache
def _private(pem: bytes) -> RSAPrivateKey:
    key = load_pem_private_key(pem, password=None)
    assert isinstance(key, RSAPrivateKey)
    return key


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its status, its headers by lower-case name, its text."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return codec.loads(self.text)


@dataclass(frozen=True, slots=True)
class Client:
    """Asks an emulator as one user; ``C`` and ``G`` name a credential and a configuration."""

    emulator: Emulator
    user: str

    def ask(self, method: str, path: str, body: Json = None, **headers: str) -> Reply:
        """Ask below the project's path."""
        names = {"C": "X-Paragon-Credential", "G": "X-Paragon-Configuration-Id"}
        given = {names.get(name, name): value for name, value in headers.items()}
        given.setdefault("Authorization", f"Bearer {token(self.emulator.signing_key, self.user)}")
        content = None if body is None else codec.dumps(body).encode("ascii")
        return request(self.emulator, method, f"/projects/{self.emulator.project}{path}", content, given)

    def get(self, path: str, **headers: str) -> Any:
        """What a GET answers, as JSON; it must go well."""
        reply = self.ask("GET", path, **headers)
        assert reply.status == 200, reply.text
        return reply.json


def request(emulator: Emulator | str, method: str, path: str, content: bytes | None, headers: dict[str, str]) -> Reply:
    """Send one request to an emulator, or to its URL."""
    url = emulator if isinstance(emulator, str) else emulator.url
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    try:
        connection.request(method, path, content, headers)
        answer = connection.getresponse()
        text = answer.read().decode("ascii")
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, text)
    finally:
        connection.close()


def wait_for(found: Callable[[], T]) -> T:
    """What is found as soon as there is something, within 20 s."""
    end = time.monotonic() + 20
    while not (one := found()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return one
