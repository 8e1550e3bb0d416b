"""A running emulator in the hands of a test: what it holds, what it served, what goes wrong and who else writes."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from paragon_sync.emulator import codec
from paragon_sync.emulator.admin import user_view
from paragon_sync.emulator.codec import Json, JsonObject
from paragon_sync.emulator.faults import read_faults
from paragon_sync.emulator.site import Site
from paragon_sync.emulator.writes import Destroyed, Write, destroyed
from paragon_sync.errors import EmulatorError


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """A running emulator."""

    url: str
    project: str
    """The id of its project."""
    signing_key: Path
    """A PEM file that its owner alone can read."""
    site: Site

    def user(self, user: str) -> JsonObject:
        """The full state of a user: ``{id, meta, credentials, subscriptions, resources}``; change nothing in it."""
        return user_view(self.site.users, user)

    def user_text(self, user: str) -> str:
        """The same as JSON, every value as it came."""
        return codec.dumps(self.user(user))

    def users(self) -> list[str]:
        """The ids of the users that exist."""
        return self.site.users.names()

    def requests(self) -> list[Json]:
        """The requests served, the latest last, as ``GET /__emulator/requests`` tells them."""
        return self.site.recorder.to_json()

    def writes(self, *, after: int = 0) -> list[Write]:
        """The writes, in the order in which they were committed; only those after a sequence number."""
        return self.site.log.writes(after=after)

    def destroyed(self) -> list[Destroyed]:
        """The values of portal users that clients' writes changed."""
        return [*destroyed(self.writes())]

    def forget(self) -> None:
        """Forget the requests and writes so far; numbers go on."""
        self.site.recorder.forget()
        self.site.log.forget()

    def faults(self, *rules: Mapping[str, Any], seed: int = 0) -> None:
        """Let these be the faults from now on, ``{"fault": "latency", "seconds": 0.2, …}``; none ends them all."""
        self.site.faults.set(read_faults({"seed": seed, "faults": [*rules]}))

    def portal(self, **habits: Any) -> PortalUser:
        """Let a portal user write from now on; ``habits`` are those of ``PUT /__emulator/portal``.

        Stopped by ``.stop()``, or at the end of a ``with`` block. Raises :class:`EmulatorError`.
        """
        user = PortalUser(self.url)
        user.ask("PUT", codec.from_python(habits))
        return user


@dataclass(frozen=True, slots=True)
class PortalUser:
    """The portal user of a running emulator."""

    url: str

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Let it write no more."""
        self.ask("DELETE")

    def written(self) -> int:
        """How often it has written."""
        written = (codec.as_object(self.ask("GET")) or {})["written"]
        return written if isinstance(written, int) else 0

    def ask(self, method: str, body: Json = None) -> Json:
        """Ask the admin endpoint; the server's own thread does what is to be done."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        try:
            connection.request(method, "/__emulator/portal", None if body is None else codec.dumps(body))
            answer = connection.getresponse()
            told = codec.loads(answer.read())
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise EmulatorError(str((codec.as_object(told) or {}).get("message")))
        return told
