"""What manifests say, with names as they were written. Knows neither ids nor live state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Self, TypeAlias

from paragon_sync.jsonvalue import Json, JsonObject, Pointer


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A spot in a manifest: ``document`` counts from 0 in the file, ``pointer`` leads through the parsed document.

    Line and column are looked up (``manifest.source.locate``) only when there is something to report.
    """

    file: str
    document: int = 0
    pointer: Pointer = ()
    of_key: bool = False
    """The spot is the key itself and not its value."""
    line: int = 0
    """Of a roster's file: the line, from 1, and nothing else counts. 0 in manifests."""
    row: str = ""
    """What people call the row of a roster that the document stood for when it said so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A spot for people: line and column count from 1. ``row`` of a roster, if the document stood for one."""

    file: str
    line: int
    column: int
    row: str = ""

    def __str__(self) -> str:
        at = f"{self.file}:{self.line}:{self.column}"
        return f"{at} for {self.row}" if self.row else at


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something wrong in a document, found after parsing; becomes an ``errors.Problem`` once its position is known.

    Of two places that contradict each other, ``other`` is the one that comes first; the message leaves it out.
    """

    message: str
    place: Place
    hint: str | None = None
    other: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One declared value; ``secret`` when it, or anything in it, came from ``$env`` or ``$file``."""

    value: Json
    place: Place
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBy:
    """The account whose ``field`` equals ``value``."""

    field: Literal["externalId", "providerId", "credentialId"]
    value: str


Account: TypeAlias = Literal["only", "all"] | AccountBy
"""Which account: the only one (no selector), all valid ones, or the one named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationBy:
    """The configuration whose ``field`` equals ``value``."""

    field: Literal["externalId", "id"]
    value: str


Configuration: TypeAlias = Literal["default", "all"] | ConfigurationBy
"""Which configuration of the account: the default one (none named), all, or the one named."""


def account_of(account: JsonObject) -> Account:
    """Return the selector that a document's ``account`` is."""
    if account.get("all") is True:
        return "all"
    for field in _ACCOUNT_FIELDS:
        if field in account:
            return AccountBy(field=field, value=_text(account[field]))
    return "only"


def configuration_of(configuration: Json) -> Configuration:
    """Return the selector that a document's ``configuration`` is."""
    if configuration is None:
        return "default"
    if configuration == "all":
        return "all"
    named = configuration if isinstance(configuration, dict) else {}
    if "id" in named:
        return ConfigurationBy(field="id", value=_text(named["id"]))
    return ConfigurationBy(field="externalId", value=_text(named.get("externalId", configuration)))


_ACCOUNT_FIELDS: Final[tuple[Literal["externalId", "providerId", "credentialId"], ...]] = (
    "externalId",
    "providerId",
    "credentialId",
)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


class Content(NamedTuple):
    """The sections ``metadata``, ``release`` and ``integrations`` of a document, ready to be resolved.

    Templates are evaluated and references to secrets followed. ``secret`` are the places of values that are, or hold,
    a secret; ``document`` counts from 0 in the file.
    """

    file: str
    document: int
    sections: JsonObject
    secret: frozenset[Pointer] = frozenset()

    def place(self, pointer: Pointer = (), *, of_key: bool = False) -> Place:
        """Return a place in the document."""
        return Place(file=self.file, document=self.document, pointer=pointer, of_key=of_key)


class Profile(NamedTuple):
    """A named fragment."""

    name: str
    content: Content

    @property
    def place(self) -> Place:
        return self.content.place()


class User(NamedTuple):
    """One document about one user; ``profiles`` in the order in which they apply, ``text`` as its file has it."""

    user: str
    content: Content
    profiles: tuple[str, ...] = ()
    text: str = ""

    @property
    def place(self) -> Place:
        return self.content.place()


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineRoster:
    """Users that stand in the manifest: ``rows`` as they are written there, ids or mappings of columns."""

    place: Place
    rows: tuple[Json, ...]
    id_column: str = "user"
    secret: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRoster:
    """Users in a file of rows. ``path`` is ready to be opened, or ``-`` for standard input.

    ``format`` is a name in the registry ``manifest.roster.formats``, and the key under ``users`` that names the file.
    """

    place: Place
    format: str
    path: str
    id_column: str = "user"
    secret: frozenset[str] = frozenset()
    """Columns whose values are masked wherever they come to stand."""
    delimiter: str = ","


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlRoster:
    """Users in a database. ``url`` is a URL as SQLAlchemy takes it, files in it relative to ``folder``."""

    place: Place
    query: str
    url: Declared
    folder: str
    id_column: str = "user"
    secret: frozenset[str] = frozenset()

    @property
    def format(self) -> str:
        """The key under ``users`` that names the query."""
        return "sql"


Roster: TypeAlias = InlineRoster | FileRoster | SqlRoster
"""Where the users of a document about many stand. ``place`` is that of ``users``, ``id_column`` holds their ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A part of a rollout's content that each row fills. ``value`` still holds templates, at ``templates`` in it.

    ``text`` selects an account or a configuration, ``switch`` enables a workflow.
    """

    pointer: Pointer
    value: Json
    templates: frozenset[Pointer]
    kind: Literal["value", "text", "switch"]


class SlotMarker(str):
    """Stands in a rollout's content where a row's value goes: a string, so that it passes wherever JSON does."""

    __slots__ = ("number",)
    number: int

    def __new__(cls, number: int) -> Self:
        marker = super().__new__(cls, f"slot {number}")
        marker.number = number
        return marker


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """The grammar of a User for each user of a roster for whom ``where`` (a template) is true.

    ``content`` has a :class:`SlotMarker` for each of ``slots``. ``slots`` is None where a template decides more than a
    value, such as a name: then each row is made from ``written``, the document as it was parsed.
    """

    name: str
    place: Place
    roster: Roster
    content: Content
    written: JsonObject
    slots: tuple[Slot, ...] | None = ()
    where: str | None = None
    profiles: tuple[str, ...] = ()
