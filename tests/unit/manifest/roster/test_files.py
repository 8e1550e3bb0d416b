"""Rosters in files: CSV and NDJSON, packed or not, and from standard input."""

from __future__ import annotations

import gzip
import io
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from paragon_sync.errors import Problem
from paragon_sync.jsonvalue import Json, Number
from paragon_sync.manifest.roster import MOST_TOLD, Row, read
from paragon_sync.model.declared import FileRoster, Place
from tests.packing import zstd

PLACE = Place(file="rollout.yaml", pointer=("users",))


def roster(path: Path | str, format_: str = "csv", **options: object) -> FileRoster:
    return FileRoster(place=PLACE, format=format_, path=str(path), **options)


def rows(found: FileRoster) -> list[tuple[str, int, dict[str, Json]]]:
    items = list(read(found))
    assert all(isinstance(item, Row) for item in items), items
    return [(item.user, item.number, item.values) for item in items if isinstance(item, Row)]


def problems(found: FileRoster) -> list[tuple[int, str]]:
    return [(item.line, f"{item.message} {item.hint}") for item in read(found) if isinstance(item, Problem)]


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("user,plan\nacme,pro\n", {}, [("acme", 2, {"user": "acme", "plan": "pro"})]),
        ("user\nacme", {}, [("acme", 2, {"user": "acme"})]),
        ("\ufeffuser,plan\r\nacme,pro\r\n", {}, [("acme", 2, {"user": "acme", "plan": "pro"})]),
        ("plan;id\n1,5;007\n", {"delimiter": ";", "id_column": "id"}, [("007", 2, {"plan": "1,5", "id": "007"})]),
        ("user\tn\nacme\t1\n", {"delimiter": "\t"}, [("acme", 2, {"user": "acme", "n": "1"})]),
        ('user,"a b"\n"ac,me","say ""hi"""\n', {}, [("ac,me", 2, {"user": "ac,me", "a b": 'say "hi"'})]),
        (
            'user,note\nacme,"two\nlines"\nglobex,\n',
            {},
            [("acme", 2, {"user": "acme", "note": "two\nlines"}), ("globex", 4, {"user": "globex", "note": ""})],
        ),
        ("user\nacme\n\n\nglobex\n", {}, [("acme", 2, {"user": "acme"}), ("globex", 5, {"user": "globex"})]),
        ("user,n\nacme,true\n", {}, [("acme", 2, {"user": "acme", "n": "true"})]),
        ("user,items\nacme,3\n", {}, [("acme", 2, {"user": "acme", "items": "3"})]),
    ],
)
def test_csv_gives_rows_of_text(tmp_path: Path, text: str, options: dict[str, object], expected: list[object]) -> None:
    (tmp_path / "r.csv").write_bytes(text.encode())
    assert rows(roster(tmp_path / "r.csv", **options)) == expected


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("", {}, [(1, "the file is empty")]),
        ("user,plan\n", {}, [(1, "gives no users")]),
        ("usr,plan\nacme,pro\n", {}, [(1, 'there is no column "user" did you mean "usr"?')]),
        ("id;plan\nacme;pro\n", {}, [(1, 'there is no column "user" the header looks as if')]),
        ("user,plan\nacme,pro\n", {"secret": frozenset({"token"})}, [(1, 'no column "token"')]),
        ("user,user\nacme,pro\n", {}, [(1, 'names the column "user" twice')]),
        ("user,\nacme,pro\n", {}, [(1, "column 2 of the header has no name")]),
        ("\n\nusr\nacme\n", {}, [(3, 'there is no column "user"')]),
        ('"us"er\nacme\n', {}, [(1, "the header can't be read")]),
        ("user,plan\nacme\nglobex,pro,7\n", {}, [(2, "has 1 field, and the header 2"), (3, "has 3 fields")]),
        ('user,plan\nacme,"pro"x\nglobex,pro\n', {}, [(2, "can't be read")]),
        ('user,plan\nacme,"pro\nglobex,pro\n', {}, [(2, "can't be read: unexpected end of data")]),
        ("user\nacme\n\nglobex\nacme\n", {}, [(5, 'user "acme" stands here again; first in')]),
        ("user,n\n,1\nglobex,2\n  ,3\n", {}, [(2, "the user's id is empty"), (4, "the user's id is empty")]),
        (b"user\nacme\n\xff\n", {}, [(3, "not UTF-8")]),
        (b"user\nacme" + b"x" * 2**20 + b"\n", {}, [(2, "longer than a mebibyte")]),
        ("user\n" + "a" * 200_000 + "\n", {}, [(2, "field larger than field limit")]),
    ],
)
def test_csv_that_is_broken_is_told_with_its_line(
    tmp_path: Path, text: str | bytes, options: dict[str, object], expected: list[tuple[int, str]]
) -> None:
    (tmp_path / "r.csv").write_bytes(text.encode() if isinstance(text, str) else text)
    told = problems(roster(tmp_path / "r.csv", **options))
    assert [line for line, _ in expected] == [line for line, _ in told]
    for (_, message), (_, said) in zip(expected, told, strict=True):
        assert message in said


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ('{"user": "acme", "n": 1, "on": true}\n', {}, [("acme", 1, {"user": "acme", "n": 1, "on": True})]),
        ('\ufeff{"user": "acme"}', {}, [("acme", 1, {"user": "acme"})]),
        ('{"id": "a", "x": {"y": [null]}}\n', {"id_column": "id"}, [("a", 1, {"id": "a", "x": {"y": [None]}})]),
        ('{"user": "a", "price": 1.10}\n', {}, [("a", 1, {"user": "a", "price": Number("1.10")})]),
        (
            '{"user": "a"}\r\n\r\n \n{"user": "b", "c": 1}',
            {},
            [("a", 1, {"user": "a"}), ("b", 4, {"user": "b", "c": 1})],
        ),
    ],
)
def test_ndjson_gives_rows_with_types(
    tmp_path: Path, text: str, options: dict[str, object], expected: list[object]
) -> None:
    (tmp_path / "r.ndjson").write_bytes(text.encode())
    assert rows(roster(tmp_path / "r.ndjson", "ndjson", **options)) == expected


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("", {}, [(1, "gives no users")]),
        ('{"user": "a"}\n{"user": \n{"user": "c"}\n', {}, [(2, "not JSON")]),
        ('{"user": "a"}\n["b"]\n"c"\n', {}, [(2, "must be a JSON object"), (3, "must be a JSON object")]),
        ('{"user": "a", "user": "b"}\n', {}, [(1, 'the key "user" stands twice')]),
        ('{"user": 7}\n', {}, [(1, 'the column "user" must be a string quote it')]),
        ('{"user": true}\n', {}, [(1, 'the column "user" must be a string None')]),
        ('{"usr": "a"}\n', {}, [(1, 'the row has no column "user" its columns: usr')]),
        ('{"user": "a"}\n{"user": ""}\n', {}, [(2, "the user's id is empty")]),
        ('{"user": "\\ud800"}\n', {}, [(1, "half a character")]),
        (b'{"user": "a"}\n{"user": "\xff"}\n', {}, [(2, "not UTF-8")]),
        ('{"user": "a"}\n', {"secret": frozenset({"tok"})}, [(1, 'no row has the column "tok"')]),
        ('{"user": ' + "[" * 101 + "]" * 101 + "}\n", {}, [(1, "nested deeper")]),
    ],
)
def test_ndjson_that_is_broken_is_told_with_its_line(
    tmp_path: Path, text: str | bytes, options: dict[str, object], expected: list[tuple[int, str]]
) -> None:
    (tmp_path / "r.ndjson").write_bytes(text.encode() if isinstance(text, str) else text)
    told = problems(roster(tmp_path / "r.ndjson", "ndjson", **options))
    assert [line for line, _ in expected] == [line for line, _ in told]
    for (_, message), (_, said) in zip(expected, told, strict=True):
        assert message in said


