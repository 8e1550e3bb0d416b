from paragon_sync.model.catalog import Catalog, Integration
from paragon_sync.model.desired import Setting, WorkflowEnabled, WorkflowSetting
from paragon_sync.plan.names import Names, integration_id
from tests.unit.plan.build import CATALOG

SLACK = Names(CATALOG.integrations["slack"])
UNKNOWN = Names(None)


def test_what_the_catalog_knows_has_a_name() -> None:
    assert "Channel" == SLACK.label(Setting("channel"))
    assert "Send notification" == SLACK.label(WorkflowEnabled("notify"))
    assert "Day" == SLACK.label(WorkflowSetting("notify", "day"))


def test_an_id_that_the_catalog_does_not_know_is_its_own_name() -> None:
    assert "gone" == SLACK.label(Setting("gone"))
    assert "gone" == SLACK.label(WorkflowEnabled("gone"))
    assert "day" == SLACK.label(WorkflowSetting("gone", "day"))
    assert "channel" == UNKNOWN.label(Setting("channel"))


def test_a_workflow_knows_what_is_required_of_it() -> None:
    assert ["oncall"] == [one.id for one in SLACK.required("escalate")]
    assert [] == SLACK.required("notify")
    assert [] == SLACK.required("gone")


def test_an_integration_is_known_by_type_or_by_id() -> None:
    catalog = Catalog(
        project="p", pulled="", origin="", integrations={"custom.acme": Integration(type="custom.acme", id="int-acme")}
    )

    assert "int-acme" == integration_id(catalog, "custom.acme")
    assert "int-gone" == integration_id(catalog, "id:int-gone")
