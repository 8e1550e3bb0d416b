"""Fencing tokens: one row for each project and environment, with a number that every holder of the lock raises.

A process that lost the lock has a lower token than the row. Each transaction that records something compares the two,
so the records of two holders never mix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from paragon_sync.errors import LockLostError
from paragon_sync.store.lock_owner import Owner, read_owner, write_owner

_HINT: Final = "apply the same plan again to resume it"
_RAISE: Final = text(
    "INSERT INTO paragon_sync_fences (project, environment, token, holder, taken, broken)"
    " VALUES (:project, :environment, 1, :holder, :taken, :broken)"
    " ON CONFLICT (project, environment) DO UPDATE SET token = paragon_sync_fences.token + 1,"
    " holder = excluded.holder, taken = excluded.taken, broken = excluded.broken RETURNING token"
)

_CHECK: Final = (
    "SELECT token, holder, taken, broken FROM paragon_sync_fences WHERE project = {mark} AND environment = {mark}"
)
"""As text: built from the table, it takes ten times as long, in every transaction of a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """The token of one holder of an environment's lock."""

    project: str
    environment: str
    token: int


def raise_fence(connection: Connection, owner: Owner, taken: str, *, broken: bool = False) -> Fence:
    """Give ``owner`` the next token of its environment and return it; every earlier token is invalid from then on.

    ``taken`` is the time, ISO 8601 in UTC. ``broken``: the owner breaks the lock and holds none.
    """
    values = {
        "project": owner.project,
        "environment": owner.environment,
        "holder": write_owner(owner),
        "taken": taken,
        "broken": broken,
    }
    token = connection.execute(_RAISE, values).scalar_one()
    return Fence(project=owner.project, environment=owner.environment, token=token)


def check_fence(connection: Connection, fence: Fence, *, until_commit: bool = True) -> None:
    """Raise :class:`LockLostError` unless ``fence`` has the current token of its environment.

    With ``until_commit`` no other process can raise the token before the transaction ends.
    """
    suffix = " FOR SHARE" if until_commit and connection.dialect.name == "postgresql" else ""
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    query = _CHECK.format(mark=mark) + suffix
    row = connection.exec_driver_sql(query, (fence.project, fence.environment)).first()
    if row is None:
        raise LockLostError(f"the lock of {fence.environment} is lost: its fencing token was removed", hint=_HINT)
    if row.token == fence.token:
        return
    holder = read_owner(row.holder)
    by = "another process" if holder is None else f"{holder.actor} on {holder.host} (process {holder.pid})"
    how = f"{by} broke it with 'runs unlock'" if row.broken else f"{by} has taken it"
    raise LockLostError(f"the lock of {fence.environment} is lost: {how}, at {row.taken}", hint=_HINT)
