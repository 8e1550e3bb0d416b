"""Writes the reference part of ``manifests.md`` from the JSON Schemas, between its two markers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from paragon_sync.jsonvalue import Json
from paragon_sync.manifest import schema

PAGE = Path(__file__).parent / "manifests.md"
BEGIN = "<!-- The part below is generated from schemas/ by docs/generate_manifest_reference.py -->\n"
END = "<!-- The generated part ends here -->\n"

Rule = Mapping[str, Json]

SECTIONS = (
    ("user", ""),
    ("profile", ""),
    ("rollout", ""),
    ("roster", "roster"),
    ("migration", ""),
    ("migration", "step"),
    ("cases", ""),
    ("cases", "case"),
    ("fragment", "block"),
    ("fragment", "account"),
    ("fragment", "configuration"),
    ("fragment", "workflow"),
    ("project", ""),
    ("project", "environment"),
    ("project", "policy"),
)
TYPES = {
    "string": "text",
    "boolean": "`true` or `false`",
    "integer": "whole number",
    "number": "number",
    "object": "mapping",
    "array": "list",
}


def page() -> str:
    """The page as it should be: the hand-written parts as they are, the reference from the schemas."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{reference()}\n{END}{after}"


def reference() -> str:
    """The reference of every kind and of what they are made of."""
    return "\n".join(line for name, part in SECTIONS for line in section(name, part)).rstrip() + "\n"


def section(name: str, part: str) -> Iterator[str]:
    rule = resolve(name, {"$ref": f"#/$defs/{part}"}) if part else schema.schema(name)
    yield f"### {rule['title']}{'' if part else ' (kind)'}"
    yield ""
    yield str(rule["description"])
    yield ""
    yield "| key | value | |"
    yield "|---|---|---|"
    yield from rows(name, rule)
    yield ""


def rows(name: str, rule: Rule, prefix: str = "") -> Iterator[str]:
    """One row for each key; the keys of small mappings that have no section of their own stand below them."""
    required = rule.get("required", [])
    for key, content in properties(rule).items():
        inner = resolve(name, content)
        must = " **Required.**" if isinstance(required, list) and key in required else ""
        yield f"| `{prefix}{key}` | {kind(name, inner)} | {inner['description']}{must} |"
        if "properties" in inner and not has_section(inner):
            yield from rows(name, inner, f"{prefix}{key}.")


def properties(rule: Rule) -> Mapping[str, Rule]:
    """The properties of a rule, or of the alternative that has some."""
    alternatives = rule.get("anyOf", [])
    for candidate in (rule, *(alternatives if isinstance(alternatives, list) else ())):
        found = candidate.get("properties") if isinstance(candidate, Mapping) else None
        if isinstance(found, Mapping):
            return {key: content for key, content in found.items() if isinstance(content, Mapping)}
    return {}


def resolve(name: str, rule: Rule) -> Rule:
    """The rule with what its ``$ref`` points to; what it says itself wins. ``$from`` is the file of the rest."""
    reference = rule.get("$ref")
    if not isinstance(reference, str):
        return rule
    file, _, pointer = reference.partition("#/$defs/")
    definitions = schema.schema(file.removesuffix(".schema.json") or name)["$defs"]
    target = definitions[pointer] if isinstance(definitions, Mapping) else {}
    if not isinstance(target, Mapping):
        raise TypeError(reference)
    owner = file.removesuffix(".schema.json") or name
    return {"$from": owner, **resolve(owner, target), **rule, "$ref": ""}


def kind(name: str, rule: Rule) -> str:
    """What stands as the value, in a few words."""
    owner = str(rule.get("$from", name))
    if has_section(rule):
        return f"[{str(rule['title']).lower()}](#{str(rule['title']).lower().replace(' ', '-')})"
    if "const" in rule:
        return f"`{'true' if rule['const'] is True else rule['const']}`"
    if isinstance(choices := rule.get("enum"), list):
        return ", ".join(f"`{choice}`" for choice in choices).replace("|", "\\|")
    if isinstance(alternatives := rule.get("anyOf"), list):
        kinds = (kind(owner, resolve(owner, rule)) for rule in alternatives if isinstance(rule, Mapping))
        return " or ".join(dict.fromkeys(kinds))
    if isinstance(items := rule.get("items"), Mapping):
        return f"list of {kind(owner, resolve(owner, items))}"
    if isinstance(items := rule.get("additionalProperties"), Mapping):
        return f"mapping to {kind(owner, resolve(owner, items))}"
    return TYPES.get(str(rule.get("type")), "any value")


def has_section(rule: Rule) -> bool:
    """Whether a section of this page is about the rule."""
    parts = [(name, part) for name, part in SECTIONS if part]
    return any(resolve(name, {"$ref": f"#/$defs/{part}"})["title"] == rule.get("title") for name, part in parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
