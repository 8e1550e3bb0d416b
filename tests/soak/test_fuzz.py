"""Manifests, Project files, answers of the API and plan files, spoiled in every way: each is understood or refused.

Never another exception than our own, never a hang, and never a write that drops what an answer held. Every input
follows from the seed and its number, which a failure names.
"""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any, Final

import pytest

from paragon_sync.catalog.lock import read_lock, write_lock
from paragon_sync.catalog.pull import merge_views
from paragon_sync.catalog.resolve import Resolver
from paragon_sync.errors import ParagonSyncError, PlanFileError, PlanKeyError
from paragon_sync.jsonvalue import loads
from paragon_sync.manifest.files import find_files
from paragon_sync.manifest.project import load_project
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.model.catalog import Catalog
from paragon_sync.model.live import Credential, LiveUser
from paragon_sync.model.planned import Enablement
from paragon_sync.model.project import Policy
from paragon_sync.plan.user import plan_user
from paragon_sync.render.plan_json import plan_json
from paragon_sync.render.text import print_plan
from paragon_sync.run.apply.gate import FenceMonitor
from paragon_sync.run.apply.journal import Batcher
from paragon_sync.run.apply.stopping import Stop
from paragon_sync.run.apply.workers import Workers
from paragon_sync.run.apply.writing import Journal, Writing, apply_user
from paragon_sync.run.desired.filters import Filters
from paragon_sync.run.desired.loading import Desired, load
from paragon_sync.run.planning import Planning, make_plan, plan_one
from paragon_sync.store.journal import JournalRecord
from paragon_sync.store.planfile import PlanReader
from tests.soak.fuzzing import MemoryApi, bounded, client_of
from tests.soak.mutants import as_ndjson, as_yaml, spoil_bytes, spoil_documents, spoil_json
from tests.soak.population import Person, population
from tests.soak.size import AGAIN, SEED, scaled
from tests.workbench import CATALOG_FILE

CHUNKS: Final = 4
"""Each kind is split into so many tests, which can run side by side."""
NOW: Final = datetime(2026, 3, 14, tzinfo=UTC)
PEOPLE: Final = population(6, permissions=True).people
HEAD: Final = {"apiVersion": "paragon-sync/v1", "kind": "User"}
INTEGRATIONS: Final[list[dict[str, Any]]] = json.loads(CATALOG_FILE.read_text("utf-8"))["integrations"]
PROFILE: Final = {
    "apiVersion": "paragon-sync/v1",
    "kind": "Profile",
    "name": "standard",
    "integrations": {"slack": {"defaults": {"Frequency": "daily"}, "keep": ["Channel"]}},
}
PROJECT: Final = {
    "apiVersion": "paragon-sync/v1",
    "kind": "Project",
    "manifests": ["users/**/*.yaml", "profiles/*.yaml"],
    "environments": {
        "staging": {
            "project": "38b1f170-0c43-4eae-9a04-ab85325d99f7",
            "host": "http://127.0.0.1:8700",
            "signingKey": {"$file": "keys/staging.pem"},
            "catalog": {"users": ["catalog-reader"]},
        },
        "local": {"host": "emulator:emulator"},
    },
    "state": ".paragon-sync",
    "secrets": {"env": ["ACME_SLACK_TOKEN"], "files": ["secrets/"]},
    "limits": {"rate": 20, "concurrency": 16},
    "policy": {"usersChanged": "30%", "minimumPopulation": 10, "valuesRemoved": 10, "notConnected": "warn"},
    "apply": {"enablement": "config"},
}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    payloads = loads(json.dumps(INTEGRATIONS))
    assert isinstance(payloads, list)
    return merge_views("p", "2026-03-14T00:00:00+00:00", "test", [[one for one in payloads if isinstance(one, dict)]])


def documents_of(person: Person) -> list[dict[str, Any]]:
    return [HEAD | {"user": person.name, "profiles": ["standard"]} | person.document, PROFILE]


def inputs(kind: str, full: int, chunk: int) -> Iterator[random.Random]:
    """The random source of each input of one test; a failure inside says which it was."""
    for number in range(chunk, scaled(full, least=CHUNKS), CHUNKS):
        name = f"{AGAIN}, {kind} {number}"
        with bounded(name):
            try:
                yield random.Random(f"{SEED} {kind} {number}")
            except GeneratorExit:
                print(f"the input: {name}")  # noqa: T201 - pytest shows it with the failure
                raise


chunks = pytest.mark.parametrize("chunk", range(CHUNKS))


def outcome_of(act: Callable[[], object]) -> str | None:
    """What our own error says, None where there was none; all else is a failure."""
    try:
        act()
    except ParagonSyncError as error:
        assert error.message  # noqa: PT017 - either is fine
        return f"{error.message}\n{error.hint}"
    return None


