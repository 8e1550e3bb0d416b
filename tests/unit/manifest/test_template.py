"""Templates: what a scalar becomes, what it can't do, and which scalars of a document are templates at all."""

from __future__ import annotations

import pytest

from paragon_sync.jsonvalue import Json, Number, equal
from paragon_sync.manifest.expand import expand
from paragon_sync.manifest.template import Evaluated, Failed, Names, condition, evaluate
from paragon_sync.model.declared import Place

ROW: Json = {
    "id": "007",
    "n": 7,
    "on": True,
    "none": None,
    "tags": ["a", "b"],
    "exact": Number("1.10"),
    "deep": {"list": [Number("1e5"), 2.5]},
}
NAMES = Names(values={"user": "acme", "row": ROW, "token": "s3cret"}, secret=frozenset({"token"}))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ row.id }}", "007"),
        ("{{ row.n }}", 7),
        ("{{- row.n -}}", 7),
        ("{{ row.on }}", True),
        ("{{ row.none }}", None),
        ("{{ row.tags }}", ["a", "b"]),
        ("{{ row.exact }}", Number("1.10")),
        ("{{ row }}", ROW),
        ("{{ (1, 2) }}", [1, 2]),
        ("{{ range(3) }}", [0, 1, 2]),
        ("{{ row.tags | map('upper') | list }}", ["A", "B"]),
        ("{{ row.n + 0.5 }}", 7.5),
        ("{{ row.exact == 1.1 and row.exact > 1 and row.exact < row.n }}", True),
        ("{{ row.exact * 2 }}", 2.2),
        ("{{ row.exact | int }}", 1),
        ("{{ row.exact }} EUR", "1.10 EUR"),
        ("{{ [row.exact, {'a': row.exact}] }}", [Number("1.10"), {"a": Number("1.10")}]),
        ("{{ row.deep.list[0] == 100000 }}", True),
        ("{{ 2 ** 10 * 3 % 7 }}", 6),
        ("{{ '}}' }}", "}}"),
        ("{{ row.n }}!", "7!"),
        (" {{ row.n }}", " 7"),
        ("{{ row.n }}{{ row.n }}", "77"),
        ("{{ user }}\n", "acme\n"),
        ("{% if row.on %}yes{% else %}no{% endif %}", "yes"),
        ("{% for tag in row.tags %}{{ tag }};{% endfor %}", "a;b;"),
        ("{# nothing #}", ""),
        ("{{ row.nope | default('x') }}", "x"),
        ("{{ 'a' * 3 }}", "aaa"),
    ],
)
def test_one_expression_gives_its_own_value_and_anything_else_a_string(text: str, value: Json) -> None:
    answer = evaluate(text, NAMES)
    assert isinstance(answer, Evaluated)
    assert equal(value, answer.value)
    assert not answer.secret


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ nope }}", "'nope' is undefined"),
        ("{{ row.nope }}", 'there is no column "nope" in the row'),
        ("x{{ nope }}", "'nope' is undefined"),
        ("{{ user | }}", "expected token"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ user + 1 }}", "can only concatenate str"),
        ("{{ user.__class__ }}", "unsafe"),
        ("{{ row.tags.append('c') }}", "unsafe"),
        ("{{ evaluate.__globals__ }}", "undefined"),
        ("{{ 'a'['format'](1) }}", "unsafe"),
        ("{{ ['a'] | map(attribute='format') | list }}", "unsafe"),
        ("{{ 'a' | attr('format') }}", "No filter named 'attr'"),
        ("{{ range(100000) }}", "a range is longer"),
        ("{{ 'a' * 10000000 }}", "the repetition is too long"),
        ("{{ 10000000 * [1] }}", "the repetition is too long"),
        ("{{ 9 ** 9 ** 9 }}", "the power is too large"),
        ("{{ 10 ** 999 * 10 ** 999 }}", "a number is too large"),
        ("{{ '%99999999d' % 1 }}", "formatting with %"),
        ("{{ 'a'.ljust(99999999) }}", "unsafe"),
        ("{{ '{:>99999999}'.format(1) }}", "unsafe"),
        ("{{ 'a' | center(99999999) }}", "No filter named 'center'"),
        ("{{ row.tags | random }}", "No filter named 'random'"),
        ("{{ lipsum() }}", "'lipsum' is undefined"),
        ("{{ ('a' * 20000) | replace('a', 'bb') }}", "a value is longer"),
        ("{{ ('a' * 20000).replace('a', 'bb') }}", "a value is longer"),
        ("{% for a in range(9) %}{% for b in range(9) %}{% endfor %}{% endfor %}", "a loop inside a loop"),
        ("{% for a in row.tags recursive %}{{ loop(a) }}{% endfor %}", "a loop inside a loop"),
        ("{% macro m() %}{{ m() }}{% endmacro %}", "macro isn't allowed"),
        ("{% include 'x' %}", "include isn't allowed"),
        ("{% import 'x' as x %}", "import isn't allowed"),
        ("{{ row.tags | map('upper') }}", "which JSON doesn't have"),
        ("{{ {1: 2} }}", "a key of the value isn't a string"),
        ("{{ 1e308 * 10 }}", "which JSON doesn't have"),
        ("{{ user.upper }}", "which JSON doesn't have"),
        ("{{ 'seven' | int }}", "int finds no number in 'seven'; int(0) takes 0 then"),
        ("{{ '' | int }}", "int finds no number in ''"),
        ("{{ none | int }}", "int finds no number in None"),
        ("{{ 'seven' | float }}", "float finds no number in 'seven'"),
        ("{{ user", "unexpected end of template, expected '}}'."),
    ],
)
def test_what_has_no_value_or_no_end_is_refused(text: str, message: str) -> None:
    answer = evaluate(text, NAMES)
    assert isinstance(answer, Failed)
    assert message in answer.message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ '7' | int }}", 7),
        ("{{ 'ff' | int(base=16) }}", 255),
        ("{{ 'seven' | int(0) }}", 0),
        ("{{ 'seven' | int(default=1) }}", 1),
        ("{{ '0.5' | float }}", 0.5),
        ("{{ 'seven' | float(1.5) }}", 1.5),
    ],
)
def test_text_that_is_no_number_becomes_one_only_where_the_template_says_which(text: str, value: float) -> None:
    assert evaluate(text, NAMES) == Evaluated(value=value, secret=False)


