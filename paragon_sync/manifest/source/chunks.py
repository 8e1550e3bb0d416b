"""Manifest files as the texts of their documents, with the line and the byte where each one starts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from paragon_sync.manifest.source.text import (
    OpenFile,
    count_lines,
    decode,
    open_binary,
    read_lines,
    read_text,
    reading,
    unreadable,
)

_SEPARATOR: Final = re.compile(r"---(?=\s|\Z)")
"""At the start of a line. To ask for that in the pattern takes 60 times as long."""
_BLANK: Final = re.compile(r"(?:[ \t]*(?:#[^\n\r]*)?(?:\r\n|\r|\n|\Z))*")


class Start(NamedTuple):
    """Where a document starts. ``document`` counts from 0, ``line`` from 1, ``offset`` in bytes of the file."""

    document: int
    line: int
    offset: int


class Chunk(NamedTuple):
    """The text of one document. ``document`` counts from 0, ``line`` from 1, ``offset`` in bytes of the file."""

    document: int
    line: int
    offset: int
    text: str
    json: bool = False


def read_chunks(file: str, open_file: OpenFile = open_binary) -> Iterator[Chunk]:
    """Read all documents of a file; raises ManifestError with all problems of a text that can't be split into them."""
    empty = True
    if is_json(file):
        for index, (offset, content) in enumerate(read_lines(file, open_file)):
            if content.strip():
                empty = False
                yield Chunk(index, index + 1, offset, content, json=True)
    else:
        offset, text = read_text(file, open_file)
        for chunk in _split(text, Start(0, 1, offset)):
            empty = False
            yield chunk
    if empty:
        raise unreadable(file, 1, 1, "the file is empty", "an empty file never means “nothing”: remove it")


def read_part(file: str, first: Start, end: int | None, open_file: OpenFile = open_binary) -> Iterator[Chunk]:
    """Read the documents from ``first``, where one of :func:`read_chunks` starts, to the byte ``end`` before another.

    ``end`` is None for the end of the file. Raises ManifestError where the file can't be read any more.
    """
    with reading(file), open_file(file) as stream:
        stream.seek(first.offset)
        raw = stream.read() if end is None else stream.read(end - first.offset)
    if is_json(file):
        for index, line in enumerate(raw.split(b"\n")):
            number = first.line + index
            content = decode(file, number, line)
            if content.strip():
                yield Chunk(first.document + index, number, first.offset, content, json=True)
    else:
        text = decode(file, first.line, raw)
        yield from _split(text, first)


def is_json(file: str) -> bool:
    """Return whether a file holds one JSON document on each line."""
    return file.endswith((".ndjson", ".jsonl"))


def _split(text: str, first: Start) -> Iterator[Chunk]:
    """Split YAML at its separators; ``first`` is where the text starts."""
    document, line, offset = first
    found = (match.start() for match in _SEPARATOR.finditer(text))
    starts = [start for start in found if start == 0 or text[start - 1] in "\n\r"]
    if not _is_blank(text[: starts[0]] if starts else text):
        starts.insert(0, 0)
    one_byte_each = text.isascii()
    counted = 0
    for index, start in enumerate(starts):
        line += count_lines(text, counted, start)
        offset += start - counted if one_byte_each else len(text[counted:start].encode())
        counted = start
        end = starts[index + 1] if index + 1 < len(starts) else len(text)
        yield Chunk(document + index, line, offset, text[start:end])


def _is_blank(text: str) -> bool:
    return _BLANK.fullmatch(text) is not None
