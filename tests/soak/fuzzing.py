"""An API in memory that answers whatever it is told to, and judges each write by the answers that it gave before."""

from __future__ import annotations

import asyncio
import json
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any, Final

from paragon_sync.errors import JsonError
from paragon_sync.jsonvalue import Json, dumps, loads
from paragon_sync.paragon.client import CONFIGURATION, CREDENTIAL, Client
from paragon_sync.paragon.rate import Limiter
from paragon_sync.paragon.retry import Retrying, RetryPolicy
from paragon_sync.paragon.signing.key import SigningKey, read_key
from paragon_sync.paragon.signing.signer import Signer
from paragon_sync.paragon.signing.tokens import Token
from paragon_sync.paragon.transport import FailureKind, Headers, HttpRequest, HttpResponse, TransportFailure
from tests.soak.mutants import spoil_bytes, spoil_json

LONGEST: Final = 20.0
"""Seconds after which an input counts as a hang; none takes more than a fraction of one."""
AT_ONCE: Final = RetryPolicy(attempts=2, base=0.0, longest=0.0, longest_asked=0.0)
KEPT_BY_THE_API: Final = frozenset(
    {"id", "externalId", "isDefault", "connectCredentialId", "dateCreated", "dateUpdated", "dateDeleted"}
)
STATUSES: Final = (200, 201, 204, 299, 302, 400, 401, 403, 404, 409, 418, 429, 500, 503, 599, 999)
RETRY_AFTER: Final = (
    "",
    "0",
    "-1",
    "1e9",
    "9" * 400,
    "soon",
    "Wed, 99 Foo 2026 99:99:99 GMT",
    "Fri, 01 Jan 2100 00:00:00 GMT",
)

NOTHING: Final = "nothing"
Leaf = tuple[tuple[str, ...], Any]


class Lost(AssertionError):
    """A write that drops a value which stood in the answer before it."""


class Hang(AssertionError):
    """An input that takes too long."""


