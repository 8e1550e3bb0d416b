"""Rows come back in the order of their keys, those of one key as they were added, whatever was added when."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paragon_sync.errors import StateError
from paragon_sync.store.spill import KEY, KeyedRow, Spill
from tests.limits import files_no_longer_than

KEYS = st.sampled_from([b"", b"\0", b"a", b"a\0", b"ab", b"b", b"\xff"])


@given(parts=st.lists(st.lists(KEYS, min_size=1, max_size=200), max_size=8))
def test_rows_come_back_by_key_and_in_their_order(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[bytes]]
) -> None:
    spill, added = Spill(tmp_path_factory.getbasetemp()), list[KeyedRow]()
    for keys in parts:
        part = [(key, len(added) + place, key * 3) for place, key in enumerate(keys)]
        added += part
        spill.add(part)

    assert sorted(added, key=KEY) == list(spill.rows())
    for key in {b"c", *map(KEY, added)}:
        assert [row for row in added if row[0] == key] == list(spill.rows_of(key))
    spill.close()


def test_rows_are_found_while_others_are_read(tmp_path: Path) -> None:
    spill = Spill(tmp_path)
    for start in (0, 1):
        spill.add([(b"%04d" % number, number, b"") for number in range(start, 1000, 2)])
    found = [(row, list(spill.rows_of(row[0]))) for row in spill.rows()]
    assert [(row, [row]) for row in ((b"%04d" % number, number, b"") for number in range(1000))] == found
    spill.close()


def test_a_full_disk_is_a_clear_error(tmp_path: Path) -> None:
    spill = Spill(tmp_path)
    with files_no_longer_than(100):
        with pytest.raises(StateError, match="can't stage documents on disk"):
            spill.add([(b"a", 1, b"x" * 200)])
        spill.close()
