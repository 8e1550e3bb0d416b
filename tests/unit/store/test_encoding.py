from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paragon_sync.errors import JsonError
from paragon_sync.jsonvalue import ABSENT, Repeated
from paragon_sync.model.declared import Place, Position
from paragon_sync.model.outcome import ConflictingPath, Outcome
from paragon_sync.model.planned import Counts, Detail, Finding, Operation, PlanHeader, Request, Subject
from paragon_sync.store import encoding
from tests import nouns
from tests.nouns import outline_of


def exact(noun: object) -> str:
    """As its text: ``==`` takes ``True`` for ``1`` and ``1.0``."""
    return repr(noun)


@given(nouns.OPERATIONS)
def test_an_operation_reads_back_as_it_was(operation: Operation) -> None:
    assert exact(operation) == exact(encoding.read(Operation, encoding.write(operation)))


@given(nouns.OPERATIONS)
def test_an_operation_is_read_whole_or_for_a_run(operation: Operation) -> None:
    review, run = encoding.write_operation(operation)
    assert exact(operation) == exact(encoding.read_operation(review, run))
    assert exact(dataclasses.replace(operation, changes=(), kept=0)) == exact(encoding.read_run(run))
    assert exact(outline_of(operation)) == exact(encoding.read_outline(review))


@given(nouns.FINDINGS)
def test_a_finding_reads_back_as_it_was(finding: Finding) -> None:
    assert exact(finding) == exact(encoding.read(Finding, encoding.write(finding)))


@given(nouns.HEADERS)
def test_a_header_reads_back_as_it_was(header: PlanHeader) -> None:
    assert exact(header) == exact(encoding.read(PlanHeader, encoding.write(header)))


@given(nouns.OUTCOMES)
def test_an_outcome_reads_back_as_it_was(outcome: Outcome) -> None:
    assert exact(outcome) == exact(encoding.read_outcome(encoding.write_outcome(outcome)))


@given(nouns.SUBJECTS)
def test_a_subject_reads_back_as_it_was(subject: Subject) -> None:
    assert exact(subject) == exact(encoding.read_subject(encoding.write_subject(subject)))


@given(st.lists(nouns.REQUESTS, max_size=3).map(tuple))
def test_requests_read_back_as_they_were(requests: tuple[Request, ...]) -> None:
    assert exact(requests) == exact(encoding.read_requests(encoding.write_requests(requests)))


def test_absent_is_a_key_that_is_not_there_and_null_is_one_that_is() -> None:
    assert encoding.write(Detail(pointer=("a",), before=ABSENT, after=None)) == '{"pointer":["a"],"after":null}'
    assert encoding.read(Detail, '{"pointer":["a"],"after":null}') == Detail(pointer=("a",), before=ABSENT, after=None)


def test_a_row_is_one_line_of_ascii() -> None:
    text = encoding.write(nouns.metadata("acmé\n\ud800"))
    assert text.isascii()
    assert "\n" not in text


def test_a_field_that_an_older_writer_did_not_know_has_its_default() -> None:
    assert encoding.read(Counts, '{"considered":3}') == Counts(considered=3)


def test_a_member_of_a_union_carries_its_name() -> None:
    assert encoding.write_subject(nouns.SLACK).startswith('{"type":"ConfigurationSubject","integration":"slack"')


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        (Counts, "[]", "an object was expected"),
        (Counts, '{"kept":true}', "int was expected"),
        (Position, '{"file":"a","line":1}', "Position lacks column"),
        (Place, '{"file":"a","pointer":"/a"}', "a list was expected"),
        (Operation, '{"user":"a","subject":{"type":"Elsewhere"}}', "one of MetadataSubject, ConfigurationSubject"),
        (Finding, '{"kind":"odd"}', "one of notConnected, "),
        (ConflictingPath, "{", "not JSON"),
        (Operation, '{"enablement":"by hand"}', "one of config, endpoint was expected"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
def test_what_no_writer_wrote_is_an_error(kind: type, text: str, reason: str) -> None:
    with pytest.raises(JsonError, match=reason):
        encoding.read(kind, text)


def test_what_json_cannot_carry_is_an_error() -> None:
    operation = dataclasses.replace(nouns.metadata("acme"), base={"a": Repeated((("k", 1), ("k", 2)))})
    with pytest.raises(JsonError, match="twice"):
        encoding.write(operation)
