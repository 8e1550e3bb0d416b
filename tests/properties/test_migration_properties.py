"""What holds of every migration, whatever is live: nothing is lost, and a second run changes nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from paragon_sync.jsonvalue import Json, equal
from paragon_sync.model.desired import DesiredDocument
from paragon_sync.model.live import Credential, LiveUser
from paragon_sync.model.migration import Action, Enrolment, Verb
from paragon_sync.model.planned import FindingKind, Managed, Operation, Origin, Severity
from paragon_sync.model.project import Policy
from paragon_sync.plan.count import unmanaged, values_of
from paragon_sync.plan.rebase import Conflicting, Satisfied, ToSend, rebase
from paragon_sync.plan.requests import final_payload
from paragon_sync.plan.shape import WORKFLOW_MAPS, Shape
from paragon_sync.plan.user import UserPlan
from tests.properties.users import SCALARS, VALUES, WORKFLOWS, documents, users
from tests.unit.plan.build import written
from tests.unit.plan.migrations import (
    at,
    fill,
    migration,
    move,
    plan_migrations,
    put,
    remove,
    switch,
    table,
)

LENIENT = Policy(
    findings=dict.fromkeys(
        (FindingKind.OWNERSHIP, FindingKind.WOULD_OVERWRITE, FindingKind.NOT_MAPPED, FindingKind.NOT_MIGRATED),
        Severity.WARNING,
    )
)
SETTINGS = st.sampled_from(["a", "b", "a/b", "notify.a", "notify.b", "alerts.a", "gone.~"])
INSIDE = st.sampled_from([(), (), ("a",), ("*",), ("b", "*")])


@st.composite
def steps(draw: st.DrawFn) -> tuple[Verb, Action]:
    """A step of any kind, on few settings, so that steps meet."""
    setting, inside = draw(SETTINGS), draw(INSIDE)
    match draw(st.sampled_from(["move", "map", "set", "default", "remove", "switch"])):
        case "move":
            parts = [(draw(SETTINGS), draw(st.sampled_from([(), (), ("a",), ("b",)]))) for _ in range(2)]
            source, destination = (at(name, *path) for name, path in parts)
            return move(source, destination, overwrite=draw(st.booleans()))
        case "map":
            pairs = draw(st.lists(st.tuples(SCALARS, VALUES), min_size=1, max_size=3))
            return table(setting, pairs, *inside, fail=draw(st.booleans()))
        case "set":
            return put(setting, draw(VALUES), *inside)
        case "default":
            return fill(setting, draw(VALUES), *inside, blank=tuple(draw(st.lists(SCALARS, max_size=1))))
        case "remove":
            return remove(setting, *inside)
        case _:
            return switch(draw(st.sampled_from(WORKFLOWS)), enabled=draw(st.booleans()))


@st.composite
def migrations(draw: st.DrawFn) -> list[Enrolment]:
    found = []
    for number in range(draw(st.integers(1, 2))):
        wanted = draw(st.lists(steps(), min_size=1, max_size=4))
        found.append(migration(*wanted, name=str(number), existing=draw(st.booleans())))
    return found


def planned(live: LiveUser, wanted: list[Enrolment], beside: list[DesiredDocument] | None = None) -> UserPlan:
    return plan_migrations(live, *wanted, documents=beside or [], policy=LENIENT)


@given(users(), migrations())
def test_a_second_run_changes_nothing(live: LiveUser, wanted: list[Enrolment]) -> None:
    after = written(live, planned(live, wanted))

    assert () == planned(after, wanted).operations


@given(users(), migrations(), documents())
def test_a_second_run_beside_documents_changes_nothing(
    live: LiveUser, wanted: list[Enrolment], beside: list[DesiredDocument]
) -> None:
    after = written(live, planned(live, wanted, beside))

    assert () == planned(after, wanted, beside).operations


@given(users(), migrations())
def test_what_no_step_touches_survives(live: LiveUser, wanted: list[Enrolment]) -> None:
    for operation in planned(live, wanted).operations:
        before, after = shapes(operation)
        kept = unmanaged(before, [managed.target for managed in operation.managed])
        assert kept.items() <= values_of(after).items() or all(
            equal(value, values_of(after)[pointer]) for pointer, value in kept.items()
        )


@given(users(), migrations())
def test_a_value_that_is_moved_stands_elsewhere(live: LiveUser, wanted: list[Enrolment]) -> None:
    for operation in planned(live, wanted).operations:
        if any(action_converts(one) for one in wanted):
            continue
        _, after = shapes(operation)
        for managed in operation.managed:
            if managed.origin is Origin.MOVED:
                assert any(holds(value, managed.base) for value in values_of(after).values())


@given(users(), migrations())
def test_rebasing_on_what_has_not_moved_gives_what_was_planned(live: LiveUser, wanted: list[Enrolment]) -> None:
    for operation in planned(live, wanted).operations:
        found = rebase(operation, live)

        assert isinstance(found, ToSend)
        assert equal(final_payload(operation.base, operation.requests), found.payload)
        assert Satisfied() == rebase(operation, written(live, planned(live, wanted)))


@given(users(), migrations(), st.data())
def test_what_was_read_must_not_move(live: LiveUser, wanted: list[Enrolment], data: st.DataObject) -> None:
    for operation in planned(live, wanted).operations:
        read = [one for one in operation.managed if is_plainly_read(one)]
        if not read:
            continue
        one = data.draw(st.sampled_from(read))
        moved = replaced(live, operation, one, "something else")

        assert isinstance(rebase(operation, moved), Conflicting)


def is_plainly_read(managed: Managed) -> bool:
    setting = hasattr(managed.target, "input")
    return setting and managed.read and isinstance(managed.base, str) and equal(managed.base, managed.desired)


def replaced(live: LiveUser, operation: Operation, managed: Managed, value: Json) -> LiveUser:
    """The user with another value there, in every place where the value stands."""

    def put_in(found: Json) -> Json:
        if isinstance(found, dict):
            return {key: put_in(inner) if not is_target(key, inner) else value for key, inner in found.items()}
        return [put_in(item) for item in found] if isinstance(found, list) else found

    name = getattr(managed.target, "input", "")

    def is_target(key: str, inner: Json) -> bool:
        return key == name and equal(inner, managed.base)

    ids = {getattr(operation.subject, "credential", "")}
    moved = []
    for one in live.credentials:
        raw = put_in(one.raw) if one.id in ids else one.raw
        assert isinstance(raw, dict)
        moved.append(Credential(raw))
    return LiveUser(user=live.user, credentials=tuple(moved), meta=live.meta)


def shapes(operation: Operation) -> tuple[Shape, Shape]:
    names = tuple(name for name in WORKFLOW_MAPS if name in operation.base) or ("workflowSettings",)
    after = final_payload(operation.base, operation.requests)
    return Shape(payload=operation.base, maps=names), Shape(payload=after, maps=names)


def holds(value: Json, wanted: object) -> bool:
    """Whether the wanted value stands in this one, at any depth."""
    if equal(value, wanted):
        return True
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(holds(item, wanted) for item in inner)


def action_converts(enrolment: Enrolment) -> bool:
    """Whether a step changes values on their way."""
    return any(step.verb not in {"move", "enable", "disable"} for step in enrolment.migration.steps)
