"""Where a command's requests go, and with which key."""

from pathlib import Path

import pytest

from paragon_sync.cli.connect import endpoint_of
from paragon_sync.errors import UsageError
from paragon_sync.model.project import Environment, Project, SecretRef

PROJECT = Project(file=Path("paragon.yaml"), folder=Path(), manifests=(), environments={})


@pytest.mark.parametrize(
    "environment",
    [
        Environment(name="test", host="https://api.useparagon.com", signing_key=SecretRef(kind="env", name="KEY")),
        Environment(name="test", host="https://api.useparagon.com", project="p"),
    ],
    ids=["no project", "no key"],
)
def test_only_an_emulator_does_without_project_and_key(environment: Environment) -> None:
    message = 'environment "test" needs both project and signingKey'
    with pytest.raises(UsageError, match=message), endpoint_of(PROJECT, environment):
        pass
