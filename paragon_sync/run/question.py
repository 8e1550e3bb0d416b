"""What a command asks of the manifests. Loads neither those who answer it nor the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias

from paragon_sync.model.project import Environment, Project
from paragon_sync.run.desired.filters import Filters
from paragon_sync.run.progress import Progress

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
