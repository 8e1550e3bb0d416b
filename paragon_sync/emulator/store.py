"""A folder in which an emulator's users, project and key outlive its process.

Owns the SQLite file; knows nothing of HTTP, nor of what requests do to a state.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from paragon_sync.emulator import codec
from paragon_sync.emulator.fixtures import check_fixture, read_fixture
from paragon_sync.emulator.state import UserState
from paragon_sync.emulator.tokens import new_key, write_key
from paragon_sync.emulator.world import World
from paragon_sync.errors import EmulatorError

_FORMAT: Final = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """What an emulator needs to go on where another one ended."""

    world: World
    users: FileUsers
    key: Path


def open_store(fixture: Path | Mapping[str, Any] | None, folder: Path, signing_key: Path | None) -> Store:
    """Open the folder, or make it from the fixture.

    A fixture that has changed since brings its project, integrations and new users; users that are here already
    keep their state. Raises :class:`EmulatorError`.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n", encoding="ascii")
    except OSError as error:
        raise EmulatorError(f"{folder}: the emulator's state can't be kept here: {error.strerror}") from None
    path = folder / "state.sqlite"
    try:
        with contextlib.ExitStack() as on_failure:
            users = FileUsers(path)
            on_failure.callback(users.close)
            with users.exclusive():
                _refresh(users, fixture, signing_key)
            world = check_fixture(codec.loads(users.fact("world") or "{}"), str(path), None).world
            key = folder / "signing-key.pem"
            pem = users.fact("key") or ""
            if not key.exists() or key.read_text("ascii") != pem:
                write_key(pem, key)
            on_failure.pop_all()
    except (sqlite3.Error, codec.Unreadable) as error:
        raise EmulatorError(
            f"{path}: the emulator's state can't be opened: {error}",
            hint=f"Remove {folder} to start again from the fixture.",
        ) from None
    return Store(world=world, users=users, key=key)


def _refresh(users: FileUsers, fixture: Path | Mapping[str, Any] | None, signing_key: Path | None) -> None:
    """Take over the fixture if it isn't the one that was taken last."""
    print_of = _fingerprint(fixture)
    if users.fact("fixture") != print_of:
        kept = users.fact("project")
        read = read_fixture(fixture, project=kept)
        users.put_fact("world", codec.dumps(read.world.to_json()))
        users.put_fact("project", read.world.id)
        users.put_fact("fixture", print_of)
        if read.signing_key is not None:
            users.put_fact("key", read.signing_key)
        users.add(read.users)
    if signing_key is not None:
        users.put_fact("key", signing_key.read_text("ascii"))
    if users.fact("key") is None:
        users.put_fact("key", new_key())


def _fingerprint(fixture: Path | Mapping[str, Any] | None) -> str:
    if isinstance(fixture, Path):
        try:
            content = fixture.read_bytes()
        except OSError as error:
            raise EmulatorError(f"{fixture}: the fixture can't be read: {error.strerror}") from None
    else:
        content = codec.dumps(codec.from_python(dict(fixture or {}))).encode("ascii")
    return f"{_FORMAT}:{hashlib.sha256(content).hexdigest()}"


class FileUsers:
    """Users in one SQLite file, a row for each, written before the request that changed them is answered."""

    def __init__(self, path: Path) -> None:
        """Open or create the file."""
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        try:
            self._database.execute("PRAGMA journal_mode = WAL")
            # The state must survive the process, not the machine.
            self._database.execute("PRAGMA synchronous = OFF")
            self._database.execute("CREATE TABLE IF NOT EXISTS user (id BLOB PRIMARY KEY, state TEXT NOT NULL)")
            self._database.execute("CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
        except BaseException:
            self._database.close()
            raise

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Everything in the block happens, or nothing; no other process writes meanwhile."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def fact(self, name: str) -> str | None:
        """A text that is kept beside the users."""
        row = self._database.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def put_fact(self, name: str, value: str) -> None:
        """Keep a text beside the users."""
        self._database.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))

    def add(self, users: Mapping[str, UserState]) -> None:
        """Keep those users that aren't here yet."""
        rows = ((_blob(user), codec.dumps(state.to_json())) for user, state in users.items())
        self._database.executemany("INSERT OR IGNORE INTO user VALUES (?, ?)", rows)

    def read(self, user: str) -> UserState:
        row = self._database.execute("SELECT state FROM user WHERE id = ?", (_blob(user),)).fetchone()
        return UserState() if row is None else UserState.from_json(codec.loads(row[0]))

    def write(self, user: str, state: UserState) -> None:
        row = (_blob(user), codec.dumps(state.to_json()))
        self._database.execute("INSERT OR REPLACE INTO user VALUES (?, ?)", row)

    def names(self) -> list[str]:
        rows = self._database.execute("SELECT id FROM user ORDER BY id")
        return [row[0].decode("utf-8", "surrogatepass") for row in rows]

    def close(self) -> None:
        self._database.close()


def _blob(user: str) -> bytes:
    # SQLite's text refuses lone surrogates
    return user.encode("utf-8", "surrogatepass")
