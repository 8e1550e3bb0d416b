"""What all users of the emulated project share: the project, its integrations, canned answers. Plain values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from paragon_sync.emulator.codec import Json, JsonObject

FEATURES: Final[tuple[str, ...]] = (
    "byo",
    "dfm",
    "headless-cp",
    "monitoring",
    "rbac",
    "th-api",
    "user-metadata",
    "whitelabel",
    "workflow-permissions",
)
"""What the generated project of a fixture without ``project`` may use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What all users of the project share; it never changes while the emulator runs."""

    project: JsonObject
    integrations: list[JsonObject] = field(default_factory=list)
    permissions: JsonObject = field(default_factory=dict)
    """Workflow id → metadata key → the value, or array of values, with which a user may have the workflow."""
    options: JsonObject = field(default_factory=dict)
    """Integration type → source → the options of a dynamic input."""
    answers: JsonObject = field(default_factory=dict)
    """What ``workflows``, ``requests`` (to third parties) and ``triggers`` answer."""
    resources: list[JsonObject] = field(default_factory=list)
    hidden: JsonObject = field(default_factory=dict)
    """User id → array of the integration types that this user doesn't see."""
    refusals: JsonObject = field(default_factory=dict)
    """User id → ``{status, code, message}``: what every request of this user is refused with."""
    list_configurations: str = "all"
    """Which configurations GET ``/sdk/credentials`` shows: ``all``, ``default`` or ``none``."""

    @property
    def id(self) -> str:
        """The project's id."""
        return str(self.project["id"])

    def integration(self, identity: Json) -> JsonObject | None:
        """The integration with this id."""
        return next((one for one in self.integrations if one["id"] == identity), None)

    def integration_of_type(self, name: str) -> JsonObject | None:
        """The integration of this type."""
        return next((one for one in self.integrations if type_name(one) == name), None)

    def to_json(self) -> JsonObject:
        """The shared part of a fixture."""
        return {
            "project": self.project,
            "integrations": [*self.integrations],
            "permissions": self.permissions,
            "options": self.options,
            "answers": self.answers,
            "resources": [*self.resources],
            "hidden": self.hidden,
            "refusals": self.refusals,
            "listConfigurations": self.list_configurations,
        }


def type_name(integration: JsonObject) -> str:
    """The integration's type as clients name it; for a custom one its slug, or what its name makes of one."""
    custom = integration.get("customIntegration")
    if integration["type"] != "custom" or not isinstance(custom, dict):
        return str(integration["type"])
    slug = custom.get("slug")
    return slug if isinstance(slug, str) else "custom." + re.sub(r"[\W_]+", "", str(custom.get("name", ""))).lower()
