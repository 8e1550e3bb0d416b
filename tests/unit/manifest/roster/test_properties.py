"""Whatever stands in a roster's file comes back as it is, or is told; nothing else ever happens."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paragon_sync.errors import Problem
from paragon_sync.jsonvalue import Json, dumps, equal
from paragon_sync.manifest.roster import Row, read
from paragon_sync.model.declared import FileRoster, Place
from tests.packing import zstd

PLACE = Place(file="rollout.yaml", pointer=("users",))
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
IDS = st.lists(TEXT.filter(lambda text: bool(text.strip())), min_size=1, max_size=6, unique=True)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXT)
VALUES: st.SearchStrategy[Json] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=5
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rosters")


@given(ids=IDS, fields=st.lists(TEXT, min_size=6, max_size=6), delimiter=st.sampled_from(",;|\t"), bom=st.booleans())
def test_what_was_written_as_csv_is_read(
    folder: Path, ids: list[str], fields: list[str], delimiter: str, *, bom: bool
) -> None:
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=delimiter)
    writer.writerows([("user", "field"), *zip(ids, fields, strict=False)])
    (folder / "r.csv").write_bytes(written.getvalue().encode("utf-8-sig" if bom else "utf-8"))
    items = list(read(FileRoster(place=PLACE, format="csv", path=str(folder / "r.csv"), delimiter=delimiter)))
    assert [(id_, {"user": id_, "field": field}) for id_, field in zip(ids, fields, strict=False)] == [
        (item.user, item.values) for item in items if isinstance(item, Row)
    ]
    assert len(ids) == len(items)
    lines = written.getvalue().split("\n")
    numbers = [item.number for item in items if isinstance(item, Row)]
    assert numbers == sorted(set(numbers))
    assert all(1 < number <= len(lines) for number in numbers)


@given(ids=IDS, values=st.lists(VALUES, min_size=6, max_size=6))
def test_what_was_written_as_ndjson_is_read(folder: Path, ids: list[str], values: list[Json]) -> None:
    written = [{"user": id_, "value": value} for id_, value in zip(ids, values, strict=False)]
    (folder / "r.ndjson").write_text("".join(f"{dumps(row)}\n" for row in written))
    items = list(read(FileRoster(place=PLACE, format="ndjson", path=str(folder / "r.ndjson"))))
    assert [*range(1, len(ids) + 1)] == [item.number for item in items if isinstance(item, Row)]
    assert all(
        equal(dict(row), dict(item.values)) for row, item in zip(written, items, strict=True) if isinstance(item, Row)
    )


PIECES = st.lists(
    st.one_of(
        st.sampled_from([b"user", b"\n", b"\r\n", b",", b'"', b'{"user": "a"}', b"\xff", b"\xef\xbb\xbf"]),
        st.binary(max_size=6),
    ),
    max_size=12,
)


@given(
    pieces=PIECES,
    kind=st.sampled_from(["csv", "ndjson"]),
    packed=st.sampled_from(["", ".gz", ".zst"]),
    cut=st.integers(0, 40),
)
def test_anything_else_is_told(folder: Path, pieces: list[bytes], kind: str, packed: str, cut: int) -> None:
    content = b"".join(pieces)
    if packed == ".gz":
        content = gzip.compress(content)[: cut or None]
    elif packed == ".zst":
        content = zstd.compress(content)[: cut or None]
    path = folder / f"any.{kind}{packed}"
    path.write_bytes(content)
    items = list(read(FileRoster(place=PLACE, format=kind, path=str(path))))
    assert items
    assert all(isinstance(item, Row | Problem) for item in items)
