from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "plan-format.md").read_text("utf-8")
EXAMPLES = dict(zip(("plan", "run"), re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL), strict=True))


def schema_of(name: str) -> dict[str, object]:
    return json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text("utf-8"))


def keys_of(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for part in schema.values():
            yield from keys_of(part)


def keys_in(example: object) -> Iterator[str]:
    parts = example if isinstance(example, list) else []
    if isinstance(example, dict):
        yield from example
        parts = list(example.values())
    for part in parts:
        yield from keys_in(part)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_pages_example_is_valid(name: str) -> None:
    errors = Draft202012Validator(schema_of(name)).iter_errors(json.loads(EXAMPLES[name]))
    assert [error.message for error in errors] == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_page_knows_every_key_of_the_schema(name: str) -> None:
    shown = {*keys_in(json.loads(EXAMPLES[name])), *re.findall(r"`(\w+)`", PAGE)}
    assert set(keys_of(schema_of(name))) - shown == set()
