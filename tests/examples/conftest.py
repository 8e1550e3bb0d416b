"""What the tests of the examples share: a shell in a copy of the examples, with nothing of the machine's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.examples.markdown import Shell, copy_examples


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty HOME."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def clone(tmp_path: Path, home: Path) -> Shell:
    """A shell at the top of a clone of the repository that has the examples alone."""
    return Shell(copy_examples(tmp_path).parent, home)