@contextmanager
def bounded(what: str) -> Iterator[None]:
    """Raise :class:`Hang` where the block takes too long, even if it never waits."""

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise Hang(f"{what}: more than {LONGEST:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, LONGEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@dataclass(kw_only=True)
class MemoryApi:
    """One user's API. ``spoiled`` is the number of the exchange whose answer is spoiled, from 1; None for none."""

    credentials: str
    me: str
    integrations: str
    chance: random.Random
    spoiled: int | None = None
    managed: Callable[[tuple[str, ...]], bool] = lambda _: False
    writes: int = 0
    _asked: int = 0
    _served: dict[str, bytes] = field(default_factory=dict)

    async def send(self, request: HttpRequest) -> HttpResponse:
        self._asked += 1
        path = "/sdk" + request.url.partition("/sdk")[2]
        if request.method != "GET":
            self.writes += 1
            if request.method == "PATCH":
                self._judge(path, request)
                self._take(path, request)
        response = HttpResponse(status=200, body=self._answer(request.method, path))
        if self._asked == self.spoiled:
            response = self._spoil(response)
        if request.method == "GET":
            self._served[path] = response.body
        return response

    async def aclose(self) -> None:
        pass

    def _answer(self, method: str, path: str) -> bytes:
        if method == "GET":
            found = {"/sdk/credentials": self.credentials, "/sdk/me": self.me, "/sdk/integrations": self.integrations}
            return found[path].encode("utf-8", "surrogatepass")
        return b'{"errors": []}'

    def _spoil(self, response: HttpResponse) -> HttpResponse:
        text = response.body
        match self.chance.randrange(10):
            case 0:
                raise TransportFailure(self.chance.choice(list(FailureKind)), "spoiled")
            case 1 | 2:
                after = Headers([("retry-after", self.chance.choice(RETRY_AFTER)), ("date", "x")])
                body = self.chance.choice(
                    (b"", b"<html><title>No</title>", b'{"message":[{"children":[1]}],"code":{}}', text)
                )
                return HttpResponse(status=self.chance.choice(STATUSES), headers=after, body=body)
            case 3 | 4 | 5:
                return HttpResponse(status=200, body=spoil_bytes(self.chance, text))
            case _:
                return HttpResponse(status=200, body=self._restructured(text))

    def _restructured(self, text: bytes) -> bytes:
        try:
            return spoil_json(self.chance, text.decode()).encode("utf-8", "surrogatepass")
        except (ValueError, RecursionError):
            return spoil_bytes(self.chance, text)

    def _judge(self, path: str, request: HttpRequest) -> None:
        """Each value of the last answer must be in the body, unless it is managed."""
        body = _parsed(request.body or b"")
        if path == "/sdk/me":
            expected = _values(_parsed(self._served[path]), "meta")
            self._compare(expected, body["meta"])
            return
        credential, configuration = request.headers[CREDENTIAL], request.headers.get(CONFIGURATION)
        for entry in _sources(self._served, credential, configuration):
            self._compare(entry, body["config"])

    def _compare(self, expected: Any, sent: Any) -> None:
        kept = dict(_leaves(sent))
        for at, value in _leaves(expected):
            if self.managed(at) or (value == "{}" and any(other[: len(at)] == at for other in kept)):
                continue
            if kept.get(at, NOTHING) != value:
                raise Lost(f"{'/'.join(at)}: {value!r} was in the answer, and {kept.get(at, NOTHING)!r} was sent")

    def _take(self, path: str, request: HttpRequest) -> None:
        """Keep what was written, where what is held has a place for it."""
        try:
            body = loads(request.body or b"")
            assert isinstance(body, dict)
            if path == "/sdk/me":
                held = loads(self.me)
                if isinstance(held, dict):
                    self.me = dumps(held | {"meta": body["meta"]})
                return
            held = loads(self.credentials)
            for credential in held if isinstance(held, list) else ():
                if isinstance(credential, dict) and credential.get("id") == request.headers[CREDENTIAL]:
                    _replace(credential, request.headers.get(CONFIGURATION), body["config"])
            self.credentials = dumps(held)
        except JsonError:
            return  # what is held can't be changed: this server keeps no write


def _replace(credential: dict[str, Json], configuration: str | None, config: Json) -> None:
    entries = credential.get("configurations")
    if configuration is None:
        credential["config"] = config
        return
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and entry.get("id") == configuration and isinstance(config, dict):
            for key in [key for key in entry if key not in KEPT_BY_THE_API]:
                del entry[key]
            entry.update(config)


def _sources(served: dict[str, bytes], credential: str, configuration: str | None) -> Iterator[Any]:
    """What the last answer said of a configuration."""
    listed = _parsed(served["/sdk/credentials"])
    for one in listed:
        if _values(one, "id") != credential:
            continue
        if configuration is None:
            yield _values(one, "config")
        entries = _values(one, "configurations")
        for entry in entries if isinstance(entries, list) else ():
            if configuration is not None and _values(entry, "id") == configuration:
                yield {key: value for key, value in entry.items() if key not in KEPT_BY_THE_API}


@dataclass(frozen=True)
class Digits:
    """A number as its text."""

    text: str


def _parsed(body: bytes) -> Any:
    """JSON by the standard library, numbers as text; an object that has a key twice is the list of its pairs."""

    def pairs(found: list[tuple[str, Any]]) -> Any:
        return dict(found) if len(dict(found)) == len(found) else ["twice", *found]

    text = body.decode("utf-8").removeprefix("\ufeff")
    return json.loads(text, parse_int=Digits, parse_float=Digits, object_pairs_hook=pairs)


def _values(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _leaves(value: Any, at: tuple[str, ...] = ()) -> Iterator[Leaf]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, (*at, key))
    elif at:
        yield at, json.dumps(value, default=str) if isinstance(value, dict | list) else value


@cache
def _key(signing_key: Path) -> SigningKey:
    return read_key(signing_key.read_text("ascii"))


class Unsigned(Signer):
    """Tokens that nobody checks."""

    async def token(self, user: str) -> Token:
        return Token(text=f"token-of-{len(user)}", expires=self.clock() + 3600)


class Unhurried(Limiter):
    """Lets everybody pass at once, whatever the answers say."""

    def refused(self, turn: Any, retry_after: float | None = None) -> None:  # noqa: ARG002
        self.served(turn)


def client_of(api: MemoryApi, signing_key: Path) -> Client:
    """A client that never waits."""

    async def at_once(_seconds: float) -> None:
        await asyncio.sleep(0)

    return Client(
        api,
        host="http://127.0.0.1:1",
        project="p",
        signer=Unsigned(_key(signing_key), "p"),
        limiter=Unhurried(),
        retrying=Retrying(AT_ONCE, sleep=at_once),
    )
