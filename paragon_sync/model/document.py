"""Every kind of document that a manifest can hold."""

from __future__ import annotations

from typing import TypeAlias

from paragon_sync.model.declared import Profile, Rollout, User
from paragon_sync.model.migration import Migration

Document: TypeAlias = User | Profile | Rollout | Migration