def test_the_column_of_a_syntax_error_is_told(tmp_path: Path) -> None:
    (tmp_path / "r.ndjson").write_text('{"user": "a", }\n')
    (problem,) = read(roster(tmp_path / "r.ndjson", "ndjson"))
    assert isinstance(problem, Problem)
    assert (tmp_path / "r.ndjson", 1, 15) == (Path(problem.file), problem.line, problem.column)


PACK: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "zst": zstd.compress}


@pytest.mark.parametrize("suffix", PACK)
def test_packed_files_are_unpacked(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"r.csv.{suffix}").write_bytes(PACK[suffix](b"user,plan\n") + PACK[suffix](b"acme,pro\n"))
    assert [("acme", 2, {"user": "acme", "plan": "pro"})] == rows(roster(tmp_path / f"r.csv.{suffix}"))


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("damage", [lambda _: b"user\nacme\n", lambda packed: packed[:40], lambda packed: packed[:-9]])
def test_packed_files_that_are_damaged_are_told(tmp_path: Path, suffix: str, damage: Callable[[bytes], bytes]) -> None:
    text = "user\n" + "".join(f"{number * 7919 % 104729:06}\n" for number in range(5000))
    (tmp_path / f"r.csv.{suffix}").write_bytes(damage(PACK[suffix](text.encode())))
    told = problems(roster(tmp_path / f"r.csv.{suffix}"))
    assert len(told) == 1
    assert "can't be unpacked" in told[0][1]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    (problem,) = read(roster(tmp_path / "r.csv"))
    assert isinstance(problem, Problem)
    assert ("rollout.yaml", f"there is no file {tmp_path}/r.csv") == (problem.file, problem.message)
    assert problem.hint == "its path is relative to the Project file, and names one file"
    (tmp_path / "rr.csv").touch()
    (problem,) = read(roster(tmp_path / "r.csv"))
    assert isinstance(problem, Problem)
    assert problem.hint == 'did you mean "rr.csv"?'


