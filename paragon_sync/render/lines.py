"""Lines of text for people: marks, columns, plural, wrapping, and how they get to a stream. Knows no noun of ours.

Nothing is wider than 80 columns, whatever the terminal; colour is added on a terminal alone and is never needed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Final, TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from paragon_sync.render.literal import fit, pad
from paragon_sync.render.printable import printable

WIDTH: Final = 80
_MINUTE: Final = 60
MARK_STYLES: Final = {"+": "green", "~": "yellow", "-": "red", "=": "dim", "!": "bold red", "?": "yellow"}


def count(number: int, noun: str, plural: str | None = None) -> str:
    """``1 user``, ``2 users``, ``200,000 users``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def seconds_text(seconds: float) -> str:
    """A length of time in one or two units: ``1 s``, ``90 s``, ``3 min``, ``2 h 20 min``; never less than a second."""
    whole = max(1, round(seconds))
    if whole < 2 * _MINUTE:
        return f"{whole} s"
    minutes = round(whole / _MINUTE)
    if minutes < 2 * _MINUTE:
        return f"{minutes} min"
    hours, rest = divmod(minutes, _MINUTE)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def line(text: str = "", style: str = "") -> Text:
    """One line; what comes from customers has been made printable before."""
    return Text(text, style=style, no_wrap=True)


def marked(indent: int, mark: str, text: str) -> Text:
    """One line with a mark (``+ ~ - = !``) before it, in the mark's colour."""
    return Text.assemble(" " * indent, (mark, MARK_STYLES[mark]), f" {text}", no_wrap=True)


def wrapped(text: str, indent: int, *, hanging: int = 0, style: str = "") -> Iterator[Text]:
    """Free text, broken between words, and inside of one that is too long; later lines stand further in by ``hanging``.

    What isn't printable is escaped, line breaks included: a customer's text makes no lines of its own.
    """
    margin, current = indent, ""
    for word in printable(text).split(" "):
        rest = word
        if current and cell_len(current) + 1 + cell_len(word) > WIDTH - margin:
            yield line(" " * margin + current.rstrip(" "), style)
            margin, current = indent + hanging, ""
        while not current and cell_len(rest) > WIDTH - margin:
            head = fit(rest, WIDTH - margin + 1)[:-1]
            yield line(" " * margin + head, style)
            margin, rest = indent + hanging, rest[len(head) :]
        current = f"{current} {rest}" if current else rest
    yield line(" " * margin + current.rstrip(" "), style)


def columns(left: str, middle: str, right: str, at: tuple[int, int]) -> str | None:
    """Three texts in columns that start at ``at``; None where they don't fit on a line."""
    text = pad(left, at[0]) if cell_len(left) < at[0] else left + "  "
    text += middle
    if right:
        text = (pad(text, at[1]) if cell_len(text) < at[1] - 1 else text + "  ") + right
    return text if cell_len(text) <= WIDTH else None


def print_lines(lines: Iterable[Text], stream: TextIO | None = None) -> None:
    """Writes lines as they come: with colour where the stream is a terminal that has it, plain everywhere else."""
    out = sys.stdout if stream is None else stream
    console = Console(file=out, highlight=False, markup=False, emoji=False)
    for text in lines:
        if console.color_system is None:
            out.write(printable(text.plain) + "\n")
        else:
            if not text.plain.isprintable():
                text.plain = printable(text.plain)
            console.print(text, soft_wrap=True)
