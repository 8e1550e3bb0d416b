from __future__ import annotations

import pytest

from paragon_sync.catalog.known import Known
from paragon_sync.jsonvalue import Json
from paragon_sync.model.catalog import Catalog, Input, Integration, Workflow
from paragon_sync.model.compact import KnownIntegration

SLACK = Integration(
    type="slack",
    id="int-slack",
    inputs=(
        Input(id="channel", title="Channel", type="TEXT_NO_VARS"),
        Input(id="often", title="Often", type="ENUM", values=("daily",)),
        Input(id="first", title="Twin", type="NUMBER"),
        Input(id="second", title="Twin", type="NUMBER"),
        Input(id="Channel", title="Other", type="BOOLEAN_INPUT"),
    ),
    workflows=(
        Workflow(id="notify", description="Notify", inputs=(Input(id="day", title="Day", type="TEXT_NO_VARS"),)),
        Workflow(id="again", description="Notify"),
    ),
)


@pytest.fixture
def slack() -> KnownIntegration:
    known = Known(Catalog(project="p", pulled="", origin="test", integrations={"slack": SLACK}))
    found = known.integration("slack")
    assert found is not None
    assert known.integration("slack") is found
    assert known.integration("gone") is None
    return found


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("channel", "channel"),
        ("Often", "often"),
        ("id:often", "often"),
        ("Channel", "Channel"),  # an exact id wins over a title
        ("first", "first"),
        ("Twin", None),  # two have this title
        ("id:gone", None),
        ("gone", None),
    ],
)
def test_a_name_leads_to_the_id_that_it_alone_can_mean(slack: KnownIntegration, name: str, id_: str | None) -> None:
    found = slack.settings.names.get(name)
    assert id_ == (None if found is None else found.id)


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    [
        ("channel", "C1", True),
        ("channel", 1, False),
        ("channel", None, True),
        ("id:channel", 1, True),  # taken as it stands
        ("often", "daily", True),
        ("often", "never", False),
    ],
)
def test_a_value_fits_as_its_input_says(slack: KnownIntegration, name: str, value: Json, fits: bool) -> None:
    assert fits is slack.settings.names[name].fits(value)


def test_only_choices_depend_on_more_than_the_type(slack: KnownIntegration) -> None:
    by_type = {name: found.by_type for name, found in slack.settings.names.items() if not name.startswith("id:")}
    assert ["often", "Often"] == [name for name in by_type if not by_type[name]]


def test_workflows_are_known_by_name_with_their_settings(slack: KnownIntegration) -> None:
    assert {"notify": "notify", "again": "again", "id:notify": "notify", "id:again": "again"} == {
        name: id_ for name, (id_, _) in slack.workflows.items()
    }
    _, settings = slack.workflows["notify"]
    assert "day" == settings.names["Day"].id
