"""The interface of every benchmark: contestants that are run in turn, and comparisons of their medians' ratios.

A benchmark is a :class:`Bench`: named contestants, each a function that runs once and gives a :class:`Reading`. All of
them run in each round, one after the other, so that a machine that grows slower meets everybody. A
:class:`Comparison` is one row of the table: the median over the rounds of one contestant's reading divided by the
other's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one run of one contestant gave. ``notes`` are further figures, shown as their medians below the table."""

    value: float
    unit: str
    notes: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One row: what is measured, against what, and the ratio that is wanted. Without a goal it is for orientation."""

    name: str
    of: str
    against: str
    at_least: float | None = None
    at_most: float | None = None
    limit: float | None = None
    """The value itself must be no more than this."""

    @property
    def goal(self) -> str:
        """The goal in words."""
        wanted = [] if self.at_least is None else [f"≥ {self.at_least:g}"]
        wanted += [] if self.at_most is None else [f"≤ {self.at_most:g}"]
        wanted += [] if self.limit is None else [f"below {self.limit:g}"]
        return ", ".join(wanted) or "–"

    def is_met(self, ratio: float, value: float) -> bool | None:
        """Whether the goal is reached; None where there is none."""
        if self.goal == "–":
            return None
        return (
            (self.at_least is None or ratio >= self.at_least)
            and (self.at_most is None or ratio <= self.at_most)
            and (self.limit is None or value < self.limit)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Contestants and how they are compared. ``prepare`` runs once before the first round; its end is the caller's."""

    name: str
    contestants: Mapping[str, Callable[[], Reading]]
    comparisons: Sequence[Comparison]
    rounds: int = 5
    footnotes: Sequence[str] = ()


def run(bench: Bench, rounds: int) -> list[str]:
    """Run everybody ``rounds`` times, in turn; the lines of Markdown that tell what came of it."""
    readings: dict[str, list[Reading]] = {name: [] for name in bench.contestants}
    for number in range(rounds):
        for name, contestant in bench.contestants.items():
            reading = contestant()
            readings[name].append(reading)
            more = "".join(f" · {label} {_figure(value)}" for label, value in reading.notes.items())
            print(
                f"{bench.name} {number + 1}/{rounds} {name}: {_figure(reading.value)} {reading.unit}{more}",
                file=sys.stderr,
                flush=True,
            )
    return _table(bench, readings)


def _table(bench: Bench, readings: Mapping[str, Sequence[Reading]]) -> list[str]:
    lines = ["| what | measured | against | measured | ratio | goal | |", "|---|--:|---|--:|--:|---|---|"]
    for row in bench.comparisons:
        ours, theirs = readings[row.of], readings[row.against]
        ratio = median(a.value / b.value for a, b in zip(ours, theirs, strict=True))
        met = {True: "met", False: "missed", None: ""}[row.is_met(ratio, median(one.value for one in ours))]
        cells = (row.name, _middle(ours), row.against, _middle(theirs), f"{ratio:.2f}", row.goal, met)
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", *(_notes(name, found) for name, found in readings.items() if found[0].notes)]
    return [*lines, *(f"- {note}" for note in bench.footnotes)]


def _notes(name: str, readings: Sequence[Reading]) -> str:
    labels = readings[0].notes
    figures = ", ".join(f"{label} {_figure(median(one.notes[label] for one in readings))}" for label in labels)
    return f"- {name}: {figures}"


def _middle(readings: Sequence[Reading]) -> str:
    return f"{_figure(median(one.value for one in readings))} {readings[0].unit}"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three digits either way
