"""Users of every shape, what the manifests declare of them, and, written by hand, what they shall hold in the end.

The judges of the soak tests go by this and by the emulator: nothing here comes from the planner.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from paragon_sync.emulator import Emulator
from paragon_sync.emulator.codec import Json
from paragon_sync.emulator.state import UserState
from paragon_sync.emulator.values import ABSENT, Absent, Place, holder
from tests.workbench import account, user

Document = dict[str, Any]
Target = tuple[str, str | None, str | None]
"""User, credential, configuration: what one operation writes; no credential for the metadata."""

PERMISSIONS: Final = {"wf-alerts": {"plan": ["pro", "enterprise"]}}
"""Whom a change of metadata sends to another plan loses this workflow at once."""

POLICY: Final = {"usersChanged": "100%", "valuesRemoved": 1_000_000, "workflowsDisabled": 1_000_000}


@dataclass(kw_only=True)
class Person:
    """One user: what is live at first, the document about it, and the managed values as they shall be."""

    name: str
    live: Document
    document: Document
    shall: dict[Target, dict[Place, Json | Absent]] = field(default_factory=dict)

    def settings(self, credential: str, configuration: str | None, **values: Json | Absent) -> None:
        """Settings of an account that shall be so; a removed one is ABSENT."""
        for name, value in values.items():
            self.expect(credential, configuration, ("sharedSettings", name), value)

    def expect(self, credential: str, configuration: str | None, keys: tuple[str, ...], value: Json | Absent) -> None:
        target = (self.name, credential, configuration)
        self.shall.setdefault(target, {})[Place(credential, configuration, keys)] = value

    def mirror(self, credential: str, configuration: str) -> None:
        """The account's ``config`` shall hold the same, under the other name of the workflow map."""
        expected = self.shall[self.name, credential, configuration]
        names = {"workflowSettings": "configuredWorkflows"}
        expected |= {
            Place(credential, None, (names.get(place.keys[0], place.keys[0]), *place.keys[1:])): value
            for place, value in expected.items()
        }

    def metadata(self, **values: Json) -> None:
        """Metadata that are declared, and so shall be."""
        self.document["metadata"] = values
        self.shall[self.name, None, None] = {Place(None, None, ("meta", key)): value for key, value in values.items()}


@dataclass(frozen=True, kw_only=True)
class Population:
    """All users of a test."""

    people: tuple[Person, ...]
    permissions: bool = False
    """Whether metadata switch workflows."""

    @property
    def fixture(self) -> dict[str, Any]:
        """The users as the emulator's fixtures have them."""
        return {person.name: person.live for person in self.people}

    @property
    def documents(self) -> dict[str, Mapping[str, Any]]:
        """The manifests, by user."""
        return {person.name: person.document for person in self.people}

    @property
    def shall(self) -> dict[Target, dict[Place, Json | Absent]]:
        """Each target with its managed values as they shall be."""
        return {target: values for person in self.people for target, values in person.shall.items()}


def population(count: int, *, permissions: bool = False) -> Population:
    """So many users: every shape, one after the other; with ``permissions`` some whose metadata switch a workflow."""
    return Population(people=tuple(_people(count, permissions=permissions)), permissions=permissions)


def in_current_shape(count: int) -> Population:
    """So many users whose accounts have configurations: the vendor's SDK changes no others."""
    kinds = (_current, _mirrored)
    return Population(people=tuple(kinds[number % 2](f"user-{number:04d}", number) for number in range(count)))


def _people(count: int, *, permissions: bool) -> Iterator[Person]:
    kinds = [_documented, _current, _two_accounts, _mirrored, _metadata_alone, *([_downgraded] if permissions else [])]
    for number in range(count):
        yield kinds[number % len(kinds)](f"user-{number:04d}", number)


def _slack(number: int) -> Document:
    return {
        "settings": {"Channel": f"C-new-{number}"},
        "defaults": {"Frequency": "daily"},
        "unset": ["Legacy token"],
        "workflows": {
            "Send Slack Notification": True,
            "Weekly digest": {"enabled": True, "settings": {"Day": "monday"}},
        },
    }


def _shared(number: int) -> Document:
    """Settings before: managed ones, and neighbours that nobody manages."""
    neighbours = {"note": f"mine-{number}", "x/y~z": [1, True, 1.5], "": {"deep": [None]}, "big": 2**64 + 1}
    return {"channel": "C-old", "legacy": "t", "mentions": True} | neighbours


def _workflows(number: int) -> Document:
    return {
        "wf-notify": {"enabled": False, "settings": {"prefix": f"p{number}"}, "odd": None},
        "wf-alerts": {"enabled": True, "settings": {"level": "high"}},
    }


