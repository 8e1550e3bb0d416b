"""Part files: locked while they are written, then renamed to their final name; the next writer removes any left."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_NAME: Final = re.compile(r"\..+\.[a-z0-9_]{8}\.part", re.DOTALL)
"""``.NAME.XXXXXXXX.part``, where NAME is the final name."""
_RANDOM_BYTES: Final = 4
_CREATE: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
_OPEN: Final = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class PartFile:
    """A file in the folder of ``path`` that takes this name at the end.

    Use it as a context manager: what isn't published is removed. The file has a lock (``flock``) that ends with the
    process, unless its file system has no such locks. ``mode`` are its permissions, as far as the umask allows them.
    Raises :class:`OSError`, which names ``path``. The file itself is at ``part.path``.
    """

    def __init__(self, path: Path, mode: int = 0o600) -> None:
        self._final = path
        self._is_open = True
        try:
            self._descriptor, self.path = _create(path, mode)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from None

    def write(self, content: bytes) -> None:
        """Write at the file's end."""
        with open(self._descriptor, "ab", closefd=False) as file:
            file.write(content)

    def publish(self) -> None:
        """Give the file its final name, replacing a file of that name."""
        self.path.replace(self._final)
        self._close()

    def discard(self) -> None:
        """Remove the file; does nothing once it is published or removed."""
        if self._is_open:
            with suppress(OSError):
                self.path.unlink()
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    def _close(self) -> None:
        self._is_open = False
        os.close(self._descriptor)


def remove_leftovers(folder: Path) -> None:
    """Remove the part files of this user in a folder whose writers are gone.

    What can't be locked stays: its writer lives, or the file system can't lock.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with suppress(OSError):
                    _remove_unlocked(Path(entry.path))


def _create(path: Path, mode: int) -> tuple[int, Path]:
    """Create and lock a part file; another one if it is removed in between, while it looks like a leftover."""
    while True:
        part = path.with_name(f".{path.name}.{secrets.token_hex(_RANDOM_BYTES)}.part")
        descriptor = os.open(part, _CREATE, mode)
        try:
            _lock(descriptor)
        except BlockingIOError:  # it is being removed
            os.close(descriptor)
            continue
        except OSError:  # the file system has no such locks: nothing is removed there
            return descriptor, part
        if _is_at(descriptor, part):
            return descriptor, part
        os.close(descriptor)


def _remove_unlocked(part: Path) -> None:
    descriptor = os.open(part, _OPEN)
    try:
        _lock(descriptor)
        if os.fstat(descriptor).st_uid == os.geteuid() and _is_at(descriptor, part):
            part.unlink()
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False
