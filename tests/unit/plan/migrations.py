"""Short words for tests of migrations: steps on ids, and who is meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from paragon_sync.jsonvalue import Json, Pointer
from paragon_sync.model.catalog import Input
from paragon_sync.model.declared import Declared, Place
from paragon_sync.model.desired import DesiredBlock, DesiredDocument, DesiredFragment, Setting, WorkflowSetting
from paragon_sync.model.live import LiveUser
from paragon_sync.model.migration import (
    Action,
    DesiredMigration,
    Enrolment,
    Entry,
    FillValue,
    MapValues,
    Move,
    RemoveValue,
    SettingPath,
    SetValue,
    Step,
    Switch,
    Undecided,
    Verb,
    Vocabulary,
    Where,
)
from paragon_sync.model.planned import Enablement
from paragon_sync.model.project import Policy
from paragon_sync.plan.user import UserPlan, plan_user
from tests.unit.plan.build import CATALOG

PLACE = Place(file="m.yaml")
VOCABULARY = Vocabulary(
    settings={"Channel": "channel", "channel": "channel", "Note": "note", "Webhook": "webhook"},
    workflows={"Send notification": "notify", "notify": "notify", "Alerts": "alerts"},
    workflow_settings={"notify": {"Day": "day", "day": "day"}},
)
Test = Callable[[Mapping[str, object]], "bool | Undecided"]


def at(setting: str, *inside: str) -> SettingPath:
    """``channel``, or ``notify.day``; then the path inside its value."""
    workflow, dot, own = setting.partition(".")
    return SettingPath(WorkflowSetting(workflow, own) if dot else Setting(setting), inside)


def rename(source: str, destination: str, *, overwrite: bool = False) -> tuple[Verb, Action]:
    return "rename", Move(source=at(source), destination=at(destination), overwrite=overwrite)


def move(source: SettingPath, destination: SettingPath, *, overwrite: bool = False) -> tuple[Verb, Action]:
    return "move", Move(source=source, destination=destination, overwrite=overwrite)


def table(
    setting: str, values: Sequence[tuple[Json, Json]], *inside: str, fail: bool = False, secret: bool = False
) -> tuple[Verb, Action]:
    entries = [Entry(value=a, result=Declared(value=b, place=PLACE, secret=secret), place=PLACE) for a, b in values]
    return "map", MapValues(setting=at(setting, *inside), table=tuple(entries), otherwise="fail" if fail else "keep")


def put(setting: str, value: Json, *inside: str, secret: bool = False) -> tuple[Verb, Action]:
    return "set", SetValue(setting=at(setting, *inside), value=Declared(value=value, place=PLACE, secret=secret))


def fill(setting: str, value: Json, *inside: str, blank: tuple[Json, ...] = ()) -> tuple[Verb, Action]:
    given = Declared(value=value, place=PLACE)
    return "default", FillValue(setting=at(setting, *inside), value=given, blank=blank)


def remove(setting: str, *inside: str) -> tuple[Verb, Action]:
    return "remove", RemoveValue(setting=at(setting, *inside))


def switch(workflow: str, *, enabled: bool) -> tuple[Verb, Action]:
    return "enable" if enabled else "disable", Switch(workflow=workflow, enabled=enabled)


def migration(
    *steps: tuple[Verb, Action],
    name: str = "m",
    existing: bool = False,
    where: Test | None = None,
    fits: Callable[[Input, Json, bool], str | None] | None = None,
    pointer: Pointer = (),
) -> Enrolment:
    place = Place(file=f"{name}.yaml", pointer=pointer)
    numbered = [
        Step(
            number=number,
            verb=verb,
            place=Place(file=f"{name}.yaml", pointer=("steps", str(number - 1))),
            actions=(action,),
            existing=existing,
        )
        for number, (verb, action) in enumerate(steps, 1)
    ]
    return Enrolment(
        migration=DesiredMigration(
            name=name,
            place=place,
            block=DesiredBlock(integration="slack", place=place, account="all"),
            steps=tuple(numbered),
            where=None if where is None else Where(text="…", place=Place(file=f"{name}.yaml", pointer=("where",))),
            vocabulary=VOCABULARY,
        ),
        where=where,
        fits=fits,
    )


def document_of(enrolment: Enrolment) -> DesiredDocument:
    """What selects the accounts of a migration."""
    found = enrolment.migration
    layer = DesiredFragment(source=found.source, blocks=(found.block,))
    return DesiredDocument(user="acme", place=found.place, layers=(layer,))


def plan_migrations(
    live: LiveUser,
    *enrolments: Enrolment,
    documents: Sequence[DesiredDocument] = (),
    policy: Policy | None = None,
    enablement: Enablement = "config",
) -> UserPlan:
    found = [*documents, *map(document_of, enrolments)]
    return plan_user(found, live, CATALOG, policy or Policy(), enablement=enablement, enrolments=enrolments)
