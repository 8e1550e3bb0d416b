"""A lock on disk: a file beside the state, locked by the operating system, that says who holds it. Knows no waiting.

The file stays when the lock is released, and is empty then. Breaking a lock removes the file, so the next one who comes
locks another file, and the former owner can see that its own is gone.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from paragon_sync.errors import StateError
from paragon_sync.store.lock_owner import Attempt, Busy, Doubtful, Held, Owner, read_owner, write_owner

try:
    import fcntl
except ImportError:
    raise StateError(
        "this system has no POSIX file locks, which the state store needs",
        hint="run paragon-sync on Linux or macOS; on Windows run it in WSL",
    ) from None

_LONGEST_NAME = 60


class FileLock:
    """The lock of one project and environment, beside the state's file."""

    def __init__(self, state: Path, project: str, environment: str) -> None:
        self._path = _path(state, project, environment)
        self._handle: int | None = None

    def attempt(self, owner: Owner) -> Attempt:
        with _errors(self._path):
            while True:
                handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
                if not _lock(handle):
                    busy = Busy(owner=_read(handle))
                    os.close(handle)
                    return busy
                if _is_at(handle, self._path):
                    break
                os.close(handle)  # it was broken between opening and locking
        self._handle = handle
        before = _read(handle)
        if before is not None and before.host != owner.host:
            self._let_go()
            return Doubtful(owner=before)
        self.tell(owner)
        return Held(before=before)

    def tell(self, owner: Owner) -> None:
        if self._handle is not None:
            with _errors(self._path):
                os.ftruncate(self._handle, 0)
                os.pwrite(self._handle, write_owner(owner).encode(), 0)

    def release(self) -> None:
        if self._handle is not None:
            with suppress(OSError):
                os.ftruncate(self._handle, 0)
            self._let_go()

    def _let_go(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingFile:
    """A lock's file that says who holds it, or who left it behind."""

    path: Path
    owner: Owner
    is_alive: bool

    def break_it(self) -> None:
        with _errors(self.path):
            self.path.unlink(missing_ok=True)


def standing_files(state: Path, environment: str) -> Iterator[StandingFile]:
    """The locks of an environment that have an owner."""
    for path in sorted(state.parent.glob(f"{_glob(state.name)}.lock-*")):
        with _errors(path), _opened(path) as handle:
            owner = _read(handle)
            if owner is not None and owner.environment == environment:
                yield StandingFile(path=path, owner=owner, is_alive=not _lock(handle))


def _path(state: Path, project: str, environment: str) -> Path:
    """Named for people, and told apart by a digest."""
    digest = hashlib.sha256(f"{project}\0{environment}".encode("utf-8", "surrogatepass")).hexdigest()[:8]
    name = quote(environment, safe="", errors="surrogatepass")[:_LONGEST_NAME]
    return state.with_name(f"{state.name}.lock-{name}-{digest}")


def _glob(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _lock(handle: int) -> bool:
    """Whether the lock could be had at once."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _read(handle: int) -> Owner | None:
    return read_owner(os.pread(handle, 1 << 16, 0).decode("utf-8", "replace"))


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR)
    try:
        yield handle
    finally:
        os.close(handle)


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StateError(
            f"can't lock {path}: {error.strerror}",
            hint="the state must stand on a disk that can be written and that knows locks, or in a PostgreSQL database",
        ) from error
