"""Every broken manifest in this folder is refused for the faults that its first lines state, and for no others.

``# expect LINE:COLUMN MESSAGE``, once for each fault; MESSAGE is a part of what the user is told. Files named
``project-…`` are Project files. ``paragon.yaml`` says which secrets the others may read.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from paragon_sync.cli.main import main
from paragon_sync.errors import ManifestError, Problem
from paragon_sync.manifest.loader import iter_documents
from paragon_sync.manifest.project import load_project
from paragon_sync.manifest.secrets import SecretScope

HERE = Path(__file__).parent
PROJECT = HERE / "paragon.yaml"
FIXTURES = sorted(path for path in HERE.glob("*.yaml") if path != PROJECT)
EXPECT = re.compile(r"^# expect (\d+):(\d+) (.+?)\r?$", re.MULTILINE)


def expected_in(file: Path) -> list[tuple[int, int, str]]:
    text = file.read_text(encoding="utf-8-sig", errors="replace")
    return [(int(line), int(column), message) for line, column, message in EXPECT.findall(text)]


def problems_of(file: Path) -> list[Problem]:
    if file.name.startswith("project-"):
        try:
            load_project(file)
        except ManifestError as error:
            return list(error.problems)
        return []
    scope = SecretScope(folder=HERE, env=frozenset(load_project(PROJECT).secret_env), files=("secrets/",), environ={})
    return [item for item in iter_documents([file], scope) if isinstance(item, Problem)]


@pytest.mark.parametrize("file", FIXTURES, ids=lambda file: file.stem)
def test_a_broken_file_is_refused_for_exactly_the_faults_it_states(file: Path) -> None:
    expected = expected_in(file)
    told = problems_of(file)
    assert [(line, column) for line, column, _ in expected] == [(problem.line, problem.column) for problem in told]
    for (_, _, message), problem in zip(expected, told, strict=True):
        assert message in f"{problem.message} {problem.hint}"
        assert str(file) == problem.file


@pytest.mark.parametrize("file", FIXTURES, ids=lambda file: file.stem)
def test_a_broken_file_states_what_is_expected_of_it(file: Path) -> None:
    assert expected_in(file) != []


@pytest.mark.parametrize("file", FIXTURES, ids=lambda file: file.stem)
def test_validate_tells_each_fault_and_ends_with_1(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if file.name.startswith("project-"):
        arguments = ["validate", "-c", str(file)]
    else:
        arguments = ["validate", "-c", str(PROJECT), str(file)]
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    for line, column, _ in expected_in(file):
        assert f"{file}:{line}:{column}: " in said.err


def test_there_are_enough_of_them_and_one_has_ten_faults() -> None:
    assert len(FIXTURES) >= 40
    assert len(expected_in(HERE / "ten-faults.yaml")) == 10
