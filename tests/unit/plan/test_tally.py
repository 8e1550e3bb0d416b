from paragon_sync.jsonvalue import ABSENT, Json
from paragon_sync.model.desired import WorkflowEntry
from paragon_sync.model.planned import Change, Counts, FindingKind, Severity
from paragon_sync.model.project import Policy
from paragon_sync.plan.tally import Tally, disables
from paragon_sync.plan.user import UserPlan
from tests import nouns
from tests.unit.plan.build import BlockSpec, WorkflowSpec, credential, document, plan, user


def counts(*plans: UserPlan) -> Counts:
    tally = Tally()
    for planned in plans:
        tally.add(planned)
    return tally.counts


def of(block: BlockSpec, config: Json = None) -> UserPlan:
    return plan(user(credential(config)), document(block))


NOTE = BlockSpec(settings={"note": 1})
SAME: Json = {"sharedSettings": {"note": 1}}


def entry(*, enabled: bool) -> Json:
    return {"configuredWorkflows": {"notify": {"enabled": enabled, "settings": {}}}}


def test_users_are_changed_unchanged_or_left_out() -> None:
    found = counts(of(NOTE), of(NOTE, SAME), of(NOTE, SAME), plan(user(), document(NOTE)))

    assert (4, 1, 2, 1) == (found.considered, found.changed, found.unchanged, found.left_out)


def test_values_are_added_changed_and_removed() -> None:
    live: Json = {"sharedSettings": {"a": 1, "b": 1, "c": 1, "kept": 1}}

    found = counts(of(BlockSpec(settings={"a": 2, "new": 1, "new2": 1}, unset=["b", "c"]), live), of(NOTE))

    assert (3, 1, 2, 1) == (found.values_added, found.values_changed, found.values_removed, found.kept)
    assert 2 == found.operations


def test_enabled_and_disabled_workflows_are_counted() -> None:
    on, off = BlockSpec(workflows={"notify": True}), BlockSpec(workflows={"notify": False})

    found = counts(of(on), of(on, entry(enabled=False)), of(off, entry(enabled=True)), of(on, entry(enabled=True)))

    assert (2, 1, 2) == (found.workflows_enabled, found.workflows_disabled, found.workflows_managed)


def test_exact_disables_too() -> None:
    found = counts(of(BlockSpec(exact=True), entry(enabled=True)))

    assert (1, 1) == (found.workflows_disabled, found.workflows_managed)


def test_a_workflow_that_the_catalog_enables_counts_as_on() -> None:
    found = counts(of(BlockSpec(workflows={"alerts": False})))

    assert (1, 1) == (found.workflows_disabled, found.workflows_managed)


def test_an_entry_that_is_created_disabled_disables_nothing() -> None:
    found = counts(of(BlockSpec(workflows={"notify": WorkflowSpec(settings={"day": 1})})))

    assert (0, 0) == (found.workflows_disabled, found.workflows_managed)


def test_workflows_that_nobody_manages_are_not_counted() -> None:
    assert 0 == counts(of(NOTE, entry(enabled=True))).workflows_managed


def test_only_errors_are_counted_as_findings() -> None:
    tally = Tally()
    tally.add(plan(user(), document(NOTE)))
    tally.add(of(BlockSpec(integration="salesforce")))

    assert (1, 1) == (tally.errors, tally.counts.findings)


def test_users_without_an_account_are_counted_once_whatever_the_policy_wants_to_hear() -> None:
    ignoring = Policy(
        findings={FindingKind.NOT_CONNECTED: Severity.IGNORED, FindingKind.UNKNOWN_USER: Severity.WARNING}
    )
    elsewhere = [document(BlockSpec(integration="salesforce")), document(BlockSpec(integration="id:x"), file="b.yaml")]

    found = counts(
        plan(user(credential({})), *elsewhere, policy=ignoring), plan(user(), document(NOTE), policy=ignoring), of(NOTE)
    )

    assert (3, 2) == (found.considered, found.not_connected)


def test_an_entry_that_goes_disables_its_workflow_if_it_was_on() -> None:
    def gone(before: Json) -> Change:
        return nouns.switch("notify", before=before, after=ABSENT, target=WorkflowEntry("notify"))

    assert [True, False, False] == [disables(gone(before)) for before in ({"enabled": True}, {"enabled": False}, 1)]


def test_an_empty_tally_counts_nothing() -> None:
    assert Counts() == Tally().counts
