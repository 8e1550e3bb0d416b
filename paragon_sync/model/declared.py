"""What manifests say, with names as they were written. Knows neither ids nor live state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

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
    """One declared value; ``secret`` when it, or anything in it, came from ``$env`` or ``$file``.

    Where ``template`` is set, ``value`` still holds templates, which make a value of its own for each row.
    """

    value: Json
    place: Place
    secret: bool = False
    template: bool = False


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is declared about the settings of one level, integration or workflow; keys are titles or ids as written."""

    settings: Mapping[str, Declared] = field(default_factory=dict)
    defaults: Mapping[str, Declared] = field(default_factory=dict)
    unset: Mapping[str, Place] = field(default_factory=dict)
    keep: Mapping[str, Place] = field(default_factory=dict)
    release: Mapping[str, Place] = field(default_factory=dict)
    """What the profiles manage and this document gives back; a block's may name workflows too."""
    blank: tuple[Json, ...] = ()
    """Live values that ``defaults`` treats as if there were none."""
    exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowBlock:
    """What is declared about one workflow; ``enabled`` is None where it isn't managed."""

    place: Place
    enabled: Declared | None = None
    settings: Settings = field(default_factory=Settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What is declared about one integration, for the accounts and configurations that it selects."""

    integration: str
    place: Place
    account: Account = "only"
    configuration: Configuration = "default"
    settings: Settings = field(default_factory=Settings)
    workflows: Mapping[str, WorkflowBlock] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """Metadata and integration blocks: what User and Profile have in common, but that only a User can ``release``."""

    metadata: Mapping[str, Declared] = field(default_factory=dict)
    release: Mapping[str, Place] = field(default_factory=dict)
    """Metadata keys that the profiles manage and this document gives back."""
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A named fragment."""

    name: str
    place: Place
    fragment: Fragment


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One document about one user; ``profiles`` in the order in which they apply."""

    user: str
    place: Place
    fragment: Fragment
    profiles: tuple[str, ...] = ()


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
    """A part of a rollout's fragment that each row fills. ``value`` still holds templates, at ``templates`` in it.

    ``text`` selects an account or a configuration, ``switch`` enables a workflow.
    """

    pointer: Pointer
    value: Json
    templates: frozenset[Pointer]
    kind: Literal["value", "text", "switch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """The grammar of a User for each user of a roster for whom ``where`` (a template) is true.

    ``fragment`` has in ``slots`` what was written there. ``slots`` is None where a template decides more than a value,
    such as a name: then each row is made from ``written``, the document as it was parsed.
    """

    name: str
    place: Place
    roster: Roster
    fragment: Fragment
    written: JsonObject
    slots: tuple[Slot, ...] | None = ()
    where: str | None = None
    profiles: tuple[str, ...] = ()
