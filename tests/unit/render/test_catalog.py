from __future__ import annotations

import io

from paragon_sync.model.catalog import Catalog, Input, Integration, Workflow
from paragon_sync.render.catalog import print_catalog, summary

CATALOG = Catalog(
    project="db06d291",
    pulled="2026-03-14T10:15:02Z",
    origin="production",
    integrations={
        "slack": Integration(
            type="slack",
            id="95bedc9f",
            inputs=(
                Input(id="channel", title="Channel", type="TEXT_NO_VARS"),
                Input(id="f", title="Frequency", type="ENUM", required=False, values=("daily", "weekly")),
            ),
            workflows=(
                Workflow(
                    id="w1",
                    description="Weekly digest",
                    default_enabled=True,
                    inputs=(Input(id="day", title="A title that is longer than its column\x1b", type="TEXT_NO_VARS"),),
                ),
            ),
        ),
        "crm": Integration(type="crm", id="c0ffee"),
    },
)


def test_a_catalog_is_told_by_integration() -> None:
    stream = io.StringIO()
    print_catalog(CATALOG, stream)
    assert (
        stream.getvalue()
        == """\
project db06d291 · pulled 2026-03-14T10:15:02Z

crm   c0ffee

slack   95bedc9f
  Channel                           TEXT_NO_VARS   channel
  Frequency                         ENUM, optional   f
      one of "daily", "weekly"
  workflow "Weekly digest"   w1   enabled by default
    A title that is longer than its column\\u001b  TEXT_NO_VARS   day

2 integrations, 1 workflow, 3 settings.
"""
    )


def test_a_catalog_is_summed_up() -> None:
    assert summary(CATALOG) == "2 integrations, 1 workflow, 3 settings"
