"""Absent, null, empty, removed: what each value is to be."""

import pytest

from paragon_sync.jsonvalue import Json, equal
from paragon_sync.model.desired import Setting
from paragon_sync.model.planned import FindingKind, Origin, Severity
from paragon_sync.model.project import Policy
from paragon_sync.plan.decide import ADDED, LEFT, explain_rank
from paragon_sync.plan.user import UNPLANNED
from tests.unit.plan.build import BlockSpec, WorkflowSpec, credential, document, layer, lines, payload, plan, user


def settings(**values: Json) -> Json:
    return {"sharedSettings": dict(values)}


def workflows(**entries: Json) -> Json:
    return {"configuredWorkflows": dict(entries)}


def entry(*, enabled: bool, **values: Json) -> Json:
    return {"enabled": enabled, "settings": dict(values)}


LINES = {
    "a setting is added": (BlockSpec(settings={"note": None}), settings(), ["+ /sharedSettings/note null"]),
    "a setting is changed": (
        BlockSpec(settings={"note": {}}),
        settings(note="x"),
        ['~ /sharedSettings/note "x" → {}'],
    ),
    "a setting is as declared": (BlockSpec(settings={"note": {"a": 1, "b": 2}}), settings(note={"b": 2, "a": 1}), []),
    "true is not 1": (BlockSpec(settings={"note": True}), settings(note=1), ["~ /sharedSettings/note 1 → true"]),
    "1 is not 1.0": (BlockSpec(settings={"note": 1.0}), settings(note=1), ["~ /sharedSettings/note 1 → 1.0"]),
    "nothing declared, nothing managed": (BlockSpec(), settings(note=1), []),
    "a default fills what is absent": (
        BlockSpec(defaults={"note": "x"}),
        settings(),
        ['+ /sharedSettings/note "x" [defaults]'],
    ),
    "a default leaves the user's value": (BlockSpec(defaults={"note": "x"}), settings(note="mine"), []),
    "null is a value": (BlockSpec(defaults={"note": "x"}), settings(note=None), []),
    "an empty string is a value": (BlockSpec(defaults={"note": "x"}), settings(note=""), []),
    "false is a value": (BlockSpec(defaults={"note": "x"}), settings(note=False), []),
    "0 is a value": (BlockSpec(defaults={"note": "x"}), settings(note=0), []),
    "a default fills what is blank": (
        BlockSpec(defaults={"note": "x"}, blank=(None, "")),
        settings(note=""),
        ['~ /sharedSettings/note "" → "x" [defaults]'],
    ),
    "what isn't listed isn't blank": (BlockSpec(defaults={"note": "x"}, blank=(None, "")), settings(note=0), []),
    "a setting is unset": (BlockSpec(unset=["note"]), settings(note=1), ["- /sharedSettings/note 1"]),
    "a null setting is unset": (BlockSpec(unset=["note"]), settings(note=None), ["- /sharedSettings/note null"]),
    "there is nothing to unset": (BlockSpec(unset=["note"]), settings(), []),
    "a workflow is enabled": (
        BlockSpec(workflows={"notify": True}),
        workflows(notify=entry(enabled=False)),
        ["~ /configuredWorkflows/notify/enabled false → true"],
    ),
    "a workflow is disabled": (
        BlockSpec(workflows={"notify": False}),
        workflows(notify=entry(enabled=True)),
        ["~ /configuredWorkflows/notify/enabled true → false"],
    ),
    "an entry lacks enabled": (
        BlockSpec(workflows={"notify": False}),
        workflows(notify={"settings": {}}),
        ["+ /configuredWorkflows/notify/enabled false"],
    ),
    "an entry is created": (
        BlockSpec(workflows={"notify": True}),
        None,
        ["+ /configuredWorkflows/notify/enabled true"],
    ),
    "false for a missing entry is no change": (BlockSpec(workflows={"notify": False}), None, []),
    "false for a missing entry that the catalog enables is one": (
        BlockSpec(workflows={"alerts": False}),
        None,
        ["+ /configuredWorkflows/alerts/enabled false"],
    ),
    "false for a missing entry that is created for its settings is one": (
        BlockSpec(workflows={"notify": WorkflowSpec(enabled=False, settings={"day": 1})}),
        None,
        ["+ /configuredWorkflows/notify/enabled false", "+ /configuredWorkflows/notify/settings/day 1"],
    ),
    "an entry is created for its settings": (
        BlockSpec(workflows={"notify": WorkflowSpec(settings={"day": 1}, defaults={"hour": 2})}),
        None,
        [
            "+ /configuredWorkflows/notify/enabled false [created]",
            "+ /configuredWorkflows/notify/settings/day 1",
            "+ /configuredWorkflows/notify/settings/hour 2 [defaults]",
        ],
    ),
    "an entry is created as the catalog enables it": (
        BlockSpec(workflows={"alerts": WorkflowSpec(settings={"day": 1})}),
        None,
        ["+ /configuredWorkflows/alerts/enabled true [created]", "+ /configuredWorkflows/alerts/settings/day 1"],
    ),
    "a default creates an entry": (
        BlockSpec(workflows={"notify": WorkflowSpec(defaults={"day": 1})}),
        None,
        [
            "+ /configuredWorkflows/notify/enabled false [created]",
            "+ /configuredWorkflows/notify/settings/day 1 [defaults]",
        ],
    ),
    "unset creates no entry": (BlockSpec(workflows={"notify": WorkflowSpec(unset=["day"])}), None, []),
    "settings of an entry need no word on enabled": (
        BlockSpec(workflows={"notify": WorkflowSpec(settings={"day": 1})}),
        workflows(notify={}),
        ["+ /configuredWorkflows/notify/settings/day 1"],
    ),
    "exact removes what nobody names": (
        BlockSpec(exact=True, settings={"note": 1}, defaults={"channel": 1}, unset=["gone"], keep=["kept"]),
        settings(note=1, channel=2, kept=3, unknown=4),
        ["- /sharedSettings/unknown 4 [exact]"],
    ),
    "exact disables enabled workflows that nobody names": (
        BlockSpec(exact=True, workflows={"notify": WorkflowSpec()}),
        workflows(
            notify=entry(enabled=True),
            off=entry(enabled=False),
            on=entry(enabled=True, x=1),
            odd={"enabled": "yes"},
            bad=None,
        ),
        ["~ /configuredWorkflows/on/enabled true → false [exact]"],
    ),
    "exact leaves the settings of workflows": (
        BlockSpec(exact=True, workflows={"notify": True}),
        workflows(notify=entry(enabled=True, x=1)),
        [],
    ),
    "exact on a workflow removes its settings alone": (
        BlockSpec(workflows={"notify": WorkflowSpec(exact=True, settings={"day": 1}, keep=["kept"])}),
        {"sharedSettings": {"y": 1}, "configuredWorkflows": {"notify": entry(enabled=True, day=1, x=2, kept=3)}},
        ["- /configuredWorkflows/notify/settings/x 2 [exact]"],
    ),
    "exact on a workflow without an entry": (
        BlockSpec(workflows={"notify": WorkflowSpec(exact=True)}),
        None,
        [],
    ),
}


