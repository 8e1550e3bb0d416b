"""Owns the calls that are made as one user: paths, headers, bodies, and which of them may be tried again.

Knows a transport by its protocol alone; knows nothing of what anybody wants of the answers.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, NamedTuple, Protocol, assert_never
from urllib.parse import quote

from paragon_sync import __version__, jsonvalue
from paragon_sync.errors import JsonError, RefusedError
from paragon_sync.jsonvalue import Json, JsonObject, Repeated
from paragon_sync.model.live import Credential
from paragon_sync.model.moment import Moment, age_seconds, earlier
from paragon_sync.model.planned import DisableWorkflow, EnableWorkflow, PatchConfig, PatchMeta, Request
from paragon_sync.paragon import answers
from paragon_sync.paragon.answers import Call
from paragon_sync.paragon.host import api_base
from paragon_sync.paragon.pages import Pages, is_whole, not_a_list
from paragon_sync.paragon.rate import Limiter, Pace, Reservation
from paragon_sync.paragon.retry import Retrying
from paragon_sync.paragon.signing.signer import Signer
from paragon_sync.paragon.signing.tokens import Token
from paragon_sync.paragon.transport import FailureKind, HttpRequest, HttpResponse, Transport, TransportFailure

CREDENTIAL: Final = "X-Paragon-Credential"
CONFIGURATION: Final = "X-Paragon-Configuration-Id"

_ALWAYS: Final = {"Accept": "application/json", "User-Agent": f"paragon-sync/{__version__}"}
_NONE: Final[Mapping[str, str]] = {}
_JSON: Final = {"Content-Type": "application/json"}

_CHANCES: Final = 1.5  # time-outs after which a host that has answered nothing at all is given up

_log = logging.getLogger("paragon_sync.http")


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """The answer of GET /sdk/me, and the metadata in it (``{}`` where it has none)."""

    raw: JsonObject
    meta: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A write that was answered well; ``errors`` may stand in an otherwise good answer."""

    errors: tuple[str, ...]
    started: Moment
    answered: Moment
    body: bytes = b""
    """The answer's body, for :meth:`UserSession.json_of`: it is parsed only where it matters."""


class Gate(Protocol):
    """What decides right before a write leaves whether it may."""

    def passes(self, pause_seconds: float) -> bool:
        """Return whether the write may leave now; if not, :meth:`prepare` is called, and then this again.

        ``pause_seconds`` is how long a server's ``Retry-After`` still forbids it. Raise if it must not leave.
        """

    async def prepare(self) -> None:
        """Do what may take time; raise if the write must not leave."""


class Exchange(NamedTuple):
    """One request that was answered, however."""

    response: HttpResponse
    started: Moment
    answered: Moment


class Read(NamedTuple):
    """A GET that was answered well: the JSON, and the response that held it."""

    answer: Json
    response: HttpResponse


