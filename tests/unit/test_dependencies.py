"""The dependencies that pyproject.toml declares are those that the package imports."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
DISTRIBUTIONS = {"backports": "backports.zstd", "jwt": "pyjwt", "yaml": "pyyaml"}
"""Import names that differ from the distribution's name."""
LATER_PYTHONS = {"compression"}
"""Modules of the standard library that this Python may not have."""


def imported_modules() -> Iterator[str]:
    """Yield the top-level name of each absolute import in the package, nested ones included."""
    for path in (ROOT / "paragon_sync").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Import():
                    yield from (alias.name.partition(".")[0] for alias in node.names)
                case ast.ImportFrom(level=0, module=str(module)):
                    yield module.partition(".")[0]
                case _:
                    pass


def normalized(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return {normalized(re.split(r"[\[<>=;!~ ]", line)[0]) for line in project["dependencies"]}


def test_each_imported_library_is_a_plain_dependency() -> None:
    imported = set(imported_modules()) - sys.stdlib_module_names - {"paragon_sync"} - LATER_PYTHONS
    assert {normalized(DISTRIBUTIONS.get(name, name)) for name in imported} <= declared()
