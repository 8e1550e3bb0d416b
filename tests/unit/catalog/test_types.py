"""Which value fits which type of input."""

from __future__ import annotations

import pytest

from paragon_sync.catalog.types import Mismatch, check_value, kind_of
from paragon_sync.jsonvalue import Number, Repeated
from paragon_sync.model.catalog import Input

TEXT = ["TEXT_NO_VARS", "TEXTAREA_NO_VARS", "EMAIL", "URL", "PASSWORD", "PERMISSION", "FILE", "DYNAMIC_ENUM"]
TEXT.append("CUSTOM_DROPDOWN")
BOOLEAN = ["BOOLEAN_INPUT", "SWITCH"]
COMPOUND = ["COMBO_INPUT", "DYNAMIC_COMBO_INPUT", "FIELD_MAPPER"]
ALL = [*TEXT, *BOOLEAN, *COMPOUND, "NUMBER", "ENUM", "SOMETHING_NEW"]


def an_input(kind, values=None):
    return Input(id="in1", title="Channel", type=kind, values=values)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *((kind, None) for kind in ALL),
        *((kind, "") for kind in TEXT),
        *((kind, "007") for kind in TEXT),
        *((kind, value) for kind in BOOLEAN for value in (True, False)),
        *(("NUMBER", value) for value in (1, 1.5, Number("1.10"), "1", "")),
        *((kind, {}) for kind in COMPOUND),
        ("COMBO_INPUT", {"mainInput": "a", "dependentInput": "b", "fieldMappings": {"l": "f"}, "more": [1]}),
        ("COMBO_INPUT", {"mainInput": None}),
        (
            "DYNAMIC_COMBO_INPUT",
            {"mainInput": "a", "dependentInput": "b", "variableInput": {"x": "1", "y": ["1", "2"]}},
        ),
        ("FIELD_MAPPER", {"objectMapping": "Contact", "fieldMappings": {"Email": "email"}, "mappingType": "STATIC"}),
        ("FIELD_MAPPER", {"dynamicMappings": {"k": {"applicationField": "a"}}, "userCreatedFields": ["x"]}),
        ("FIELD_MAPPER", {"mainInput": "a", "dependentInput": "b", "fieldMappings": {}}),
        *(("SOMETHING_NEW", value) for value in (1, "a", [True], {"a": 1})),
        ("ENUM", "anything"),
    ],
)
def test_a_value_that_fits(kind, value):
    assert check_value(an_input(kind), value) is None


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        *((kind, 7, "must be a string, not a number") for kind in TEXT),
        ("TEXT_NO_VARS", True, "must be a string, not a boolean"),
        ("TEXT_NO_VARS", Number("1.10"), "must be a string, not a number"),
        ("TEXT_NO_VARS", ["a"], "must be a string, not an array"),
        ("EMAIL", {"a": 1}, "must be a string, not an object"),
        ("NUMBER", True, "must be a number, or a string that holds one, not a boolean"),
        ("NUMBER", [1], "must be a number, or a string that holds one, not an array"),
        *((kind, 1, "must be true or false, not a number") for kind in BOOLEAN),
        ("SWITCH", "true", "must be true or false, not a string"),
        *((kind, "x", "must be an object, not a string") for kind in COMPOUND),
        ("COMBO_INPUT", {"mainInput": 1}, 'has a part "mainInput" that must be a string'),
        ("COMBO_INPUT", {"fieldMappings": []}, 'has a part "fieldMappings" that must be an object'),
        (
            "DYNAMIC_COMBO_INPUT",
            {"variableInput": {"x": 1}},
            'has a part "variableInput" that must be an object of strings, or of arrays of strings',
        ),
        (
            "DYNAMIC_COMBO_INPUT",
            {"variableInput": {"x": ["1", 2]}},
            'has a part "variableInput" that must be an object of strings, or of arrays of strings',
        ),
        ("FIELD_MAPPER", {"userCreatedFields": {}}, 'has a part "userCreatedFields" that must be an array'),
        ("FIELD_MAPPER", {"mappingType": "OTHER"}, 'has a part "mappingType" that must be "STATIC" or "DYNAMIC"'),
        ("COPYABLE_BUTTON_INPUT", "x", "is only shown to people and has no value"),
        ("COPYABLE_BUTTON_INPUT", None, "is only shown to people and has no value"),
        ("ENUM", 1, "must be a string, not a number"),
    ],
)
def test_a_value_that_does_not_fit(kind, value, message):
    wrong = check_value(an_input(kind), value)
    assert wrong is not None
    assert wrong.message == message


@pytest.mark.parametrize(
    ("kind", "value", "hint"),
    [
        ("TEXT_NO_VARS", 7, "put it in quotes"),
        ("TEXT_NO_VARS", [], None),
        ("SWITCH", "Yes", "write true or false, without quotes"),
        ("SWITCH", "C0123", None),
    ],
)
def test_a_mismatch_says_what_to_do_where_that_is_plain(kind, value, hint):
    wrong = check_value(an_input(kind), value)
    assert wrong is not None
    assert wrong.hint == hint


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ("daily", None),
        ("Daily", Mismatch('can\'t be "Daily"', 'did you mean "daily"?')),
        ("yearly-or-so", Mismatch('can\'t be "yearly-or-so"', 'there are: "daily", "weekly"')),
    ],
)
def test_an_enum_takes_its_choices(value, wrong):
    assert check_value(an_input("ENUM", ("daily", "weekly")), value) == wrong


def test_a_secret_value_is_not_told():
    wrong = check_value(an_input("ENUM", ("daily", "weekly")), "dayly", secret=True)
    assert wrong == Mismatch("must be one of its 2 choices")


def test_an_object_with_a_repeated_key_is_an_object_for_people():
    assert kind_of(Repeated((("a", 1), ("a", 2)))) == "an object"


def test_null_has_a_name_for_people():
    assert kind_of(None) == "null"
