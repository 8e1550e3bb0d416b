"""What holds where workflows are switched by requests of their own, whatever is live and wherever an attempt ends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from paragon_sync.jsonvalue import equal
from paragon_sync.model.desired import DesiredDocument, WorkflowEnabled
from paragon_sync.model.live import LiveUser
from paragon_sync.model.planned import (
    ConfigurationSubject,
    DisableWorkflow,
    EnableWorkflow,
    FindingKind,
    Operation,
    PatchConfig,
    Severity,
)
from paragon_sync.model.project import Policy
from paragon_sync.plan.rebase import Satisfied, ToSend, live_shape, rebase
from paragon_sync.plan.requests import final_payload
from paragon_sync.plan.shape import Shape
from paragon_sync.plan.verify import Kept, compare_after
from tests.nouns import as_planned
from tests.properties.users import documents, users
from tests.unit.plan.build import plan, served

LENIENT = Policy(findings={FindingKind.OWNERSHIP: Severity.WARNING, FindingKind.REQUIRED_MISSING: Severity.IGNORED})


def operations(live: LiveUser, wanted: list[DesiredDocument]) -> list[Operation]:
    """Those on configurations: metadata holds no workflow."""
    found = plan(live, *wanted, policy=LENIENT, enablement="endpoint").operations
    return [operation for operation in found if isinstance(operation.subject, ConfigurationSubject)]


def shape(operation: Operation, live: LiveUser) -> Shape:
    found = live_shape(operation.subject, live)
    assert isinstance(found, Shape)
    return found


@given(users(), documents())
def test_both_ways_end_alike(live: LiveUser, wanted: list[DesiredDocument]) -> None:
    whole = plan(live, *wanted, policy=LENIENT).operations
    apart = plan(live, *wanted, policy=LENIENT, enablement="endpoint").operations

    assert [(one.user, one.subject) for one in whole] == [(one.user, one.subject) for one in apart]
    for one, other in zip(whole, apart, strict=True):
        payload = final_payload(one.base, one.requests)
        assert equal(payload, final_payload(other.base, other.requests))
        assert Kept() == compare_after(other, as_planned(other), served(live, other.requests))


@given(users(), documents())
def test_workflows_are_switched_by_their_own_requests_alone(live: LiveUser, wanted: list[DesiredDocument]) -> None:
    for operation in operations(live, wanted):
        kinds = [type(request) for request in operation.requests]
        assert kinds == sorted(kinds, key=[DisableWorkflow, PatchConfig, EnableWorkflow].index)
        assert kinds.count(PatchConfig) <= 1
        for number, request in enumerate(operation.requests):
            if isinstance(request, PatchConfig):
                before = shape(operation, served(live, operation.requests[:number]))
                after = shape(operation, served(live, operation.requests[: number + 1]))
                for workflow in after.workflows():
                    was = before.read(WorkflowEnabled(workflow)) if before.has_entry(workflow) else False
                    assert equal(was, after.read(WorkflowEnabled(workflow)))


@given(users(), documents())
def test_no_workflow_is_enabled_before_its_settings_are_there(live: LiveUser, wanted: list[DesiredDocument]) -> None:
    for operation in operations(live, wanted):
        end = shape(operation, served(live, operation.requests))
        for number, request in enumerate(operation.requests):
            if isinstance(request, EnableWorkflow):
                then = shape(operation, served(live, operation.requests[:number]))
                workflow = request.workflow
                assert equal(end.workflow_settings(workflow), then.workflow_settings(workflow))


@given(users(), documents(), st.data())
def test_wherever_an_attempt_ends_the_next_one_goes_on(
    live: LiveUser, wanted: list[DesiredDocument], data: st.DataObject
) -> None:
    for operation in operations(live, wanted):
        done = data.draw(st.integers(0, len(operation.requests)))
        halfway = served(live, operation.requests[:done])

        found = rebase(operation, halfway)

        if done == len(operation.requests):
            assert Satisfied() == found
        else:
            assert isinstance(found, ToSend)
            assert equal(final_payload(operation.base, operation.requests), found.payload)
            assert operation.requests[done:] == found.requests


@given(users(), documents(), users())
def test_a_rebased_payload_is_what_its_requests_lead_to(
    live: LiveUser, wanted: list[DesiredDocument], moved: LiveUser
) -> None:
    for operation in operations(live, wanted):
        found = rebase(operation, moved)
        if isinstance(found, ToSend):
            assert equal(found.payload, final_payload(found.pre_image, found.requests))
            assert equal(found.payload, shape(operation, served(moved, found.requests)).payload)
