"""The options that several commands share, each defined once. Knows no command and reads no file.

A decorator gives the command's function a keyword argument: ``project_file``, ``environment``, ``output_format``,
``allowed``, ``users``, ``integrations``, ``catalog``, ``paths``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from paragon_sync.model.similar_names import did_you_mean
from paragon_sync.model.thresholds import KNOBS
from paragon_sync.render.format import ReportFormats, ReportKind
from paragon_sync.render.formats import FORMATS

_DURATION: Final = re.compile(r"([0-9]{1,6})([smh])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}

F = TypeVar("F", bound=Callable[..., Any])

PROJECT_FILE = Path("paragon.yaml")
"""The Project file where none is named."""

PERMISSION_KNOBS = ("plaintext-plan",)
"""What ``--allow`` takes without a number."""


def project_option(function: F) -> F:
    """``-c FILE``: ``project_file``, a :class:`~pathlib.Path`."""
    return click.option(
        "-c",
        "--config",
        "project_file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        default=PROJECT_FILE,
        show_default=True,
        help="The Project file; relative paths in it are relative to its folder.",
    )(function)


def environment_option(*, required: bool = True) -> Callable[[F], F]:
    """``-e ENV``: ``environment``, its name; None where it isn't required and wasn't given."""
    return click.option(
        "-e",
        "--environment",
        metavar="ENV",
        required=required,
        help="The environment, by its name in the Project file.",
    )


def catalog_option(function: F) -> F:
    """``--catalog``: ``catalog``, ``pull`` or ``lock``."""
    return click.option(
        "--catalog",
        type=click.Choice(("pull", "lock")),
        default="pull",
        show_default=True,
        help="Ask the API for the catalog and compare it with the lock file, or take the lock file alone.",
    )(function)


def paths_argument(function: F) -> F:
    """``[PATHS]...``: ``paths``, a tuple of :class:`~pathlib.Path`; empty means the Project's own patterns."""
    return click.argument("paths", metavar="[PATHS]...", nargs=-1, type=click.Path(path_type=Path))(function)


def run_options(function: F) -> F:
    """``--message`` and ``--lock-timeout`` of a run: ``message``, ``lock_timeout`` in seconds."""
    by_message = click.option("--message", metavar="TEXT", help="What this run is about, for its record.")
    by_timeout = click.option(
        "--lock-timeout",
        metavar="DURATION",
        default="0s",
        callback=_parse_duration,
        show_default=True,
        help="How long to wait for another run in the same environment, such as 30s, 5m or 1h.",
    )
    return by_message(by_timeout(function))


def stopping_options(function: F) -> F:
    """``--on-conflict``, ``--fail-fast`` and ``--canary``: ``on_conflict``, ``fail_fast``, ``canary``.

    ``canary`` is a :class:`Canary`, None where it wasn't given.
    """
    by_conflict = click.option(
        "--on-conflict",
        type=click.Choice(("skip", "fail", "overwrite")),
        default="skip",
        show_default=True,
        help="What to do where a managed value has changed since it was planned: leave that operation out, stop the"
        " run, or write the planned value all the same and record what it replaced.",
    )
    by_failure = click.option("--fail-fast", is_flag=True, help="Stop at the first operation that does not end well.")
    by_canary = click.option(
        "--canary",
        metavar="N|N%",
        callback=_parse_canary,
        help="Apply to so many users first, and ask before going on. Without a terminal, applying the plan again"
        " goes on.",
    )
    return by_conflict(by_failure(by_canary(function)))


@dataclass(frozen=True, slots=True)
class Canary:
    """How many users come first: a number, or a share of those whom the plan changes (0.01 is 1 %)."""

    number: int | None = None
    share: float | None = None

    def of(self, users: int) -> int:
        """How many of so many; at least one."""
        return max(1, math.ceil(users * self.share)) if self.number is None and self.share else self.number or 1


def format_option(kind: ReportKind, formats: ReportFormats = FORMATS) -> Callable[[F], F]:
    """``--format``: ``output_format``, one of the formats of a kind of report."""
    names = formats.names_for(kind)
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(names),
        default=names[0],
        show_default=True,
        help="What to print.",
    )


def allow_option(function: F, *, knobs: Sequence[str] = KNOBS) -> F:
    """``--allow NAME[=N]``, several times: ``allowed``, a dict of names and numbers (1 for a bare permission).

    ``knobs`` take a number, :data:`PERMISSION_KNOBS` take none.
    """
    return click.option(
        "--allow",
        "allowed",
        metavar="NAME[=N]",
        multiple=True,
        callback=partial(_parse_allowed, knobs),
        help="Permit what the policy refuses, up to N: "
        f"{', '.join(knobs)}. Without N: {', '.join(PERMISSION_KNOBS)}. Can be given several times.",
    )(function)


def filter_options(function: F) -> F:
    """``--user GLOB`` and ``--integration TYPE``, each several times: ``users`` and ``integrations``, tuples."""
    by_integration = click.option(
        "--integration",
        "integrations",
        metavar="TYPE",
        multiple=True,
        help="Only this integration, by its type. Can be given several times.",
    )
    return user_option(by_integration(function))


def user_option(function: F) -> F:
    """``--user GLOB``, several times: ``users``, a tuple."""
    return click.option(
        "--user",
        "users",
        metavar="GLOB",
        multiple=True,
        help="Only users whose id matches, such as 'acme-*'. Can be given several times.",
    )(function)


def quiet_option(function: F) -> F:
    """``--quiet``: ``quiet``."""
    return click.option("--quiet", is_flag=True, help="Show no progress and no notes, only the result and errors.")(
        function
    )


def view_option(function: F) -> F:
    """``--full`` or ``--summary``: ``full``, None where as many as there are decides."""
    return click.option(
        "--full/--summary",
        default=None,
        help="Tell one by one, or group what is alike. Without either, more than 20 are grouped.",
    )(function)


def _parse_canary(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Canary | None:
    if value is None:
        return None
    found = re.fullmatch(r"(?P<number>[1-9][0-9]*)|(?P<share>[0-9]+(?:\.[0-9]+)?)%", value)
    share = float(found["share"]) / 100 if found and found["share"] else None
    if found is None or (share is not None and not 0 < share <= 1):
        raise click.BadParameter(f'"{value}" is neither a number of users nor a share, such as 10 or 1%')
    return Canary(number=int(found["number"])) if share is None else Canary(share=share)


def _parse_allowed(
    knobs: Sequence[str], _context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]
) -> dict[str, int]:
    return dict(_parse_knob(knobs, value) for value in values)


def _parse_knob(knobs: Sequence[str], text: str) -> tuple[str, int]:
    name, equals, number = text.partition("=")
    if name in PERMISSION_KNOBS:
        if equals:
            raise click.BadParameter(f'"{name}" takes no number')
        return name, 1
    if name not in knobs:
        raise click.BadParameter(f'there is nothing to allow called "{name}"; {_suggestion(knobs, name)}')
    if not number.isdecimal():
        raise click.BadParameter(f'"{name}" needs a whole number, the most that you permit: {name}=N')
    return name, int(number)


def _suggestion(knobs: Sequence[str], name: str) -> str:
    known = (*knobs, *PERMISSION_KNOBS)
    return did_you_mean(name, known) or f"there are {', '.join(known)}"


def _parse_duration(_context: click.Context, _parameter: click.Parameter, text: str) -> int:
    """Seconds."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise click.BadParameter(f'"{text}" is no duration; write 30s, 5m or 1h')
    return int(found[1]) * _SECONDS[found[2]]
