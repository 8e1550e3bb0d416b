"""Read the lines of a roster's file: open it, unpack gzip or zstd, decode UTF-8."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from types import ModuleType
from typing import BinaryIO, Final, cast

from paragon_sync.manifest.roster.rows import STANDARD_INPUT
from paragon_sync.model.similar_names import did_you_mean

_LONGEST: Final = 2**20
"""Bytes of a line: whatever is longer is no roster, and is not to fill the memory."""


_KINDS: Final = (("gzip", ".gz", b"\x1f\x8b"), ("zstd", ".zst", b"\x28\xb5\x2f\xfd"))
"""How packed files begin."""


class Unreadable(Exception):
    """Why the file can't be read, or not on; ``line`` is where, None where it could not even be opened."""

    def __init__(self, message: str, line: int | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.hint = hint


def lines(path: str) -> Iterator[str]:
    """The lines with their ends, without a byte order mark; raises :class:`Unreadable`."""
    number, raw, opened = 0, b"", False
    with ExitStack() as stack:
        try:
            stream = _unpacked(_opened(path, stack), path, stack)
            opened = True
            for raw in iter(lambda: stream.readline(_LONGEST), b""):
                number += 1
                if len(raw) == _LONGEST:
                    raise Unreadable("the line is longer than a mebibyte", number)
                line = raw.decode()
                yield line if number > 1 else line.removeprefix("\ufeff")
        except UnicodeDecodeError:
            raise _undecodable(raw, number) from None
        except FileNotFoundError:
            raise Unreadable(f"there is no file {path}", None, _instead_of(Path(path))) from None
        except _damage(path) as error:
            reason = _reason(error)
            raise (Unreadable(reason, number + 1) if opened else Unreadable(f"{path} {reason}")) from None


def _undecodable(line: bytes, number: int) -> Unreadable:
    for kind, suffix, begins in _KINDS:
        if number == 1 and line.startswith(begins):
            return Unreadable(f"it is packed by {kind}", 1, f"unpack it, or let its name end with {suffix}")
    return Unreadable("not UTF-8", number, "save the file as UTF-8")


def _instead_of(path: Path) -> str:
    """What may have been meant by a name that isn't there."""
    with suppress(OSError):
        if question := did_you_mean(path.name, (one.name for one in path.parent.iterdir())):
            return question
    return "its path is relative to the Project file, and names one file"


def _opened(path: str, stack: ExitStack) -> BinaryIO:
    """Standard input stays open: it isn't ours."""
    if path == STANDARD_INPUT:
        return cast(BinaryIO, sys.stdin.buffer)
    return stack.enter_context(open(path, "rb"))  # noqa: PTH123 - a name as it was written


def _unpacked(stream: BinaryIO, path: str, stack: ExitStack) -> BinaryIO:
    if path.endswith(".gz"):
        return cast(BinaryIO, stack.enter_context(gzip.GzipFile(fileobj=stream)))
    if path.endswith(".zst"):
        return cast(BinaryIO, stack.enter_context(io.BufferedReader(_zstd().ZstdFile(stream))))
    return stream


def _zstd() -> ModuleType:
    """Import Python's own zstd module, or its backport before Python 3.14."""
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd


def _damage(path: str) -> tuple[type[Exception], ...]:
    """What opening, reading and unpacking raise."""
    if not path.endswith(".zst"):
        return (OSError, EOFError, zlib.error)
    return (OSError, EOFError, _zstd().ZstdError)


def _reason(error: Exception) -> str:
    match error:
        case gzip.BadGzipFile() | zlib.error():
            return "can't be unpacked: it isn't a gzip file, or it is damaged"
        case EOFError():
            return "can't be unpacked: its end is missing"
        case OSError():
            return f"can't be read: {(error.strerror or 'unknown error').lower()}"
        case _:
            return "can't be unpacked: it isn't a zstd file, or it is damaged"
