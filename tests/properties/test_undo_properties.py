"""What holds of every rollback: it gives back what was there before the run, and nothing that others have written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from paragon_sync.jsonvalue import ABSENT, Json, JsonObject, Pointer, assign, equal
from paragon_sync.model.desired import DesiredDocument
from paragon_sync.model.live import Credential, LiveUser
from paragon_sync.model.planned import (
    Enablement,
    FindingKind,
    MetadataSubject,
    Operation,
    Origin,
    Request,
    Severity,
    Value,
)
from paragon_sync.model.project import Policy
from paragon_sync.plan.count import values_of
from paragon_sync.plan.rebase import Satisfied, ToSend, live_shape, rebase
from paragon_sync.plan.rollback.trace import Write
from paragon_sync.plan.rollback.undo import Undone, Written, undo_user
from paragon_sync.plan.shape import Shape
from tests.properties.users import KEYS, MAPS, SCALARS, WORKFLOWS, documents, users
from tests.unit.plan.build import CATALOG, plan, served

LENIENT = Policy(findings={FindingKind.OWNERSHIP: Severity.WARNING, FindingKind.REQUIRED_MISSING: Severity.IGNORED})
ENABLEMENTS: st.SearchStrategy[Enablement] = st.sampled_from(["config", "endpoint"])


def operations(live: LiveUser, wanted: list[DesiredDocument], enablement: Enablement) -> tuple[Operation, ...]:
    return plan(live, *wanted, policy=LENIENT, enablement=enablement).operations


def requests(found: Iterable[Operation]) -> list[Request]:
    return [request for operation in found for request in operation.requests]


def written(found: Iterable[Operation], *, verified: bool = True) -> list[Written]:
    return [
        Written(
            subject=one.subject,
            writes=(Write(pre_image=one.base, requests=one.requests),),
            managed=one.managed,
            verified=verified,
        )
        for one in found
    ]


def undo(record: Sequence[Written], live: LiveUser, enablement: Enablement) -> Undone:
    return undo_user("r1", record, live, CATALOG, enablement=enablement)


def shape(operation: Operation, live: LiveUser) -> Shape:
    found = live_shape(operation.subject, live)
    assert isinstance(found, Shape)
    return found


def without_empty(payload: JsonObject) -> JsonObject:
    """The payload without sections that hold nothing."""
    found = dict(payload)
    for name in MAPS:
        for workflow, entry in _object(found.get(name)).items():
            if _object(entry).get("settings") == {}:
                found = assign(found, (name, workflow, "settings"), ABSENT)
    return {key: value for key, value in found.items() if not (key in {"sharedSettings", *MAPS} and value == {})}


def alike(operation: Operation, one: LiveUser, other: LiveUser) -> bool:
    """Whether what the operation writes is the same; of metadata, but for keys that it added."""
    left, right = shape(operation, one).payload, shape(operation, other).payload
    if isinstance(operation.subject, MetadataSubject):
        return equal(left, {key: value for key, value in right.items() if key in left})
    return equal(without_empty(left), without_empty(right))


def added_keys(found: Iterable[Operation]) -> set[str]:
    meant = (operation for operation in found if isinstance(operation.subject, MetadataSubject))
    return {change.pointer[0] for one in meant for change in one.changes if change.before is ABSENT}


@given(users(), documents(), ENABLEMENTS, ENABLEMENTS)
def test_what_was_there_before_comes_back(
    live: LiveUser, wanted: list[DesiredDocument], forth: Enablement, back: Enablement
) -> None:
    found = operations(live, wanted, forth)
    after = served(live, requests(found))

    undone = undo(written(found), after, back)
    restored = served(after, requests(undone.operations))

    assert all(alike(operation, live, restored) for operation in found)
    assert len(added_keys(found)) == len(undone.notes)
    assert {Origin.ROLLBACK} >= {managed.origin for one in undone.operations for managed in one.managed}
    again = undo(written(found), restored, back)
    assert [] == [one for one in again.operations if one.changes]


@given(users(), documents(), ENABLEMENTS, st.data())
def test_a_run_that_ended_anywhere_comes_back(
    live: LiveUser, wanted: list[DesiredDocument], enablement: Enablement, data: st.DataObject
) -> None:
    found = operations(live, wanted, enablement)
    done = [one.requests[: data.draw(st.integers(0, len(one.requests)))] for one in found]
    halfway = served(live, [request for some in done for request in some])
    first = written(found, verified=False)

    restored = served(halfway, requests(undo(first, halfway, enablement).operations))

    assert all(alike(operation, live, restored) for operation in found)

    second, ended = _gone_on(found, first, halfway)
    restored = served(ended, requests(undo(second, ended, enablement).operations))

    assert all(alike(operation, live, restored) for operation in found)


def _gone_on(found: Iterable[Operation], first: Iterable[Written], live: LiveUser) -> tuple[list[Written], LiveUser]:
    """Every operation once more, from what is live now."""
    record = []
    for operation, one in zip(found, first, strict=True):
        match rebase(operation, live):
            case ToSend() as again:
                write = Write(pre_image=again.pre_image, requests=again.requests)
                record.append(replace(one, writes=(*one.writes, write), verified=True))
                live = served(live, again.requests)
            case other:
                assert other == Satisfied()
                record.append(replace(one, verified=True))
    return record, live


@given(users(), documents(), ENABLEMENTS, ENABLEMENTS, st.data())
def test_a_rollback_that_ended_anywhere_goes_on(
    live: LiveUser, wanted: list[DesiredDocument], forth: Enablement, back: Enablement, data: st.DataObject
) -> None:
    found = operations(live, wanted, forth)
    after = served(live, requests(found))
    for operation in undo(written(found), after, back).operations:
        done = data.draw(st.integers(0, len(operation.requests)))

        step = rebase(operation, served(after, operation.requests[:done]))

        if done == len(operation.requests) or not operation.changes:
            assert Satisfied() == step
        else:
            assert isinstance(step, ToSend)
            assert operation.requests[done:] == step.requests


@given(users(), documents(), ENABLEMENTS, ENABLEMENTS)
def test_a_rollback_can_be_rolled_back(
    live: LiveUser, wanted: list[DesiredDocument], forth: Enablement, back: Enablement
) -> None:
    found = operations(live, wanted, forth)
    after = served(live, requests(found))
    undone = undo(written(found), after, back).operations
    restored = served(after, requests(undone))

    redone = undo(written(undone), restored, forth)

    assert () == redone.notes
    assert all(alike(operation, after, served(restored, requests(redone.operations))) for operation in found)


@given(users(), documents(), ENABLEMENTS, ENABLEMENTS, st.data())
def test_what_others_wrote_since_survives(
    live: LiveUser, wanted: list[DesiredDocument], forth: Enablement, back: Enablement, data: st.DataObject
) -> None:
    found = operations(live, wanted, forth)
    after = served(live, requests(found))
    moved = data.draw(_moved(after))

    undone = undo(written(found), moved, back)
    restored = served(moved, requests(undone.operations))

    for operation in found:
        was, since, end = (values_of(shape(operation, one)) for one in (after, moved, restored))
        for at in was.keys() | since.keys():
            others = since.get(at, ABSENT)
            if not equal(was.get(at, ABSENT), others) and not _is_entry_off(at, others, end):
                assert equal(others, end.get(at, ABSENT))


def _is_entry_off(at: Pointer, others: object, end: dict[Pointer, Json]) -> bool:
    """An enablement that others took out of an entry comes back, if it must, as it would be without the entry."""
    return at[-1] == "enabled" and others is ABSENT and end.get(at) is False


@st.composite
def _moved(draw: st.DrawFn, live: LiveUser) -> LiveUser:
    """The user after somebody has written in the portal."""
    accounts = [Credential(_account_moved(draw, one.raw)) for one in live.credentials]
    meta = live.meta or {}
    for key in draw(st.lists(KEYS, max_size=2)):
        meta = assign(meta, (key,), draw(SCALARS))
    return replace(live, credentials=tuple(accounts), meta=meta)


def _account_moved(draw: st.DrawFn, raw: JsonObject) -> JsonObject:
    entries = [_section_moved(draw, _object(entry)) for entry in Credential(raw).configurations]
    if entries:
        config = raw.get("config")
        default = next((entry for entry in entries if entry.get("isDefault") is True), {})
        mirrored = _object(config) | {key: default[key] for key in _object(config) if key in default}
        return raw | {"configurations": list[Json](entries)} | ({"config": mirrored} if config else {})
    return raw | {"config": _section_moved(draw, _object(raw.get("config")))}


def _section_moved(draw: st.DrawFn, section: JsonObject) -> JsonObject:
    for at in draw(st.lists(st.sampled_from(list(_spots())), max_size=3)):
        value = draw(_portal_values(at))
        names = [name for name in MAPS if name in section] if at[0] in MAPS else [at[0]]
        for name in names or MAPS[:1]:
            section = assign(section, (name, *at[1:]), value)
    return section


def _portal_values(at: Pointer) -> st.SearchStrategy[Value]:
    if at[0] in MAPS and len(at) < 3:
        return st.just(ABSENT)
    return st.booleans() if at[-1] == "enabled" else st.just(ABSENT) | SCALARS


def _spots() -> Iterator[Pointer]:
    """Where something stands, or may stand."""
    yield from (("sharedSettings", key) for key in ("", "a", "b", "new"))
    for workflow in WORKFLOWS:
        yield from ((MAPS[0], workflow, "settings", key) for key in ("", "a", "new"))
        yield from ((MAPS[0], workflow, key) for key in ("enabled", "more"))
        yield (MAPS[0], workflow)
    yield ("more",)


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}