@pytest.mark.parametrize(("block", "config", "expected"), LINES.values(), ids=LINES)
def test_changes(block: BlockSpec, config: Json, expected: list[str]) -> None:
    planned = plan(user(credential(config)), document(block))

    assert expected == lines(planned)
    assert () == planned.findings


def test_created_entries_have_both_keys() -> None:
    planned = plan(user(credential()), document(BlockSpec(workflows={"notify": True})))

    assert {"configuredWorkflows": {"notify": {"enabled": True, "settings": {}}}} == payload(planned)


def test_an_emptied_section_stays() -> None:
    planned = plan(user(credential(settings(note=1))), document(BlockSpec(unset=["note"])))

    assert {"sharedSettings": {}} == payload(planned)


def test_exact_disables_and_keeps_the_settings() -> None:
    planned = plan(user(credential(workflows(gone=entry(enabled=True, x=1.0)))), document(BlockSpec(exact=True)))

    assert equal(workflows(gone=entry(enabled=False, x=1.0)), payload(planned))


def test_exact_names_are_joined_over_all_documents() -> None:
    live = user(credential(settings(note=1, channel=2, kept=3, more=4)))
    documents = [
        document(BlockSpec(exact=True)),
        document(BlockSpec(settings={"note": 1}), file="b.yaml"),
        document(BlockSpec(keep=["kept"], account="all"), file="c.yaml"),
        document(file="d.yaml", profiles=[document(BlockSpec(defaults={"channel": 0}), file="p").layers[0]]),
    ]

    assert ["- /sharedSettings/more 4 [exact]"] == lines(plan(live, *documents))


def test_exact_removals_say_who_wants_them() -> None:
    (operation,) = plan(user(credential(settings(webhook="s"))), document(BlockSpec(exact=True))).operations
    (change,) = operation.changes

    assert ("a.yaml", "Webhook", Origin.EXACT, True) == (change.source, change.label, change.origin, change.secret)


