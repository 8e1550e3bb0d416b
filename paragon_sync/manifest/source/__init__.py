"""Files → parsed documents, and places → positions. The one owner of PyYAML; knows nothing of what documents mean.

A YAML file holds documents separated by ``---`` lines, an NDJSON file (``.ndjson``, ``.jsonl``) one on each line; both
give the same. Each document is read on its own, so a syntax error ends its document and not its file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from paragon_sync.errors import ManifestError, Problem
from paragon_sync.jsonvalue import Json, Pointer
from paragon_sync.manifest.source import json_lines, yaml_text
from paragon_sync.manifest.source.spots import Report, Spot
from paragon_sync.model.declared import Fault, Place, Position

_SEPARATOR: Final = re.compile(r"(?:\A|(?<=[\n\r]))---(?=\s|\Z)")
_LINE: Final = re.compile(r"\r\n|\r|\n")
_BLANK: Final = re.compile(r"(?:[ \t]*(?:#[^\n\r]*)?(?:\r\n|\r|\n|\Z))*")
_UNPRINTABLE: Final = re.compile(
    "[^\\t\\n\\r\\x20-\\x7e\\xa0-\\u2027\\u202a-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd\\U00010000-\\U0010ffff]"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """One document as it was parsed. ``broken`` are pointers whose value is only a stand-in for a reported problem.

    ``flawed`` says that something in it was reported: it is good for finding more problems, and for nothing else.
    """

    value: Json
    place: Place
    broken: frozenset[Pointer] = frozenset()
    flawed: bool = False


def read(file: Path | str) -> Iterator[Parsed | Problem]:
    """The documents of one file as they stand in it, and every problem that its syntax has."""
    name = str(file)
    try:
        for chunk in _chunks(name):
            yield from _parse(chunk, name)
    except ManifestError as error:
        yield from error.problems


def locate(place: Place) -> Position:
    """Line and column of a place; reads its file again. Of many places: :func:`locate_all`."""
    return locate_all([place])[0]


def locate_all(places: Iterable[Place]) -> list[Position]:
    """The positions of places, in their order; each file is read once.

    A place that is no longer there (the file was changed meanwhile) gets the position of what is left around it.
    """
    wanted = list(places)
    spots: dict[tuple[str, int], Spot] = {}
    for file in dict.fromkeys(place.file for place in wanted):
        documents = {place.document for place in wanted if place.file == file}
        spots.update(_spots(file, documents))
    positions = []
    for place in wanted:
        spot = spots.get((place.file, place.document))
        line, column = spot.find(place.pointer, of_key=place.of_key) if spot else (1, 1)
        positions.append(Position(file=place.file, line=line, column=column))
    return positions


def problems(faults: Iterable[Fault]) -> list[Problem]:
    """Faults with their positions, in the order of these."""
    listed = list(faults)
    found = [
        Problem(message=fault.message, file=at.file, line=at.line, column=at.column, hint=fault.hint)
        for fault, at in zip(listed, locate_all(fault.place for fault in listed), strict=True)
    ]
    return sorted(found, key=lambda problem: (problem.file, problem.line, problem.column))


@dataclass(frozen=True, slots=True)
class _Chunk:
    """The text of one document; ``line`` is where it starts."""

    document: int
    line: int
    text: str
    json: bool = False


_Careful: TypeAlias = "tuple[Json, Spot, frozenset[Pointer]] | None"


def _parse(chunk: _Chunk, file: str) -> Iterator[Parsed | Problem]:
    place = Place(file=file, document=chunk.document)
    value = json_lines.read_fast(chunk.text) if chunk.json else yaml_text.read_fast(chunk.text)
    if value is not None:
        yield Parsed(value=value, place=place)
        return
    found: list[Problem] = []

    def report(line: int, column: int, message: str, hint: str | None) -> None:
        found.append(Problem(message=message, file=file, line=line, column=column, hint=hint))

    careful = _carefully(chunk, report)
    yield from sorted(found, key=lambda problem: (problem.line, problem.column))
    if careful is not None:
        value, _, broken = careful
        yield Parsed(value=value, place=place, broken=broken, flawed=bool(found))


def _carefully(chunk: _Chunk, report: Report) -> _Careful:
    reader = json_lines.read_carefully if chunk.json else yaml_text.read_carefully
    return reader(chunk.text, report, chunk.line)


def _spots(file: str, documents: set[int]) -> Iterator[tuple[tuple[str, int], Spot]]:
    def ignore(line: int, column: int, message: str, hint: str | None) -> None:
        """What is wrong has been reported when the document was read."""

    try:
        for chunk in _chunks(file):
            if chunk.document in documents and (careful := _carefully(chunk, ignore)) is not None:
                yield (file, chunk.document), careful[1]
    except ManifestError:
        return


def _chunks(file: str) -> Iterator[_Chunk]:
    """Raises ManifestError with all problems of a text that can't be split into documents."""
    is_json = file.endswith((".ndjson", ".jsonl"))
    text = _text(file, printable=not is_json)
    if is_json:
        lines = text.split("\n")
        chunks = [_Chunk(index, index + 1, line, json=True) for index, line in enumerate(lines) if line.strip()]
        yield from chunks
        empty = not chunks
    else:
        starts = [match.start() for match in _SEPARATOR.finditer(text)]
        head = text[: starts[0]] if starts else text
        empty = not starts and _is_blank(text)
        if not _is_blank(head):
            starts.insert(0, 0)
        line, counted = 1, 0
        for document, start in enumerate(starts):
            line += _count_lines(text, counted, start)
            counted = start
            end = starts[document + 1] if document + 1 < len(starts) else len(text)
            yield _Chunk(document, line, text[start:end])
    if empty:
        raise _unreadable(file, 1, 1, "the file is empty", "an empty file never means “nothing”: remove it")


def _is_blank(text: str) -> bool:
    return _BLANK.fullmatch(text) is not None


def _count_lines(text: str, start: int, end: int) -> int:
    count = text.count("\n", start, end)
    return count if "\r" not in text else len(_LINE.findall(text, start, end))


def _text(file: str, *, printable: bool) -> str:
    try:
        raw = Path(file).read_bytes()
    except OSError as error:
        raise _unreadable(file, 1, 1, f"can't be read: {(error.strerror or 'unknown error').lower()}") from None
    try:
        text = raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8")
        raise _unreadable(file, *_position(before), "not UTF-8", "save the file as UTF-8") from None
    if printable and (found := list(_UNPRINTABLE.finditer(text))):
        raise ManifestError([_unprintable(file, text, match) for match in found])
    return text


def _unprintable(file: str, text: str, match: re.Match[str]) -> Problem:
    line, column = _position(text[: match.start()])
    code = ord(match.group())
    hint = f'in a value, write it as "\\u{code:04x}" in double quotes; else remove it'
    return Problem(message=f"invisible character U+{code:04X}", file=file, line=line, column=column, hint=hint)


def _position(before: str) -> tuple[int, int]:
    lines = _LINE.split(before.removeprefix("\ufeff"))
    return len(lines), len(lines[-1]) + 1


def _unreadable(file: str, line: int, column: int, message: str, hint: str | None = None) -> ManifestError:
    return ManifestError([Problem(message=message, file=file, line=line, column=column, hint=hint)])
