"""Every "did you mean": which names are found, and that the work for one misspelt name is bounded."""

from __future__ import annotations

import ast
import random
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

import pytest

import paragon_sync
from paragon_sync.model.similar_names import (
    MAX_COMPARED_NAMES,
    MAX_REMEMBERED_NAMES,
    SimilarNames,
    did_you_mean,
    similar_names,
)

PACKAGE = Path(paragon_sync.__file__).parent
WORDS = ("account", "amount", "channel", "contact", "customer", "delta", "interval", "message", "owner", "region")


class CountingCompare:
    """Compares as usual, and counts with how many names."""

    def __init__(self) -> None:
        self.compared = 0

    def __call__(self, name: str, names: Sequence[str], most: int, least: float) -> list[str]:
        self.compared += len(names)
        return get_close_matches(name, names, most, least)


def titles(number: int) -> list[str]:
    chance = random.Random(1)
    return [f"{' '.join(chance.choices(WORDS, k=3))} {index:04d}".capitalize() for index in range(number)]


def without_one_letter(name: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(name) - 5)
    return name[:at] + name[at + 1 :]


@pytest.mark.parametrize(
    ("name", "known", "found"),
    [
        ("Chanel", ["Frequency", "Channel"], ["Channel"]),
        ("CHANNEL", ["Channel", "Channels"], ["Channel"]),
        ("channel", ["Channel", "CHANNEL"], ["Channel"]),
        ("vlidate", ["plan", "validate"], ["validate"]),
        ("xyz", ["Channel"], []),
        ("", ["Channel"], []),
        ("Channel", [], []),
    ],
)
def test_the_most_similar_name_is_found(name: str, known: list[str], found: list[str]) -> None:
    assert found == similar_names(name, known)
    assert (f'did you mean "{found[0]}"?' if found else None) == did_you_mean(name, known)


def test_several_are_found_the_best_first() -> None:
    assert ["plan", "plans"] == similar_names("plan", ["export", "plans", "plan"], most=3)


def test_one_of_thousands_is_found() -> None:
    chance, names = random.Random(2), titles(3000)
    index = SimilarNames(names)

    right = sum(index.find(without_one_letter(name, chance)) == [name] for name in names[::10])

    assert right >= 0.99 * len(names[::10])


def test_thousands_of_misspelt_names_are_compared_with_a_few_each() -> None:
    chance, names, compare = random.Random(2), titles(2000), CountingCompare()
    index = SimilarNames(names, compare=compare)

    for name in names:
        index.find(without_one_letter(name, chance))

    assert compare.compared <= len(names) * MAX_COMPARED_NAMES


def test_a_misspelt_name_is_compared_once() -> None:
    compare = CountingCompare()
    index = SimilarNames(titles(100), compare=compare)

    assert len({tuple(index.find("Acount chanel 0001")) for _ in range(50)}) == 1
    assert compare.compared <= MAX_COMPARED_NAMES


def test_what_is_remembered_is_bounded() -> None:
    index = SimilarNames(["Channel"])
    for number in range(2 * MAX_REMEMBERED_NAMES + 1):
        index.find(f"name {number}")

    assert len(index._found) <= MAX_REMEMBERED_NAMES


def test_a_very_long_name_is_compared_by_its_start() -> None:
    compare = CountingCompare()
    index = SimilarNames(["Channel " + "x" * 100_000], compare=compare)

    assert index.find("Chanel " + "x" * 100_000) == ["Channel " + "x" * 100_000]


def test_no_other_module_compares_names() -> None:
    importing = {
        file.relative_to(PACKAGE).as_posix()
        for file in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if (isinstance(node, ast.ImportFrom) and node.module == "difflib")
        or (isinstance(node, ast.Import) and any(name.name == "difflib" for name in node.names))
    }

    assert {"model/similar_names.py"} == importing
