"""What is applied to where, as it was asked for on the command line. Loading it loads no store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from paragon_sync.cli.beside import say
from paragon_sync.cli.options import Canary
from paragon_sync.model.project import Environment, Project
from paragon_sync.render.formats import FORMATS


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a plan is applied, and how it was asked for; ``lock_timeout`` in seconds."""

    project: Project
    environment: Environment
    allowed: Mapping[str, int]
    output_format: str
    message: str | None = None
    lock_timeout: int = 0
    on_conflict: str = "skip"
    fail_fast: bool = False
    canary: Canary | None = None
    full: bool | None = None
    quiet: bool = False

    @property
    def is_for_machine(self) -> bool:
        """Whether nothing but the report may go to stdout."""
        return FORMATS[self.output_format].for_machines

    def say(self, text: str) -> None:
        """To people, beside the output."""
        if not self.quiet:
            say(text)
