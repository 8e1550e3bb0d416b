import pytest

from paragon_sync.model.planned import Counts, FindingKind, Severity
from paragon_sync.model.project import Policy
from paragon_sync.model.thresholds import KNOBS, Threshold
from paragon_sync.plan.policy import Hit, check, disabled_limit, severity

REFUSED: dict[str, tuple[Counts, Policy, list[str]]] = {
    "nothing": (Counts(), Policy(), []),
    "30 % of users": (Counts(considered=10, changed=3), Policy(), []),
    "more than 30 % of users": (Counts(considered=10, changed=4), Policy(), ["usersChanged=4"]),
    "too few users for a share": (Counts(considered=9, changed=9), Policy(), []),
    "a minimum of one's own": (
        Counts(considered=9, changed=9),
        Policy(minimum_population=9),
        ["usersChanged=9"],
    ),
    "a share that binary numbers miss": (
        Counts(considered=100, changed=29),
        Policy(thresholds={"usersChanged": Threshold(share=0.29)}),
        [],
    ),
    "a number counts among few users": (
        Counts(considered=2, changed=2),
        Policy(thresholds={"usersChanged": Threshold(number=1)}),
        ["usersChanged=2"],
    ),
    "none at all": (
        Counts(considered=1, changed=1),
        Policy(thresholds={"usersChanged": Threshold(number=0)}),
        ["usersChanged=1"],
    ),
    "10 removals": (Counts(considered=1, values_removed=10), Policy(), []),
    "11 removals": (Counts(considered=1, values_removed=11), Policy(), ["valuesRemoved=11"]),
    "a share of removals": (
        Counts(considered=10, values_removed=2, kept=6),
        Policy(thresholds={"valuesRemoved": Threshold(share=0.2)}),
        ["valuesRemoved=2"],
    ),
    "5 % of enabled workflows": (Counts(considered=10, workflows_disabled=1, workflows_managed=20), Policy(), []),
    "more than 5 % of enabled workflows": (
        Counts(considered=10, workflows_disabled=1, workflows_managed=19),
        Policy(),
        ["workflowsDisabled=1"],
    ),
    "findings": (Counts(considered=1, left_out=1, findings=2), Policy(), ["findings=2"]),
    "several rules": (
        Counts(considered=10, changed=10, values_removed=11, findings=1),
        Policy(),
        ["usersChanged=10", "valuesRemoved=11", "findings=1"],
    ),
}


@pytest.mark.parametrize(("counts", "policy", "knobs"), REFUSED.values(), ids=REFUSED)
def test_refusals_name_the_knob(counts: Counts, policy: Policy, knobs: list[str]) -> None:
    refusals = check(counts, policy, {})

    assert knobs == [refusal.knob for refusal in refusals]
    assert all(f"--allow {refusal.knob}" in refusal.message for refusal in refusals)


ALLOWED: dict[str, tuple[Counts, str, int, bool]] = {
    "the plan's own count": (Counts(considered=10, changed=4), "usersChanged", 4, True),
    "more": (Counts(considered=10, changed=4), "usersChanged", 100, True),
    "less": (Counts(considered=10, changed=4), "usersChanged", 3, False),
    "another rule": (Counts(considered=10, changed=4), "valuesRemoved", 4, False),
    "findings": (Counts(findings=2), "findings", 2, True),
    "fewer findings": (Counts(findings=2), "findings", 1, False),
}


@pytest.mark.parametrize(("counts", "knob", "number", "fine"), ALLOWED.values(), ids=ALLOWED)
def test_a_knob_allows_up_to_its_number(counts: Counts, knob: str, number: int, *, fine: bool) -> None:
    assert knob in KNOBS
    assert fine == (check(counts, Policy(), {knob: number}) == ())


def test_a_knob_never_tightens_a_rule() -> None:
    assert () == check(Counts(considered=1, values_removed=5), Policy(), {"valuesRemoved": 0})


