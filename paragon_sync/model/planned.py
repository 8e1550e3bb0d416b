"""Plans: changes for people, operations for the API, and what they were based on. Knows no file format and no HTTP."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from paragon_sync.jsonvalue import Absent, Json, JsonObject, Pointer
from paragon_sync.model.declared import Place, Position
from paragon_sync.model.desired import ManagedTarget

Value: TypeAlias = "Json | Absent"
"""A JSON value, or ABSENT where there is no such key."""


class Origin(enum.StrEnum):
    """Why a value is managed."""

    SETTINGS = "settings"
    METADATA = "metadata"
    DEFAULTS = "defaults"
    UNSET = "unset"
    WORKFLOWS = "workflows"
    EXACT = "exact"
    CREATED = "created"
    """``enabled`` of a workflow entry that has to be created for its settings, and that no document declares."""
    ROLLBACK = "rollback"
    """A run wrote it, and its rollback gives back what was there before."""
    MIGRATION = "migration"
    MOVED = "moved"
    """A migration has put what was there elsewhere."""
    OVERWRITTEN = "overwritten"
    """A migration has put a value over it that stood elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Managed:
    """One value that an operation owns: what it is to be, what it was when the plan was made, and why.

    ``source`` tells people which document decided (``users/acme.yaml:11:7``, ``profile standard``), or which run.
    ``read``: a migration has read it, so once it has moved, what the migration came to may be wrong.
    """

    target: ManagedTarget
    label: str
    desired: Value
    base: Value
    origin: Origin
    source: str
    secret: bool = False
    blank: tuple[Json, ...] = ()
    read: bool = False


class Effect(enum.StrEnum):
    """What a change does to one value."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One difference inside a compound value; ``pointer`` is relative to that value."""

    pointer: Pointer
    before: Value
    after: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value that differs. ``pointer`` leads into the configuration (or the metadata) as the API shows it."""

    pointer: Pointer
    target: ManagedTarget
    label: str
    workflow: str | None
    """The workflow's name for people, where the value belongs to one."""
    before: Value
    after: Value
    origin: Origin
    source: str
    secret: bool = False
    details: tuple[Detail, ...] = ()

    @property
    def effect(self) -> Effect:
        if self.before is Absent.ABSENT:
            return Effect.ADD
        return Effect.REMOVE if self.after is Absent.ABSENT else Effect.CHANGE


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchConfig:
    """PATCH /sdk/credentials/{credential}: ``config`` whole. ``configuration`` goes into the header G, if any."""

    credential: str
    configuration: str | None
    config: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchMeta:
    """PATCH /sdk/me: ``meta`` whole."""

    meta: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class EnableWorkflow:
    """POST /sdk/workflows/{workflow}: on, with its triggers subscribed. ``configuration`` goes as with a PATCH."""

    credential: str
    configuration: str | None
    workflow: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisableWorkflow:
    """DELETE /sdk/workflows/{workflow}: off, with its triggers unsubscribed; its settings stay."""

    credential: str
    configuration: str | None
    workflow: str


Request: TypeAlias = PatchConfig | PatchMeta | EnableWorkflow | DisableWorkflow
"""One write, typed; an operation is a list of these, in the order in which they are sent."""

Enablement: TypeAlias = Literal["config", "endpoint"]
"""How workflows are switched: written into the configuration, or by requests of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataSubject:
    """The operation writes the user's metadata."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationSubject:
    """The operation writes one configuration of one credential; ``configuration`` is None in the documented shape.

    ``account`` and ``name`` are for people: the account's label, and the configuration's external id (or id) where it
    isn't the default one.
    """

    integration: str
    credential: str
    account: str
    configuration: str | None = None
    name: str | None = None


