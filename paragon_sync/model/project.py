"""The Project file, read: environments, limits, policy, state. Knows no file format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from paragon_sync.model.planned import Enablement, FindingKind, Severity
from paragon_sync.model.thresholds import Threshold, ThresholdRule

READ_BACK_SECONDS: Final = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each repeated read of a write that isn't visible yet: a replica that answers reads may lag behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRef:
    """Where a secret is: an environment variable's name, or a file's path relative to the Project file."""

    kind: Literal["env", "file"]
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One Paragon project. ``host`` is an https:// or http:// URL, a bare on-premise host, or ``emulator:PATH``.

    ``project`` and ``signing_key`` are None only with ``emulator:``. ``catalog_users`` are asked for the catalog.
    """

    name: str
    host: str
    project: str | None = None
    signing_key: SecretRef | None = None
    catalog_users: tuple[str, ...] = ()
    protected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``rate`` in requests a second (None: no cap); ``concurrency`` in requests at once (None: adaptive)."""

    rate: float | None = None
    concurrency: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected:
    """What a plan changes only where it is allowed to: users by globs, integrations by type.

    ``settings`` are titles or ids (``id:…`` for exactly an id) by their integration's type, workflows' own included.
    """

    users: tuple[str, ...] = ()
    integrations: tuple[str, ...] = ()
    settings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a plan may do without being asked again; shares count from ``minimum_population`` users on.

    ``thresholds`` are those that the Project file sets, by their names in :data:`~.thresholds.THRESHOLDS`.
    """

    thresholds: Mapping[str, Threshold] = field(default_factory=dict)
    minimum_population: int = 10
    protected: Protected = field(default_factory=Protected)
    findings: Mapping[FindingKind, Severity] = field(default_factory=dict)
    """Severities that differ from the default, which ``plan.policy.severity`` knows."""

    def threshold(self, rule: ThresholdRule) -> Threshold | None:
        """Return what one rule allows; None where any number is fine."""
        return self.thresholds.get(rule.name, rule.default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A Project file. ``folder`` is what relative paths are relative to; ``manifests`` are its patterns."""

    file: Path
    folder: Path
    manifests: tuple[str, ...]
    environments: Mapping[str, Environment]
    state: str = ".paragon-sync"
    secret_env: tuple[str, ...] = ()
    secret_files: tuple[str, ...] = ()
    roster_files: tuple[str, ...] = ()
    roster_urls: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    policy: Policy = field(default_factory=Policy)
    enablement: Enablement = "config"
    read_back: tuple[float, ...] = READ_BACK_SECONDS
