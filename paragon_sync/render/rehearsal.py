"""Cases of migrations as text for people: what passed, and where what came out differs. Knows no catalog."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, TextIO

from rich.text import Text

from paragon_sync.errors import EXIT_ERROR, EXIT_OK
from paragon_sync.jsonvalue import ABSENT
from paragon_sync.model.planned import Value
from paragon_sync.model.rehearsal import Deviation, Rehearsed, Untested
from paragon_sync.render.changes import value_text
from paragon_sync.render.lines import count, line, print_lines, wrapped
from paragon_sync.render.mask import masked_alone

_ROOM: Final = 58


def print_rehearsed(results: Iterable[Rehearsed | Untested], stream: TextIO | None = None) -> int:
    """Writes each case as it comes, and returns the exit code: an error where one failed, or none was there."""
    passed = failed = 0

    def counted() -> Iterator[Text]:
        nonlocal passed, failed
        migration = None
        for result in results:
            if result.migration != migration:
                migration = result.migration
                yield from wrapped(migration, 0, style="bold")
            if isinstance(result, Untested):
                yield from wrapped(f"no cases: nothing shows what it does   {result.position}", 2, style="yellow")
                continue
            passed, failed = passed + result.passed, failed + (not result.passed)
            yield from _lines(result)
        yield line()
        yield line(f"{count(passed, 'case')} passed, {failed:,} failed.")

    print_lines(counted(), stream)
    return EXIT_ERROR if failed or not passed else EXIT_OK


def _lines(result: Rehearsed) -> Iterator[Text]:
    if result.passed:
        yield from wrapped(f"✓ {result.case}", 2, hanging=2)
        return
    yield from wrapped(f"✗ {result.case}   {result.position}", 2, hanging=2, style="red")
    if result.problem is not None:
        yield from wrapped(result.problem, 6)
    for deviation in result.deviations:
        yield from _deviation(deviation)


def _deviation(deviation: Deviation) -> Iterator[Text]:
    names = [deviation.workflow, deviation.label]
    yield from wrapped(" › ".join(dict.fromkeys(name for name in names if name)), 6)
    yield from wrapped(f"expected  {_shown(deviation.expected, deviation)}", 8, hanging=10)
    yield from wrapped(f"actual    {_shown(deviation.actual, deviation)}", 8, hanging=10)


def _shown(value: Value, deviation: Deviation) -> str:
    return "nothing" if value is ABSENT else value_text(masked_alone(value, secret=deviation.secret), _ROOM)