@chunks
def test_spoiled_manifests_are_understood_or_refused(catalog: Catalog, tmp_path: Path, chunk: int) -> None:
    understood = 0
    for chance in inputs("manifest", 20_000, chunk):
        documents = documents_of(chance.choice(PEOPLE))
        text = chance.choice((as_yaml, as_ndjson))(chance, documents)
        spoiled = spoil_bytes(chance, text) if chance.random() < 0.5 else spoil_documents(chance, documents)
        file = tmp_path / ("users.ndjson" if spoiled.startswith(b"{") else "users.yaml")
        file.write_bytes(spoiled)
        understood += outcome_of(lambda file=file: plan_file(file, catalog)) is None
    assert understood, "so that the planner was reached"


def plan_file(file: Path, catalog: Catalog) -> None:
    """All that ``plan`` does with a manifest, for every user that could be meant."""
    scope = SecretScope(folder=file.parent, env=frozenset({"HOME"}), environ={"HOME": "h"})
    desired = load([file], scope, Resolver(catalog, now=NOW), Filters())
    with desired.staging:
        for user in desired.users():
            for person in PEOPLE:
                plan_user(desired.documents_of(user), live_user(user, person), catalog, Policy())


def live_user(user: str, person: Person) -> LiveUser:
    found = loads(json.dumps(person.live))
    assert isinstance(found, dict)
    assert isinstance(found["credentials"], list)
    assert isinstance(found["meta"], dict)
    credentials = tuple(Credential(raw) for raw in found["credentials"] if isinstance(raw, dict))
    return LiveUser(user=user, credentials=credentials, meta=found["meta"])


@chunks
def test_spoiled_project_files_are_understood_or_refused(tmp_path: Path, chunk: int) -> None:
    file = tmp_path / "paragon.yaml"
    for chance in inputs("project", 5_000, chunk):
        text = as_yaml(chance, [PROJECT])
        file.write_bytes(spoil_bytes(chance, text) if chance.random() < 0.5 else spoil_documents(chance, [PROJECT]))
        outcome_of(lambda: find_files(load_project(file)))


@pytest.fixture(scope="module")
def declared(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desired]:
    """The manifests of everybody, loaded once."""
    file = tmp_path_factory.mktemp("fuzz") / "users.yaml"
    documents = [HEAD | {"user": person.name} | person.document for person in PEOPLE]
    file.write_bytes(as_yaml(random.Random(SEED), documents))
    desired = load([file], SecretScope(folder=file.parent), Resolver(catalog, now=NOW), Filters())
    with desired.staging:
        yield desired


def is_managed(at: tuple[str, ...]) -> bool:
    """Whether the manifests of these people own what stands there."""
    match at:
        case ("sharedSettings", "channel" | "frequency" | "legacy" | "region", *_):
            return True
        case ("workflowSettings" | "configuredWorkflows", "wf-notify" | "wf-digest", "enabled", *_):
            return True
        case ("workflowSettings" | "configuredWorkflows", "wf-digest", "settings", "day", *_):
            return True
        case ("plan" | "tier", *_):
            return True
        case _:
            return False


def spoiled_api(chance: random.Random, person: Person) -> MemoryApi:
    """Either what is live is odd, the same in every answer, or one answer is spoiled on its way."""
    accounts, meta = json.dumps(person.live["credentials"]), person.live["meta"]
    me = json.dumps({"authenticated": True, "userId": person.name, "meta": meta, "integrations": {}})
    lasting = chance.random() < 0.6
    return MemoryApi(
        credentials=spoil_json(chance, accounts) if lasting else accounts,
        me=spoil_json(chance, me) if lasting and chance.random() < 0.5 else me,
        integrations="[]",
        chance=chance,
        spoiled=None if lasting else chance.choice((1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8)),
        managed=is_managed,
    )


@chunks
def test_spoiled_answers_never_make_a_write_that_drops_a_value(
    catalog: Catalog, declared: Desired, signing_key: Path, tmp_path: Path, chunk: int
) -> None:
    async def all_of_them() -> int:
        writes = 0
        for chance in inputs("answer", 18_000, chunk):
            person = chance.choice(PEOPLE)
            api = spoiled_api(chance, person)
            try:
                await plan_and_apply(person, api, chance)
            except ParagonSyncError as error:
                assert error.message  # noqa: PT017 - either is fine
            writes += api.writes
        return writes

    async def plan_and_apply(person: Person, api: MemoryApi, chance: random.Random) -> None:
        client = client_of(api, signing_key)
        enablement: Enablement = chance.choice(("config", "config", "endpoint"))
        planning = Planning(
            environment="test",
            host=client.base,
            client=client,
            catalog=catalog,
            policy=Policy(),
            concurrency=1,
            now=NOW,
            enablement=enablement,
        )
        if chance.random() < 0.1:
            await make_plan(declared, planning, tmp_path / "p.plan")  # each user is answered the same
            with PlanReader(tmp_path / "p.plan") as reader:
                print_plan(reader, stream=StringIO())
                "".join(plan_json(reader))
            return
        plan = await plan_one(declared, planning, person.name)
        journal, stop = Journal(records=Batcher[JournalRecord](lambda _: None), clock=lambda: NOW), Stop()
        overwrite = chance.random() < 0.2
        writing = Writing(
            journal=journal,
            stop=stop,
            fence=FenceMonitor(lambda: None, client.clock, asyncio.to_thread),
            read_back=(),
            on_conflict="overwrite" if overwrite else "skip",
        )
        await apply_user(client.user(person.name), [*enumerate(plan.operations)], writing, Workers(1, no_more, stop))

    assert asyncio.run(all_of_them()), "so that something was written"


