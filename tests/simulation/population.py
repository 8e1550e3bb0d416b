"""The users of the simulated project: their accounts, and what ``users.yaml`` declares for them, in the judge's words.

The real loader reads the manifests once for each process; live state differs from schedule to schedule.
"""

from __future__ import annotations

import functools
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path as File
from typing import Any, Final

from paragon_sync.catalog.resolve import Resolver
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.model.catalog import Catalog, Input, Integration, Workflow
from paragon_sync.run.desired.filters import Filters
from paragon_sync.run.desired.loading import Desired, load
from paragon_sync.store.staging import Staging
from tests.simulation.values import GONE, Path, State, text, with_leaf

PROJECT: Final = "5f0c1d2e-0000-4000-8000-000000000013"
ENVIRONMENT: Final = "simulated"
HOST: Final = "https://simulated.invalid"
EPOCH: Final = datetime(2026, 3, 14, 10, 0, tzinfo=UTC)


def _input(name: str, kind: str = "TEXT_NO_VARS") -> Input:
    return Input(id=name, title=name.capitalize(), type=kind, required=False)


_INPUTS: Final = (*map(_input, ("channel", "note", "region", "size")), _input("mapping", "FIELD_MAPPER"))
_WORKFLOWS: Final = (
    Workflow(id="wf-notify", description="Notify", inputs=(_input("prefix"),)),
    Workflow(id="wf-digest", description="Digest", inputs=(_input("day"), _input("hour"))),
    Workflow(id="wf-alerts", description="Alerts", default_enabled=True, inputs=(_input("level"),)),
)
CATALOG: Final = Catalog(
    project=PROJECT,
    pulled="2026-03-14T09:00:00+00:00",
    origin=ENVIRONMENT,
    integrations={
        "crm": Integration(type="crm", id="int-crm", inputs=_INPUTS, workflows=_WORKFLOWS),
        "chat": Integration(type="chat", id="int-chat", inputs=_INPUTS[:3], workflows=_WORKFLOWS[:1]),
    },
)


@dataclass(frozen=True, kw_only=True)
class Want:
    """One value that the manifests manage; ``value`` is JSON, :data:`GONE` for what is to be removed."""

    path: Path
    value: str
    is_default: bool = False


@dataclass(frozen=True, kw_only=True)
class Account:
    """A connected account; ``configurations`` are ids with external ids, empty for the documented shape."""

    id: str
    integration: str = "int-crm"
    external: str | None = None
    configurations: tuple[tuple[str, str | None], ...] = ()

    @property
    def places(self) -> tuple[Path, ...]:
        """The beginnings of the paths of its values."""
        return tuple((self.id, id_) for id_, _ in self.configurations) or ((self.id, ""),)

    def empty(self) -> dict[str, Any]:
        """The account as the API shows it, without a value."""
        raw: dict[str, Any] = {"id": self.id, "integrationId": self.integration, "providerId": f"T-{self.id}"}
        if self.external is not None:
            raw["externalId"] = self.external
        if not self.configurations:
            return raw | {"config": {}}
        entries = [
            {"id": id_, "isDefault": not number} | ({} if external is None else {"externalId": external})
            for number, (id_, external) in enumerate(self.configurations)
        ]
        return raw | {"configurations": entries}


@dataclass(frozen=True, kw_only=True)
class Persona:
    """One user: their accounts, and what the document about them manages, as the judge understands it."""

    user: str
    accounts: tuple[Account, ...]
    wants: tuple[Want, ...]

    def live(self, chance: random.Random) -> State:
        """Return a state to begin with: managed values as planned, otherwise or absent, and values of the user."""
        state: State = {"meta": {}, "credentials": [one.empty() for one in self.accounts]}
        for want in self.wants:
            value = self._first(want, chance)
            if value != GONE:
                state = with_leaf(state, want.path, value)
        for path in self.own_paths():
            if chance.random() < 0.6:
                state = with_leaf(state, path, chance.random() < 0.5 if path[-1] == "enabled" else f"mine {path[-1]}")
        return state

    def own_paths(self) -> list[Path]:
        """Return where the user, or the customer's application, has values that no manifest manages."""
        managed = {want.path for want in self.wants}
        found: list[Path] = [("meta", "Name"), ("meta", "seats")]
        for account in self.accounts:
            for at in account.places:
                found += [(*at, "settings", name) for name in ("note", "size", "own-1", "own-2")]
                found += [(*at, "workflow", "wf-alerts", *last) for last in (("enabled",), ("settings", "level"))]
                found += [(*at, "other", "unknown")]
        return [path for path in found if path not in managed]

    @staticmethod
    def _first(want: Want, chance: random.Random) -> Any:
        dice = chance.random()
        if want.path[-1] == "enabled":
            return GONE if dice < 0.3 else chance.random() < 0.5
        if want.is_default or want.value == GONE:
            return GONE if dice < 0.4 else f"old {want.path[-1]}"
        if dice < 0.1:
            return _value(want.value)
        return GONE if dice < 0.3 else f"old {want.path[-1]}"


