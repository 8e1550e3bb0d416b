from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from paragon_sync.jsonvalue import ABSENT, Json, Number, Repeated, equal, loads
from paragon_sync.render.literal import fit, fit_both, literal, pad
from paragon_sync.render.printable import printable
from tests import nouns


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("C001", '"C001"'),
        ('say "hi" \\', '"say \\"hi\\" \\\\"'),
        ("two\nlines\r\tand more", '"two\\nlines\\r\\tand more"'),
        ("\x1b[31mred\x07", '"\\u001b[31mred\\u0007"'),
        ("\u202etxt.exe", '"\\u202etxt.exe"'),
        ("\ud800", '"\\ud800"'),
        ("\U000e0001", '"\\udb40\\udc01"'),
        ("Grüße 日本", '"Grüße 日本"'),
        (ABSENT, "(absent)"),
        (None, "null"),
        (True, "true"),
        (1.0, "1.0"),
        (2**64 + 1, "18446744073709551617"),
        (Number("1.10"), "1.10"),
        ({"": [1, {"é\n": None}], "b": {}}, '{"": [1, {"é\\n": null}], "b": {}}'),
        (Repeated((("k", 1), ("k", "2"))), '{"k": 1, "k": "2"}'),
    ],
)
def test_a_value_is_written_as_it_looks(value: Json, text: str) -> None:
    assert literal(value) == text


@given(nouns.VALUES)
def test_a_value_is_json_that_reads_back_and_nothing_but_characters_to_look_at(value: Json) -> None:
    text = literal(value)
    assert text.isprintable()
    assert equal(value, loads(text))


@given(nouns.TEXTS)
def test_any_text_becomes_printable(text: str) -> None:
    assert printable(text).isprintable()


@pytest.mark.parametrize(
    ("text", "width", "cut"),
    [
        ("short", 5, "short"),
        ("longer", 5, "long…"),
        ("日本語", 5, "日本…"),
        ("日本語", 6, "日本語"),
        ("日本語", 4, "日…"),
    ],
)
def test_a_text_is_cut_by_cells(text: str, width: int, cut: str) -> None:
    assert fit(text, width) == cut


@given(nouns.TEXTS.map(printable), st.integers(1, 20))
def test_a_cut_text_is_never_too_wide(text: str, width: int) -> None:
    assert cell_len(fit(text, width)) <= width


@pytest.mark.parametrize(
    ("before", "after", "both"),
    [
        ("a", "b", ("a", "b")),
        ("x" * 30 + "old", "x" * 30 + "new", ("…xxxxxxxxold", "…xxxxxxxxnew")),
        ("short", "y" * 60, ("short", "y" * 34 + "…")),
        ("y" * 60, "short", ("y" * 34 + "…", "short")),
        ("y" * 60, "z" * 60, ("y" * 19 + "…", "z" * 19 + "…")),
        ("x" * 60, "x" * 61, ("…xxxxxxxx", "…xxxxxxxxx")),
    ],
)
def test_what_differs_stays_in_sight(before: str, after: str, both: tuple[str, str]) -> None:
    assert fit_both(before, after, 40) == both


@given(nouns.TEXTS.map(printable), nouns.TEXTS.map(printable), st.integers(8, 30))
def test_two_texts_together_are_never_too_wide(before: str, after: str, width: int) -> None:
    assert sum(map(cell_len, fit_both(before * 4, after * 4, width))) <= width


def test_padding_counts_cells() -> None:
    assert pad("日本", 6) == "日本  "
