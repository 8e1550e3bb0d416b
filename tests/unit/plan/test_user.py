"""What findings leave out, and what comes first."""

import pytest

from paragon_sync.jsonvalue import Json, Repeated
from paragon_sync.model.planned import FindingKind, MetadataSubject, PatchMeta, Severity
from paragon_sync.model.project import Policy
from paragon_sync.plan.user import UNPLANNED, UserPlan
from tests.unit.plan.build import BlockSpec, credential, document, lines, payloads, plan, user

SLACK = BlockSpec(settings={"note": 1})
SALESFORCE = BlockSpec(integration="salesforce", settings={"Region": "eu"})
DISAGREEING = [document(SLACK), document(BlockSpec(settings={"note": 2}), file="b.yaml")]


def kinds(planned: UserPlan) -> list[FindingKind]:
    return [finding.kind for finding in planned.findings]


def judged(kind: FindingKind, severity: Severity) -> Policy:
    return Policy(findings={kind: severity})


def test_metadata_comes_first_and_is_sent_whole() -> None:
    live = user(credential(), meta={"plan": "pro", "big": 2**64 + 1})

    planned = plan(live, document(SLACK, metadata={"plan": "basic"}))

    assert MetadataSubject() == planned.operations[0].subject
    assert (PatchMeta(meta={"plan": "basic", "big": 2**64 + 1}),) == planned.operations[0].requests
    assert ['~ /plan "pro" → "basic"', "+ /sharedSettings/note 1"] == lines(planned)


def test_metadata_that_was_not_asked_for_is_not_planned() -> None:
    assert (0, []) == (
        len(plan(user(credential()), document()).operations),
        kinds(plan(user(credential()), document())),
    )


def test_metadata_that_could_not_be_read_is_a_finding() -> None:
    planned = plan(user(credential()), document(SLACK, metadata={"plan": "basic"}))

    assert [FindingKind.NOT_FETCHED] == kinds(planned)
    assert () == planned.operations


def test_metadata_that_names_a_key_twice_is_not_written() -> None:
    live = user(credential(), meta={"other": Repeated((("a", 1), ("a", 1)))})

    planned = plan(live, document(metadata={"plan": "basic"}))

    assert [FindingKind.NOT_CARRIABLE] == kinds(planned)


def test_documents_that_disagree_on_metadata_are_a_finding() -> None:
    planned = plan(
        user(credential(), meta={}), document(metadata={"a": 1}), document(metadata={"a": 1.0}, file="b.yaml")
    )

    (finding,) = planned.findings
    assert FindingKind.OWNERSHIP == finding.kind
    assert finding.place is not None
    assert finding.other is not None
    assert ("b.yaml", "a.yaml", None) == (finding.place.file, finding.other.file, finding.integration)


NOBODY: dict[str, list[Json]] = {"no credential": [], "deleted ones alone": ["2024-01-01"]}


@pytest.mark.parametrize("deleted", NOBODY.values(), ids=NOBODY)
def test_an_unknown_user_gets_nothing_not_even_metadata(deleted: list[Json]) -> None:
    live = user(*(credential({}, dateDeleted=date) for date in deleted), meta={})

    planned = plan(live, document(SLACK, metadata={"a": 1}))

    (finding,) = planned.findings
    assert FindingKind.UNKNOWN_USER == finding.kind
    assert finding.place is not None
    assert ("user",) == finding.place.pointer
    assert () == planned.operations
    assert planned.left_out


@pytest.mark.parametrize("severity", [Severity.ERROR, Severity.WARNING, Severity.IGNORED])
def test_an_unknown_user_gets_nothing_whatever_the_policy_says(severity: Severity) -> None:
    planned = plan(user(meta={}), document(metadata={"a": 1}), policy=judged(FindingKind.UNKNOWN_USER, severity))

    assert () == planned.operations
    assert planned.left_out


def test_an_unknown_user_without_documents_has_no_place() -> None:
    (finding,) = plan(user()).findings

    assert finding.place is None