async def no_more() -> bool:
    """Return that no user is left for a worker."""
    return False


@chunks
def test_spoiled_catalogs_are_understood_or_refused(tmp_path: Path, signing_key: Path, chunk: int) -> None:
    file, lock = tmp_path / "users.yaml", tmp_path / "test.json"
    file.write_bytes(as_yaml(random.Random(SEED), [*documents_of(PEOPLE[0])]))
    text = json.dumps(INTEGRATIONS)

    async def pulled(chance: random.Random) -> Catalog:
        spoiled = chance.random() < 0.3
        answer = text if spoiled else spoil_json(chance, text)
        api = MemoryApi(credentials="", me="", integrations=answer, chance=chance, spoiled=1 if spoiled else None)
        view = await client_of(api, signing_key).user("catalog-reader").integrations()
        return merge_views("p", NOW.isoformat(), "test", [view])

    def use(chance: random.Random) -> None:
        catalog = asyncio.run(pulled(chance))
        write_lock(lock, catalog)
        assert read_lock(lock) == catalog
        plan_file(file, catalog)

    for chance in inputs("catalog", 3_000, chunk):
        outcome_of(lambda chance=chance: use(chance))


@chunks
def test_spoiled_plan_files_are_refused(
    catalog: Catalog, declared: Desired, signing_key: Path, tmp_path: Path, chunk: int
) -> None:
    file, spoiled = tmp_path / "p.plan", tmp_path / "spoiled.plan"
    digest = asyncio.run(whole_plan(file, catalog, declared, signing_key, None))
    sealed = tmp_path / "sealed.plan"
    asyncio.run(whole_plan(sealed, catalog, declared, signing_key, "k" * 32))
    original = {None: (digest, contents(file, None)), "k" * 32: (None, contents(sealed, "k" * 32))}

    def read_again(key: str | None) -> None:
        with PlanReader(spoiled, key) as reader:
            found = (reader.header, list(reader.numbered()), list(reader.findings()))
            assert found == original[key][1], "another plan was read than was written"

    for chance in inputs("plan", 4_000, chunk):
        key = chance.choice((None, None, "k" * 32))
        source = file if key is None else sealed
        spoiled.write_bytes(spoil_bytes(chance, source.read_bytes()))
        if chance.random() < 0.5:
            spoiled.write_bytes(source.read_bytes())
            spoil_tables(chance, spoiled)
        try:
            read_again(key)
        except (PlanFileError, PlanKeyError) as error:
            assert error.message  # noqa: PT017 - either is fine


async def whole_plan(file: Path, catalog: Catalog, declared: Desired, signing_key: Path, key: str | None) -> str:
    accounts = json.dumps(PEOPLE[0].live["credentials"])
    me = json.dumps({"authenticated": True, "meta": {}})
    api = MemoryApi(credentials=accounts, me=me, integrations="[]", chance=random.Random(SEED))
    client = client_of(api, signing_key)
    planning = Planning(
        environment="test", host=client.base, client=client, catalog=catalog, policy=Policy(), concurrency=1, now=NOW
    )
    return await make_plan(declared, planning, file, key)


def contents(file: Path, key: str | None) -> object:
    with PlanReader(file, key) as reader:
        return (reader.header, list(reader.numbered()), list(reader.findings()))


def spoil_tables(chance: random.Random, file: Path) -> None:
    """The database whole, and what is in it changed."""
    database = sqlite3.connect(file, isolation_level=None)
    try:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        table = chance.choice(tables)
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
        column = chance.choice(columns)
        number = chance.randrange(-1, 9)
        row = f"rowid IN (SELECT rowid FROM {table} ORDER BY random() LIMIT 1)"  # noqa: S608
        odd: Any = chance.choice((None, 1, 1.5, "", "x", b"", b"\xff", "\ud7ff", b"{}", b"[" * 500, 2**62, b"null"))
        for statement, values in chance.sample(
            [
                (f"UPDATE {table} SET {column} = ? WHERE {row}", (odd,)),  # noqa: S608
                (f"DELETE FROM {table} WHERE {row}", ()),  # noqa: S608
                (f"DROP TABLE {table}", ()),
                (f"ALTER TABLE {table} ADD COLUMN extra", ()),
                (f"CREATE VIEW v{abs(number)} AS SELECT 1", ()),
                (f"PRAGMA user_version = {number}", ()),
                (f"PRAGMA application_id = {number}", ()),
            ],
            chance.choice((1, 1, 2)),
        ):
            try:
                database.execute(statement, values)
            except sqlite3.Error:
                continue
    finally:
        database.close()
