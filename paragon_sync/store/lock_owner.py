"""Who holds a lock, and what an attempt to take it comes to: the nouns of locking. Knows no way of holding one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from paragon_sync.errors import JsonError
from paragon_sync.store import encoding


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who holds a lock, or held it last. ``since`` is ISO 8601 in UTC; ``run`` is None until the run has begun."""

    project: str
    environment: str
    actor: str
    host: str
    pid: int
    since: str
    run: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The lock is ours. ``before`` left it without letting go: its process is gone."""

    before: Owner | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """Somebody holds it; ``owner`` is None where that can't be read yet."""

    owner: Owner | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubtful:
    """Nobody holds it as far as this machine can see, and its owner was on another one."""

    owner: Owner


Attempt: TypeAlias = Held | Busy | Doubtful


class Lock(Protocol):
    """How a lock is held. Raises :class:`StateError` where it can't be told."""

    def attempt(self, owner: Owner) -> Attempt:
        """Takes it if that is possible at once."""
        ...

    def tell(self, owner: Owner) -> None:
        """Says more of its owner, while it is held."""
        ...

    def release(self) -> None: ...


class Standing(Protocol):
    """A lock as somebody else sees it."""

    @property
    def owner(self) -> Owner: ...

    @property
    def is_alive(self) -> bool:
        """Whether its owner is there, as far as this machine or the database can see."""
        ...

    def break_it(self) -> None:
        """Takes it from its owner, who will send nothing more."""
        ...


def write_owner(owner: Owner) -> str:
    return encoding.write(owner)


def read_owner(text: str) -> Owner | None:
    """None for what was written in part, or by somebody else."""
    try:
        return encoding.read(Owner, text)
    except JsonError:
        return None
