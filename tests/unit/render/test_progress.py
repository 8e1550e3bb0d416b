from __future__ import annotations

import io

import pytest
from rich.console import Console

from paragon_sync.render.progress import Meter, Reached, progress_block, progress_line

APPLYING = Reached(
    title="applying",
    noun="operation",
    done=12_015,
    total=41_203,
    rate=412.4,
    outcomes={"applied": 11_990, "conflict": 22, "failed": 3},
    refusals=3,
    paused=12.2,
)


@pytest.mark.parametrize(
    ("reached", "line"),
    [
        (
            APPLYING,
            (
                "applying: 12,015 of 41,203 operations (29 %), 412/s, 71 s left; "
                "11,990 applied, 22 in conflict, 3 failed; held up 3 times, 12 s"
            ),
        ),
        (Reached(title="pulling the catalog", noun=""), "pulling the catalog"),
        (Reached(title="pulling the catalog", noun="", refusals=1), "pulling the catalog: held up 1 time"),
        (Reached(title="loading", noun="user", done=1), "loading: 1 user"),
        (Reached(title="loading", noun="user", done=5000, rate=4.25), "loading: 5,000 users, 4.2/s"),
        (
            Reached(title="loading", noun="user", done=1_000_007, rate=85e3, parts={"user": 7, "row": 1_000_000}),
            "loading: 7 users, 1,000,000 rows, 85,000/s",
        ),
        (Reached(title="loading", noun="user", done=3, parts={"user": 0, "row": 3}), "loading: 3 rows"),
        (Reached(title="loading", noun="user", parts={"user": 0, "row": 0}), "loading: 0 users"),
        (Reached(title="planning", noun="user", done=7, total=7, rate=90.0), "planning: 7 of 7 users (100 %), 90/s"),
        (Reached(title="planning", noun="user", done=0, total=0), "planning: 0 of 0 users"),
    ],
)
def test_a_line_of_a_log(reached: Reached, line: str) -> None:
    assert progress_line(reached) == line


def drawn(reached: Reached, width: int = 80) -> list[str]:
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=True, color_system=None, legacy_windows=False)
    console.print(progress_block(reached))
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def test_a_terminal_gets_a_bar() -> None:
    assert drawn(APPLYING) == [
        "Applying ━━━━━━╸                   29 % 12,015 of 41,203 operations",
        "  412/s · 71 s left · 11,990 applied, 22 in conflict, 3 failed · held up 3",
        "  times, 12 s",
    ]


def test_what_has_no_end_in_sight_has_no_bar() -> None:
    assert drawn(Reached(title="loading", noun="user", done=1200, rate=900.0)) == [
        "Loading 1,200 users",
        "  900/s",
    ]


def test_a_rate_is_that_of_late() -> None:
    meter = Meter()
    meter.restart(100.0, 50)
    assert meter.rate(100.0, 50) is None
    assert meter.rate(101.0, 50) is None
    assert meter.rate(110.0, 150) == 10.0
    assert meter.rate(120.0, 350) == 15.0
    assert meter.rate(140.0, 750) == 20.0  # since 120
    meter.restart(150.0, 0)
    assert meter.rate(151.0, 7) == 7.0
