"""Writes the parts of ``schemas/`` that are tables of the code: thresholds of a policy and formats of rosters."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from paragon_sync.manifest.roster.format import RosterFormat
from paragon_sync.manifest.roster.formats import FORMATS
from paragon_sync.model.thresholds import THRESHOLDS, ThresholdRule

SCHEMAS = Path(__file__).parents[1] / "schemas"
PROJECT = SCHEMAS / "project.schema.json"
ROSTER = SCHEMAS / "roster.schema.json"

Rule = Mapping[str, object]


def project_schema(text: str, rules: Iterable[ThresholdRule] = THRESHOLDS) -> str:
    """Return the Project file's schema with these thresholds, whatever thresholds it has."""
    return replaced(text, "policy", "minimumPopulation", {rule.name: threshold(rule) for rule in rules})


def roster_schema(text: str, formats: Iterable[RosterFormat] = FORMATS) -> str:
    """Return the schema of rosters with these formats, whatever formats it has."""
    known = list(formats)
    names = [f"`{one.name}`" for one in known]
    sentence = f"Exactly one of {', '.join(names[:-1])} and {names[-1]}."
    properties: dict[str, Rule] = {}
    for one in known:
        properties[one.name] = {"title": one.title, "description": one.description, "type": "string", "minLength": 1}
        properties.update(one.keys)
    return re.sub("Exactly one of [^.]*[.]", sentence, replaced(text, "roster", "id", properties), count=1)


def threshold(rule: ThresholdRule) -> Rule:
    """Return what the schema says of one threshold."""
    default = f"{rule.default or 'Any number'} by default."
    description = " ".join(filter(None, (rule.description, default, rule.note)))
    return {"title": rule.title, "description": description, "$ref": "#/$defs/threshold"}


def replaced(text: str, definition: str, following: str, properties: Mapping[str, Rule]) -> str:
    """Return a schema whose ``definition`` starts with these properties, before the one named ``following``."""
    start = text.index('"properties": {\n', text.index(f'\n    "{definition}": {{\n')) + len('"properties": {\n')
    end = text.index(f'        "{following}": {{\n', start)
    return text[:start] + "".join(map(written, properties.items())) + text[end:]


def written(item: tuple[str, Rule]) -> str:
    """Return one property as the schemas are laid out: a line for each key, what it holds in one line."""
    name, rule = item
    keys = ",\n".join(f"          {dumps(key)}: {dumps(value)}" for key, value in rule.items())
    return f"        {dumps(name)}: {{\n{keys}\n        }},\n"


def dumps(value: object) -> str:
    """Return JSON on one line, with all characters as they are."""
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    PROJECT.write_text(project_schema(PROJECT.read_text(encoding="utf-8")), encoding="utf-8")
    ROSTER.write_text(roster_schema(ROSTER.read_text(encoding="utf-8")), encoding="utf-8")
