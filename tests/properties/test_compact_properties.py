"""Compact documents: comparing them with live finds what the whole planner would find, and nothing is lost in them."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import event, given, settings
from hypothesis import strategies as st

from paragon_sync.catalog.resolve import Resolver
from paragon_sync.jsonvalue import Json, JsonObject, Repeated
from paragon_sync.model.compact import CompactDocument
from paragon_sync.model.declared import Content, Fault, Place
from paragon_sync.model.desired import DesiredDocument
from paragon_sync.model.live import Credential, LiveUser
from paragon_sync.model.planned import Counts
from paragon_sync.model.project import Policy
from paragon_sync.plan.compact_merge import are_compatible, merge_layers
from paragon_sync.plan.noop_check import NoopChecker
from paragon_sync.plan.static import conflicts, idle_releases
from paragon_sync.plan.tally import Tally
from paragon_sync.plan.user import UserPlan, plan_user
from tests.unit.plan.build import CATALOG, credential, user, written

IDS = ["a", "b", "c"]
NAMES = [*(f"id:{id_}" for id_ in IDS), "Note", "note"]
WORKFLOWS = ["notify", "Send notification", "alerts", "id:gone"]
LIVE_WORKFLOWS = ["notify", "alerts", "gone"]
# few, so that what is asked for often is what is live
VALUES: st.SearchStrategy[Json] = st.sampled_from([True, 1, 1.0, "", None, "x", [1], [True], {"k": 1}, {"k": 1.0}])
METADATA = st.dictionaries(st.sampled_from(IDS), VALUES, max_size=2)
DECLARED = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=2)
SETTINGS = st.dictionaries(st.sampled_from([*IDS, "note"]), VALUES, max_size=2)


def sometimes(strategy: st.SearchStrategy[Any], of: int) -> st.SearchStrategy[Any]:
    """Once in so many times."""
    nothing: st.SearchStrategy[Any] = st.none()
    return st.sampled_from([strategy] + [nothing] * (of - 1)).flatmap(lambda chosen: chosen)


@st.composite
def parts(draw: st.DrawFn, **strategies: st.SearchStrategy[Any]) -> dict[str, Any]:
    """An object without those parts that come out as None."""
    found = {name: draw(strategy) for name, strategy in strategies.items()}
    return {name: value for name, value in found.items() if value is not None}


def level(*, releases: bool) -> dict[str, st.SearchStrategy[Any]]:
    names = st.lists(st.sampled_from(NAMES), max_size=1)
    return {
        "settings": sometimes(DECLARED, 2),
        "defaults": sometimes(DECLARED, 3),
        "blank": sometimes(st.lists(VALUES, max_size=2), 2),
        "unset": sometimes(names, 4),
        "keep": sometimes(names, 8),
        "exact": sometimes(st.just(value=True), 6),
        "release": sometimes(names, 16) if releases else st.none(),
    }


def block(*, releases: bool) -> st.SearchStrategy[dict[str, Any]]:
    workflow = st.booleans() | parts(enabled=sometimes(st.booleans(), 2), **level(releases=releases))
    return parts(
        **level(releases=releases),
        account=sometimes(st.sampled_from([{"all": True}, {"providerId": "T0"}, {"externalId": "crm"}]), 3),
        configuration=sometimes(st.sampled_from(["all", "team-b"]), 4),
        workflows=sometimes(st.dictionaries(st.sampled_from(WORKFLOWS), workflow, max_size=2), 2),
    )


def sections_of(*, releases: bool) -> st.SearchStrategy[dict[str, Any]]:
    one = block(releases=releases)
    blocks = st.sampled_from([one] * 6 + [st.lists(one, min_size=1, max_size=2)]).flatmap(lambda chosen: chosen)
    return parts(
        metadata=sometimes(METADATA, 2),
        release=sometimes(st.just(["a"]), 16) if releases else st.none(),
        integrations=st.dictionaries(st.sampled_from(["slack", "slack", "slack", "salesforce"]), blocks, max_size=2),
    )


class Documents(NamedTuple):
    """One user's documents, in both forms, and what is wrong in them."""

    compact: list[CompactDocument]
    claims: list[DesiredDocument]
    faults: list[Fault]
    settled: bool


@st.composite
def documents(draw: st.DrawFn) -> Documents:
    resolver, found = Resolver(CATALOG), Documents([], [], [], settled=True)
    for number in range(draw(st.sampled_from([1, 1, 1, 1, 2]))):
        layers = [draw(sections_of(releases=False)) for _ in range(draw(st.sampled_from([0, 0, 1, 2])))]
        layers.append(draw(sections_of(releases=True)))
        contents = [Content(f"{number}.{depth}.yaml", 0, sections) for depth, sections in enumerate(layers)]
        resolved = [resolver.compact(content) for content in contents]
        in_full = [resolver.fragment(content, content.file) for content in contents]
        assert [faults for _, faults, _ in resolved] == [faults for _, faults in in_full]
        found.compact.append(merge_layers([compact for compact, _, _ in resolved]))
        claims = tuple(layer for layer, _ in in_full)
        found.claims.append(DesiredDocument(user="acme", place=Place(file=contents[-1].file), layers=claims))
        found.faults.extend(fault for _, faults, _ in resolved for fault in faults)
        found = found._replace(settled=found.settled and all(settled for _, _, settled in resolved))
    return found


