"""How many users a command expects, before it has read anything."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from paragon_sync.model.project import Environment, Project
from paragon_sync.run.desired.filters import Filters
from paragon_sync.run.question import Question


@pytest.mark.parametrize(
    ("filters", "users"),
    [
        (Filters(), 20),
        (Filters(integrations=("slack",)), 20),
        (Filters(users=("acme",)), 1),
        (Filters(users=("acme", "globex-*")), 2),
        (Filters(only=frozenset({"a", "b", "c"})), 3),
    ],
)
def test_a_filter_on_users_tells_how_many_are_expected(tmp_path: Path, filters: Filters, users: int) -> None:
    file = tmp_path / "users.yaml"
    file.write_text("x" * 10_000)
    environment = Environment(name="e", host="h")
    project = Project(file=tmp_path / "paragon.yaml", folder=tmp_path, manifests=(), environments={"e": environment})
    now = datetime(2026, 3, 14, tzinfo=UTC)
    asked = Question(
        project=project,
        environment=environment,
        now=now,
        files=[file, tmp_path / "gone.yaml"],
        filters=filters,
    )

    assert users == asked.likely_users