def test_messages_carry_the_numbers() -> None:
    (share,) = check(Counts(considered=10, changed=4), Policy(), {})
    (number,) = check(Counts(considered=1, values_removed=11), Policy(), {})
    (one,) = check(Counts(considered=1, left_out=1, findings=1), Policy(), {})

    assert share.message.startswith("4 of 10 users would change; policy usersChanged allows 30% of those considered.")
    assert number.message.startswith("11 values would be removed; policy valuesRemoved allows 10.")
    assert one.message.startswith("1 finding is an error")


def test_findings_are_errors_unless_policy_says_otherwise() -> None:
    judged = {kind: severity(kind, Policy()) for kind in FindingKind}

    assert Severity.WARNING == judged.pop(FindingKind.NOT_CONNECTED)
    assert Severity.WARNING == judged.pop(FindingKind.NOT_RESTORED)
    assert Severity.INFO == judged.pop(FindingKind.PENDING_ACCOUNT)
    assert {Severity.ERROR} == set(judged.values())


def test_policy_judges_each_kind() -> None:
    policy = Policy(findings={FindingKind.NOT_CONNECTED: Severity.ERROR, FindingKind.OWNERSHIP: Severity.IGNORED})

    assert Severity.ERROR == severity(FindingKind.NOT_CONNECTED, policy)
    assert Severity.IGNORED == severity(FindingKind.OWNERSHIP, policy)


def test_not_connected_users_count_where_there_is_a_limit() -> None:
    counts = Counts(considered=10, not_connected=3)

    assert () == check(counts, Policy(), {})
    assert () == check(counts, Policy(thresholds={"usersNotConnected": Threshold(number=3)}), {})
    assert () == check(counts, Policy(thresholds={"usersNotConnected": Threshold(share=0.3)}), {})
    (refusal,) = check(counts, Policy(thresholds={"usersNotConnected": Threshold(share=0.2)}), {})
    assert (
        "3 of 10 users are not connected; policy usersNotConnected allows 20% of those considered."
        " To go on all the same: --allow usersNotConnected=3"
    ) == refusal.message


def test_protected_values_are_refused_with_what_protects_them() -> None:
    hits = {
        'slack "Channel"': Hit().more("acme", 1).more("globex", 2).more("initech", 1).more("umbrella", 1),
        "users acme-*": Hit().more("acme-corp", 1),
    }

    (refusal,) = check(Counts(considered=5, protected=6), Policy(), {"protected": 5}, hits)

    assert ("protected", "protected=6") == (refusal.rule, refusal.knob)
    assert (
        '6 protected values would change: 5 by slack "Channel" (acme, globex, initech, …),'
        " 1 by users acme-* (acme-corp). To go on all the same: --allow protected=6"
    ) == refusal.message
    assert () == check(Counts(considered=5, protected=6), Policy(), {"protected": 6}, hits)


def test_one_protected_value_is_one() -> None:
    (refusal,) = check(Counts(protected=1), Policy(), {}, {"slack": Hit().more("acme", 1)})

    assert refusal.message.startswith("1 protected value would change: 1 by slack (acme).")


LIMITS: dict[str, tuple[Counts, Policy, dict[str, int], int | None]] = {
    "a share": (Counts(considered=10, workflows_managed=50), Policy(), {}, 2),
    "a share of few users": (Counts(considered=9, workflows_managed=50), Policy(), {}, None),
    "a number": (Counts(considered=1), Policy(thresholds={"workflowsDisabled": Threshold(number=3)}), {}, 3),
    "none at all": (Counts(considered=1), Policy(thresholds={"workflowsDisabled": Threshold(number=0)}), {}, 0),
    "more by a knob": (Counts(considered=10, workflows_managed=50), Policy(), {"workflowsDisabled": 7}, 7),
    "less by a knob": (Counts(considered=10, workflows_managed=50), Policy(), {"workflowsDisabled": 1}, 2),
}


@pytest.mark.parametrize(("counts", "policy", "allowed", "expected"), LIMITS.values(), ids=LIMITS)
def test_the_limit_of_what_may_be_disabled(
    counts: Counts, policy: Policy, allowed: dict[str, int], expected: int | None
) -> None:
    assert expected == disabled_limit(counts, policy, allowed)