class Client:
    """One project's API. Everything that a run sends goes through one client, and so through one limiter."""

    def __init__(
        self,
        transport: Transport,
        *,
        host: str,
        project: str,
        signer: Signer,
        limiter: Limiter | None = None,
        retrying: Retrying | None = None,
        timeout: float = 30.0,
        monotonic: Callable[[], float] = time.monotonic,
        notice: Callable[[str], None] = lambda _: None,
    ) -> None:
        """``notice`` is told, once, of a host that lets everybody wait."""
        self.base = api_base(host)
        self.project = project
        self.signer = signer
        self.retrying = retrying or Retrying()
        self._monotonic = monotonic
        self._transport = transport
        self._limiter = limiter or Limiter()
        self._timeout = timeout
        self._notice = notice
        self._asked: float | None = None  # when the first request was sent
        self._heard = self._noticed = False
        self._root = f"{self.base}/projects/{_quoted(project)}"

    def user(self, user: str) -> UserSession:
        """The API as this user sees it; its token lives as long as the session."""
        return UserSession(self, user)

    async def aclose(self) -> None:
        """Close the transport."""
        await self._transport.aclose()

    def reserve(self, turns: int) -> Reservation:
        """Return a reservation of so many turns of the limiter, for a read and the writes that rest on it."""
        return self._limiter.reserve(turns)

    async def exchange(
        self,
        call: Call,
        authorized: Callable[[], Awaitable[Mapping[str, str]]],
        headers: Mapping[str, str] = _NONE,
        body: bytes | None = None,
        *,
        urgent: bool = False,
    ) -> Exchange:
        """Send one request when its turn comes; raises :class:`HostError` where no whole answer comes back.

        ``authorized`` gives the headers with a token, and is called only then: a token must not end while its request
        waits. An ``urgent`` request goes first.
        """
        async with self._limiter.slot(urgent=urgent) as began:
            return await self._exchange(call, self._request(call, await authorized(), headers, body), began)

    async def exchange_within(
        self,
        reservation: Reservation,
        call: Call,
        authorized: Callable[[], Awaitable[Mapping[str, str]]],
        headers: Mapping[str, str] = _NONE,
        body: bytes | None = None,
        *,
        gate: Gate | None = None,
    ) -> Exchange:
        """Send one request of a reservation, as :meth:`exchange`; it waits only while a ``Retry-After`` forbids it.

        Nothing is awaited between the last check of the ``gate`` and the request.
        """
        while True:
            common = await authorized()
            pause = self._limiter.pause_seconds
            if gate.passes(pause) if gate is not None else not pause:
                break
            await asyncio.sleep(pause)
            if gate is not None:
                await gate.prepare()
        began = reservation.begin()
        try:
            return await self._exchange(call, self._request(call, common, headers, body), began)
        finally:
            reservation.end(began)

    def _request(
        self, call: Call, common: Mapping[str, str], headers: Mapping[str, str], body: bytes | None
    ) -> HttpRequest:
        return HttpRequest(
            method=call.method,
            url=self._root + call.path,
            headers={**common, **headers} if headers else common,
            body=body,
            timeout=self._timeout,
        )

    async def _exchange(self, call: Call, request: HttpRequest, began: float) -> Exchange:
        """Send the request, whose turn ``began`` then, and report to the limiter how it ended."""
        started = self.clock()
        if self._asked is None:
            self._asked = started.monotonic
        ended: object = "given up"
        try:
            response = await self._transport.send(request)
            ended = response.status
            self._heard = True
            self._tell(began, response)
        except TransportFailure as failure:
            ended = failure.kind
            error = answers.failed(call, failure)
            if failure.kind is FailureKind.TIMED_OUT:
                self._limiter.silent(began)
                error.transient = self._may_answer()
            raise error from None
        finally:
            answered = self.clock()
            if _log.isEnabledFor(logging.DEBUG):
                took = (answered.monotonic - started.monotonic) * 1000
                _log.debug("%s %s %s %.0f ms", call.method, call.path, ended, took)
        return Exchange(response=response, started=started, answered=answered)

    @property
    def pace(self) -> Pace:
        """How fast the requests go now, and how often and for how long the server held them up."""
        return self._limiter.pace

    def _tell(self, began: float, response: HttpResponse) -> None:
        """Let the limiter learn from an answer."""
        if not answers.is_good(response) and answers.is_too_much(response):
            self._limiter.refused(began, answers.retry_after(response, self.signer.clock()))
        else:
            self._limiter.served(began)

    def _may_answer(self) -> bool:
        """Whether a request that timed out is worth another one: a host that never answered gets two chances alone."""
        if self._heard or self._asked is None:
            return True
        waited = self._monotonic() - self._asked
        again = waited < _CHANCES * self._timeout
        if again and not self._noticed:
            self._noticed = True
            self._notice(f"{self.base} has not answered for {waited:.0f} s: trying once more")
        return again

    def clock(self) -> Moment:
        """Return the time by the clocks that everything is timed with."""
        return Moment(self._monotonic(), self.signer.clock())

    @property
    def now(self) -> Moment:
        """The time by the clocks that everything is timed with."""
        return self.clock()


