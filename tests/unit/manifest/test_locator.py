"""Positions of many places: they are those of a single look-up, and the work grows with the places alone."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paragon_sync.errors import Problem
from paragon_sync.jsonvalue import dumps
from paragon_sync.manifest.loader import iter_documents
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.manifest.source import Locator, locate
from paragon_sync.manifest.source.locator import DOCUMENTS_IN_PART, MAX_REMEMBERED_POSITIONS
from paragon_sync.model.declared import Fault, Place
from paragon_sync.model.planned import Finding, FindingKind
from paragon_sync.run.findings import FindingsWriter

VALUES = st.sampled_from(["x", "ünï", "日本", "a b", ""])
DOCUMENTS = st.lists(st.tuples(VALUES, st.integers(0, 3)), min_size=1, max_size=60)


class CountingFiles:
    """Opens files, and counts how often and how many bytes of them are read."""

    def __init__(self) -> None:
        self.opened = 0
        self.read = 0

    def __call__(self, file: str) -> BinaryIO:
        self.opened += 1
        return CountingFile(Path(file).read_bytes(), self.count)

    def count(self, raw: bytes) -> bytes:
        self.read += len(raw)
        return raw


class CountingFile(io.BytesIO):
    """A file of which every byte that is read is counted."""

    def __init__(self, content: bytes, count: Callable[[bytes], bytes]) -> None:
        super().__init__(content)
        self._count = count

    def read(self, size: int | None = -1, /) -> bytes:
        return self._count(super().read(size))

    def __next__(self) -> bytes:
        return self._count(super().__next__())


def lines_of(tmp_path: Path, number: int) -> Path:
    """A file of so many documents, one on each line."""
    file = tmp_path / "users.ndjson"
    file.write_text("".join(f'{{"user": "user {index:06d}", "note": "{"x" * 200}"}}\n' for index in range(number)))
    return file


def user_at(file: Path, document: int) -> Place:
    return Place(file=str(file), document=document, pointer=("user",))


def finding_at(place: Place, other: Place | None = None) -> Finding:
    return Finding(kind=FindingKind.NOT_CONNECTED, user="u", message="m", place=place, other=other)


@given(documents=DOCUMENTS, bom=st.booleans(), end=st.sampled_from(["\n", "\r\n"]))
def test_positions_are_the_same_in_part_and_in_whole(
    tmp_path_factory: pytest.TempPathFactory, documents: list[tuple[str, int]], *, bom: bool, end: str
) -> None:
    folder = tmp_path_factory.mktemp("documents")
    yaml, ndjson = folder / "d.yaml", folder / "d.ndjson"
    written = [f"---{end}user: '{text}'{end}{f'# {text}{end}' * blank}" for text, blank in documents]
    rows = [f'{{"user": "{text}"}}{end}{end * blank}' for text, blank in documents]
    for file, parts in ((yaml, written), (ndjson, rows)):
        file.write_bytes(("\ufeff" * bom + "".join(parts)).encode())
        places = [user_at(file, document) for document in range(len("".join(parts).split(end)))]
        locator = Locator()
        locator.locate_all(places)
        locator._positions.clear()

        assert [locate(place) for place in places] == [locator.locate(place) for place in places]


def test_findings_do_not_read_their_file_again_for_each_batch(tmp_path: Path) -> None:
    file, files = lines_of(tmp_path, 5000), CountingFiles()
    written: list[Finding] = []
    findings = FindingsWriter(written.append, locator=Locator(files), batch=100)

    for document in range(5000):
        findings.add([finding_at(user_at(file, document))])
    findings.flush()

    assert [(one.position.line, one.position.column) for one in written if one.position] == [
        (number, 10) for number in range(1, 5001)
    ]
    assert files.read <= 3 * file.stat().st_size


def test_findings_about_one_rollout_read_it_once(tmp_path: Path) -> None:
    file, files = tmp_path / "rollout.yaml", CountingFiles()
    file.write_text("kind: Rollout\nuser: x\n")
    findings = FindingsWriter(lambda _: None, locator=Locator(files), batch=10)

    for _ in range(200):
        findings.add([finding_at(user_at(file, 0))])
    findings.flush()

    assert files.opened == 1


def test_a_finding_with_two_places_names_both(tmp_path: Path) -> None:
    file = lines_of(tmp_path, 3)
    written: list[Finding] = []
    findings = FindingsWriter(written.append)

    findings.add([finding_at(user_at(file, 2), user_at(file, 0)), finding_at(user_at(file, 1))])
    findings.flush()

    assert [(one.message, one.position and one.position.line) for one in written] == [(f"m: {file}:1:10", 3), ("m", 2)]


def test_wrong_documents_of_one_file_do_not_read_it_once_each(tmp_path: Path) -> None:
    document = {"apiVersion": "paragon-sync/v1", "kind": "User", "user": "u", "note": "x" * 200}
    file, files = tmp_path / "users.ndjson", CountingFiles()
    file.write_text("".join(f"{dumps(document | {'wrong': number})}\n" for number in range(400)))

    items = list(iter_documents([file], SecretScope(folder=tmp_path), locator=Locator(files)))

    assert sum(isinstance(item, Problem) for item in items) == 800
    assert files.read <= (DOCUMENTS_IN_PART + 2) * file.stat().st_size


def test_a_file_that_was_changed_is_read_again(tmp_path: Path) -> None:
    file = lines_of(tmp_path, 100)
    locator = Locator()
    locator.locate_all([user_at(file, 0)])
    file.write_text("\n\n" + file.read_text())

    assert [locator.locate(user_at(file, 99)).line, locator.locate(user_at(file, 101)).line] == [100, 102]


def test_a_file_that_is_gone_has_a_first_line(tmp_path: Path) -> None:
    file = lines_of(tmp_path, 100)
    locator = Locator()
    locator.locate_all([user_at(file, 0)])
    file.unlink()

    assert (locator.locate(user_at(file, 99)).line, locator.locate(user_at(file, 99)).column) == (1, 1)


def test_what_is_remembered_is_bounded(tmp_path: Path) -> None:
    file = tmp_path / "long.ndjson"
    file.write_text(dumps({"list": list(range(3000))}) + "\n")
    locator = Locator()
    for first in range(0, 3 * MAX_REMEMBERED_POSITIONS, 3000):
        locator.locate_all(Place(file=str(file), pointer=("list", str(index), str(first))) for index in range(3000))

    assert len(locator._positions) <= MAX_REMEMBERED_POSITIONS


def test_problems_are_in_the_order_of_their_positions(tmp_path: Path) -> None:
    file = lines_of(tmp_path, 3)
    faults = [Fault(message=f"m{document}", place=user_at(file, document)) for document in (2, 0)]

    assert ["m0", "m2"] == [problem.message for problem in Locator().problems(faults)]