def _value(json_text: str) -> Any:
    return json.loads(json_text)


def _set(*path: str, to: Any) -> Want:
    return Want(path=path, value=text(to))


def _removed(*path: str) -> Want:
    return Want(path=path, value=GONE)


def _default(*path: str, to: Any) -> Want:
    return Want(path=path, value=text(to), is_default=True)


def _personas() -> list[Persona]:
    """The users of ``users.yaml``."""
    now = Account(id="now", configurations=(("cfg-now", None),))
    team = Account(id="team", configurations=(("cfg-first", None), ("cfg-team", "team-b")))
    mapping = {"objectMapping": "Contact", "userCreatedFields": ["Planned B", "Planned A"]}
    return [
        Persona(
            user="u-channel",
            accounts=(Account(id="c0"),),
            wants=(_set("c0", "", "settings", "channel", to="Planned Channel"),),
        ),
        Persona(
            user="u-several",
            accounts=(Account(id="c1"),),
            wants=(
                _set("c1", "", "settings", "channel", to="Planned Channel"),
                _set("c1", "", "settings", "size", to="Planned 3"),
                _removed("c1", "", "settings", "note"),
            ),
        ),
        Persona(
            user="u-default",
            accounts=(Account(id="c2"),),
            wants=(
                _set("c2", "", "settings", "channel", to="Planned Channel "),
                _default("c2", "", "settings", "region", to="Planned Region"),
            ),
        ),
        Persona(
            user="u-flow",
            accounts=(Account(id="c3"),),
            wants=(
                _set("c3", "", "workflow", "wf-notify", "enabled", to=True),
                _set("c3", "", "workflow", "wf-digest", "settings", "day", to="Planned Day"),
            ),
        ),
        Persona(
            user="u-meta",
            accounts=(Account(id="c4"),),
            wants=(_set("meta", "plan", to="Planned Plan"), _set("meta", "tier", to="Planned Tier")),
        ),
        Persona(
            user="u-both",
            accounts=(Account(id="c5"),),
            wants=(
                _set("meta", "plan", to="Planned Plan"),
                _set("c5", "", "settings", "channel", to="Planned Channel"),
                _set("c5", "", "workflow", "wf-notify", "enabled", to=True),
            ),
        ),
        Persona(
            user="u-two",
            accounts=(Account(id="main", external="crm-main"), Account(id="side", external="crm-side")),
            wants=(
                _set("main", "", "settings", "channel", to="Planned Main"),
                _set("side", "", "settings", "region", to="Planned Side"),
            ),
        ),
        Persona(
            user="u-all",
            accounts=(Account(id="a1", external="crm-main"), Account(id="a2", external="crm-side")),
            wants=(
                _set("a1", "", "settings", "channel", to="Planned All"),
                _set("a2", "", "settings", "channel", to="Planned All"),
            ),
        ),
        Persona(
            user="u-now",
            accounts=(now,),
            wants=(
                _set("now", "cfg-now", "settings", "channel", to="Planned Now"),
                _set("now", "cfg-now", "workflow", "wf-notify", "enabled", to=True),
            ),
        ),
        Persona(
            user="u-team",
            accounts=(team,),
            wants=(
                _set("team", "cfg-first", "settings", "channel", to="Planned First"),
                _set("team", "cfg-team", "settings", "channel", to="Planned Team"),
            ),
        ),
        Persona(
            user="u-mapping",
            accounts=(Account(id="c6"),),
            wants=(_set("c6", "", "settings", "mapping", to=mapping),),
        ),
        Persona(
            user="u-off",
            accounts=(Account(id="c7"),),
            wants=(
                _removed("c7", "", "settings", "region"),
                _set("c7", "", "workflow", "wf-notify", "enabled", to=False),
                _removed("c7", "", "workflow", "wf-digest", "settings", "hour"),
            ),
        ),
        Persona(
            user="u-apart",
            accounts=(Account(id="c8"), Account(id="chat", integration="int-chat")),
            wants=(
                _set("meta", "plan", to="Planned Plan"),
                _set("c8", "", "settings", "channel", to="Planned Crm"),
                _set("chat", "", "settings", "channel", to="Planned Chat"),
            ),
        ),
    ]


PERSONAS: Final = {persona.user: persona for persona in _personas()}


@functools.cache
def _loaded() -> Desired:
    """Return what the real loader makes of ``users.yaml``."""
    folder = File(__file__).parent
    resolver = Resolver(CATALOG, now=EPOCH)
    return load([folder / "users.yaml"], SecretScope(folder=folder), resolver, Filters())


def desired(users: Sequence[str]) -> Desired:
    """Return what the manifests ask for of these users, as the real planner takes it."""
    everything, staging = _loaded(), Staging()
    for user in users:
        for document in everything.staging.documents(user):
            staging.add(document)
    return replace(everything, staging=staging, digest="0" * 64)
