"""What the API answered about one user. Knows how credentials look, and nothing of what anybody wants."""

from __future__ import annotations

from dataclasses import dataclass, field

from paragon_sync.jsonvalue import Json, JsonObject
from paragon_sync.model.moment import Moment


@dataclass(frozen=True, slots=True)
class Credential:
    """One connected account, exactly as the API gave it (``raw``), with readers for what has a meaning here."""

    raw: JsonObject
    _entries: list[JsonObject] | None = field(default=None, init=False, compare=False, repr=False)
    _current: list[JsonObject] | None = field(default=None, init=False, compare=False, repr=False)

    @property
    def id(self) -> str:
        return _text(self.raw.get("id")) or ""

    @property
    def integration_id(self) -> str:
        return _text(self.raw.get("integrationId")) or ""

    @property
    def status(self) -> str:
        """``VALID`` where the API doesn't say (the documented payload)."""
        return _text(self.raw.get("status")) or "VALID"

    @property
    def provider_id(self) -> str | None:
        return _text(self.raw.get("providerId"))

    @property
    def external_id(self) -> str | None:
        return _text(self.raw.get("externalId"))

    @property
    def deleted(self) -> bool:
        return self.raw.get("dateDeleted") is not None

    @property
    def label(self) -> str:
        """How people tell this account from another: its external id, else the provider's, else its own."""
        return self.external_id or self.provider_id or self.id

    @property
    def configurations(self) -> list[JsonObject]:
        """The entries of the current shape; empty where the credential has the documented shape alone."""
        if self._entries is None:
            found = self.raw.get("configurations")
            entries = [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []
            object.__setattr__(self, "_entries", entries)
            return entries
        return self._entries

    @property
    def current(self) -> list[JsonObject]:
        """The same without deleted ones."""
        if self._current is None:
            current = [entry for entry in self.configurations if entry.get("dateDeleted") is None]
            object.__setattr__(self, "_current", current)
            return current
        return self._current


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveUser:
    """One user as fetched. ``meta`` is None where metadata wasn't read.

    ``asked`` is when the request was sent whose answer the following write stands on: the metadata's, where they were
    read, else the first. ``answered`` is when the answers were there, earlier by the
    time that passed between two reads: only what the API takes for them makes nothing older.
    """

    user: str
    credentials: tuple[Credential, ...]
    meta: JsonObject | None = None
    asked: Moment | None = field(default=None, compare=False)
    answered: Moment | None = field(default=None, compare=False)


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None
