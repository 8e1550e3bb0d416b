"""One signed request as the routes see it, and what they answer: plain values, no HTTP library.

A route is a function from a :class:`Call` to an :class:`Answer`; to say no it raises a :class:`Refusal`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from paragon_sync.emulator import codec, writing
from paragon_sync.emulator.codec import Json, JsonObject
from paragon_sync.emulator.options import Readings
from paragon_sync.emulator.passage import Passage, Target
from paragon_sync.emulator.state import Users, UserState
from paragon_sync.emulator.world import World
from paragon_sync.emulator.writes import WriteLog


class Refusal(Exception):
    """An answer that says no, in Paragon's form."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code or str(status)

    def to_json(self) -> JsonObject:
        """The body ``{message, code, status, meta}``; on 400 the message is an array of constraints."""
        message: Json = self.message
        if self.status == 400:  # noqa: PLR2004
            message = [{"constraints": {"invalid": self.message}, "children": []}]
        return {"message": message, "code": self.code, "status": self.status, "meta": {}}


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON answer; ``text`` instead of ``body`` for what is no JSON."""

    body: Json = None
    status: int = 200
    text: str | None = None


@dataclass(slots=True, kw_only=True)
class Call:
    """A request whose token has been verified, and all that it may read and write."""

    method: str
    user: str
    path: Mapping[str, str]
    """The variable parts of the path."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """By lower-case name."""
    content: bytes
    users: Users
    world: World
    readings: Readings
    log: WriteLog
    passage: Passage
    _state: UserState | None = None
    _kept: bool = False

    @property
    def state(self) -> UserState:
        """The user's state now: nothing else is served between a route's first line and its last."""
        if self._state is None:
            self._state = self.users.read(self.user)
        return self._state

    @property
    def seen(self) -> UserState:
        """The state that a read answers: an earlier one where a fault lets reads lag, unless this call has written."""
        passage = self.passage
        if not passage.lag or passage.handled is None or self._kept:
            return self.state
        return self.log.state_at(self.user, passage.handled - passage.lag, self.state)

    def keep(self, state: UserState) -> UserState:
        """Make this the user's state, or what a fault makes of it; return the state that the answer shows."""
        before, target, alter = self.state, self.target, self.passage.alter
        kept = state if alter is None else alter(before, state, target)
        self.users.write(self.user, kept)
        self._state, self._kept = kept, True
        self.log.add(self.passage, target, before, intended=state, after=kept)
        return kept if self.passage.shown == "stored" else state

    @property
    def target(self) -> Target:
        """The credential that a write is for and the id of its configuration, if it has any."""
        if self.passage.path.endswith("/sdk/me"):
            return (None, None)
        identity = self.path.get("credential") or self.credential_header
        credential = None if identity is None else self.state.credential(identity)
        entry = None if credential is None else writing.find_configuration(credential, self.configuration_header)
        return (identity, None if entry is None else str(entry["id"]))

    @property
    def body(self) -> Json:
        """The request's JSON; null for an empty body. Raises :class:`Refusal` for anything else."""
        if not self.content:
            return None
        try:
            return codec.loads(self.content)
        except codec.Unreadable as error:
            raise Refusal(400, f"the body is not JSON: {error}") from None

    @property
    def fields(self) -> JsonObject:
        """The request's JSON object; raises :class:`Refusal` if it is none."""
        fields = codec.as_object(self.body)
        if fields is None:
            raise Refusal(400, "the body must be an object")
        return fields

    @property
    def credential_header(self) -> str | None:
        """The credential that ``X-Paragon-Credential`` names."""
        return self.headers.get("x-paragon-credential") or None

    @property
    def configuration_header(self) -> str | None:
        """The configuration that ``X-Paragon-Configuration-Id`` names."""
        return self.headers.get("x-paragon-configuration-id") or None


Route: TypeAlias = Callable[[Call], Answer]
