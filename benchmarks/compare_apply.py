"""Compare ``apply`` of two installed commands, in pairs: before and after a change.

    python -m benchmarks.compare_apply BEFORE AFTER [--users 20000] [--rounds 7] [--at-least 0.95]

``BEFORE`` and ``AFTER`` are paths of the command ``paragon-sync``, each installed from its own checkout:
``python3 tools/bootstrap.py dev`` makes ``.venv/bin/paragon-sync`` there. Each round applies a plan of users who all
change, first with one command and then with the other, every time against a new server. Each command makes its own
plan before that, which is not measured.

Prints the medians, and the median over the rounds of the ratio of each pair: of the users a second, and of the
processor time, which is the steadier one on a machine that does other work. Ends with 1 where a ratio misses
``--at-least``, and where a user took another number of requests than 3.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.apply import EACH, EVERYBODY
from benchmarks.comparing import Bench, Comparison, Reading, run
from benchmarks.measuring import folder_of, stub, timed

CPU: Final = "CPU µs a user"
LEAST: Final = 0.95


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare the two commands; 1 where the second one is too slow."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare_apply", description=_SUMMARY)
    parser.add_argument("before", type=_command, help="a paragon-sync command")
    parser.add_argument("after", type=_command, help="the one to compare with it")
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--at-least", type=float, default=LEAST, help="the ratio that must be kept")
    asked = parser.parse_args(arguments)
    readings: dict[str, list[Reading]] = {"before": [], "after": []}

    def apply(name: str, command: Path) -> Reading:
        reading = measure(command, asked.users)
        readings[name].append(reading)
        return reading

    bench = Bench(
        name="apply",
        contestants={"before": lambda: apply("before", asked.before), "after": lambda: apply("after", asked.after)},
        comparisons=(Comparison(name="after", of="after", against="before", at_least=asked.at_least),),
        footnotes=(f"{asked.users:,} users, all changed; whole processes; exactly {EACH} requests a user",),
    )
    print("\n".join(run(bench, asked.rounds)))
    rate, cpu = ratios(readings["before"], readings["after"])
    print(f"- processor time, before against after: {cpu:.3f}; users a second, after against before: {rate:.3f}")
    return 0 if min(rate, cpu) >= asked.at_least else 1


_SUMMARY: Final = "Compare apply of two installed commands, in pairs."


def measure(command: Path, users: int) -> Reading:
    """Apply a plan of so many users once; exits where a user took another number of requests than usual."""
    with stub(EVERYBODY) as server, folder_of(server.url, users) as folder:
        project = ("-c", folder / "paragon.yaml", "-e", "bench")
        timed([command, "plan", *project, "--out", folder / "plan"], users, server)
        before = sum(server.counts.values())
        reading = timed([command, "apply", folder / "plan", *project], users, server)
        each = (sum(server.counts.values()) - before - 1) / users
    if each != EACH:
        sys.exit(f"{command}: {each:g} requests a user instead of {EACH}")
    return replace(reading, notes={**reading.notes, "requests a user": each})


def ratios(before: Sequence[Reading], after: Sequence[Reading]) -> tuple[float, float]:
    """Return the median ratios of all pairs: users a second, and the inverse one of the processor time.

    Both are below 1 where the second command is the slower one.
    """
    pairs = list(zip(before, after, strict=True))
    rate = median(new.value / old.value for old, new in pairs)
    return rate, median(old.notes[CPU] / new.notes[CPU] for old, new in pairs)


def _command(text: str) -> Path:
    path = Path(text).absolute()
    if not os.access(path, os.X_OK):
        raise argparse.ArgumentTypeError(f"{path}: there is no command; python3 tools/bootstrap.py dev installs one")
    return path


if __name__ == "__main__":
    sys.exit(main())