REQUIRED = {
    "has no value": (WorkflowSpec(enabled=True), None, True),
    "would lose its value": (WorkflowSpec(enabled=True, unset=["oncall"]), entry(enabled=False, oncall=1), True),
    "is given a value": (WorkflowSpec(enabled=True, settings={"oncall": "ann"}), None, False),
    "is given a default": (WorkflowSpec(enabled=True, defaults={"oncall": "ann"}), None, False),
    "has a value": (WorkflowSpec(enabled=True), entry(enabled=False, oncall="ann"), False),
    "has no value in a workflow that is on already": (
        WorkflowSpec(enabled=True, settings={"x": 1}),
        entry(enabled=True),
        False,
    ),
    "has no value in a workflow that stays off": (WorkflowSpec(enabled=False, settings={"x": 1}), None, False),
}


@pytest.mark.parametrize(("workflow", "live", "missing"), REQUIRED.values(), ids=REQUIRED)
def test_enabling_while_a_required_setting(workflow: WorkflowSpec, live: Json, *, missing: bool) -> None:
    config = None if live is None else workflows(escalate=live)

    planned = plan(user(credential(config)), document(BlockSpec(workflows={"escalate": workflow})))

    kinds = [finding.kind for finding in planned.findings]
    assert ([FindingKind.REQUIRED_MISSING] if missing else []) == kinds
    assert missing == (planned.operations == ())


def test_a_missing_required_setting_is_named() -> None:
    planned = plan(user(credential()), document(BlockSpec(workflows={"escalate": True})))

    (finding,) = planned.findings
    assert '"Escalate" can\'t be enabled: no value for its required "On call"' == finding.message
    assert finding.place is not None
    assert finding.place.of_key


SECRETS = {
    "by its input's type": (BlockSpec(settings={"webhook": 1}), ["webhook"]),
    "by its name": (BlockSpec(settings={"Access token": 1, "Tokenizer": 2}), ["Access token"]),
    "by where it comes from": (BlockSpec(settings={"note": 1}, secret=True), ["note"]),
    "in a workflow": (BlockSpec(workflows={"notify": WorkflowSpec(settings={"apiKey": 1, "x": 1})}), ["apiKey"]),
    "not at all": (BlockSpec(settings={"note": 1}), []),
    "never as an enablement": (BlockSpec(workflows={"Rotate token": True}), []),
}


@pytest.mark.parametrize(("block", "secrets"), SECRETS.values(), ids=SECRETS)
def test_a_value_is_secret(block: BlockSpec, secrets: list[str]) -> None:
    (operation,) = plan(user(credential()), document(block)).operations

    assert secrets == [change.label for change in operation.changes if change.secret]
    assert secrets == [managed.label for managed in operation.managed if managed.secret]


def test_metadata_is_secret_by_its_key() -> None:
    planned = plan(user(credential(), meta={}), document(metadata={"api_token": 1, "Tokenizer": 2}))

    assert [("Tokenizer", False), ("api_token", True)] == [
        (managed.label, managed.secret) for managed in planned.operations[0].managed
    ]


VERDICTS = {
    "added": (BlockSpec(settings={"note": 1}), settings()),
    "changed": (BlockSpec(settings={"note": 1}), settings(note=2)),
    "removed": (BlockSpec(unset=["note"]), settings(note=2)),
    "disabled": (BlockSpec(exact=True), workflows(notify=entry(enabled=True))),
    "no change: already so": (BlockSpec(settings={"note": 1}), settings(note=1)),
    "left: a default, and the user has a value": (BlockSpec(defaults={"note": 1}), settings(note=2)),
    "no change: nothing to unset": (BlockSpec(unset=["note"]), settings()),
    "no change: a workflow without an entry is off": (BlockSpec(workflows={"notify": False}), settings()),
    UNPLANNED: (BlockSpec(workflows={"escalate": True}), settings()),
}


@pytest.mark.parametrize(("block", "config"), VERDICTS.values(), ids=VERDICTS)
def test_decisions_say_why(block: BlockSpec, config: Json, request: pytest.FixtureRequest) -> None:
    (decision,) = plan(user(credential(config)), document(block)).decisions

    assert request.node.callspec.id == decision.verdict


def test_a_default_that_is_as_declared_is_already_so() -> None:
    (decision,) = plan(user(credential(settings(note=1))), document(BlockSpec(defaults={"note": 1}))).decisions

    assert "no change: already so" == decision.verdict


