"""What a format of rosters has to say of itself, and what all of them are given of a document's ``users``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from paragon_sync.jsonvalue import Json, JsonObject
from paragon_sync.manifest.roster.access import check_file
from paragon_sync.manifest.roster.rows import STANDARD_INPUT, Found
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.model.declared import Fault, FileRoster, Place, Roster

_PACKED: Final = (".gz", ".zst")

Declared: TypeAlias = "tuple[Roster | None, list[Fault]]"
"""A roster, or None where it can't be read as it is declared; and what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """The mapping under ``users`` as it was parsed; ``place`` is that of ``users``. Its keys fit its one format."""

    users: JsonObject
    place: Place
    scope: SecretScope
    id_column: str
    secret: frozenset[str]

    def place_of(self, key: str) -> Place:
        """Return the place of one key's value."""
        return replace(self.place, pointer=(*self.place.pointer, key))

    def text(self, key: str, default: str = "") -> str:
        """Return a key's text; the default where it has none."""
        value: Json = self.users.get(key)
        return value if isinstance(value, str) else default

    def file(self, format_: str) -> tuple[FileRoster | None, list[Fault]]:
        """Return the roster in the file that the key ``format_`` names."""
        written = self.text(format_)
        if not written:
            return None, []
        path, faults = written, []
        if written != STANDARD_INPUT:
            path, faults = str(self.scope.folder / written), check_file(written, self.place_of(format_), self.scope)
        if faults:
            return None, faults
        roster = FileRoster(place=self.place, format=format_, path=path, id_column=self.id_column, secret=self.secret)
        return roster, []


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterFormat:
    """One format of rosters. ``name`` is its key under ``users``.

    ``title`` and ``description`` are for the JSON Schema, and so are ``keys``, the rules of the further keys that this
    format alone has; ``required`` are those that can't be left out, each with a hint. ``endings`` are of its files'
    names. ``fixed_columns``: every row has the same columns, else a row may lack what others have. ``declare`` makes
    the roster, and ``read`` gives its rows.
    """

    name: str
    title: str
    description: str
    declare: Callable[[Declaration], Declared]
    read: Callable[[Any], Iterator[Found]]
    keys: Mapping[str, JsonObject] = field(default_factory=dict)
    required: Mapping[str, str] = field(default_factory=dict)
    endings: tuple[str, ...] = ()
    fixed_columns: bool = False


class RosterFormats:
    """A registry of formats, in the order in which people read of them."""

    def __init__(self, formats: Iterable[RosterFormat]) -> None:
        self._by_name = {one.name: one for one in formats}

    def __iter__(self) -> Iterator[RosterFormat]:
        return iter(self._by_name.values())

    def __getitem__(self, name: str) -> RosterFormat:
        return self._by_name[name]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._by_name)

    def of_file(self, name: str) -> RosterFormat | None:
        """Return the format that a file has by the ending of its name, packed or not."""
        for packed in _PACKED:
            name = name.removesuffix(packed)
        return next((one for one in self if one.endings and name.endswith(one.endings)), None)