def test_a_warning_leaves_out_its_block_alone() -> None:
    planned = plan(user(credential(), meta={}), document(SLACK, SALESFORCE, metadata={"a": 1}))

    assert [(FindingKind.NOT_CONNECTED, Severity.WARNING)] == [(f.kind, f.severity) for f in planned.findings]
    assert [{"a": 1}, {"sharedSettings": {"note": 1}}] == payloads(planned)
    assert not planned.left_out


def test_an_error_leaves_out_the_user() -> None:
    planned = plan(
        user(credential(), meta={}),
        document(SLACK, SALESFORCE, metadata={"a": 1}),
        policy=judged(FindingKind.NOT_CONNECTED, Severity.ERROR),
    )

    assert () == planned.operations
    assert planned.left_out
    assert {UNPLANNED} == {decision.verdict for decision in planned.decisions}


def test_several_findings_of_one_user_all_appear() -> None:
    live = user(credential({"sharedSettings": [1]}), credential(id="cred-2", integrationId="int-slack"))

    planned = plan(live, document(SLACK, SALESFORCE, metadata={"a": 1}))

    assert [FindingKind.NOT_FETCHED, FindingKind.NOT_CONNECTED, FindingKind.AMBIGUOUS_ACCOUNT] == kinds(planned)


def test_a_warning_about_a_configuration_leaves_it_out_whole() -> None:
    planned = plan(
        user(credential(), meta={}),
        *DISAGREEING,
        document(BlockSpec(settings={"channel": 1}), metadata={"a": 1}, file="c.yaml"),
        policy=judged(FindingKind.OWNERSHIP, Severity.WARNING),
    )

    assert ["+ /a 1"] == lines(planned)
    assert {"a": "added", "channel": UNPLANNED} == {decision.label: decision.verdict for decision in planned.decisions}


def test_a_finding_that_is_ignored_is_not_told_and_still_writes_nothing_there() -> None:
    planned = plan(
        user(credential(), meta={}),
        *DISAGREEING,
        document(metadata={"a": 1}, file="c.yaml"),
        policy=judged(FindingKind.OWNERSHIP, Severity.IGNORED),
    )

    assert [] == kinds(planned)
    assert ["+ /a 1"] == lines(planned)


def test_what_an_ignored_finding_leaves_out_is_not_planned() -> None:
    planned = plan(
        user(credential()),
        *DISAGREEING,
        document(BlockSpec(settings={"channel": 1}), file="c.yaml"),
        policy=judged(FindingKind.OWNERSHIP, Severity.IGNORED),
    )

    assert {UNPLANNED} == {decision.verdict for decision in planned.decisions}
    assert planned.left_out


def test_a_user_with_nothing_but_a_warning_is_left_out() -> None:
    assert plan(user(credential()), document(SALESFORCE)).left_out


def test_a_user_whose_rest_is_as_declared_is_not_left_out() -> None:
    assert not plan(user(credential({"sharedSettings": {"note": 1}})), document(SLACK, SALESFORCE)).left_out


def test_a_user_with_changes_held_back_by_a_warning_is_left_out() -> None:
    live = user(credential({"sharedSettings": {}}))
    escalating = document(BlockSpec(workflows={"escalate": True}))

    planned = plan(live, escalating, policy=judged(FindingKind.REQUIRED_MISSING, Severity.WARNING))

    assert planned.left_out


def test_information_leaves_nobody_out() -> None:
    live = user(credential({"sharedSettings": {"note": 1}}), credential(id="cred-2", status="PENDING"))

    planned = plan(live, document(SLACK))

    assert [FindingKind.PENDING_ACCOUNT] == kinds(planned)
    assert not planned.left_out


def test_disagreeing_selectors_of_one_document_are_a_finding() -> None:
    planned = plan(user(credential()), document(SLACK, BlockSpec(settings={"note": 2}, account="all"), SLACK))
    assert [] == kinds(planned)

    planned = plan(user(credential()), document(SLACK, BlockSpec(settings={"note": 2})))
    assert [FindingKind.OWNERSHIP] == kinds(planned)


