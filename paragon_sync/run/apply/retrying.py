"""Which users of an earlier run are to be planned again: those whose operations did not end well. Sends nothing."""

from __future__ import annotations

from typing import Final

from paragon_sync.errors import PlanFileError
from paragon_sync.model.outcome import OutcomeName
from paragon_sync.store.planfile import PlanReader
from paragon_sync.store.state import StateStore

_AGAIN: Final[tuple[OutcomeName, ...]] = ("conflict", "failed", "blocked")


def users_to_retry(reader: PlanReader, store: StateStore) -> frozenset[str]:
    """The users of the plan's latest run with an operation that ended in ``conflict``, ``failed`` or ``blocked``.

    Raises :class:`PlanFileError` where the plan was never applied, as far as this state store knows, and for one that
    takes a run back: today's manifests would do that run's changes again.
    """
    header = reader.header
    if header.rolls_back is not None:
        raise PlanFileError(
            f"{reader.path} takes back run {header.rolls_back}, and the manifests would do that run's changes again",
            hint=f"paragon-sync rollback {header.rolls_back} -e {header.environment} --out FILE plans what is left",
        )
    runs = store.runs_of(reader.digest)
    if not runs:
        raise PlanFileError(
            f"there is no run of {reader.path} in {store.location}",
            hint="the plan was not applied yet, or its run was recorded elsewhere: see state in the Project file",
        )
    return frozenset(entry.user for outcome in _AGAIN for entry in store.entries(runs[0].run, outcome))