@st.composite
def sections(draw: st.DrawFn) -> JsonObject:
    entry = st.fixed_dictionaries({}, optional={"enabled": st.booleans(), "settings": SETTINGS.map(dict)})
    odd: st.SearchStrategy[Json] = st.sampled_from([None, [], "x", Repeated((("k", 1), ("k", 2)))])

    def odds() -> bool:
        return draw(st.sampled_from([False] * 19 + [True]))

    found: JsonObject = {}
    if draw(st.booleans()):
        found["sharedSettings"] = draw(odd if odds() else SETTINGS.map(dict))
    if draw(st.booleans()):
        name = draw(st.sampled_from(["configuredWorkflows", "workflowSettings"]))
        entries = odd if odds() else entry.map(dict)
        found[name] = dict(draw(st.dictionaries(st.sampled_from(LIVE_WORKFLOWS), entries, max_size=3)))
        if draw(st.integers(0, 5)) == 0:
            found["workflowSettings"] = found["configuredWorkflows"] = found[name]
    return found


@st.composite
def accounts(draw: st.DrawFn, number: int, kind: str) -> Credential:
    more: JsonObject = {"id": f"c{number}", "providerId": f"T{number}", "integrationId": f"int-{kind}"}
    more |= draw(st.sampled_from([*[{}] * 17, {"status": "PENDING"}, {"status": "INVALID"}, {"status": None}]))
    more |= draw(st.sampled_from([{}, {"externalId": "crm"}]))
    more |= draw(st.sampled_from([{}] * 9 + [{"dateDeleted": "2024"}]))
    shape = draw(st.sampled_from(["neither", "config", "configurations", "both"] * 4 + ["odd"]))
    if shape == "odd":
        odd: list[JsonObject] = [{"config": []}, {"configurations": [1]}, {"configurations": {}, "config": {}}]
        return credential(**(more | draw(st.sampled_from(odd))))
    default = draw(sections())
    if shape in {"config", "both"}:
        more["config"] = default
    if shape in {"configurations", "both"}:
        own = draw(sections()) if draw(st.integers(0, 9)) == 0 else default
        marked: JsonObject = {"isDefault": True} if draw(st.booleans()) else {}
        entries: list[Json] = [{"id": f"g{number}", **marked, **own}]
        if draw(st.booleans()):
            other = draw(sections())
            entries.append({"id": f"h{number}", "isDefault": False, "externalId": "team-b", **other})
        more["configurations"] = entries
    return credential(**more)


@st.composite
def live_users(draw: st.DrawFn) -> LiveUser:
    kinds = draw(st.sampled_from([*[["slack", "salesforce"]] * 6, ["slack", "slack", "salesforce"], ["slack"], []]))
    found = [draw(accounts(number, kind)) for number, kind in enumerate(kinds)]
    return user(*found, meta=draw(SETTINGS.map(dict)) if draw(st.integers(0, 9)) else None)


class Nudge(NamedTuple):
    """One value to be put somewhere: a setting, or whether a workflow is enabled (None), or a setting of it."""

    workflow: str | None
    id: str | None
    value: Json


NUDGES = st.builds(
    Nudge, st.none() | st.sampled_from(LIVE_WORKFLOWS), st.sampled_from([*IDS, "note", None]), VALUES | st.booleans()
)


def nudged(live: LiveUser, nudge: Nudge) -> LiveUser:
    """The same user with one more or another value in every configuration."""

    def put(found: Json) -> Json:
        if not isinstance(found, dict):
            return found
        maps = [name for name in ("configuredWorkflows", "workflowSettings") if isinstance(found.get(name), dict)]
        if nudge.workflow is None:
            return _with(found, ["sharedSettings", nudge.id or "a"], nudge.value)
        for name in maps or ["configuredWorkflows"]:
            inside = ["enabled"] if nudge.id is None else ["settings", nudge.id]
            found = _with(found, [name, nudge.workflow, *inside], nudge.value)
        return found

    credentials = []
    for one in live.credentials:
        raw = dict(one.raw)
        entries = raw.get("configurations")
        if isinstance(entries, list) and entries:
            raw["configurations"] = [put(entry) for entry in entries]
        if raw.get("config"):
            raw["config"] = put(raw["config"])
        credentials.append(Credential(raw))
    return user(*credentials, meta=live.meta)


def _with(found: JsonObject, path: list[str], value: Json) -> JsonObject:
    head, *rest = path
    if not rest:
        return {**found, head: value}
    inner = found.get(head, {})
    return {**found, head: _with(inner, rest, value)} if isinstance(inner, dict) else found


def counted(plan: UserPlan) -> Counts:
    tally = Tally()
    tally.add(plan)
    return tally.counts


@settings(max_examples=800)
@given(documents(), live_users(), NUDGES)
def test_where_comparing_finds_no_change_planning_finds_none(found: Documents, live: LiveUser, nudge: Nudge) -> None:
    after = written(live, plan_user(found.claims, live, CATALOG, Policy()))
    for seen in (live, after, nudged(after, nudge)):
        planned = plan_user(found.claims, seen, CATALOG, Policy())
        enabled = NoopChecker(CATALOG).check(found.compact, seen)
        event(f"compared: {enabled is not None}, planned: {planned.operations == planned.findings == ()}")
        if enabled is not None:
            assert ((), (), ()) == (planned.operations, planned.findings, planned.ignored)
            assert counted(planned) == counted(UserPlan(user=seen.user, enabled_live=enabled))


@settings(max_examples=500)
@given(documents())
def test_documents_that_are_settled_and_compatible_do_not_contradict_each_other(found: Documents) -> None:
    judged = found.settled and are_compatible(found.compact)
    event(f"compatible: {judged}, faults: {bool(found.faults)}")
    if judged and not found.faults:
        assert [] == [*conflicts(found.claims), *idle_releases(found.claims)]
