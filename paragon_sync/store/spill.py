"""Rows in the order of their keys, on disk: sorted parts of one file, merged while they are read. Knows no document.

Rows are marshalled: the file is this process's own, has no name that others could open, and is gone with the process
however that ends.
"""

from __future__ import annotations

import heapq
import marshal
import tempfile
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from paragon_sync.errors import StateError

KeyedRow: TypeAlias = tuple[bytes, int, bytes]
"""A row after its key."""

KEY: Final = itemgetter(0)
_CHUNK: Final = 64  # rows that are read together: some 20 kB, and of each part that many are in memory
_AT_ONCE: Final = 500  # rows that are merged together, while what that needs is at the processor's hand
_PLAIN: Final = 2  # the format of marshal that looks for nothing that occurs twice


class Spill:
    """A temporary file in ``folder``, None for the system's place; raises :class:`StateError` when it can't take it."""

    def __init__(self, folder: Path | None) -> None:
        with _disk_errors():
            self._file = tempfile.TemporaryFile(prefix="paragon-sync-", dir=folder)  # noqa: SIM115 - see close
        self._end = 0
        self._strands: list[list[_Part]] = []

    def add(self, rows: list[KeyedRow]) -> None:
        """Write the rows as one part, sorted; they must be some, and follow in time all that were added before."""
        rows.sort(key=KEY)
        firsts: list[bytes] = []
        ends: list[int] = []
        with _disk_errors():
            self._file.seek(self._end)
            for first in range(0, len(rows), _CHUNK):
                chunk = marshal.dumps(rows[first : first + _CHUNK], _PLAIN)
                self._file.write(chunk)
                firsts.append(rows[first][0])
                ends.append((ends[-1] if ends else self._end) + len(chunk))
            self._file.flush()
        part = _Part(start=self._end, firsts=firsts, ends=ends, last=rows[-1][0])
        self._end = ends[-1]
        if self._strands and self._strands[-1][-1].last <= part.firsts[0]:
            self._strands[-1].append(part)
        else:
            self._strands.append([part])

    def rows(self) -> Iterator[KeyedRow]:
        """All rows by their keys; those of one key as they were added."""
        strands = [chain.from_iterable(map(self._rows_in, strand)) for strand in self._strands]
        merged = strands[0] if len(strands) == 1 else heapq.merge(*strands, key=KEY)
        while some := list(islice(merged, _AT_ONCE)):
            yield from some

    def rows_of(self, key: bytes) -> Iterator[KeyedRow]:
        """Those of one key, found without reading the others."""
        for part in chain.from_iterable(self._strands):
            first = max(bisect_left(part.firsts, key) - 1, 0)  # a chunk may end with what the next one begins with
            for chunk in range(first, bisect_right(part.firsts, key)):
                yield from (row for row in self._chunk(part, chunk) if row[0] == key)

    def close(self) -> None:
        """Remove everything; safe to call twice."""
        with suppress(OSError):  # what a full disk didn't take is tried once more
            self._file.close()

    def _rows_in(self, part: _Part) -> Iterator[KeyedRow]:
        for chunk in range(len(part.firsts)):
            yield from self._chunk(part, chunk)

    def _chunk(self, part: _Part, number: int) -> list[KeyedRow]:
        start, end = part.ends[number - 1] if number else part.start, part.ends[number]
        with _disk_errors():
            self._file.seek(start)
            found: list[KeyedRow] = marshal.loads(self._file.read(end - start))  # noqa: S302 - our own, see above
        return found


class _Part(NamedTuple):
    """Rows that were added together: where their chunks are in the file, and the first key of each."""

    start: int
    firsts: Sequence[bytes]
    ends: Sequence[int]
    last: bytes


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StateError(
            f"can't stage documents on disk: {error}",
            hint="TMPDIR names the folder for temporary files; it needs room and must be writable",
        ) from error
