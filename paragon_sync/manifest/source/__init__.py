"""Files → parsed documents, and places → positions. The one owner of PyYAML; knows nothing of what documents mean.

A YAML file holds documents separated by ``---`` lines, an NDJSON file (``.ndjson``, ``.jsonl``) one on each line; both
give the same. Each document is read on its own, so a syntax error ends its document and not its file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from paragon_sync.errors import ManifestError, Problem
from paragon_sync.jsonvalue import Json, Pointer, find_repeated
from paragon_sync.manifest.source import json_lines, yaml_fast
from paragon_sync.manifest.source.careful import read_carefully
from paragon_sync.manifest.source.chunks import Chunk, is_json, read_chunks
from paragon_sync.manifest.source.locator import Locator, locate, locate_all, problems
from paragon_sync.model.declared import Place

__all__ = ["Locator", "Parsed", "locate", "locate_all", "problems", "read", "value_of"]


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


def read(
    file: Path | str,
    accepts: Callable[[Json], bool] | None = None,
    *,
    concerns: Callable[[str], bool] | None = None,
) -> Iterator[Parsed | Problem]:
    """The documents of one file as they stand in it, and every problem that its syntax has.

    ``accepts`` is asked of a document's value that was read the fast way: True says that it is valid as it is, and so
    has no :class:`Repeated` in it, which needn't be looked for then. Documents whose text does not concern the caller
    (``concerns``) are stepped over, with everything that is wrong in them.
    """
    name = str(file)
    try:
        for chunk in read_chunks(name):
            if concerns is not None and not concerns(chunk.text):
                continue
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
    json = is_json(file)
    value = _read_fast(text, json=json)
    if value is None:
        careful = read_carefully(Chunk(0, 1, 0, text, json), _ignore)
        value = None if careful is None else careful[0]
    return value


def _read_fast(text: str, *, json: bool) -> Json | None:
    return json_lines.read_fast(text) if json else yaml_fast.read(text)


def _ignore(line: int, column: int, message: str, hint: str | None) -> None:
    """Report nothing: what is wrong was reported when the document was read."""


def _parse_carefully(chunk: Chunk, file: str) -> Iterator[Parsed | Problem]:
    found: list[Problem] = []

    def report(line: int, column: int, message: str, hint: str | None) -> None:
        found.append(Problem(message=message, file=file, line=line, column=column, hint=hint))

    careful = read_carefully(chunk, report)
    yield from sorted(found, key=lambda problem: (problem.line, problem.column))
    if careful is not None:
        value, _, broken = careful
        yield Parsed(value, file, chunk.document, chunk.text, broken=broken, flawed=bool(found))
