"""``docs/complaints.md`` and the tests beside this file name the same complaints."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "complaints.md").read_text("utf-8")
FILES = sorted(path.name for path in HERE.glob("test_*.py") if path.name != Path(__file__).name)
THREAD = re.compile(r"[\w.-]+#\d+")


def told(file: str) -> dict[str, set[str]]:
    """The tests that the page names for a file, each with the threads beside it."""
    (section,) = (part for part in PAGE.split("\n## ") if f"`{file}`" in part)
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return {name: set(THREAD.findall(row)) for row in rows for name in re.findall(r"`(test_\w+)`", row)}


def written(file: str) -> dict[str, set[str]]:
    """The tests of a file, each with the threads in its docstring."""
    found = [node for node in ast.parse((HERE / file).read_text("utf-8")).body if isinstance(node, ast.FunctionDef)]
    return {
        node.name: set(THREAD.findall((ast.get_docstring(node) or "").replace(", #", f", {_tool(node)}#")))
        for node in found
        if node.name.startswith("test_")
    }


def _tool(node: ast.FunctionDef) -> str:
    """``a#1, #2`` names two threads of one tool."""
    return (ast.get_docstring(node) or "").partition("#")[0]


@pytest.mark.parametrize("file", FILES)
def test_the_page_names_each_test_with_its_threads(file: str) -> None:
    assert written(file) == told(file)


def test_the_page_names_no_other_file() -> None:
    assert FILES == sorted(re.findall(r"^`(test_\w+\.py)`$", PAGE, re.MULTILINE))
