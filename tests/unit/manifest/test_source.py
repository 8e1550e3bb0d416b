"""Reading files: what YAML gives and refuses, two readers that agree, and where everything stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paragon_sync.errors import Problem
from paragon_sync.jsonvalue import ABSENT, Json, Number, Pointer, dumps, equal
from paragon_sync.manifest import source
from paragon_sync.manifest.source import Parsed, chunks, json_lines, yaml_careful, yaml_fast
from paragon_sync.manifest.source.spots import DEEPEST
from paragon_sync.manifest.source.text import UNPRINTABLE
from paragon_sync.model.declared import Fault, Place, Position

VALUES: list[tuple[str, Json]] = [
    ("null", None),
    ("true", True),
    ("false", False),
    *((word, word) for word in ("True", "TRUE", "yes", "Yes", "no", "on", "off", "y", "n")),
    ("0", 0),
    ("-7", -7),
    ("18446744073709551617", 18446744073709551617),
    ("1.5", 1.5),
    ("1.0", 1.0),
    ("-0.0", -0.0),
    ("1e-07", 1e-07),
    ("1e+16", 1e16),
    *((text, text) for text in ("007", "1_000", "0x1F", "0o17", "12:30", "1:30:00", ".inf", ".NaN", "-.inf", "+1")),
    *((text, text) for text in ("1.", ".5", "1e", "2001-01-01", "2001-12-14t21:59:43.10-05:00", "=", "1,000", "١")),
    ('"007"', "007"),
    ("'null'", "null"),
    ('"~"', "~"),
    ('""', ""),
    ("{}", {}),
    ("[]", []),
    ("[null, {a: 1}]", [None, {"a": 1}]),
    (r'"\ud800"', "\ud800"),
    (r'"\ud83d\ude00 \udc00"', "😀 \udc00"),
    ("😀", "😀"),
    ("a & b * c! 100%", "a & b * c! 100%"),
    ("http://example.com/?a=b#c", "http://example.com/?a=b#c"),
    ('"a\tb"', "a\tb"),
    ("|\n  one\n   two\n", "one\n two\n"),
    (">-\n  one\n  two\n", "one two"),
    ('{"<<": 1}', {"<<": 1}),
    ('{"": 1, "~": 2, "1": 3, "true": 4}', {"": 1, "~": 2, "1": 3, "true": 4}),
    ("{yes: no}", {"yes": "no"}),
]

REFUSED = [
    ("k: ~", 1, 4, "only the word null is null"),
    ("k: NULL", 1, 4, "only the word null is null"),
    ("k:", 1, 1, '"k" has no value'),
    ("k: [a, ,]", 1, 8, "a value is missing"),
    ("k: 1.10", 1, 4, "would not keep its text"),
    ("k: 1e5", 1, 4, "would not keep its text"),
    ("k: -0", 1, 4, "would not keep its text"),
    ("k: " + "9" * 5000, 1, 4, "would not keep its text"),
    ("1: a", 1, 1, "isn't a string"),
    ("null: a", 1, 1, "isn't a string"),
    ("?\n: a", 1, 2, "a key is missing"),
    ("? [a]\n: b", 1, 3, "a key must be a string"),
    ("<<: {a: b}", 1, 1, "merge keys"),
    ("a: 1\na: 2", 2, 1, "stands twice; first in line 1"),
    ('a: 1\n"a": 2', 2, 1, "stands twice"),
    ("k: !!str 1", 1, 4, "the tag !!str"),
    ("k: ! a", 1, 4, "the tag !"),
    ("k: &a [*a]", 1, 4, "the anchor &a"),
    ("k: {{ user }}", 1, 4, "a template that isn't quoted"),
    ("k: |#\n  x", 1, 5, "not valid YAML"),
    ("k: 'a", 1, 4, "never closed"),
    ("- a\n - b\n- c:\n d", 4, 2, "this doesn't fit"),
    ("a: 1\n...\nb: 2", 3, 1, "the document ends before this"),
    ("%YAML 1.1\n---\na: 1", 1, 1, "directives"),
    ("a: 1\n---\n# nothing\n", 2, 1, "the document is empty"),
    ("a: b\x85c", 1, 5, "invisible character U+0085"),
    ("a: \x7f\n", 1, 4, "invisible character U+007F"),
    ("[" * 300_000, 1, DEEPEST + 2, "nested deeper"),
    ("- " * 300_000, 1, 2 * DEEPEST + 3, "nested deeper"),
    ("", 1, 1, "the file is empty"),
    ("# only\n\n  # comments", 1, 1, "the file is empty"),
]


def write(folder: Path, text: str | bytes, name: str = "manifest.yaml") -> Path:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def values_of(file: Path) -> list[Json]:
    """The values of a file that has no problem."""
    items = list(source.read(file))
    assert [item for item in items if isinstance(item, Problem)] == []
    return [item.value for item in items if isinstance(item, Parsed)]


def problems_of(file: Path) -> list[Problem]:
    return [item for item in source.read(file) if isinstance(item, Problem)]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_a_scalar_is_what_json_says_or_else_a_string(tmp_path: Path, text: str, value: Json) -> None:
    (document,) = values_of(write(tmp_path, f"key: {text}\n"))
    assert equal({"key": value}, document)


@pytest.mark.parametrize(("text", "line", "column", "message"), REFUSED)
def test_what_yaml_would_change_is_refused_where_it_stands(
    tmp_path: Path, text: str, line: int, column: int, message: str
) -> None:
    problem = problems_of(write(tmp_path, text))[0]
    assert (line, column) == (problem.line, problem.column)
    assert message in problem.message


def test_every_problem_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    text = "a: ~\nb: 1.10\na: x\n---\nc: 'open\n---\nd: &x 1\n"
    told = [(problem.line, problem.column) for problem in problems_of(write(tmp_path, text))]
    assert [(1, 4), (2, 4), (3, 1), (5, 4), (7, 4)] == told


def test_a_syntax_error_ends_its_document_and_not_its_file(tmp_path: Path) -> None:
    items = list(source.read(write(tmp_path, "a: 1\n---\nb: [\n---\nc: 3\n")))
    assert [0, 2] == [item.place.document for item in items if isinstance(item, Parsed)]


def test_a_document_with_a_problem_still_gives_what_can_be_read(tmp_path: Path) -> None:
    *_, parsed = source.read(write(tmp_path, "a: ~\nb: x\n"))
    assert isinstance(parsed, Parsed)
    assert equal({"a": "~", "b": "x"}, parsed.value)
    assert parsed.flawed
    assert parsed.broken == {("a",)}


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_breaks_and_byte_order_marks_change_neither_values_nor_positions(
    tmp_path: Path, newline: str, mark: str
) -> None:
    lines = ["# comment", "---", "a: 1", "--- # two", "b: |", "  x", "  y", "c: ~"]
    file = write(tmp_path, mark + newline.join(lines) + newline)
    *_, second = source.read(file)
    assert isinstance(second, Parsed)
    assert equal({"b": "x\ny\n", "c": "~"}, second.value)
    assert [(8, 4)] == [(problem.line, problem.column) for problem in problems_of(file)]


@pytest.mark.parametrize(
    ("raw", "line", "column", "message"),
    [
        (b"a: b\nc: \xff\n", 2, 4, "not UTF-8"),
        ("a: b\n".encode("utf-16"), 1, 1, "not UTF-8"),
        (b"\xef\xbb\xbf\xff", 1, 1, "not UTF-8"),
    ],
)
def test_bytes_that_are_not_utf_8_are_refused(tmp_path: Path, raw: bytes, line: int, column: int, message: str) -> None:
    (problem,) = problems_of(write(tmp_path, raw))
    assert (line, column, message) == (problem.line, problem.column, problem.message)


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path / "nowhere.yaml")
    assert problem.message == "can't be read: no such file or directory"


@pytest.mark.parametrize("text", [text for text, _ in VALUES])
def test_both_readers_give_the_same_for_every_value(text: str) -> None:
    assert_same(f"key: {text}\n")


def test_the_fast_reader_takes_ordinary_documents() -> None:
    assert yaml_fast.read("kind: User\nuser: acme\nmetadata: {plan: free, seats: [1, null]}\n") is not None


def test_without_libyaml_the_careful_reader_does_it_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_fast, "_FAST_LOADER", None)
    assert values_of(write(tmp_path, "a: 1\n")) == [{"a": 1}]


SCRAPS = st.sampled_from(
    [
        *("a", "b", "key", "1", "1.5", "-0", "1e5", "1.10", "true", "null", "~", "007", "yes", "2001-01-01", "é", "😀"),
        *("''", '"x"', "it's", "<<", "=", ":", ": ", ":\n", "- ", "-", "? ", "?", ",", ", ", "[", "]", "{", "}", "\n"),
        *("\n  ", "\n    ", " ", "#", " #c", "|", "|\n  t\n", ">\n", "|-\n", "...", "%", "@", "`", "\\", "'", '"', "!"),
        *("&", "*", "\t", "\r\n", "\r", "a: b", "x:y", "+1", "_"),
    ]
)


@given(st.lists(SCRAPS, max_size=14).map("".join))
def test_both_readers_give_the_same_for_whatever_the_fast_one_accepts(text: str) -> None:
    assert_same(text)


@given(st.text(max_size=60).filter(lambda text: not UNPRINTABLE.search(text)))
def test_both_readers_give_the_same_for_any_text(text: str) -> None:
    assert_same(text)


def assert_same(text: str) -> None:
    fast = yaml_fast.read(text)
    if fast is None:
        return
    reported: list[str] = []
    careful = yaml_careful.read(text, lambda *what: reported.append(str(what)))
    assert careful is not None
    assert reported == []
    assert equal(fast, careful[0])


LOCATED = """\
# a comment
user: acme
integrations:
  slack:
    settings: {Channel: C1, "Odd/~key": [x, {y: z}]}
