"""The manifest reference in the documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.generate_manifest_reference import BEGIN, END, PAGE, page
from paragon_sync.errors import Problem
from paragon_sync.manifest import source
from paragon_sync.manifest.loader import iter_documents
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.manifest.source import Parsed

EXAMPLES = re.findall(r"```yaml\n(apiVersion:.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
SAID_OF_YAML = {
    "a number": ("5", "-0.5", "1e-07", "1.1", "100000.0", "0"),
    "text": ("007", "1_000", "0x1F", "12:30", ".inf", "2024-01-31", "yes", "no", "on", "off", "True"),
    "an error": ("1.10", "1e5", "-0", "~", "Null", "NULL"),
}


def test_it_is_up_to_date_with_the_schemas() -> None:
    assert page() == PAGE.read_text(encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8").count(BEGIN) == PAGE.read_text(encoding="utf-8").count(END) == 1


@pytest.mark.parametrize("text", EXAMPLES)
def test_its_examples_are_manifests(tmp_path: Path, text: str) -> None:
    file = tmp_path / "example.yaml"
    file.write_text(text, encoding="utf-8")
    scope = SecretScope(folder=tmp_path, env=frozenset({"ACME_SLACK_TOKEN"}), environ={"ACME_SLACK_TOKEN": "t"})
    assert [item for item in iter_documents([file], scope) if isinstance(item, Problem)] == []


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in SAID_OF_YAML.items() for text in texts])
def test_what_it_says_of_yaml_is_so(tmp_path: Path, kind: str, text: str) -> None:
    assert f"`{text}`" in PAGE.read_text(encoding="utf-8")
    file = tmp_path / "example.yaml"
    file.write_text(f"[{text}]\n", encoding="utf-8")
    match next(source.read(file)):
        case Parsed(value=[str()]):
            assert kind == "text"
        case Parsed(value=[int() | float()]):
            assert kind == "a number"
        case told:
            assert isinstance(told, Problem)
            assert kind == "an error"
