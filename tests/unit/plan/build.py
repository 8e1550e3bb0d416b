"""Short words for tests of the planner: documents, live users, and a plan as lines that can be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from paragon_sync.jsonvalue import ABSENT, Json, JsonObject, dumps, format_pointer
from paragon_sync.model.catalog import Catalog, Input, Integration, Workflow
from paragon_sync.model.declared import Account, Configuration, Place
from paragon_sync.model.desired import (
    Claim,
    Default,
    DesiredBlock,
    DesiredDocument,
    DesiredFragment,
    ExactScope,
    Intent,
    MetadataKey,
    Release,
    Set,
    Setting,
    Target,
    Unset,
    WorkflowEnabled,
    WorkflowSetting,
)
from paragon_sync.model.live import Credential, LiveUser
from paragon_sync.model.planned import (
    DisableWorkflow,
    Effect,
    Enablement,
    EnableWorkflow,
    Operation,
    PatchConfig,
    PatchMeta,
    Request,
    Value,
)
from paragon_sync.model.project import Policy
from paragon_sync.plan.requests import final_payload
from paragon_sync.plan.user import UserPlan, plan_user

CATALOG = Catalog(
    project="p",
    pulled="2024-01-01T00:00:00Z",
    origin="test",
    integrations={
        "slack": Integration(
            type="slack",
            id="int-slack",
            inputs=(
                Input(id="channel", title="Channel", type="TEXT_NO_VARS"),
                Input(id="note", title="Note", type="TEXT_NO_VARS"),
                Input(id="webhook", title="Webhook", type="PASSWORD"),
            ),
            workflows=(
                Workflow(
                    id="notify",
                    description="Send notification",
                    inputs=(Input(id="day", title="Day", type="TEXT_NO_VARS", required=False),),
                ),
                Workflow(
                    id="escalate",
                    description="Escalate",
                    inputs=(
                        Input(id="oncall", title="On call", type="EMAIL"),
                        Input(id="shown", title="Shown", type="COPYABLE_BUTTON_INPUT"),
                    ),
                ),
                Workflow(id="alerts", description="Alerts", default_enabled=True),
            ),
        ),
        "salesforce": Integration(type="salesforce", id="int-salesforce"),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowSpec:
    enabled: bool | None = None
    settings: Mapping[str, Json] = field(default_factory=dict)
    defaults: Mapping[str, Json] = field(default_factory=dict)
    unset: Sequence[str] = ()
    keep: Sequence[str] = ()
    release: Sequence[str] = ()
    exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockSpec:
    integration: str = "slack"
    settings: Mapping[str, Json] = field(default_factory=dict)
    defaults: Mapping[str, Json] = field(default_factory=dict)
    blank: tuple[Json, ...] = ()
    unset: Sequence[str] = ()
    keep: Sequence[str] = ()
    release: Sequence[str] = ()
    """Settings, and workflows as ``workflow:<id>``."""
    exact: bool = False
    workflows: Mapping[str, bool | WorkflowSpec] = field(default_factory=dict)
    account: Account = "only"
    configuration: Configuration = "default"
    secret: bool = False

    def at(self, place: Place) -> DesiredBlock:
        exact = [ExactScope(workflow=None, place=place)] if self.exact else []
        exact += [ExactScope(workflow=w, place=place) for w, spec in self._specs() if spec.exact]
        named: set[Target] = {Setting(name) for name in self.keep}
        named |= {WorkflowEnabled(w) for w, _ in self._specs()}
        named |= {WorkflowSetting(w, name) for w, spec in self._specs() for name in spec.keep}
        return DesiredBlock(
            integration=self.integration,
            place=place,
            account=self.account,
            configuration=self.configuration,
            claims=tuple(self._claims(place)),
            exact=tuple(exact),
            named=frozenset(named),
        )

    def _specs(self) -> list[tuple[str, WorkflowSpec]]:
        return [(w, WorkflowSpec(enabled=s) if isinstance(s, bool) else s) for w, s in self.workflows.items()]

    def _claims(self, place: Place) -> Iterator[Claim]:
        levels: list[tuple[str | None, BlockSpec | WorkflowSpec]] = [(None, self), *self._specs()]
        for workflow, level in levels:
            if isinstance(level, WorkflowSpec) and level.enabled is not None:
                yield claim(WorkflowEnabled(str(workflow)), Set(level.enabled), place)
            intents: list[tuple[str, Intent]] = [(name, Set(value)) for name, value in level.settings.items()]
            intents += [(name, Default(value, self.blank)) for name, value in level.defaults.items()]
            intents += [(name, Unset()) for name in level.unset]
            intents += [(name, Release()) for name in level.release]
            for name, intent in intents:
                target: Target = Setting(name) if workflow is None else WorkflowSetting(workflow, name)
                if name.startswith("workflow:"):
                    target = WorkflowEnabled(name.removeprefix("workflow:"))
                yield claim(target, intent, place, secret=self.secret)


def claim(target: Target, intent: Intent, place: Place, *, secret: bool = False) -> Claim:
    match target:
        case WorkflowEnabled(workflow=name) | Setting(input=name) | WorkflowSetting(input=name) | MetadataKey(key=name):
            spot = Place(
                file=place.file, document=place.document, pointer=(*place.pointer, type(intent).__name__, name)
            )
            return Claim(target=target, intent=intent, label=name, place=spot, secret=secret)


def layer(
    *blocks: BlockSpec, file: str, metadata: Mapping[str, Json] | None = None, release: Sequence[str] = ()
) -> DesiredFragment:
    places = [Place(file=file, pointer=(str(number),)) for number in range(len(blocks))]
    return DesiredFragment(
        source=file,
        metadata=(
            *(claim(MetadataKey(k), Set(v), Place(file=file)) for k, v in (metadata or {}).items()),
            *(claim(MetadataKey(k), Release(), Place(file=file)) for k in release),
        ),
        blocks=tuple(block.at(place) for block, place in zip(blocks, places, strict=True)),
    )


def document(
    *blocks: BlockSpec,
    file: str = "a.yaml",
    metadata: Mapping[str, Json] | None = None,
    release: Sequence[str] = (),
    profiles: Sequence[DesiredFragment] = (),
) -> DesiredDocument:
    own = layer(*blocks, file=file, metadata=metadata, release=release)
    return DesiredDocument(user="acme", place=Place(file=file), layers=(*profiles, own))


def credential(config: Value = ABSENT, **more: Json) -> Credential:
    raw: JsonObject = {"id": "cred-1", "integrationId": "int-slack", "providerId": "T1", "status": "VALID"}
    return Credential(raw | ({} if config is ABSENT else {"config": config}) | more)


def user(*credentials: Credential, meta: JsonObject | None = None) -> LiveUser:
    return LiveUser(user="acme", credentials=credentials, meta=meta)


def plan(
    live: LiveUser, *documents: DesiredDocument, policy: Policy | None = None, enablement: Enablement = "config"
) -> UserPlan:
    return plan_user(documents, live, CATALOG, policy or Policy(), enablement=enablement)


def lines(planned: UserPlan) -> list[str]:
    """Each change as ``~ /pointer before → after``, with its origin where it isn't plainly declared."""
    return [line for operation in planned.operations for line in changes(operation)]


