"""How far a command is, as text: for a terminal, where it is drawn again and again, and for a log. Knows no clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from paragon_sync.render.lines import count, seconds_text

_SPAN: Final = 20.0  # seconds that a rate is taken over
_WORDS: Final = {"conflict": "in conflict"}
_BAR: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How far a stage is. ``rate`` a second (None: not known yet); ``paused`` in seconds, for so many ``refusals``.

    ``parts`` are what ``done`` is made of, by their nouns; where there are some, they are shown for it.
    """

    title: str
    noun: str
    done: int = 0
    total: int | None = None
    rate: float | None = None
    outcomes: Mapping[str, int] = field(default_factory=dict)
    refusals: int = 0
    paused: float = 0.0
    parts: Mapping[str, int] = field(default_factory=dict)


class Meter:
    """How fast something goes, of late. Times are in seconds by any clock."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def restart(self, began: float, done: int) -> None:
        """Forget what was before: something else is counted from now on."""
        self._seen.clear()
        self._seen.append((began, done))

    def rate(self, now: float, done: int) -> float | None:
        """So much was done by now: how many a second."""
        self._seen.append((now, done))
        while len(self._seen) > 2 and now - self._seen[1][0] >= _SPAN:  # noqa: PLR2004 - a span has two ends
            self._seen.popleft()
        (since, before), passed = self._seen[0], now - self._seen[0][0]
        return (done - before) / passed if passed > 0 and done > before and since < now else None


def progress_line(reached: Reached) -> str:
    """One line for a log: ``applying: 12,015 of 41,203 operations (29 %), 412/s, 71 s left; 12,012 applied``."""
    share = f" ({_percent(reached)} %)" if reached.total else ""
    so_far = ", ".join(filter(None, (_so_far(reached) + share, *_pace(reached))))
    parts = [part for part in (so_far, *_rest(reached)) if part]
    return f"{reached.title}: {'; '.join(parts)}" if parts else reached.title


def progress_block(reached: Reached) -> Table:
    """Two lines for a terminal: what, a bar, how far; then how fast, what came of it, and what held it up."""
    block = Table.grid(padding=(0, 1))
    first: list[Text | ProgressBar] = [Text(reached.title.capitalize(), style="bold")]
    if reached.total:
        first.append(ProgressBar(total=reached.total, completed=reached.done, width=_BAR))
        first.append(Text(f"{_percent(reached):3} %"))
    first.append(Text(_so_far(reached)))
    head = Table.grid(padding=(0, 1))
    head.add_row(*first)
    block.add_row(head)
    block.add_row(Padding(Text(" · ".join([*_pace(reached), *_rest(reached)]), style="dim"), (0, 0, 0, 2)))
    return block


def _so_far(reached: Reached) -> str:
    if not reached.noun:
        return ""
    if parts := [count(number, noun) for noun, number in reached.parts.items() if number]:
        return ", ".join(parts)
    if reached.total is None:
        return count(reached.done, reached.noun)
    return f"{reached.done:,} of {count(reached.total, reached.noun)}"


def _percent(reached: Reached) -> int:
    return min(100, 100 * reached.done // (reached.total or 1))


def _pace(reached: Reached) -> list[str]:
    if reached.rate is None:
        return []
    rate = f"{reached.rate:,.0f}/s" if reached.rate >= 10 else f"{reached.rate:.1f}/s"  # noqa: PLR2004 - two digits
    if reached.total is None or reached.done >= reached.total:
        return [rate]
    return [rate, f"{seconds_text((reached.total - reached.done) / reached.rate)} left"]


def _rest(reached: Reached) -> list[str]:
    """What came of it, and how the server held it up."""
    outcomes = ", ".join(f"{number:,} {_WORDS.get(name, name)}" for name, number in reached.outcomes.items())
    times = f"held up {count(reached.refusals, 'time')}" if reached.refusals else ""
    held = f"{times}, {seconds_text(reached.paused)}" if times and reached.paused else times
    return [part for part in (outcomes, held) if part]