class UserSession:
    """The calls made as one user, with one token, which is made anew when it ends or once it isn't accepted."""

    def __init__(self, client: Client, user: str) -> None:
        self.user = user
        self.asked: Moment | None = None
        """When the latest read that was answered well was sent."""
        self.answered: Moment | None = None
        """When that read was answered."""
        self.reservation: Reservation | None = None
        """The reservation that its requests use; a read within one is sent once, and its caller retries."""
        self.hurried = False
        """Whether its reads go before those of others: where a window is open until they are answered."""
        self.clock = client.clock
        """Returns the time by the clocks that the answers are timed with."""
        self._client = client
        self._token: Token | None = None
        self._common: Mapping[str, str] = _ALWAYS

    @property
    def now(self) -> Moment:
        """The time by the clocks that the answers are timed with."""
        return self._client.now

    @property
    def retrying(self) -> Retrying:
        """The retry policy of the client, with its clock and chance."""
        return self._client.retrying

    def json_of(self, sent: Sent) -> Json:
        """Return the JSON of the answer to a write, or None where it holds none."""
        try:
            return jsonvalue.loads(sent.body)
        except JsonError:
            return None

    async def credentials(self) -> tuple[Credential, ...]:
        """GET /sdk/credentials: every connected account of the user, as the API gave it, deleted ones included."""
        call = self._call("GET", "/sdk/credentials")
        found = await self._objects(call)
        if not all(type(raw.get("id")) is str for raw in found):
            raise answers.malformed(call, "a credential without an id")
        credentials = tuple(map(Credential, found))
        _check_ids(call, "credentials", found)
        for credential in credentials:
            _check_ids(call, "configurations", credential.configurations)
        return credentials

    async def me(self) -> Me:
        """GET /sdk/me; raises :class:`RefusedError` where the answer is ``authenticated: false``."""
        call = self._call("GET", "/sdk/me")
        raw = _carried(call, (await self._read(call)).answer, "the answer")
        meta = raw.get("meta")
        return Me(raw=raw, meta={} if meta is None else _carried(call, meta, "the metadata"))

    async def integrations(self) -> list[JsonObject]:
        """GET /sdk/integrations: what this user may see of the project's integrations."""
        return await self._objects(self._call("GET", "/sdk/integrations"))

    async def send(self, request: Request, gate: Gate | None = None, secrets: Collection[str] = ()) -> Sent:
        """Send one write, once: a caller that retries reads first. Drop a token that the API didn't accept.

        The ``gate`` is checked last, right before the request leaves. ``secrets`` are those in the request.
        """
        call, routing, body = self._written(request)
        call = call._replace(secrets=tuple(secrets))
        content, typed = (None, _NONE) if body is None else (body.encode("ascii"), _JSON)
        exchange = await self._sent(call, {**routing, **typed}, content, gate)
        response = exchange.response
        errors = () if answers.tells_nothing(response) else _errors(call, self._answer(call, exchange))
        return Sent(errors=errors, started=exchange.started, answered=exchange.answered, body=response.body)

    def _written(self, request: Request) -> tuple[Call, dict[str, str], str | None]:
        """The call, the headers C and G, and the body, where it has one."""
        match request:
            case PatchConfig(credential=credential, configuration=configuration):
                call = self._call("PATCH", f"/sdk/credentials/{_quoted(credential)}", credential)
                return call, _routing(credential, configuration), jsonvalue.dumps({"config": request.config})
            case PatchMeta(meta=meta):
                return self._call("PATCH", "/sdk/me"), {}, jsonvalue.dumps({"meta": meta})
            case EnableWorkflow(credential=credential, configuration=configuration, workflow=workflow):
                call = self._call("POST", f"/sdk/workflows/{_quoted(workflow)}", credential)
                return call, _routing(credential, configuration), None
            case DisableWorkflow(credential=credential, configuration=configuration, workflow=workflow):
                call = self._call("DELETE", f"/sdk/workflows/{_quoted(workflow)}", credential)
                return call, _routing(credential, configuration), None
            case _:
                assert_never(request)

    async def _objects(self, call: Call) -> list[JsonObject]:
        """Read a list, all of its pages; ``asked`` is when the first of them was sent.

        The time between two pages counts as age of the first: ``answered`` is so much earlier.
        """
        answer = await self._read(call)
        entries = _listed(call, answer.answer)
        if is_whole(answer.response):
            return entries
        pages, asked, idle = Pages(call), self.asked, 0.0
        following = pages.add(entries, answer.response)
        while following is not None:
            before = self.answered
            answer = await self._read(following)
            if before is not None and self.asked is not None:
                idle += age_seconds(before, self.asked)
            following = pages.add(_listed(following, answer.answer), answer.response)
        if idle and self.answered is not None:
            self.answered = earlier(self.answered, idle)
        self.asked = asked
        return pages.entries

    async def _read(self, call: Call) -> Read:
        """Send one GET, again by the client's policy, and once with a new token where the old one isn't accepted.

        Within a reservation the policy is the caller's: a slot must not be held while it waits for the next attempt.
        """
        renewed = False

        async def attempt() -> Read:
            nonlocal renewed
            try:
                return await self._ask(call)
            except RefusedError:
                if renewed or self._token is not None:
                    raise
            renewed = True
            return await self._ask(call)

        return await (attempt() if self.reservation is not None else self._client.retrying.call(attempt))

    async def _ask(self, call: Call) -> Read:
        """What one GET is answered."""
        exchange = await self._sent(call)
        answer = self._answer(call, exchange)
        self.asked, self.answered = exchange.started, exchange.answered
        return Read(answer, exchange.response)

    async def _sent(
        self,
        call: Call,
        headers: Mapping[str, str] = _NONE,
        body: bytes | None = None,
        gate: Gate | None = None,
    ) -> Exchange:
        """Send one request, with a token that is still valid."""
        if self.reservation is not None:
            return await self._client.exchange_within(
                self.reservation, call, self._authorized, headers, body, gate=gate
            )
        await self._authorized()  # no slot is held while the token is signed
        return await self._client.exchange(call, self._authorized, headers, body, urgent=self.hurried)

    async def reserve(self, turns: int) -> None:
        """Send the requests from now on in one reservation of so many turns, until :meth:`release`."""
        await self._authorized()  # no slot is held while the token is signed
        reservation = self._client.reserve(turns)
        await reservation.enter()
        self.reservation = reservation

    def release(self) -> None:
        """End the reservation, if there is one."""
        if self.reservation is not None:
            self.reservation.release()
            self.reservation = None

    def _answer(self, call: Call, exchange: Exchange) -> Json:
        """The JSON of a good answer; drops a token that wasn't accepted."""
        response, now = exchange.response, exchange.answered.wall
        if response.status == HTTPStatus.UNAUTHORIZED:
            self._token = None
        answer = answers.read_json(call, response, now)
        if isinstance(answer, dict) and answer.get("authenticated") is False:
            self._token = None
            raise answers.unauthorized(call, response, now)
        return answer

    async def _authorized(self) -> Mapping[str, str]:
        """The headers that every request has."""
        signer = self._client.signer
        if self._token is None or not self._token.usable(signer.clock()):
            self._token = await signer.token(self.user)
            self._common = {**_ALWAYS, "Authorization": f"Bearer {self._token.text}"}
        return self._common

    def _call(self, method: str, path: str, credential: str | None = None) -> Call:
        client = self._client
        return Call(
            method=method, path=path, base=client.base, project=client.project, user=self.user, credential=credential
        )


