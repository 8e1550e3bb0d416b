"""The schemas themselves, and the words in which they refuse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import jsonschema_rs
import pytest
from jsonschema import Draft202012Validator

from paragon_sync.jsonvalue import Json, Number
from paragon_sync.manifest import schema, source
from paragon_sync.manifest.source import Parsed
from paragon_sync.model.declared import Place
from paragon_sync.model.planned import FindingKind

PLACE = Place(file="users.yaml", document=3)
KINDS = ("fragment", "profile", "project", "user")
KEYWORDS = frozenset(
    {
        *("$schema", "$defs", "$ref", "title", "description", "type", "const", "enum", "anyOf", "properties", "items"),
        *("additionalProperties", "required", "minItems", "minLength", "minProperties", "maxProperties", "uniqueItems"),
        *("minimum", "exclusiveMinimum", "pattern"),
    }
)
"""What every validator understands in the same way."""


def rules(rule: Json) -> Iterator[dict[str, Json]]:
    """Every schema inside a schema."""
    if isinstance(rule, dict):
        yield rule
        for keyword in ("items", "additionalProperties"):
            yield from rules(rule.get(keyword))
        for keyword in ("properties", "$defs"):
            inner = rule.get(keyword, {})
            yield from (found for item in inner.values() for found in rules(item)) if isinstance(inner, dict) else ()
        alternatives = rule.get("anyOf", [])
        yield from (found for item in alternatives for found in rules(item)) if isinstance(alternatives, list) else ()


def test_the_schemas_of_the_repository_are_the_ones_in_use() -> None:
    folder = Path(__file__).parents[3] / "schemas"
    assert set(KINDS) <= set(schema.names())
    assert sorted(path.name.removesuffix(".schema.json") for path in folder.iterdir()) == schema.names()


@pytest.mark.parametrize("name", KINDS)
def test_a_schema_is_valid_and_uses_only_what_all_validators_agree_on(name: str) -> None:
    Draft202012Validator.check_schema(dict(schema.schema(name)))
    assert {keyword for rule in rules(dict(schema.schema(name))) for keyword in rule} <= KEYWORDS


@pytest.mark.parametrize("name", KINDS)
def test_every_property_is_named_and_described_for_people(name: str) -> None:
    definitions = [schema.schema("fragment")["$defs"], schema.schema(name).get("$defs", {})]
    known = {key: rule for group in definitions if isinstance(group, dict) for key, rule in group.items()}
    for rule in rules(dict(schema.schema(name))):
        properties = rule.get("properties", {})
        assert isinstance(properties, dict)
        for key, content in properties.items():
            assert isinstance(content, dict)
            reference = str(content.get("$ref", ""))
            target = known.get(reference.rpartition("/")[2], {})
            described = {**target, **content} if isinstance(target, dict) else content
            assert {"title", "description"} <= described.keys(), key


def test_policy_knows_every_kind_of_finding() -> None:
    definitions = schema.schema("project")["$defs"]
    assert isinstance(definitions, dict)
    policy = definitions["policy"]
    assert isinstance(policy, dict)
    assert isinstance(policy["properties"], dict)
    assert {kind.value for kind in FindingKind} <= policy["properties"].keys()


HEAD: dict[str, Json] = {"apiVersion": "paragon-sync/v1", "kind": "User", "user": "acme"}


def block(content: Json) -> dict[str, Json]:
    return {**HEAD, "integrations": {"slack": content}}


@pytest.mark.parametrize(
    "document",
    [
        HEAD,
        {**HEAD, "metadata": {"a": None, "": {"b": [1.5, True]}}, "profiles": [], "release": []},
        {**HEAD, "template": False, "integrations": {}},
        block({}),
        block([{}, {"account": {"all": True}, "configuration": "all", "exact": True}]),
        block({"account": {"providerId": "1"}, "configuration": {"id": "c"}, "blank": [None, "", {}]}),
        block({"configuration": {"externalId": "all"}, "unset": ["a"], "keep": ["b"], "defaults": {"x": None}}),
        block({"release": ["a"], "workflows": {"a": {"release": ["b"]}}}),
        block({"workflows": {"a": True, "b": {"enabled": False, "settings": {"x": 1}, "exact": True}, "c": {}}}),
    ],
)
def test_the_grammar_accepts(document: Json) -> None:
    assert schema.check("user", document, PLACE) == []


@pytest.mark.parametrize(
    ("document", "pointer", "message", "hint"),
    [
        ({**HEAD, "user": 7}, ("user",), '"user" must be a string, not 7', 'quote it: "7"'),
        ({**HEAD, "user": True}, ("user",), '"user" must be a string, not true', 'quote it: "true"'),
        (
            {**HEAD, "user": None},
            ("user",),
            '"user" must be a string, not null',
            "null is only for the values of settings and metadata",
        ),
        ({**HEAD, "profiles": [["a"]]}, ("profiles", "0"), 'item 1 of "profiles" must be a string, not a list', None),
        (
            {**HEAD, "profiles": ["a", "b", "a"]},
            ("profiles", "2"),
            '"profiles" names "a" twice',
            None,
        ),
        (
            block({"workflows": {"A": "x" * 99}}),
            ("integrations", "slack", "workflows", "A"),
            '"A" must be true or false or a mapping, not this text',
            None,
        ),
        (
            block([{"account": {"all": True, "providerId": "1"}}]),
            ("integrations", "slack", "0", "account"),
            '"account" must have exactly one of externalId, providerId, credentialId, all',
            None,
        ),
        (
            block({"configuration": ""}),
            ("integrations", "slack", "configuration"),
            '"configuration" is empty',
            None,
        ),
    ],
)
def test_what_is_wrong_is_told_in_words_for_people(
    document: Json, pointer: tuple[str, ...], message: str, hint: str | None
) -> None:
    (fault,) = schema.check("user", document, PLACE)
    assert (pointer, message, hint) == (fault.place.pointer, fault.message, fault.hint)
    assert fault.place.document == 3


BROKEN = [
    (file.stem, item.value)
    for file in sorted((Path(__file__).parents[2] / "broken").glob("*.yaml"))
    for item in source.read(file)
    if isinstance(item, Parsed)
]


@pytest.mark.parametrize(("name", "document"), BROKEN, ids=[name for name, _ in BROKEN])
def test_what_accepts_fast_never_accepts_what_the_verdict_refuses(name: str, document: Json) -> None:
    fast = jsonschema_rs.validator_for(schema.inlined("project" if name.startswith("project-") else "user"))
    verdict = Draft202012Validator(schema.inlined("project" if name.startswith("project-") else "user"))
    assert verdict.is_valid(document) == fast.is_valid(document)


def test_a_value_that_only_we_know_goes_to_the_verdict() -> None:
    assert schema.check("user", {**HEAD, "metadata": {"n": Number("1.10")}}, PLACE) == []
    (fault,) = schema.check("user", {**HEAD, "user": Number("1.10")}, PLACE)
    assert fault.message == '"user" must be a string, not 1.10'


def test_everything_that_is_wrong_is_told_at_once() -> None:
    document = {"apiVersion": 1, "usr": "a", "Metadata": {}, "integrations": {"a": {"x": 1, "y": 2}, "b": [7]}}
    told = {(fault.place.pointer, fault.place.of_key) for fault in schema.check("user", document, PLACE)}
    assert told == {
        ((), False),
        (("apiVersion",), False),
        (("usr",), True),
        (("Metadata",), True),
        (("integrations", "a", "x"), True),
        (("integrations", "a", "y"), True),
        (("integrations", "b", "0"), False),
    }


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("usr", 'did you mean "user"?'),
        ("Metadata", 'did you mean "metadata"?'),
        ("workflows", "it belongs into a block under integrations"),
        ("xyz", "known keys: apiVersion, kind, user, template, profiles, release, metadata, integrations"),
    ],
)
def test_an_unknown_key_is_answered_with_what_was_probably_meant(key: str, hint: str) -> None:
    (fault,) = schema.check("user", {**HEAD, key: {}}, PLACE)
    assert hint == fault.hint
    assert fault.place.of_key