def test_all_writes_to_each_account() -> None:
    live = user(credential({"x": 1}), credential({"x": 2}, id="cred-2", providerId="T2"))

    planned = plan(live, document(BlockSpec(settings={"note": 1}, account="all")))

    assert [{"x": 1, "sharedSettings": {"note": 1}}, {"x": 2, "sharedSettings": {"note": 1}}] == payloads(planned)


KEPT: dict[str, tuple[Json, int]] = {
    "other settings": ({"sharedSettings": {"note": 0, "a": 1, "b": {"c": 1, "d": 2}}}, 2),
    "each other key once": ({"configMeta": {"a": 1, "b": 2}, "more": None}, 2),
    "workflows value by value": (
        {"configuredWorkflows": {"x": {"enabled": True, "settings": {"a": 1, "b": 2}, "more": 1}, "y": None}},
        5,
    ),
    "two maps as one": (
        {"configuredWorkflows": {"x": {"enabled": True}}, "workflowSettings": {"x": {"enabled": True}}},
        1,
    ),
    "what is empty holds nothing": ({"sharedSettings": {}, "configuredWorkflows": {"x": {"settings": {}}}}, 0),
    "settings that are no object": ({"configuredWorkflows": {"x": {"enabled": 1, "settings": [1, 2]}}}, 2),
    "a map that is no object": ({"configuredWorkflows": [1]}, 1),
}


@pytest.mark.parametrize(("config", "kept"), KEPT.values(), ids=KEPT)
def test_unmanaged_values_are_counted(config: Json, kept: int) -> None:
    (operation,) = plan(user(credential(config)), document(SLACK)).operations

    assert kept == operation.kept


def test_unmanaged_metadata_is_counted_by_key() -> None:
    (operation,) = plan(
        user(credential(), meta={"a": 0, "sharedSettings": {}, "b": 1}), document(metadata={"a": 1})
    ).operations

    assert 2 == operation.kept


NOTIFY = BlockSpec(settings={"note": 1}, workflows={"notify": True})
AS_DECLARED: Json = {
    "sharedSettings": {"note": 1},
    "configuredWorkflows": {"notify": {"enabled": True, "settings": {}}},
}


def test_a_change_of_metadata_guards_managed_enablements() -> None:
    planned = plan(user(credential(AS_DECLARED), meta={}), document(NOTIFY, metadata={"a": 1}))

    metadata, guard = planned.operations
    assert MetadataSubject() == metadata.subject
    assert ((), ["notify"]) == (guard.changes, [managed.label for managed in guard.managed])
    assert AS_DECLARED == guard.base


NO_GUARD: dict[str, tuple[Json, Json, BlockSpec]] = {
    "metadata doesn't change": (AS_DECLARED, {"a": 1}, NOTIFY),
    "no enablement is managed": (AS_DECLARED, {}, SLACK),
    "the configuration could not be sent": (
        {**AS_DECLARED, "more": Repeated((("a", 1), ("a", 1)))},
        {},
        NOTIFY,
    ),
}


@pytest.mark.parametrize(("config", "meta", "block"), NO_GUARD.values(), ids=NO_GUARD)
def test_nothing_is_guarded_where(config: Json, meta: dict[str, Json], block: BlockSpec) -> None:
    planned = plan(user(credential(config), meta=meta), document(block, metadata={"a": 1}))

    assert [] == [operation for operation in planned.operations if not operation.changes]


def test_nothing_is_guarded_against_metadata_that_is_not_written() -> None:
    planned = plan(
        user(credential(AS_DECLARED), meta={}),
        document(NOTIFY, metadata={"a": 1}),
        document(metadata={"a": 2}, file="b.yaml"),
        policy=judged(FindingKind.OWNERSHIP, Severity.WARNING),
    )

    assert () == planned.operations