--- # the second
integrations:
  - one
  -   two:
        three
"""


@pytest.mark.parametrize(
    ("document", "pointer", "of_key", "expected"),
    [
        (0, (), False, (2, 1)),
        (0, ("user",), False, (2, 7)),
        (0, ("user",), True, (2, 1)),
        (0, ("integrations", "slack"), True, (4, 3)),
        (0, ("integrations", "slack"), False, (5, 5)),
        (0, ("integrations", "slack", "settings", "Channel"), False, (5, 25)),
        (0, ("integrations", "slack", "settings", "Odd/~key", "1", "y"), True, (5, 46)),
        (0, ("integrations", "slack", "nothing here"), True, (5, 5)),
        (1, ("integrations", "0"), True, (8, 5)),
        (1, ("integrations", "1", "two"), False, (10, 9)),
        (7, ("integrations",), False, (1, 1)),
    ],
)
def test_a_place_has_a_line_and_a_column(
    tmp_path: Path, document: int, pointer: Pointer, *, of_key: bool, expected: tuple[int, int]
) -> None:
    file = write(tmp_path, LOCATED)
    place = Place(file=str(file), document=document, pointer=pointer, of_key=of_key)
    line, column = expected
    assert Position(file=str(file), line=line, column=column) == source.locate(place)


def test_places_of_many_files_keep_their_order(tmp_path: Path) -> None:
    one, two = write(tmp_path, "a: 1\n---\nb: 2\n", "one.yaml"), write(tmp_path, '{"c":{"d":3}}\n', "two.ndjson")
    places = [
        Place(file=str(one), document=1, pointer=("b",)),
        Place(file=str(two), pointer=("c", "d")),
        Place(file=str(one), pointer=("a",), of_key=True),
        Place(file=str(tmp_path / "gone.yaml"), pointer=("a",)),
    ]
    assert [(3, 4), (1, 11), (1, 1), (1, 1)] == [(at.line, at.column) for at in source.locate_all(places)]


SEPARATOR = re.compile(r"(?:\A|(?<=[\n\r]))---(?=\s|\Z)")
UNUSUAL = re.compile(r"(?<!\w)(?:!|[&*](?=\S))|^%|\t|[|>][-+0-9]*#", re.MULTILINE)


@given(st.text("-- -\n\r#a\u2028", max_size=20))
def test_separators_start_a_line(text: str) -> None:
    starts = [chunk.offset for chunk in chunks._split(text, chunks.Start(0, 1, 0))]
    before = [len(text[: match.start()].encode()) for match in SEPARATOR.finditer(text)]

    assert before == starts[len(starts) - len(before) :]


@given(st.text("ab!&*%\t#|>-+1 \n\r\u2028é", max_size=10))
def test_what_libyaml_can_not_tell_is_found(text: str) -> None:
    assert bool(UNUSUAL.search(text)) == bool(yaml_fast._UNUSUAL.search(text))


def test_faults_become_problems_in_the_order_of_their_positions(tmp_path: Path) -> None:
    file = write(tmp_path, "a: 1\nb: 2\n")
    faults = [
        Fault(message="second", place=Place(file=str(file), pointer=("b",)), hint="do this"),
        Fault(message="first", place=Place(file=str(file), pointer=("a",), of_key=True)),
    ]
    assert [
        Problem(message="first", file=str(file), line=1, column=1),
        Problem(message="second", file=str(file), line=2, column=4, hint="do this"),
    ] == source.problems(faults)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_json_lines_give_what_jsonvalue_gives_and_each_spot_finds_its_value(value: Json) -> None:
    text = dumps(value)
    careful = json_lines.read_carefully(text, lambda *what: pytest.fail(str(what)), 1)
    assert careful is not None
    assert equal(value, careful[0])
    fast = json_lines.read_fast(text)
    assert equal(value, fast if fast is not None else None)
    for pointer in _pointers(value):
        _, column = careful[1].find(pointer)
        assert text[column - 1 :].startswith(dumps(_within(value, pointer))[:1])


def _pointers(value: Json, at: Pointer = ()) -> list[Pointer]:
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = [(str(index), item) for index, item in enumerate(value)]
    else:
        items = []
    return [at, *(pointer for key, item in items for pointer in _pointers(item, (*at, key)))]


def _within(value: Json, pointer: Pointer) -> Json:
    for part in pointer:
        value = value[int(part)] if isinstance(value, list) else value[part] if isinstance(value, dict) else value
    assert value is not ABSENT
    return value


def test_ndjson_and_yaml_give_the_same_documents(tmp_path: Path) -> None:
    as_yaml = write(tmp_path, 'user: a\nmetadata: {n: 1.0, s: "\\ud800", t: [null, true]}\n---\nuser: b\n')
    as_json = write(
        tmp_path, '{"user":"a","metadata":{"n":1.0,"s":"\\ud800","t":[null,true]}}\r\n\n{"user":"b"}', "m.jsonl"
    )
    assert equal(values_of(as_yaml), values_of(as_json))
    assert [0, 2] == [item.place.document for item in source.read(as_json) if isinstance(item, Parsed)]


def test_ndjson_carries_number_text_that_yaml_would_not(tmp_path: Path) -> None:
    assert equal([{"n": Number("1.10")}], values_of(write(tmp_path, '{"n": 1.10}\n', "m.ndjson")))


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ('{"a":1}\n{"a":1,"a":2}', 2, 8, "stands twice"),
        ('{"a":1', 1, 7, "a comma or } is missing"),
        ('{"a":1 "b":2}', 1, 8, "a comma or } is missing"),
        ('{"a" 1}', 1, 6, "a colon is missing"),
        ("{a: 1}", 1, 2, "a key in double quotes is missing"),
        ('{"a":1,}', 1, 8, "a key in double quotes is missing"),
        ("[1 2]", 1, 4, "a comma or ] is missing"),
        ("[1,]", 1, 4, "a value is missing"),
        ("[1", 1, 3, "a comma or ] is missing"),
        ("[NaN]", 1, 2, "a value is missing"),
        ('["a]', 1, 2, "Unterminated string"),
        ("{} {}", 1, 4, "something follows"),
        ("[" * 200 + "]" * 200, 1, 102, "nested deeper"),
        ("\n\n", 1, 1, "the file is empty"),
    ],
)
def test_a_line_that_is_not_json_is_refused_where_it_breaks(
    tmp_path: Path, text: str, line: int, column: int, message: str
) -> None:
    (problem,) = problems_of(write(tmp_path, text, "m.ndjson"))
    assert (line, column) == (problem.line, problem.column)
    assert message in problem.message


def test_lines_before_one_that_is_not_utf_8_are_read(tmp_path: Path) -> None:
    file = write(tmp_path, b'\xef\xbb\xbf{"a":1}\r\n\n{"b": "\xc3\xa9\xff"}\n', "m.ndjson")
    first, problem = source.read(file)
    assert isinstance(first, Parsed)
    assert ({"a": 1}, Place(file=str(file))) == (first.value, first.place)
    assert Problem(message="not UTF-8", file=str(file), line=3, column=9, hint="save the file as UTF-8") == problem


@pytest.mark.parametrize("name", ["m.ndjson", "m.yaml"])
def test_documents_come_with_their_texts_and_whether_they_are_accepted(tmp_path: Path, name: str) -> None:
    texts = ['{"a": 1}\n', '{"a": 2}\n'] if name == "m.ndjson" else ["a: 1\n", "---\na: 2\n"]
    file = write(tmp_path, "".join(texts), name)
    found = list(source.read(file, lambda value: value == {"a": 2}))
    assert [Parsed({"a": 1}, str(file), 0, texts[0]), Parsed({"a": 2}, str(file), 1, texts[1], accepted=True)] == [
        one._replace(text=one.text.rstrip("\n") + "\n") for one in found if isinstance(one, Parsed)
    ]
    assert [{"a": 1}, {"a": 2}] == [source.value_of(text, name) for text in texts]
    assert source.value_of("", name) is None


def test_a_key_that_stands_twice_is_told_of_what_nobody_accepts(tmp_path: Path) -> None:
    file = write(tmp_path, '{"a": 1, "a": 2}\n', "m.ndjson")
    problem, flawed = source.read(file, lambda _: False)
    assert isinstance(problem, Problem)
    assert 'the key "a" stands twice' == problem.message
    assert isinstance(flawed, Parsed)
    assert flawed.flawed
