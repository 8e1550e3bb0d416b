"""Files → parsed documents, and places → positions. The one owner of PyYAML; knows nothing of what documents mean.

A YAML file holds documents separated by ``---`` lines, an NDJSON file (``.ndjson``, ``.jsonl``) one on each line; both
give the same. Each document is read on its own, so a syntax error ends its document and not its file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from paragon_sync.errors import ManifestError, Problem
from paragon_sync.jsonvalue import Json, Pointer, find_repeated
from paragon_sync.manifest.source import json_lines, yaml_fast
from paragon_sync.manifest.source.careful import read_carefully
from paragon_sync.manifest.source.chunks import Chunk, is_json, read_chunks
from paragon_sync.manifest.source.locator import Locator, locate, locate_all, problems
from paragon_sync.model.declared import Place

__all__ = ["Accept", "Locator", "Parsed", "locate", "locate_all", "problems", "read", "value_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """One document as it was parsed. ``broken`` are pointers whose value is only a stand-in for a reported problem.

    ``flawed`` says that something in it was reported: it is good for finding more problems, and for nothing else.
    """

    value: Json
    place: Place
    broken: frozenset[Pointer] = frozenset()
    flawed: bool = False


_Taken = TypeVar("_Taken")
_Made_co = TypeVar("_Made_co", covariant=True)


class Accept(Protocol[_Made_co]):
    """Makes something of a document, given its value, file, number and text; None for what it doesn't like."""

    def __call__(self, value: Json, file: str, document: int, text: str, /) -> _Made_co | None: ...


def read(
    file: Path | str, accept: Accept[_Taken] | None = None, *, concerns: Callable[[str], bool] | None = None
) -> Iterator[Parsed | Problem | _Taken]:
    """The documents of one file as they stand in it, and every problem that its syntax has.

    ``accept`` is asked first, of the value of each document that was read the fast way, with its file and its number:
    what it makes of it comes instead. Such a value may hold a :class:`Repeated` yet. Documents whose text does not
    concern the caller (``concerns``) are stepped over, with everything that is wrong in them.
    """
    name = str(file)
    try:
        for chunk in read_chunks(name):
            if concerns is not None and not concerns(chunk.text):
                continue
            value = json_lines.read_fast(chunk.text) if chunk.json else yaml_fast.read(chunk.text)
            if accept is not None and value is not None:
                taken = accept(value, name, chunk.document, chunk.text)
                if taken is not None:
                    yield taken
                    continue
            if value is not None and not (chunk.json and find_repeated(value)):
                yield Parsed(value=value, place=Place(file=name, document=chunk.document))
            else:
                yield from _parse_carefully(chunk, name)
    except ManifestError as error:
        yield from error.problems


def value_of(text: str, file: str) -> Json | None:
    """The value of one document's text, as :func:`read` gave it; None for what isn't read the fast way."""
    return json_lines.read_fast(text) if is_json(file) else yaml_fast.read(text)


def _parse_carefully(chunk: Chunk, file: str) -> Iterator[Parsed | Problem]:
    place = Place(file=file, document=chunk.document)
    found: list[Problem] = []

    def report(line: int, column: int, message: str, hint: str | None) -> None:
        found.append(Problem(message=message, file=file, line=line, column=column, hint=hint))

    careful = read_carefully(chunk, report)
    yield from sorted(found, key=lambda problem: (problem.line, problem.column))
    if careful is not None:
        value, _, broken = careful
        yield Parsed(value=value, place=place, broken=broken, flawed=bool(found))
