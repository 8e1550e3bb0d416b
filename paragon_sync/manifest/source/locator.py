"""Places in manifests as lines and columns, for as many findings as a plan may have."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Final, TypeAlias

from paragon_sync.errors import ManifestError, Problem
from paragon_sync.jsonvalue import Pointer
from paragon_sync.manifest.source.careful import read_carefully
from paragon_sync.manifest.source.chunks import Chunk, Start, read_chunks, read_part
from paragon_sync.manifest.source.text import OpenFile, open_binary
from paragon_sync.model.declared import Fault, Place, Position

DOCUMENTS_IN_PART: Final = 16
"""Documents that are read to get at one of them; a part takes 24 bytes of memory."""
MAX_INDEXED_FILES: Final = 1000
MAX_REMEMBERED_POSITIONS: Final = 20_000

_Spot: TypeAlias = tuple[Pointer, bool]
_Key: TypeAlias = tuple[str, int, Pointer, bool]
_Stamp: TypeAlias = tuple[int, int, int]


class Locator:
    """Looks up the positions of places.

    A file with many documents is read whole once; after that only the parts with the documents in question are read.
    The positions that were looked up last are kept: the findings about a rollout's users share a few places.
    """

    def __init__(self, open_file: OpenFile = open_binary) -> None:
        self._open = open_file
        self._indexes: OrderedDict[str, _Index] = OrderedDict()
        self._positions: dict[_Key, tuple[int, int]] = {}

    def locate(self, place: Place) -> Position:
        """Return line and column of a place. Of many places: :meth:`locate_all`."""
        return self.locate_all([place])[0]

    def locate_all(self, places: Iterable[Place]) -> list[Position]:
        """Return the positions of places, in their order.

        A place that is no longer there (the file was changed meanwhile) gets the position of what is left around it.
        """
        wanted = list(places)
        found = self._find({_key(place) for place in wanted if not place.line})
        return [_position(place, found) for place in wanted]

    def problems(self, faults: Iterable[Fault]) -> list[Problem]:
        """Return faults with their positions, in the order of these."""
        listed = list(faults)
        positions = self.locate_all(fault.place for fault in listed)
        others = iter(self.locate_all(fault.other for fault in listed if fault.other is not None))
        found = [
            Problem(
                message=_message(fault, at, others),
                file=at.file,
                line=at.line,
                column=at.column,
                hint=fault.hint,
            )
            for fault, at in zip(listed, positions, strict=True)
        ]
        return sorted(found, key=lambda problem: (problem.file, problem.line, problem.column))

    def _find(self, keys: set[_Key]) -> dict[_Key, tuple[int, int]]:
        found = {key: self._positions[key] for key in keys & self._positions.keys()}
        wanted: dict[str, dict[int, list[_Spot]]] = {}
        for file, document, pointer, of_key in keys - found.keys():
            wanted.setdefault(file, {}).setdefault(document, []).append((pointer, of_key))
        for file in sorted(wanted):
            for chunk in self._chunks(file, wanted[file].keys()):
                if (spots := wanted[file].get(chunk.document)) and (careful := read_carefully(chunk, _ignore)):
                    for pointer, of_key in spots:
                        found[file, chunk.document, pointer, of_key] = careful[1].find(pointer, of_key=of_key)
        if len(self._positions) + len(found) > MAX_REMEMBERED_POSITIONS:
            self._positions.clear()
        if len(found) <= MAX_REMEMBERED_POSITIONS:
            self._positions.update(found)
        return found

    def _chunks(self, file: str, documents: Iterable[int]) -> Iterator[Chunk]:
        """Read these documents of a file, and as many around them as that takes."""
        try:
            stamp = _stamp(file)
            index = self._indexes.get(file)
            if index is not None and index.stamp == stamp:
                self._indexes.move_to_end(file)
                parts = sorted({index.part_of(document) for document in documents})
                yield from chain.from_iterable(
                    read_part(file, *index.range_of(part), open_file=self._open) for part in parts
                )
            else:
                yield from self._whole(file, stamp)
        except ManifestError:  # it was reported when the file was loaded
            return

    def _whole(self, file: str, stamp: _Stamp | None) -> Iterator[Chunk]:
        """Read a file from one end to the other; one with many documents is indexed on the way."""
        index = _Index(stamp)
        for chunk in read_chunks(file, self._open):
            index.add(chunk)
            yield chunk
        if len(index) > 1 and stamp is not None:
            self._indexes[file] = index
            if len(self._indexes) > MAX_INDEXED_FILES:
                self._indexes.popitem(last=False)


class _Index:
    """Where the parts of one file start. ``stamp`` is the file as it was when it was indexed."""

    def __init__(self, stamp: _Stamp | None) -> None:
        self.stamp = stamp
        self._documents = array("Q")
        self._lines = array("Q")
        self._offsets = array("Q")

    def __len__(self) -> int:
        return len(self._documents)

    def add(self, chunk: Chunk) -> None:
        if not self._documents or chunk.document >= self._documents[-1] + DOCUMENTS_IN_PART:
            self._documents.append(chunk.document)
            self._lines.append(chunk.line)
            self._offsets.append(chunk.offset)

    def part_of(self, document: int) -> int:
        return max(bisect_right(self._documents, document) - 1, 0)

    def range_of(self, part: int) -> tuple[Start, int | None]:
        end = self._offsets[part + 1] if part + 1 < len(self) else None
        return Start(self._documents[part], self._lines[part], self._offsets[part]), end


def locate(place: Place) -> Position:
    """Return line and column of a place. Of many places, one after the other: a :class:`Locator`."""
    return Locator().locate(place)


def locate_all(places: Iterable[Place]) -> list[Position]:
    """Return the positions of places, in their order; each file is read once."""
    return Locator().locate_all(places)


def problems(faults: Iterable[Fault]) -> list[Problem]:
    """Return faults with their positions, in the order of these."""
    return Locator().problems(faults)


def _key(place: Place) -> _Key:
    return place.file, place.document, place.pointer, place.of_key


def _position(place: Place, found: dict[_Key, tuple[int, int]]) -> Position:
    if place.line:
        return Position(file=place.file, line=place.line, column=1)
    line, column = found.get(_key(place), (1, 1))
    return Position(file=place.file, line=line, column=column, row=place.row)


def _message(fault: Fault, at: Position, others: Iterator[Position]) -> str:
    whose = f"{at.row}: {fault.message}" if at.row else fault.message
    return whose if fault.other is None else f"{whose}: {next(others)}"


def _stamp(file: str) -> _Stamp | None:
    """Return what changes when a file is written; None for what isn't there."""
    try:
        status = Path(file).stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _ignore(line: int, column: int, message: str, hint: str | None) -> None:
    """Report nothing: what is wrong was reported when the document was loaded."""
