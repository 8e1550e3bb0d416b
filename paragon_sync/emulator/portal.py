"""A person in the portal who saves at random moments, as the vendor's SDK does: whole sections, from memory.

Writes through the same routes as a request. Knows nothing of HTTP, nor of who else writes.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from paragon_sync.emulator import codec, records, routes_user
from paragon_sync.emulator.calls import Call, Refusal, Route
from paragon_sync.emulator.codec import Json, JsonObject
from paragon_sync.emulator.passage import Passage
from paragon_sync.emulator.site import Site
from paragon_sync.emulator.state import UserState, configurations
from paragon_sync.emulator.values import Place, holder, values, with_value

_BOUNDS: Final = {
    "rate": (0, 10_000.0),
    "authenticate": (0, 1.0),
    "follow": (0, 1.0),
    "within": (0, 600.0),
    "writes": (1, 10**9),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How a portal user goes about it."""

    rate: float = 5
    """Writes a second on average, at random moments; 0 writes only what ``follow`` says."""
    seed: int = 0
    users: tuple[str, ...] = ("*",)
    values: tuple[str, ...] = ("/sharedSettings/*",)
    """Patterns of the paths of values that are there; a path without a wildcard is also added where it isn't."""
    authenticate: float = 0.2
    """How probably the memory is fetched anew before a write; otherwise it is as old as it is."""
    follow: float = 0
    """How probably a client's read of a user's credentials is followed by a write to that user …"""
    within: float = 0.05
    """… in a random moment of so many seconds."""
    writes: int | None = None
    """Stop after so many."""


def read_habits(given: Json) -> Habits:
    """Habits from JSON; raises :class:`EmulatorError`."""
    told = codec.as_object(given)
    if told is None:
        raise records.Unfit("portal: must be an object")
    return records.filled(Habits(), told, "portal", _BOUNDS)


class Portal:
    """The portal user of an emulator; to be used within its event loop."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._habits = Habits()
        self._random = random.Random(0)  # noqa: S311 - reproducible on purpose
        self._memory: dict[str, UserState] = {}
        self._reads: Counter[str] = Counter()
        self._writing: asyncio.Task[None] | None = None
        self._number = 0
        self.written = 0
        self.active = False

    def start(self, habits: Habits) -> None:
        """Write from now on, with an empty memory."""
        self.stop()
        self._habits = habits
        self._random = random.Random(habits.seed)  # noqa: S311
        self._memory.clear()
        self._reads.clear()
        self.written = self._number = 0
        self.active = True
        if habits.rate:
            self._writing = asyncio.get_running_loop().create_task(self._write_at_random())

    def stop(self) -> None:
        """Write no more."""
        self.active = False
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None

    def to_json(self) -> JsonObject:
        """What it does and how often it has done so."""
        return {"active": self.active, "written": self.written, **records.to_json(self._habits)}

    def noticed(self, user: str) -> None:
        """A client has read this user's credentials; to be told only while active."""
        habits = self._habits
        self._reads[user] += 1
        chance = random.Random(f"{habits.seed}:{user}:{self._reads[user]}")  # noqa: S311
        if chance.random() < habits.follow and _any(user, habits.users):
            delay = chance.uniform(0, habits.within)
            asyncio.get_running_loop().call_later(delay, self._write, user, chance, habits)

    async def _write_at_random(self) -> None:
        habits, chance = self._habits, self._random
        users = [user for user in self._site.users.names() if _any(user, habits.users)]
        due = time.monotonic()
        while users and self.active:
            due += chance.expovariate(habits.rate)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self._write(chance.choice(users), chance, habits)

    def _write(self, user: str, chance: random.Random, habits: Habits) -> None:
        # What was to follow a read may come due when another portal user, or none, is there.
        if not self.active or habits is not self._habits:
            return
        if user not in self._memory or chance.random() < habits.authenticate:
            self._memory[user] = self._site.users.read(user)
        memory = self._memory[user]
        places = _places(memory, habits.values)
        if not places:
            return
        place = chance.choice(places)
        self._number += 1
        old = values(memory).get(place)
        switch = isinstance(old, bool) or place.keys[2:] == ("enabled",)
        new = old is not True if switch else f"portal-{habits.seed}-{self._number}"
        self._memory[user] = with_value(memory, place, new)
        try:
            self._send(user, place, _saving(self._memory[user], place))
        except Refusal:
            del self._memory[user]  # the account is gone: whoever is told so looks again
            return
        self.written += 1
        if self.written == habits.writes:
            self.stop()

    def _send(self, user: str, place: Place, saving: _Saving) -> None:
        site, now = self._site, time.monotonic()
        passage = Passage(
            who="portal",
            method=saving.method,
            path=f"/projects/{site.world.id}{saving.path}",
            received=now,
            user=user,
            handled=now,
            meant=place.pointer,
        )
        named = {"x-paragon-credential": place.credential, "x-paragon-configuration-id": place.configuration}
        answer = saving.route(
            Call(
                method=saving.method,
                user=user,
                path=saving.variables,
                query={},
                headers={name: value for name, value in named.items() if value is not None},
                content=b"" if saving.body is None else codec.dumps(saving.body).encode("ascii"),
                users=site.users,
                world=site.world,
                readings=site.readings,
                log=site.log,
                passage=passage,
            )
        )
        passage.status, passage.answered = answer.status, time.monotonic()


@dataclass(frozen=True, slots=True)
class _Saving:
    """A request of the portal's, as far as it differs from others."""

    method: str
    path: str
    route: Route
    variables: dict[str, str]
    body: Json = None


def _saving(memory: UserState, place: Place) -> _Saving:
    """What the SDK sends for a value like this: the metadata, a switch, or the whole section from memory."""
    if place.credential is None:
        return _Saving("PATCH", "/sdk/me", routes_user.patch_me, {}, {"meta": memory.meta})
    section, *deeper = place.keys
    if deeper[1:] == ["enabled"]:
        method = "POST" if values(memory)[place] is True else "DELETE"
        return _Saving(method, f"/sdk/workflows/{deeper[0]}", routes_user.switch_workflow, {"workflow": deeper[0]})
    body: JsonObject = {"config": {section: holder(memory, place)[section]}}
    path = f"/sdk/credentials/{place.credential}"
    return _Saving("PATCH", path, routes_user.patch_credential, {"credential": place.credential}, body)


def _places(memory: UserState, patterns: tuple[str, ...]) -> list[Place]:
    """What a portal user may change: values that are there, and those that a pattern names outright."""
    found = [place for place in values(memory) if _any(place.pointer, patterns) and not _mirrored(memory, place)]
    pointers = {(place.credential, place.configuration, place.pointer) for place in found}
    for pattern in patterns:
        if not set(pattern) & set("*?["):
            keys = tuple(key.replace("~1", "/").replace("~0", "~") for key in pattern.split("/")[1:])
            homes = [(None, None)] if keys[0] == "meta" else _homes(memory)
            found += [Place(*home, keys) for home in homes if (*home, pattern) not in pointers]
    return found


def _homes(memory: UserState) -> list[tuple[str | None, str | None]]:
    homes: list[tuple[str | None, str | None]] = []
    for credential in memory.credentials:
        entries = configurations(credential)
        homes += [(str(credential["id"]), str(entry["id"])) for entry in entries]
        homes += [] if entries else [(str(credential["id"]), None)]
    return homes


def _mirrored(memory: UserState, place: Place) -> bool:
    """Whether the value stands in a ``config`` that follows a configuration: the SDK knows the configuration alone."""
    credential = memory.credential(place.credential or "")
    return credential is not None and place.configuration is None and bool(configurations(credential))


def _any(text: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)
