"""Configurations that GET /sdk/me shows and the list of credentials doesn't."""

from __future__ import annotations

from typing import Any

import pytest

from paragon_sync.errors import AnswerError
from paragon_sync.jsonvalue import Number
from paragon_sync.model.live import Credential
from paragon_sync.run.fetching import with_configurations

ONE: dict[str, Any] = {"id": "g1", "sharedSettings": {"a": Number("1.0")}}
TWO: dict[str, Any] = {"id": "g2", "sharedSettings": {"b": True}}


def credential(*configurations: Any, name: str = "c1") -> dict[str, Any]:
    return {"id": name, "configurations": list(configurations)}


def me(**accounts: list[Any]) -> dict[str, Any]:
    return {"integrations": {integration: {"allCredentials": found} for integration, found in accounts.items()}}


@pytest.mark.parametrize(
    ("listed", "shown", "expected"),
    [
        (credential(ONE), me(slack=[credential(ONE, TWO)]), [ONE, TWO]),
        (credential(), me(slack=[credential(ONE)], jira=[credential(TWO, name="c2")]), [ONE]),
        # a credential that stands in several places, in some of them without its configurations
        (credential(), me(slack=[credential(ONE, TWO), credential()]), [ONE, TWO]),
        (credential(), me(slack=[credential(ONE)], alias=[credential(TWO), {"id": "c1"}]), [ONE, TWO]),
        (credential(), me(slack=[credential(ONE)], alias=[credential(ONE | {}, TWO)]), [ONE, TWO]),
        # the list counts, where it shows a configuration
        (credential(ONE), me(slack=[credential(ONE | {"sharedSettings": {}})]), [ONE]),
        ({"id": "c1"}, me(), None),
        ({"id": "c1"}, {"integrations": {"slack": {"allCredentials": [None, {}, {"id": 1}]}, "jira": []}}, None),
    ],
)
def test_what_is_hidden_is_found_wherever_it_stands(listed: Any, shown: Any, expected: Any) -> None:
    (found,) = with_configurations([Credential(listed)], shown)

    assert found.raw.get("configurations") == expected


def test_one_that_is_told_in_two_ways_is_nothing_to_write_to() -> None:
    other = ONE | {"sharedSettings": {"a": Number("1")}}

    with pytest.raises(AnswerError, match="the configuration 'g1' of credential c1 is told in two ways"):
        with_configurations([Credential(credential())], me(slack=[credential(ONE)], alias=[credential(other)]))
