"""What a command asks of the manifests. Loads neither those who answer it nor the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, TypeAlias

from paragon_sync.model.project import Environment, Project
from paragon_sync.run.desired.filters import Filters
from paragon_sync.run.progress import Progress

_DOCUMENT: Final = 500  # bytes of an ordinary one
CatalogSource: TypeAlias = Literal["pull", "lock"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a command asks of the manifests in ``files``."""

    project: Project
    environment: Environment
    now: datetime
    files: Sequence[Path] = ()
    filters: Filters = field(default_factory=Filters)
    catalog: CatalogSource = "pull"
    allowed: Mapping[str, int] | None = None
    progress: Progress = field(default_factory=Progress)

    @property
    def likely_users(self) -> int:
        """Estimate how many users there are, by the size of the files; with a filter on users, by that.

        A file that can't be read is an error later.
        """
        if self.filters.only is not None or self.filters.users:
            return self.filters.named_users
        size = 0
        for file in self.files:
            with suppress(OSError):
                size += file.stat().st_size
        return size // _DOCUMENT
