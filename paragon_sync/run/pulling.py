"""Gets the catalog for a command: from the API, from the lock, or from both, compared where it is used."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path

from paragon_sync.catalog.lock import differences, lock_path, read_lock
from paragon_sync.catalog.pull import merge_views
from paragon_sync.errors import ApiError, CatalogError
from paragon_sync.model.catalog import Catalog
from paragon_sync.model.project import Environment
from paragon_sync.paragon.client import Client


async def pull_catalog(client: Client, environment: Environment, users: Sequence[str], now: datetime) -> Catalog:
    """Ask as each of the users, and merge what they may see.

    Raises :class:`CatalogError` where there is nobody to ask as, :class:`ApiError` where an answer fails.
    """
    if not users:
        raise CatalogError(
            f'environment "{environment.name}" names nobody to read the catalog as',
            hint="catalog: {users: [id]} in the Project file names users, as which GET /sdk/integrations is asked",
        )
    views = await asyncio.gather(*(client.user(user).integrations() for user in users))
    return merge_views(client.project, now.isoformat(timespec="seconds"), environment.name, views)


def locked_catalog(folder: Path, environment: Environment, project: str | None) -> Catalog:
    """The lock; ``project`` is the environment's own id, where it is known.

    A missing lock is a :class:`CatalogError` that says how to make it, and so is one of another project.
    """
    path = lock_path(folder, environment.name)
    locked = read_lock(path)
    pull = f"paragon-sync catalog pull -e {environment.name}"
    if locked is None:
        raise CatalogError(f"there is no {path}", hint=f"make it: {pull}")
    if project is not None and locked.project != project:
        message = f"{path} is of project {locked.project}, and {environment.name} is project {project}"
        raise CatalogError(message, hint=f"make it anew: {pull}")
    return locked


def compare_with_lock(locked: Catalog, pulled: Catalog, used: Collection[str], environment: str) -> None:
    """Refuse to go on when an entry that is used isn't what the lock says: raises :class:`CatalogError`."""
    found = differences(locked, pulled, used)
    if found:
        raise CatalogError(
            f"the catalog of {environment} has changed since it was locked:\n"
            + "\n".join(f"  {line}" for line in found),
            hint=f"look at the changes, then: paragon-sync catalog pull -e {environment}",
        )


async def catalog_for_names(client: Client, folder: Path, environment: Environment, now: datetime) -> Catalog:
    """A catalog where names are a help and no need: the lock, else the API's, else an empty one."""
    locked = read_lock(lock_path(folder, environment.name))
    if locked is not None:
        return locked
    try:
        return await pull_catalog(client, environment, environment.catalog_users, now)
    except (CatalogError, ApiError):
        return Catalog(project=client.project, pulled="", origin=environment.name)
