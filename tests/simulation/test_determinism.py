"""One seed decides everything: the same seed is the same run, in another process with another hash seed too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.examine import digest

_ROOT = Path(__file__).parents[2]
SEEDS = (7, 60, 257)


def digest_elsewhere(seed: int, hash_seed: str) -> str:
    """Return the digest that another process finds."""
    command = [sys.executable, "-m", "tests.simulation", "--seed", str(seed), "--digest"]
    variables = {"PYTHONHASHSEED": hash_seed, "PATH": ""}
    ended = subprocess.run(command, cwd=_ROOT, env=variables, capture_output=True, text=True, timeout=120, check=True)
    return ended.stdout.strip()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_seed_is_the_same_run(seed: int) -> None:
    here = digest(seed)

    assert digest(seed) == here
    assert {digest_elsewhere(seed, hash_seed) for hash_seed in ("1", "2")} == {here}


def test_another_seed_is_another_run() -> None:
    assert len({digest(seed) for seed in range(20)}) == 20


def test_what_was_played_before_does_not_matter() -> None:
    alone = digest(SEEDS[0])
    for seed in range(20, 30):
        digest(seed)

    assert digest(SEEDS[0]) == alone