def changes(operation: Operation) -> list[str]:
    signs = {Effect.ADD: "+", Effect.CHANGE: "~", Effect.REMOVE: "-"}
    told = []
    for change in operation.changes:
        values = " → ".join(dumps(v, sort_keys=True) for v in (change.before, change.after) if v is not ABSENT)
        origin = "" if change.origin in {"settings", "metadata", "workflows", "unset"} else f" [{change.origin}]"
        told.append(f"{signs[change.effect]} {format_pointer(change.pointer)} {values}{origin}")
    return told


def payloads(planned: UserPlan) -> list[JsonObject]:
    return [payload_of(operation) for operation in planned.operations]


def payload_of(operation: Operation) -> JsonObject:
    """How what the operation writes shall be in the end."""
    return final_payload(operation.base, operation.requests)


def payload(planned: UserPlan) -> JsonObject:
    """What the only operation sends."""
    (only,) = payloads(planned)
    return only


def written(live: LiveUser, planned: UserPlan) -> LiveUser:
    """The user after a server has done what each operation sends."""
    return served(live, [request for operation in planned.operations for request in operation.requests])


def served(live: LiveUser, requests: Sequence[Request]) -> LiveUser:
    """The user after these requests, of a server that replaces whole what it is sent."""
    meta = live.meta
    credentials = {one.id: one.raw for one in live.credentials}
    for request in requests:
        match request:
            case PatchMeta(meta=meta):
                pass
            case PatchConfig(credential=credential):
                credentials[credential] = _patched(credentials[credential], request)
            case EnableWorkflow(credential=credential) | DisableWorkflow(credential=credential):
                credentials[credential] = _switched(credentials[credential], request)
    return LiveUser(user=live.user, credentials=tuple(map(Credential, credentials.values())), meta=meta)


def _switched(raw: JsonObject, request: EnableWorkflow | DisableWorkflow) -> JsonObject:
    """The credential with the workflow switched in every map that has it; there must be one."""
    config = raw.get("config")
    entries: list[Json] = []
    switched = 0

    def switch(section: Json) -> Json:
        nonlocal switched
        assert isinstance(section, dict)
        found = dict(section)
        for name in ("configuredWorkflows", "workflowSettings"):
            workflows = section.get(name)
            if isinstance(workflows, dict) and request.workflow in workflows:
                entry = workflows[request.workflow]
                assert isinstance(entry, dict)
                enabled: JsonObject = {"enabled": isinstance(request, EnableWorkflow)}
                found[name] = workflows | {request.workflow: entry | enabled}
                switched += 1
        return found

    if request.configuration is None:
        config = switch(config)
    for entry in Credential(raw).configurations:
        meant = entry["id"] == request.configuration
        entries.append(switch(entry) if meant else entry)
        if meant and entry.get("isDefault") is True and config:
            config = switch(config)
    assert switched, f"workflow {request.workflow} has no entry to switch"
    return raw | ({"config": config} if "config" in raw else {}) | ({"configurations": entries} if entries else {})


def _patched(raw: JsonObject, request: PatchConfig) -> JsonObject:
    if request.configuration is None:
        return raw | {"config": request.config}
    kept = {"id", "externalId", "isDefault", "connectCredentialId", "dateCreated", "dateUpdated", "dateDeleted"}
    entries: list[Json] = []
    default = False
    for entry in Credential(raw).configurations:
        if entry["id"] == request.configuration:
            default = entry.get("isDefault") is True
            entries.append({k: v for k, v in entry.items() if k in kept} | request.config)
        else:
            entries.append(entry)
    mirrored = {"config": request.config} if default and raw.get("config") else {}
    return raw | {"configurations": entries} | mirrored