def _routing(credential: str, configuration: str | None) -> dict[str, str]:
    return {CREDENTIAL: credential} | ({CONFIGURATION: configuration} if configuration else {})


def _check_ids(call: Call, what: str, among: Sequence[JsonObject]) -> None:
    """A write names its target by the id alone: where two share one, nobody can tell what it would replace."""
    if len(among) <= 1:
        return
    seen: set[str] = set()
    for one in among:
        found = one.get("id")
        if isinstance(found, str) and found in seen:
            raise answers.malformed(call, f"two {what} with the id {found!r}")
        if isinstance(found, str):
            seen.add(found)


def _listed(call: Call, answer: Json) -> list[JsonObject]:
    """Return the entries of an answer that must be a list of objects."""
    if not isinstance(answer, list):
        raise not_a_list(call, answer)
    objects = [item for item in answer if isinstance(item, dict)]
    if len(objects) == len(answer):
        return objects
    return [_carried(call, item, f"entry {number} of the answer") for number, item in enumerate(answer, 1)]


def _carried(call: Call, value: Json, what: str) -> JsonObject:
    """The value, which must be an object; one with a repeated key has no meaning that all readers share."""
    if isinstance(value, dict):
        return value
    if isinstance(value, Repeated):
        raise answers.malformed(call, f"{what} has the key {value.keys[0]!r} twice, and can't be carried")
    raise answers.malformed(call, f"{what} is not an object")


def _errors(call: Call, answer: Json) -> tuple[str, ...]:
    """Return the ``errors`` that may be in an otherwise good answer."""
    errors = answer.get("errors") if isinstance(answer, dict) else None
    found = errors if isinstance(errors, list) else []
    return tuple(call.quote(error if isinstance(error, str) else jsonvalue.dumps(error)) for error in found)


def _quoted(part: str) -> str:
    return quote(part, safe="", errors="surrogatepass")
