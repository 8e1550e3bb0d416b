"""The other writers: a user in the portal, and the customer's application, who save at random moments.

A save replaces a map that was read in the same moment, so it changes one value and destroys nothing.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from typing import Any, Final

from tests.simulation.population import Persona
from tests.simulation.server import Server
from tests.simulation.values import GONE, Path, with_leaf
from tests.simulation.weather import Climate

_MOST_SAVES: Final = 60


class Portal:
    """Saves settings of a few users until it is stopped."""

    def __init__(self, server: Server, climate: Climate, personas: Sequence[Persona], chance: random.Random) -> None:
        self._server = server
        self._climate = climate
        self._personas = personas
        self._chance = chance
        self._saves = 0
        self.is_open = True

    async def work(self) -> None:
        """Save, wait, and save again."""
        chance = self._chance
        while self.is_open and self._saves < _MOST_SAVES:
            await asyncio.sleep(self._climate.portal_interval * chance.expovariate(1.0))
            if self.is_open:
                self._save(chance.choice(self._personas))

    def _save(self, persona: Persona) -> None:
        path = self._path(persona)
        if path is None:
            return
        self._saves += 1
        state = self._server.users[persona.user].now.state
        after = with_leaf(state, path, self._value(persona, path))
        self._server.save(persona.user, after, "portal")

    def _path(self, persona: Persona) -> Path | None:
        managed = [want.path for want in persona.wants]
        if self._chance.random() < self._climate.portal_managed:
            return self._chance.choice(managed)
        return self._chance.choice(persona.own_paths())

    def _value(self, persona: Persona, path: Path) -> Any:
        chance = self._chance
        if path[-1] == "enabled":
            return chance.random() < 0.5
        if path[0] != "meta" and chance.random() < 0.08:
            return GONE
        for want in persona.wants:
            if want.path == path and want.value != GONE and chance.random() < 0.1:
                return self._server.stored(json.loads(want.value))
        return self._server.stored(f"portal {self._saves}")
