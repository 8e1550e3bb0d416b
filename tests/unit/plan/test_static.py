import pytest

from paragon_sync.model.declared import AccountBy
from paragon_sync.model.desired import DesiredDocument
from paragon_sync.plan.static import conflicts, idle_releases
from tests.unit.plan.build import BlockSpec, WorkflowSpec, document, layer

ONE = BlockSpec(settings={"note": 1})
TWO = BlockSpec(settings={"note": 2})
CRM = AccountBy(field="externalId", value="crm")

CONFLICTS: dict[str, tuple[list[DesiredDocument], list[str]]] = {
    "one document": ([document(ONE)], []),
    "two that agree": ([document(ONE), document(ONE, file="b.yaml")], []),
    "two that differ": (
        [document(ONE), document(TWO, file="b.yaml")],
        ['slack: "note" is set here, and differently elsewhere'],
    ),
    "two that differ, in another order": (
        [document(TWO, file="b.yaml"), document(ONE)],
        ['slack: "note" is set here, and differently elsewhere'],
    ),
    "one that differs from itself": (
        [document(BlockSpec(settings={"note": 1}, unset=["note"]))],
        ['slack: "note" is unset here, and set elsewhere'],
    ),
    "two blocks of one document": ([document(ONE, TWO)], ['slack: "note" is set here, and differently elsewhere']),
    "metadata": (
        [document(metadata={"a": 1}), document(metadata={"a": True}, file="b.yaml")],
        ['"a" is set here, and differently elsewhere'],
    ),
    "settings win over another's defaults": (
        [document(ONE), document(BlockSpec(defaults={"note": 2}), file="b.yaml")],
        [],
    ),
    "the document wins over its profile": ([document(ONE, profiles=[layer(TWO, file="p")])], []),
    "another document's profile": (
        [document(ONE), document(file="b.yaml", profiles=[layer(TWO, file="p")])],
        ['slack: "note" is set here, and differently elsewhere'],
    ),
    "different accounts": ([document(ONE), document(BlockSpec(settings={"note": 2}, account=CRM), file="b.yaml")], []),
    "different integrations": (
        [document(ONE), document(BlockSpec(integration="salesforce", settings={"note": 2}), file="b.yaml")],
        [],
    ),
    "a selector that may decide otherwise": (
        [
            document(BlockSpec(settings={"note": 1}, account="all"), BlockSpec(settings={"note": 2}, account=CRM)),
            document(BlockSpec(settings={"note": 2}, account="all"), file="b.yaml"),
        ],
        [],
    ),
}


@pytest.mark.parametrize(("documents", "messages"), CONFLICTS.values(), ids=CONFLICTS)
def test_contradictions_that_show_before_anything_is_fetched(
    documents: list[DesiredDocument], messages: list[str]
) -> None:
    assert messages == [fault.message for fault in conflicts(documents)]


def test_a_fault_names_both_places() -> None:
    (fault,) = conflicts([document(TWO, file="b.yaml"), document(ONE)])

    assert fault.other is not None
    assert ("b.yaml", "a.yaml") == (fault.place.file, fault.other.file)


PROFILE = layer(
    BlockSpec(settings={"note": 1}, workflows={"notify": WorkflowSpec(settings={"day": 1})}, account=CRM),
    file="p",
    metadata={"tier": 1},
)
EXACT = layer(BlockSpec(exact=True), file="p")
EXACT_WORKFLOW = layer(BlockSpec(workflows={"notify": WorkflowSpec(exact=True)}), file="p")
RELEASE = BlockSpec(release=["note", "workflow:notify"], workflows={"notify": WorkflowSpec(release=["day"])})

IDLE: dict[str, tuple[DesiredDocument, list[str]]] = {
    "nothing is released": (document(ONE, profiles=[PROFILE]), []),
    "a setting and a workflow's setting, whatever the selector": (
        document(
            BlockSpec(release=["note"], workflows={"notify": WorkflowSpec(release=["day"])}), profiles=[PROFILE, EXACT]
        ),
        [],
    ),
    "without profiles": (document(RELEASE), ["note", "notify", "day"]),
    "not all is managed": (document(RELEASE, profiles=[PROFILE]), ["notify"]),
    "exact manages what it doesn't name": (document(RELEASE, profiles=[EXACT]), ["day"]),
    "exact of a workflow reaches its settings alone": (
        document(RELEASE, profiles=[EXACT_WORKFLOW]),
        ["note", "notify"],
    ),
    "its own exact is none of a profile": (document(BlockSpec(release=["note"], exact=True)), ["note"]),
    "another integration's": (
        document(BlockSpec(integration="salesforce", release=["note"]), profiles=[PROFILE]),
        ["note"],
    ),
    "one account out of all": (
        document(BlockSpec(settings={"note": 1}, account="all"), BlockSpec(release=["note"], account=CRM)),
        [],
    ),
    "metadata": (document(release=["tier", "plan"], profiles=[PROFILE]), ["plan"]),
    "one place that may mean two things": (
        document(BlockSpec(release=["note", "workflow:note"]), profiles=[PROFILE]),
        [],
    ),
}


@pytest.mark.parametrize(("released", "labels"), IDLE.values(), ids=IDLE)
def test_a_release_that_no_profile_gives_a_reason_for(released: DesiredDocument, labels: list[str]) -> None:
    assert labels == [fault.message.split('"')[1] for fault in idle_releases([released])]


def test_an_idle_release_says_of_what() -> None:
    (setting, key) = idle_releases([document(BlockSpec(release=["note"])), document(release=["plan"], file="b.yaml")])

    assert 'slack: no profile of this document manages "note"' == setting.message
    assert 'no profile of this document manages "plan"' == key.message
    assert ("a.yaml", "b.yaml") == (setting.place.file, key.place.file)