def test_an_expression_that_assigns_is_told_how_to_compare() -> None:
    assert condition('user = "a"') == Failed(
        message="the expression can't be evaluated: expected the end of the expression, got '='",
        hint="two things are compared with ==",
    )


def test_an_undefined_name_is_answered_with_the_names_that_there_are() -> None:
    assert evaluate("{{ usr }}", Names(values={"user": "a"})) == Failed(
        message="the template can't be evaluated: 'usr' is undefined", hint="a template can use: user"
    )
    assert evaluate("{{ usr }}", Names()) == Failed(
        message="the template can't be evaluated: 'usr' is undefined", hint="a template can use: nothing"
    )


@pytest.mark.parametrize("text", ["{{ token }}", "x-{{ token | upper }}", "{% if token %}a{% endif %}"])
def test_a_scalar_that_touches_a_secret_is_secret_and_never_shown(text: str) -> None:
    answer = evaluate(text, NAMES)
    assert isinstance(answer, Evaluated)
    assert answer.secret
    assert "s3cret" not in repr(answer).lower()


def test_a_failure_on_a_secret_does_not_quote_it() -> None:
    answer = evaluate("{{ [0][token | length] ~ {}[token] }}", NAMES)
    assert isinstance(answer, Failed)
    assert "s3cret" not in repr(answer)
    assert "isn't shown" in answer.message


PLACE = Place(file="users.yaml")


def test_only_values_of_metadata_and_integrations_are_evaluated() -> None:
    document: dict[str, Json] = {
        "user": "{{ user }}",
        "metadata": {"{{ user }}": ["{{ user }}", "{ {", 1]},
        "integrations": {"slack": {"settings": {"A": {"$literal": "{{ user }}"}}}},
    }
    expanded = expand(document, NAMES, PLACE)
    assert expanded.faults == []
    assert expanded.document == {
        "user": "{{ user }}",
        "metadata": {"{{ user }}": ["acme", "{ {", 1]},
        "integrations": {"slack": {"settings": {"A": {"$literal": "{{ user }}"}}}},
    }


def test_what_a_template_makes_is_never_taken_for_a_reference_to_a_secret() -> None:
    expanded = expand({"metadata": {"a": "{{ {'$env': 'HOME'} }}"}}, NAMES, PLACE)
    assert expanded.document == {"metadata": {"a": {"$literal": {"$env": "HOME"}}}}


def test_secret_scalars_and_faults_are_told_with_their_places() -> None:
    expanded = expand({"metadata": {"a": ["{{ token }}"], "b": "{{ nope }}"}}, NAMES, PLACE)
    assert expanded.secret == {("metadata", "a", "0")}
    assert [fault.place.pointer for fault in expanded.faults] == [("metadata", "b")]