def test_a_folder_is_no_roster(tmp_path: Path) -> None:
    assert [(1, f"{tmp_path} can't be read: is a directory None")] == problems(roster(tmp_path))


@pytest.mark.parametrize(("suffix", "kind"), [("gz", "gzip"), ("zst", "zstd")])
@pytest.mark.parametrize("format_", ["csv", "ndjson"])
def test_packed_files_without_their_suffix_are_known_by_how_they_begin(
    tmp_path: Path, suffix: str, kind: str, format_: str
) -> None:
    (tmp_path / "r").write_bytes(PACK[suffix](b"user\nacme\n" * 100))
    (problem,) = read(roster(tmp_path / "r", format_))
    assert isinstance(problem, Problem)
    assert (problem.line, problem.message) == (1, f"it is packed by {kind}")


@pytest.mark.parametrize("suffix", PACK)
def test_one_that_ends_too_early_is_named_with_its_line(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"r.csv.{suffix}").write_bytes(PACK[suffix](b"user\nacme\n" * 10)[:-6])
    *_, problem = read(roster(tmp_path / f"r.csv.{suffix}"))
    assert isinstance(problem, Problem)
    assert problem.file == str(tmp_path / f"r.csv.{suffix}")


@pytest.mark.parametrize("format_", ["csv", "ndjson"])
def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch, format_: str) -> None:
    text = b"user\nacme\nacme\n" if format_ == "csv" else b'{"user":"acme"}\n{"user":"acme"}\n'
    stream = io.BytesIO(text)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=stream))
    *_, problem = read(roster("-", format_))
    assert isinstance(problem, Problem)
    assert "<stdin>" == problem.file
    assert "first in <stdin>:" in problem.message
    assert not stream.closed


def test_no_more_than_some_problems_are_told(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("user,plan\n" + "acme\n" * 1000)
    told = problems(roster(tmp_path / "r.csv"))
    assert MOST_TOLD + 1 == len(told)
    assert (MOST_TOLD + 1, f"reading ended after {MOST_TOLD} problems: there may be more None") == told[-1]


def test_ids_that_stand_often_are_told_in_the_order_of_their_lines(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("user\n" + "b\na\nb\na\nb\n")
    told = problems(roster(tmp_path / "r.csv"))
    assert [4, 5, 6] == [line for line, _ in told]
    assert "r.csv:2" in told[2][1]


def test_rows_do_not_stand_in_memory(tmp_path: Path) -> None:
    peaks = []
    for count in (2_000, 40_000):
        (tmp_path / "r.csv").write_text("user,note\n" + "".join(f"user-{n},{n:0100}\n" for n in range(count)))
        tracemalloc.start()
        found = sum(isinstance(item, Row) for item in read(roster(tmp_path / "r.csv")))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert count == found
    assert peaks[1] < 2 * peaks[0]
