"""One document's text as its value, where everything in it is, and every problem it has: in YAML or JSON."""

from __future__ import annotations

from typing import TypeAlias

from paragon_sync.jsonvalue import Json, Pointer
from paragon_sync.manifest.source import json_lines, yaml_careful
from paragon_sync.manifest.source.chunks import Chunk
from paragon_sync.manifest.source.spots import Report, Spot

Careful: TypeAlias = "tuple[Json, Spot, frozenset[Pointer]] | None"
"""The value, its spots, and the pointers of stand-ins; None where there is no value."""


def read_carefully(chunk: Chunk, report: Report) -> Careful:
    """Read one document with its positions; each problem is reported."""
    reader = json_lines.read_carefully if chunk.json else yaml_careful.read
    return reader(chunk.text, report, chunk.line)
