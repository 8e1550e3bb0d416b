"""Files → parsed documents, and places → positions. The one owner of PyYAML; knows nothing of what documents mean.

A YAML file holds documents separated by ``---`` lines, an NDJSON file (``.ndjson``, ``.jsonl``) one on each line; both
give the same. Each document is read on its own, so a syntax error ends its document and not its file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from paragon_sync.errors import ManifestError, Problem
from paragon_sync.jsonvalue import Json, Pointer, find_repeated
from paragon_sync.manifest.source import json_lines, yaml_careful, yaml_fast
from paragon_sync.manifest.source.spots import Report, Spot
from paragon_sync.manifest.source.text import count_lines, read_lines, read_text, unreadable
from paragon_sync.model.declared import Fault, Place, Position

_SEPARATOR: Final = re.compile(r"(?:\A|(?<=[\n\r]))---(?=\s|\Z)")
_BLANK: Final = re.compile(r"(?:[ \t]*(?:#[^\n\r]*)?(?:\r\n|\r|\n|\Z))*")


class Parsed(NamedTuple):
    """One document as it was parsed; ``document`` counts from 0 in its file, ``text`` is what stands there.

    ``broken`` are pointers whose value is only a stand-in for a reported problem. ``flawed`` says that something in it
    was reported: it is good for finding more problems, and for nothing else. ``accepted`` is what ``accepts`` said.
    """

    value: Json
    file: str
    document: int = 0
    text: str = ""
    accepted: bool = False
    broken: frozenset[Pointer] = frozenset()
    flawed: bool = False

    @property
    def place(self) -> Place:
        return Place(file=self.file, document=self.document)


def read(file: Path | str, accepts: Callable[[Json], bool] | None = None) -> Iterator[Parsed | Problem]:
    """The documents of one file as they stand in it, and every problem that its syntax has.

    ``accepts`` is asked of a document's value that was read the fast way: True says that it is valid as it is, and so
    has no :class:`Repeated` in it, which needn't be looked for then.
    """
    name = str(file)
    try:
        for chunk in _chunks(name):
            value = _read_fast(chunk.text, json=chunk.json)
            accepted = accepts is not None and value is not None and accepts(value)
            if accepted or (value is not None and not (chunk.json and find_repeated(value))):
                yield Parsed(value, name, chunk.document, chunk.text, accepted)
            else:
                yield from _parse_carefully(chunk, name)
    except ManifestError as error:
        yield from error.problems


def value_of(text: str, file: str) -> Json:
    """Return the value of one document's text, as :func:`read` gave it; the file need not be there any more."""
    json = _is_json(file)
    value = _read_fast(text, json=json)
    if value is None:
        careful = _carefully(_Chunk(0, 1, text, json), _ignore)
        value = None if careful is None else careful[0]
    return value


def _read_fast(text: str, *, json: bool) -> Json | None:
    return json_lines.read_fast(text) if json else yaml_fast.read(text)


def locate(place: Place) -> Position:
    """Line and column of a place; reads its file again. Of many places: :func:`locate_all`."""
    return locate_all([place])[0]


def locate_all(places: Iterable[Place]) -> list[Position]:
    """The positions of places, in their order; each file is read once.

    A place that is no longer there (the file was changed meanwhile) gets the position of what is left around it.
    """
    wanted = list(places)
    spots: dict[tuple[str, int], Spot] = {}
    for file in dict.fromkeys(place.file for place in wanted if not place.line):
        documents = {place.document for place in wanted if place.file == file}
        spots.update(_spots(file, documents))
    positions = []
    for place in wanted:
        if place.line:
            positions.append(Position(file=place.file, line=place.line, column=1))
            continue
        spot = spots.get((place.file, place.document))
        line, column = spot.find(place.pointer, of_key=place.of_key) if spot else (1, 1)
        positions.append(Position(file=place.file, line=line, column=column, row=place.row))
    return positions


def problems(faults: Iterable[Fault]) -> list[Problem]:
    """Faults with their positions, in the order of these."""
    listed = list(faults)
    positions = locate_all(fault.place for fault in listed)
    others = iter(locate_all(fault.other for fault in listed if fault.other is not None))
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


def _message(fault: Fault, at: Position, others: Iterator[Position]) -> str:
    whose = f"{at.row}: {fault.message}" if at.row else fault.message
    return whose if fault.other is None else f"{whose}: {next(others)}"


class _Chunk(NamedTuple):
    """The text of one document; ``line`` is where it starts."""

    document: int
    line: int
    text: str
    json: bool = False


_Careful: TypeAlias = "tuple[Json, Spot, frozenset[Pointer]] | None"


def _parse_carefully(chunk: _Chunk, file: str) -> Iterator[Parsed | Problem]:
    found: list[Problem] = []

    def report(line: int, column: int, message: str, hint: str | None) -> None:
        found.append(Problem(message=message, file=file, line=line, column=column, hint=hint))

    careful = _carefully(chunk, report)
    yield from sorted(found, key=lambda problem: (problem.line, problem.column))
    if careful is not None:
        value, _, broken = careful
        yield Parsed(value, file, chunk.document, chunk.text, broken=broken, flawed=bool(found))


def _carefully(chunk: _Chunk, report: Report) -> _Careful:
    reader = json_lines.read_carefully if chunk.json else yaml_careful.read
    return reader(chunk.text, report, chunk.line)


def _ignore(line: int, column: int, message: str, hint: str | None) -> None:
    """Report nothing: what is wrong was reported when the document was read."""


def _spots(file: str, documents: set[int]) -> Iterator[tuple[tuple[str, int], Spot]]:
    try:
        for chunk in _chunks(file):
            if chunk.document in documents and (careful := _carefully(chunk, _ignore)) is not None:
                yield (file, chunk.document), careful[1]
    except ManifestError:
        return


def _chunks(file: str) -> Iterator[_Chunk]:
    """Raises ManifestError with all problems of a text that can't be split into documents."""
    empty = True
    if _is_json(file):
        for index, content in enumerate(read_lines(file)):
            if content.strip():
                empty = False
                yield _Chunk(index, index + 1, content, json=True)
    else:
        text = read_text(file)
        starts = [match.start() for match in _SEPARATOR.finditer(text)]
        head = text[: starts[0]] if starts else text
        empty = not starts and _is_blank(text)
        if not _is_blank(head):
            starts.insert(0, 0)
        line, counted = 1, 0
        for document, start in enumerate(starts):
            line += count_lines(text, counted, start)
            counted = start
            end = starts[document + 1] if document + 1 < len(starts) else len(text)
            yield _Chunk(document, line, text[start:end])
    if empty:
        raise unreadable(file, 1, 1, "the file is empty", "an empty file never means “nothing”: remove it")


def _is_json(file: str) -> bool:
    return file.endswith((".ndjson", ".jsonl"))


def _is_blank(text: str) -> bool:
    return _BLANK.fullmatch(text) is not None