def test_decisions_name_winner_and_losers() -> None:
    profile = document(BlockSpec(settings={"note": 1}), file="profile standard").layers[0]

    (decision,) = plan(
        user(credential(settings(note=0))), document(BlockSpec(settings={"note": 2}), profiles=[profile])
    ).decisions

    assert ("a.yaml", "decides") == (decision.winner.source, decision.winner.why)
    assert [("profile standard", "a.yaml stands above it")] == [(one.source, one.why) for one in decision.losers]
    assert (0, 2, ("sharedSettings", "note")) == (decision.live, decision.desired, decision.pointer)


def test_created_enablements_have_no_place() -> None:
    decisions = plan(
        user(credential()), document(BlockSpec(workflows={"notify": WorkflowSpec(settings={"day": 1})}))
    ).decisions

    assert [None, True] == [decision.winner.place and True for decision in decisions]
    assert "no document declares it" in decisions[0].winner.why


def test_changes_stand_in_an_order_of_their_own() -> None:
    block = BlockSpec(
        settings={"z": 1, "a": 1},
        workflows={
            "notify": WorkflowSpec(enabled=True, settings={"z": 1, "a": 1}),
            "alerts": WorkflowSpec(enabled=True),
        },
    )

    assert [
        "+ /sharedSettings/a 1",
        "+ /sharedSettings/z 1",
        "+ /configuredWorkflows/alerts/enabled true",
        "+ /configuredWorkflows/notify/enabled true",
        "+ /configuredWorkflows/notify/settings/a 1",
        "+ /configuredWorkflows/notify/settings/z 1",
    ] == lines(plan(user(credential()), document(block)))


def test_ignoring_a_missing_required_setting_goes_on() -> None:
    policy = Policy(findings={FindingKind.REQUIRED_MISSING: Severity.IGNORED})

    planned = plan(user(credential()), document(BlockSpec(workflows={"escalate": True})), policy=policy)

    assert ["+ /configuredWorkflows/escalate/enabled true"] == lines(planned)
    assert () == planned.findings


def test_a_released_value_is_told_and_not_managed() -> None:
    profile = layer(
        BlockSpec(settings={"note": 1, "channel": "C1"}, workflows={"notify": True}), file="profile standard"
    )
    released = document(BlockSpec(release=["note", "workflow:notify"]), profiles=[profile])

    planned = plan(user(credential(settings(note=0))), released)

    assert ['+ /sharedSettings/channel "C1"'] == lines(planned)
    assert [Setting("channel")] == [managed.target for managed in planned.operations[0].managed]
    assert 1 == planned.operations[0].kept
    assert {
        "channel": "added",
        "note": "no change: released",
        "notify": "no change: released",
    } == {decision.label: decision.verdict for decision in planned.decisions}


def test_a_release_of_nothing_is_not_told() -> None:
    assert () == plan(user(credential(settings(note=0))), document(BlockSpec(release=["note"]))).decisions


def test_a_created_entry_needs_enabled_even_where_that_is_released() -> None:
    profile = layer(BlockSpec(workflows={"alerts": WorkflowSpec(enabled=False, settings={"level": 1})}), file="p")
    released = document(BlockSpec(release=["workflow:alerts"]), profiles=[profile])

    assert [
        "+ /configuredWorkflows/alerts/enabled true [created]",
        "+ /configuredWorkflows/alerts/settings/level 1",
    ] == lines(plan(user(credential(settings())), released))


def test_released_values_count_as_named() -> None:
    profile = layer(BlockSpec(exact=True, settings={"channel": "C1"}), file="p")
    released = document(BlockSpec(release=["note", "channel", "workflow:notify"]), profiles=[profile])
    live = credential({"sharedSettings": {"note": 1, "channel": "C0"}} | workflows(notify=entry(enabled=True)))

    assert [] == lines(plan(user(live), released))


def test_a_decision_is_secret_if_any_contender_is() -> None:
    profile = layer(BlockSpec(settings={"note": "hidden"}, secret=True), file="p")

    (decision,) = plan(
        user(credential(settings(note=0))), document(BlockSpec(settings={"note": 1}), profiles=[profile])
    ).decisions

    assert decision.secret


def test_a_default_that_leaves_the_live_value_does_not_decide() -> None:
    assert explain_rank(LEFT, released=False) == "gives way: the live value decides"
    assert explain_rank(ADDED, released=False) == "decides"