Subject: TypeAlias = MetadataSubject | ConfigurationSubject


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One write that carries changes; one without any guards managed enablements against a change of metadata.

    ``base`` is what was live of what the payload carries: the configuration without the keys that the API keeps in it,
    or the metadata. ``kept`` counts the unmanaged values that are carried untouched. ``enablement`` is how its
    workflows are switched, when it is planned and when it is applied. A run reads an operation from a plan without
    ``changes`` and ``kept``, which are for people.
    """

    user: str
    subject: Subject
    base: JsonObject
    requests: tuple[Request, ...]
    managed: tuple[Managed, ...]
    changes: tuple[Change, ...] = ()
    kept: int = 0
    enablement: Enablement = "config"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What of an :class:`Operation` people review: its fields of the same names."""

    user: str
    subject: Subject
    changes: tuple[Change, ...]
    kept: int = 0


class FindingKind(enum.StrEnum):
    """What can need a person. Policy names are these words."""

    NOT_CONNECTED = "notConnected"
    UNKNOWN_USER = "unknownUser"
    AMBIGUOUS_ACCOUNT = "ambiguousAccount"
    NO_SUCH_ACCOUNT = "noSuchAccount"
    NO_SUCH_CONFIGURATION = "noSuchConfiguration"
    NOT_VALID = "notValid"
    AMBIGUOUS_SHAPE = "ambiguousShape"
    NOT_CARRIABLE = "notCarriable"
    REQUIRED_MISSING = "requiredMissing"
    OWNERSHIP = "ownership"
    NOT_FETCHED = "notFetched"
    PENDING_ACCOUNT = "pendingAccount"
    NOT_RESTORED = "notRestored"
    WOULD_OVERWRITE = "wouldOverwrite"
    NOT_MAPPED = "notMapped"
    NOT_MIGRATED = "notMigrated"


class Severity(enum.StrEnum):
    """An ERROR leaves its user out of the plan; INFO is never counted."""

    ERROR = "error"
    WARNING = "warn"
    IGNORED = "ignore"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something about one user that needs a person; ``hint`` says what to do.

    ``place`` is set where the finding is made, ``position`` once it has been looked up. Of two places that contradict
    each other, ``other`` is the one that comes first; the message leaves it out.
    """

    kind: FindingKind
    user: str
    message: str
    integration: str | None = None
    place: Place | None = None
    position: Position | None = None
    hint: str | None = None
    severity: Severity = Severity.ERROR
    other: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What policy and summary count. Users: ``considered`` = ``changed`` + ``unchanged`` + ``left_out``."""

    considered: int = 0
    changed: int = 0
    unchanged: int = 0
    left_out: int = 0
    operations: int = 0
    values_added: int = 0
    values_changed: int = 0
    values_removed: int = 0
    values_moved: int = 0
    """Those of the removed whose value a migration put elsewhere."""
    values_overwritten: int = 0
    """What a migration put another value over, or took out of a value, and put nowhere else."""
    workflows_enabled: int = 0
    workflows_disabled: int = 0
    workflows_managed: int = 0
    """Enablements that documents manage and that are enabled live: what a share of disabled ones is of."""
    files: int = 0
    kept: int = 0
    findings: int = 0
    """Those that are errors."""
    not_connected: int = 0
    """Users without an account for an integration that is declared for them, or without any."""
    protected: int = 0
    """Changes of what the policy protects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One rule that the plan breaks: ``knob`` is what the user may type after ``--allow``."""

    rule: str
    message: str
    knob: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanHeader:
    """Everything about a plan but its operations and findings. Times are ISO 8601 in UTC.

    ``host`` is the environment's host, normalised (``paragon.host``); ``apply`` refuses the plan at any other one.
    ``rolls_back`` is the run that the plan takes back, ``rolls_back_after`` the run that had taken back a part of it
    when the plan was made.
    """

    environment: str
    project: str
    host: str
    created: str
    expires: str
    tool: str
    manifest_digest: str
    counts: Counts
    filters: Mapping[str, str] = field(default_factory=dict)
    policy: Mapping[str, str] = field(default_factory=dict)
    allowed: Mapping[str, str] = field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()
    incomplete: bool = False
    catalog: Mapping[str, Json] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    rolls_back: str | None = None
    rolls_back_after: str | None = None
    """The run that this plan takes back, where it does."""
    seconds_to_apply: float | None = None
    """About how long applying it takes, at the pace that was measured while it was planned; None: nobody knows."""
