"""What holds of every plan, whatever JSON is live: nothing is lost, and what is reviewed is what is sent."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import assume, given
from hypothesis import strategies as st

from paragon_sync.jsonvalue import ABSENT, Absent, Json, JsonObject, Pointer, Repeated, assign, equal, lookup
from paragon_sync.model.declared import AccountBy, ConfigurationBy
from paragon_sync.model.desired import DesiredDocument, MetadataKey, Setting, WorkflowEnabled, WorkflowSetting
from paragon_sync.model.live import Credential, LiveUser
from paragon_sync.model.planned import FindingKind, Managed, Operation, Severity
from paragon_sync.model.project import Policy
from paragon_sync.plan.diff import details
from paragon_sync.plan.rebase import Satisfied, ToSend, live_shape, rebase
from paragon_sync.plan.requests import final_payload
from paragon_sync.plan.shape import Shape
from paragon_sync.plan.user import UserPlan
from paragon_sync.plan.verify import Kept, compare_after
from paragon_sync.plan.verify import _value_by_value as carefully_compared
from paragon_sync.store import encoding
from tests.nouns import as_planned
from tests.properties.users import KEYS, MAPS, SCALARS, VALUES, WORKFLOWS, documents, users
from tests.unit.plan.build import BlockSpec, WorkflowSpec, changes, credential, document, plan, served, user, written

LENIENT = Policy(findings={FindingKind.OWNERSHIP: Severity.WARNING, FindingKind.REQUIRED_MISSING: Severity.IGNORED})


def planned(live: LiveUser, found: list[DesiredDocument]) -> UserPlan:
    return plan(live, *found, policy=LENIENT)


@given(users())
def test_what_is_declared_as_it_is_live_changes_nothing(live: LiveUser) -> None:
    wanted = [document(metadata=live.meta or {})]
    for one in live.credentials:
        for name, config in _configurations(one):
            wanted.append(document(_as_declared(one, name, config), file=f"{one.id} {name}"))

    found = plan(live, *wanted)

    assert () == found.operations
    assert () == found.findings


@given(users(), documents())
def test_a_plan_after_its_application_is_empty(live: LiveUser, wanted: list[DesiredDocument]) -> None:
    after = written(live, planned(live, wanted))

    assert () == planned(after, wanted).operations


@given(users(), documents())
def test_what_is_not_managed_survives(live: LiveUser, wanted: list[DesiredDocument]) -> None:
    for operation in planned(live, wanted).operations:
        assert [] == list(_touched(operation.base, _sent(operation), _pointers(operation), ()))


@given(users(), documents())
def test_the_base_is_what_was_live(live: LiveUser, wanted: list[DesiredDocument]) -> None:
    everything = [live.meta, *(one.raw.get("config") for one in live.credentials)]
    everything += [entry for one in live.credentials for entry in one.configurations]
    for operation in planned(live, wanted).operations:
        for key, value in operation.base.items():
            assert any(isinstance(part, dict) and equal(value, part.get(key, ABSENT)) for part in everything)


@given(users(), documents())
def test_the_changes_applied_to_the_base_give_what_is_sent(live: LiveUser, wanted: list[DesiredDocument]) -> None:
    for operation in planned(live, wanted).operations:
        result = operation.base
        for change in operation.changes:
            for pointer in _spellings(change.pointer, operation):
                result = assign(result, pointer, change.after)
                if isinstance(change.target, WorkflowEnabled | WorkflowSetting):
                    at = (*pointer[:2], "settings")
                    if lookup(operation.base, pointer[:2]) is ABSENT and lookup(result, at) is ABSENT:
                        result = assign(result, at, {})

        assert equal(_sent(operation), result)


@given(users(), documents())
def test_each_change_tells_what_was_live(live: LiveUser, wanted: list[DesiredDocument]) -> None:
    for operation in planned(live, wanted).operations:
        for change in operation.changes:
            assert equal(change.before, lookup(operation.base, change.pointer))
            assert equal(change.after, lookup(_sent(operation), change.pointer))
            assert not equal(change.before, change.after)


@given(users(), documents(), st.randoms(use_true_random=False))
def test_the_order_of_documents_and_keys_does_not_matter(
    live: LiveUser, wanted: list[DesiredDocument], random: object
) -> None:
    shuffled = sorted(wanted, key=lambda _: random.random())
    raws = [_reversed(one.raw) for one in live.credentials]
    turned = user(*(Credential(raw) for raw in raws if isinstance(raw, dict)), meta=_object(_reversed(live.meta)))

    one, other = planned(live, wanted), planned(turned, shuffled)

    assert list(map(_told, one.operations)) == list(map(_told, other.operations))
    assert all(equal(_sent(a), _sent(b)) for a, b in zip(one.operations, other.operations, strict=True))
    assert one.findings == other.findings
    assert [d.verdict for d in one.decisions] == [d.verdict for d in other.decisions]


@given(users(), documents())
def test_rebasing_on_what_has_not_moved_gives_what_was_planned(live: LiveUser, wanted: list[DesiredDocument]) -> None:
    for operation in planned(live, wanted).operations:
        rebased = rebase(operation, live)

        if not operation.changes:  # a guard: its enablements are as they should be
            assert Satisfied() == rebased
            continue
        assert isinstance(rebased, ToSend)
        assert equal(_sent(operation), rebased.payload)
        assert equal(operation.base, rebased.pre_image)


@given(users(), documents(), users(), st.booleans())
def test_an_operation_read_from_a_plan_is_rebased_and_judged_as_it_was_planned(
    live: LiveUser, wanted: list[DesiredDocument], moved: LiveUser, has_moved: bool
) -> None:
    now = moved if has_moved else live
    for operation in planned(live, wanted).operations:
        stored = encoding.read_run(encoding.write_operation(operation)[1])
        one, other = rebase(operation, now), rebase(stored, now)

        if not (isinstance(one, ToSend) and isinstance(other, ToSend)):
            assert one == other
            continue
        assert equal(one.payload, other.payload)
        assert equal(one.pre_image, other.pre_image)
        after = served(now, other.requests)
        assert Kept() == compare_after(stored, other, after)


@given(users(), documents())
def test_what_was_written_reads_back_as_kept(live: LiveUser, wanted: list[DesiredDocument]) -> None:
    found = planned(live, wanted)
    after = written(live, found)

    for operation in found.operations:
        assert Kept() == compare_after(operation, as_planned(operation), after)
        shape = live_shape(operation.subject, after)
        assert isinstance(shape, Shape)
        assert Kept() == carefully_compared(operation, _sent(operation), operation.base, after, shape)


@given(users(), documents(), users())
def test_rebasing_never_touches_what_is_not_managed(
    live: LiveUser, wanted: list[DesiredDocument], moved: LiveUser
) -> None:
    for operation in planned(live, wanted).operations:
        rebased = rebase(operation, moved)
        if isinstance(rebased, ToSend):
            request = rebased.payload
            assert [] == list(_touched(rebased.pre_image, request, _pointers(operation), ()))


JUNK: st.SearchStrategy[Json] = st.recursive(
    SCALARS | st.just(Repeated((("a", 1), ("a", 2)))),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(KEYS | st.sampled_from([*MAPS, *WORKFLOWS, "sharedSettings"]), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(JUNK, JUNK, documents())
def test_whatever_is_live_is_carried_or_is_a_finding(config: Json, listed: Json, wanted: list[DesiredDocument]) -> None:
    live = user(credential(config, configurations=listed), meta={})

    for operation in planned(live, wanted).operations:
        assert [] == list(_touched(operation.base, _sent(operation), _pointers(operation), ()))


@given(VALUES, VALUES)
def test_details_tell_values_that_differ(before: Json, after: Json) -> None:
    assume(not equal(before, after))

    for detail in details(before, after):
        assert not equal(detail.before, detail.after)


def _configurations(one: Credential) -> Iterator[tuple[str | None, JsonObject]]:
    if one.configurations:
        yield from ((str(entry["id"]), entry) for entry in one.configurations)
    else:
        yield None, _object(one.raw.get("config", {}))


def _as_declared(one: Credential, configuration: str | None, config: JsonObject) -> BlockSpec:
    workflows = next((_object(config[name]) for name in MAPS if config.get(name)), {})
    specs: dict[str, bool | WorkflowSpec] = {}
    for workflow, entry in workflows.items():
        enabled = _object(entry).get("enabled")
        settings = _object(_object(entry).get("settings", {}))
        specs[workflow] = WorkflowSpec(
            enabled=enabled if isinstance(enabled, bool) else None, settings=settings, exact=True
        )
    return BlockSpec(
        settings=_object(config.get("sharedSettings", {})),
        workflows=specs,
        exact=True,
        account=AccountBy(field="credentialId", value=one.id),
        configuration="default" if configuration is None else ConfigurationBy(field="id", value=configuration),
    )


def _object(value: Json) -> JsonObject:
    assert isinstance(value, dict)
    return value


def _sent(operation: Operation) -> JsonObject:
    return final_payload(operation.base, operation.requests)


def _pointers(operation: Operation) -> set[Pointer]:
    """Where managed values stand, spelled out here anew."""
    return {pointer for managed in operation.managed for pointer in _pointers_of(managed)}


def _pointers_of(managed: Managed) -> list[Pointer]:
    match managed.target:
        case MetadataKey(key=key):
            return [(key,)]
        case Setting(input=setting):
            return [("sharedSettings", setting)]
        case WorkflowEnabled(workflow=workflow):
            return [(name, workflow, "enabled") for name in MAPS]
        case WorkflowSetting(workflow=workflow, input=setting):
            return [(name, workflow, "settings", setting) for name in MAPS]


def _spellings(pointer: Pointer, operation: Operation) -> list[Pointer]:
    """The pointer under each name of the workflow map that is sent."""
    names = [name for name in MAPS if name in _sent(operation)] if pointer[0] in MAPS else [pointer[0]]
    is_metadata = isinstance(operation.managed[0].target, MetadataKey)
    return [pointer] if is_metadata else [(name, *pointer[1:]) for name in names]


def _touched(before: Json | Absent, after: Json | Absent, managed: set[Pointer], at: Pointer) -> Iterator[Pointer]:
    """Where two payloads differ, but for managed values and for what has to be there to hold them."""
    if at in managed or equal(before, after):
        return
    if not any(pointer[: len(at)] == at for pointer in managed):
        created = len(at) == 3 and at[0] in MAPS and at[2] == "settings"
        if not (created and before is ABSENT and after == {}):
            yield at
        return
    old, new = {} if before is ABSENT else before, {} if after is ABSENT else after
    if not (isinstance(old, dict) and isinstance(new, dict)) or after is ABSENT:
        yield at
        return
    for key in old.keys() | new.keys():
        yield from _touched(old.get(key, ABSENT), new.get(key, ABSENT), managed, (*at, key))


def _reversed(value: Json) -> Json:
    match value:
        case dict():
            return {key: _reversed(item) for key, item in reversed(value.items())}
        case list():
            return [_reversed(item) for item in value]
        case _:
            return value


def _told(operation: Operation) -> tuple[object, list[str], list[tuple[str, str, bool]]]:
    told = [(managed.label, managed.source, managed.secret) for managed in operation.managed]
    return operation.subject, changes(operation), told