def _expect_slack(person: Person, credential: str, configuration: str | None, number: int, workflow_map: str) -> None:
    person.settings(credential, configuration, channel=f"C-new-{number}", frequency="daily", legacy=ABSENT)
    for keys, value in (
        (("wf-notify", "enabled"), True),
        (("wf-digest", "enabled"), True),
        (("wf-digest", "settings", "day"), "monday"),
    ):
        person.expect(credential, configuration, (workflow_map, *keys), value)


def _documented(name: str, number: int) -> Person:
    config = {"sharedSettings": _shared(number), "configuredWorkflows": _workflows(number), "unknown": {"a": number}}
    live = user(account(f"c-{number}", config=config), plan="pro", seats=number)
    person = Person(name=name, live=live, document={"integrations": {"slack": _slack(number)}})
    _expect_slack(person, f"c-{number}", None, number, "configuredWorkflows")
    if number % 2:
        person.metadata(plan="enterprise", tier=number)
    return person


def _configuration(credential: str, identity: str, number: int, **more: Any) -> Document:
    return {
        "id": identity,
        "connectCredentialId": credential,
        "sharedSettings": _shared(number),
        "workflowSettings": _workflows(number),
        "configMeta": {"by": ["portal", number]},
        "isDefault": True,
    } | more


def _current(name: str, number: int) -> Person:
    credential = f"c-{number}"
    both = [
        _configuration(credential, f"g-{number}", number),
        _configuration(credential, f"h-{number}", number, isDefault=False, externalId="team-b"),
    ]
    person = Person(
        name=name,
        live=user(account(credential, status="VALID", configurations=both), plan="pro", Name=f"Name {number}"),
        document={
            "integrations": {
                "slack": [_slack(number), {"configuration": "team-b", "settings": {"Channel": f"C-b-{number}"}}]
            }
        },
    )
    person.metadata(plan="enterprise")
    _expect_slack(person, credential, f"g-{number}", number, "workflowSettings")
    person.settings(credential, f"h-{number}", channel=f"C-b-{number}")
    return person


def _two_accounts(name: str, number: int) -> Person:
    slack, other = f"c-{number}", f"s-{number}"
    config = {"sharedSettings": _shared(number), "configuredWorkflows": _workflows(number)}
    at_salesforce = [_configuration(other, f"g-{number}", number, sharedSettings={"region": "us", "owner": "o"})]
    accounts = [
        account(slack, config=config),
        account(other, integration="int-salesforce", status="VALID", configurations=at_salesforce),
    ]
    declared = {"slack": _slack(number), "salesforce": {"settings": {"Region": "eu"}}}
    person = Person(name=name, live=user(*accounts, plan="pro"), document={"integrations": declared})
    _expect_slack(person, slack, None, number, "configuredWorkflows")
    person.settings(other, f"g-{number}", region="eu")
    return person


def _mirrored(name: str, number: int) -> Person:
    """An account in both shapes, which agree: ``config`` follows the default configuration."""
    credential = f"c-{number}"
    config = {"sharedSettings": _shared(number), "configuredWorkflows": _workflows(number), "only": "here"}
    entry = _configuration(credential, f"g-{number}", number)
    live = user(account(credential, status="VALID", config=config, configurations=[entry]), plan="pro")
    person = Person(name=name, live=live, document={"integrations": {"slack": _slack(number)}})
    _expect_slack(person, credential, f"g-{number}", number, "workflowSettings")
    person.mirror(credential, f"g-{number}")
    return person


def _metadata_alone(name: str, number: int) -> Person:
    config = {"sharedSettings": _shared(number), "configuredWorkflows": _workflows(number)}
    live = user(account(f"c-{number}", config=config), plan="pro", tags=["a", number], **{"x/y": 1})
    person = Person(name=name, live=live, document={})
    person.metadata(plan="enterprise", tier=number)
    return person


def _downgraded(name: str, number: int) -> Person:
    """The metadata that are declared switch off a workflow which the document doesn't name."""
    person = _documented(name, number - number % 2)
    person.metadata(plan="free")
    return person


def initial_states(population: Population, emulator: Emulator) -> dict[str, UserState]:
    """What the emulator holds now, to be put back by :func:`put_back`."""
    return {person.name: emulator.site.users.read(person.name) for person in population.people}


def put_back(states: Mapping[str, UserState], emulator: Emulator) -> None:
    """Let the emulator hold these again, and forget what it saw."""
    for name, state in states.items():
        emulator.site.users.write(name, state)
    emulator.forget()


def value_at(state: UserState, place: Place) -> Json | Absent:
    """What a place holds."""
    held: Json | Absent = state.meta if place.credential is None else holder(state, place)
    for key in place.keys[1:] if place.credential is None else place.keys:
        held = held.get(key, ABSENT) if isinstance(held, dict) else ABSENT
    return held
