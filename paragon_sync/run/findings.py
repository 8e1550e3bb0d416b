"""The findings of a plan on their way into the plan file: each gets the position of what it is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from paragon_sync.manifest.source import Locator
from paragon_sync.model.planned import Finding

FINDINGS_IN_BATCH: Final = 5_000
"""Findings whose positions are looked up together; so many are in memory."""


class FindingsWriter:
    """Hands findings to ``write`` in the order in which they come; call :meth:`flush` at the end."""

    def __init__(
        self,
        write: Callable[[Finding], None],
        *,
        locator: Locator | None = None,
        batch: int = FINDINGS_IN_BATCH,
    ) -> None:
        self._write = write
        self._locator = locator or Locator()
        self._batch = batch
        self._waiting: list[Finding] = []

    def add(self, findings: Iterable[Finding]) -> None:
        """Take the findings of one user."""
        self._waiting.extend(findings)
        if len(self._waiting) >= self._batch:
            self.flush()

    def flush(self) -> None:
        """Write what was taken and is not written yet."""
        places = [place for finding in self._waiting for place in (finding.place, finding.other) if place is not None]
        positions = iter(self._locator.locate_all(places))
        for finding in self._waiting:
            position = None if finding.place is None else next(positions)
            message = finding.message if finding.other is None else f"{finding.message}: {next(positions)}"
            self._write(replace(finding, position=position, message=message))
        self._waiting.clear()
