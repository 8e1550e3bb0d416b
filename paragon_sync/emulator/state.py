"""The state of users, and users kept in memory.

Knows nothing of HTTP, nor of what requests do to a state: states are replaced whole, never changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from paragon_sync.emulator import codec
from paragon_sync.emulator.codec import Json, JsonObject

WORKFLOW_MAPS: Final[tuple[str, str]] = ("workflowSettings", "configuredWorkflows")
"""The two names of the map of a configuration's workflows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserState:
    """All that is held of one user."""

    meta: JsonObject = field(default_factory=dict)
    credentials: list[JsonObject] = field(default_factory=list)
    subscriptions: JsonObject = field(default_factory=dict)
    """Credential id → configuration id (``default`` in the documented shape) → workflow id → true."""
    resources: list[JsonObject] = field(default_factory=list)

    @classmethod
    def from_json(cls, value: Json) -> UserState:
        """The state that :meth:`to_json` gave."""
        stored = codec.as_object(value) or {}
        return cls(
            meta=codec.as_object(stored["meta"]) or {},
            credentials=objects(stored["credentials"]),
            subscriptions=codec.as_object(stored["subscriptions"]) or {},
            resources=objects(stored["resources"]),
        )

    def to_json(self) -> JsonObject:
        """The state as the admin view shows it and as it is kept."""
        return {
            "meta": self.meta,
            "credentials": [*self.credentials],
            "subscriptions": self.subscriptions,
            "resources": [*self.resources],
        }

    def credential(self, identity: str) -> JsonObject | None:
        """The credential with this id."""
        return next((one for one in self.credentials if one["id"] == identity), None)


def configurations(credential: JsonObject) -> list[JsonObject]:
    """The configurations of a credential in the current shape; none in the documented shape."""
    return objects(credential.get("configurations"))


def objects(value: Json | None) -> list[JsonObject]:
    """The objects of an array; none if it is no array."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def is_enabled(entry: Json) -> bool:
    """Whether an entry of a workflow map is enabled."""
    return (codec.as_object(entry) or {}).get("enabled") is True


def enabled_workflows(credentials: list[JsonObject]) -> JsonObject:
    """The subscriptions that a user's credentials would have if every enabled workflow had been subscribed."""
    found: JsonObject = {}
    for credential in credentials:
        places = {str(entry["id"]): entry for entry in configurations(credential)}
        if not places:
            places = {"default": codec.as_object(credential.get("config")) or {}}
        maps = {place: enabled for place, entry in places.items() if (enabled := _enabled(entry))}
        if maps:
            found[str(credential["id"])] = dict(maps)
    return found


def _enabled(configuration: JsonObject) -> JsonObject:
    return {
        workflow: True
        for name in WORKFLOW_MAPS
        for workflow, entry in (codec.as_object(configuration.get(name)) or {}).items()
        if is_enabled(entry)
    }


class Users(Protocol):
    """Where users are kept. An unknown user reads as an empty one and exists from its first write on."""

    def read(self, user: str) -> UserState: ...

    def write(self, user: str, state: UserState) -> None: ...

    def names(self) -> list[str]: ...

    def close(self) -> None: ...


class MemoryUsers:
    """Users for as long as the process lives."""

    def __init__(self, users: Mapping[str, UserState]) -> None:
        self._users = dict(users)

    def read(self, user: str) -> UserState:
        return self._users.get(user) or UserState()

    def write(self, user: str, state: UserState) -> None:
        self._users[user] = state

    def names(self) -> list[str]:
        return sorted(self._users)

    def close(self) -> None:
        """Nothing is to be given back."""
