"""From a Project and an open client to all that planning needs: the catalog, and the manifests resolved by it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager

from paragon_sync.catalog.lock import differences, lock_path, read_lock
from paragon_sync.catalog.resolve import Resolver
from paragon_sync.errors import ManifestError, Problem
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.model.catalog import Catalog
from paragon_sync.paragon.client import Client
from paragon_sync.paragon.host import normalize_host
from paragon_sync.run.desired.loading import Desired, load_step_by_step
from paragon_sync.run.planning import Planning
from paragon_sync.run.progress import Stage
from paragon_sync.run.pulling import compare_with_lock, locked_catalog, pull_catalog
from paragon_sync.run.question import Question
from paragon_sync.run.turns import Turns


async def prepare(question: Question, client: Client) -> tuple[Desired, Planning]:
    """Load and resolve; the caller closes ``desired.staging``.

    Raises :class:`ManifestError` with every problem, :class:`CatalogError` when an entry that is used differs from the
    lock. Asks the API for the catalog alone, and only where the lock doesn't serve.
    """
    question.progress.begin(Stage.CATALOG)
    catalog, locked, notes = await _catalog(question, client)
    resolver = Resolver(catalog, now=question.now)
    try:
        desired = await _load(question, resolver, client)
    except ManifestError as error:
        if locked is not None:
            raise _with_changes(error, locked, catalog, resolver.used, question) from None
        raise
    if locked is not None:
        with _closing_on_error(desired):
            compare_with_lock(locked, catalog, desired.used, question.environment.name)
    planning = Planning(
        environment=question.environment.name,
        host=normalize_host(question.environment.host),
        client=client,
        catalog=catalog,
        policy=question.project.policy,
        concurrency=question.project.limits.concurrency,
        now=question.now,
        allowed=question.allowed or {},
        notes=notes,
        enablement=question.project.enablement,
        progress=question.progress,
    )
    return desired, planning


async def _load(question: Question, resolver: Resolver, client: Client) -> Desired:
    """Load them while those who were found first get their tokens."""
    scope, turns = SecretScope.of(question.project), Turns()
    steps = load_step_by_step(question.files, scope, resolver, question.filters, question.progress)
    with closing(steps):
        while True:
            try:
                user = next(steps)
            except StopIteration as end:
                desired: Desired = end.value
                return desired
            client.foresee(user)
            if turns.over:
                await turns.pause()


async def _catalog(question: Question, client: Client) -> tuple[Catalog, Catalog | None, tuple[str, ...]]:
    """The catalog to resolve with, the lock to compare it with, and what people should be told about it."""
    folder, environment = question.project.folder, question.environment
    if question.catalog == "lock":
        return locked_catalog(folder, environment, client.project), None, ()
    pulled = await pull_catalog(client, environment, environment.catalog_users, question.now)
    path = lock_path(folder, environment.name)
    locked = read_lock(path)
    if locked is None:
        return pulled, None, (f"no {path.name}: names were resolved with the catalog as it is now",)
    return pulled, locked, ()


def _with_changes(
    error: ManifestError, locked: Catalog, pulled: Catalog, used: Collection[str], question: Question
) -> ManifestError:
    """The problems, and beside them what the project has changed since it was locked: it may be why there are any."""
    path = lock_path(question.project.folder, question.environment.name)
    hint = f"look at the changes, then: paragon-sync catalog pull -e {question.environment.name}"
    changes = [
        Problem(message=f"not so any more: {change}", file=str(path), line=1, column=1, hint=hint)
        for change in differences(locked, pulled, used)
    ]
    return ManifestError([*error.problems, *changes])


@contextmanager
def _closing_on_error(desired: Desired) -> Iterator[None]:
    try:
        yield
    except BaseException:
        desired.staging.close()
        raise
