import pytest

from paragon_sync.model.declared import AccountBy
from paragon_sync.model.desired import DesiredDocument
from paragon_sync.plan.static import conflicts
from tests.unit.plan.build import BlockSpec, document, layer

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
