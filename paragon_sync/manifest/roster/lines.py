"""A roster's file as lines: opened, unpacked, decoded. Owns gzip and zstandard; knows nothing of rows."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from paragon_sync.manifest.roster.rows import STANDARD_INPUT
from paragon_sync.model.similar_names import did_you_mean

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer
    from zstandard import ZstdDecompressionObj

_PACKED: Final = 4096
"""Bytes that are unpacked at a time: little enough for a file that grows a million times."""
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
        return cast(BinaryIO, stack.enter_context(io.BufferedReader(_Zstandard(stream), 2**16)))
    return stream


class _Zstandard(io.RawIOBase):
    """Frames of zstandard, unpacked; the library's own reader takes a missing end for the end."""

    def __init__(self, packed: BinaryIO) -> None:
        import zstandard

        self._packed = packed
        self._library = zstandard.ZstdDecompressor()
        self._frame: ZstdDecompressionObj | None = None
        self._unpacked = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        room = memoryview(buffer).cast("B")
        while not self._unpacked:
            packed = self._rest() or self._packed.read(_PACKED)
            if not packed:
                if self._frame is not None:
                    raise EOFError
                return 0
            self._frame = self._frame or self._library.decompressobj()
            self._unpacked = self._frame.decompress(packed)
        count = min(len(room), len(self._unpacked))
        room[:count], self._unpacked = self._unpacked[:count], self._unpacked[count:]
        return count

    def _rest(self) -> bytes:
        """What has been read beyond the end of a frame; then there is no frame any more."""
        if self._frame is None or not self._frame.eof:
            return b""
        rest = self._frame.unused_data
        self._frame = None
        return rest


def _damage(path: str) -> tuple[type[Exception], ...]:
    """What opening, reading and unpacking raise."""
    if not path.endswith(".zst"):
        return (OSError, EOFError, zlib.error)
    import zstandard

    return (OSError, EOFError, zstandard.ZstdError)


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
