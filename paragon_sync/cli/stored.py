"""Opens what is kept between commands, plan files and the state, with the key that they are encrypted with.

Knows no command. Loading it loads no database.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from paragon_sync.cli.signals import deferring
from paragon_sync.errors import RefusedByPolicy

if TYPE_CHECKING:
    from paragon_sync.model.project import Project
    from paragon_sync.store.planfile import PlanReader
    from paragon_sync.store.state import StateStore

KEY_VARIABLE: Final = "PARAGON_SYNC_PLAN_KEY"
_NO: Final = {"", "0", "false", "no"}


def plan_key() -> str | None:
    """The key for plan files and the journal; None where the variable is empty or not set."""
    return os.environ.get(KEY_VARIABLE, "").strip() or None


def open_plan(file: Path) -> PlanReader:
    """Raises :class:`PlanFileError` or :class:`PlanKeyError` for a plan that can't be read."""
    from paragon_sync.store.planfile import PlanReader

    return PlanReader(file, plan_key())


@contextmanager
def open_state(project: Project, *, create: bool = False) -> Iterator[StateStore]:
    """Open the Project's state store, made where it is missing only if it is to be written; close it at the end.

    Raises :class:`StateError` or :class:`PlanKeyError`. A signal while it is closed raises its error after that.
    """
    import logging

    from paragon_sync.store.state import StateStore

    # a signal may end a query anywhere; what SQLAlchemy then logs of its connection is a traceback
    logging.getLogger("sqlalchemy").addHandler(logging.NullHandler())
    store = StateStore.open(project.state, key=plan_key(), base=project.folder, create=create)
    try:
        yield store
    finally:
        with deferring():
            store.close()


def check_plain_plan(allowed: Mapping[str, int]) -> None:
    """Refuse to save a plan in plain text where others may find it: in CI, where files become artifacts."""
    if plan_key() is None and in_ci() and "plaintext-plan" not in allowed:
        raise RefusedByPolicy(
            "a plan holds customers' values, and in CI it is saved encrypted or not at all",
            hint=f"set {KEY_VARIABLE} to a key kept among the CI's secrets, for plan and apply alike\n"
            "python -c 'import secrets; print(secrets.token_urlsafe(32))' makes one\n"
            "to save it in plain text all the same: --allow plaintext-plan",
        )


def check_encrypted(plan: PlanReader, allowed: Mapping[str, int]) -> None:
    """Refuse to apply a plain plan where there is a plan key: the plan that was made with the key is encrypted."""
    if plan_key() is not None and not plan.is_encrypted and "plaintext-plan" not in allowed:
        raise RefusedByPolicy(
            f"{KEY_VARIABLE} is set, and {plan.path} is not encrypted: it may have replaced the plan that was reviewed",
            hint="make the plan again with the key, and have that one reviewed\n"
            "to apply this one all the same: --allow plaintext-plan",
        )


def in_ci() -> bool:
    """Whether a CI system says so, in the variable that all of them set."""
    return os.environ.get("CI", "").lower() not in _NO
