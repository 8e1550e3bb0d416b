"""The quick way and the careful way say the same: whatever is told quickly is what ``plan_user`` would have told."""

from __future__ import annotations

from hypothesis import event, given, settings
from hypothesis import strategies as st

from paragon_sync.jsonvalue import Json, JsonObject, Repeated
from paragon_sync.model.compact import CompactDocument
from paragon_sync.model.declared import Account, AccountBy, Configuration, ConfigurationBy
from paragon_sync.model.desired import DesiredDocument
from paragon_sync.model.live import Credential, LiveUser
from paragon_sync.model.planned import Counts
from paragon_sync.model.project import Policy
from paragon_sync.plan.compact_merge import are_compatible, merge_layers, to_compact
from paragon_sync.plan.noop_check import NoopChecker
from paragon_sync.plan.static import conflicts
from paragon_sync.plan.tally import Tally
from paragon_sync.plan.user import UserPlan, plan_user
from tests.unit.plan.build import CATALOG, BlockSpec, WorkflowSpec, credential, document, layer, user, written

IDS = ["a", "b", "c"]
WORKFLOWS = ["notify", "alerts", "gone"]
# few, so that what is asked for often is what is live
VALUES: st.SearchStrategy[Json] = st.sampled_from([True, 1, 1.0, "", None, "x", [1], [True], {"k": 1}, {"k": 1.0}])
SETTINGS = st.dictionaries(st.sampled_from(IDS), VALUES, max_size=2)
ACCOUNTS: st.SearchStrategy[Account] = st.sampled_from(
    [*["only"] * 5, "all", AccountBy(field="providerId", value="T0"), AccountBy(field="externalId", value="crm")]
)
CONFIGURATIONS: st.SearchStrategy[Configuration] = st.sampled_from(
    [*["default"] * 5, "all", ConfigurationBy(field="externalId", value="team-b")]
)


@st.composite
def blocks(draw: st.DrawFn) -> BlockSpec:
    """Few names and few values: documents meet, and what is asked for often is live."""
    ids = draw(st.permutations(IDS))
    workflow = WorkflowSpec(
        enabled=draw(st.none() | st.booleans()),
        settings={name: value for name, value in draw(SETTINGS).items() if name == ids[0]},
        defaults={name: draw(VALUES) for name in ids[1:2] if draw(st.booleans())},
        unset=[name for name in ids[2:] if draw(st.booleans())],
        exact=draw(st.integers(0, 19)) == 0,
    )
    return BlockSpec(
        integration=draw(st.sampled_from(["slack", "slack", "slack", "salesforce"])),
        settings={name: value for name, value in draw(SETTINGS).items() if name in ids[:2]},
        defaults={name: draw(VALUES) for name in ids[1:2] if draw(st.booleans())},
        unset=[name for name in ids[2:] if draw(st.booleans())],
        blank=tuple(draw(st.lists(VALUES, max_size=2))),
        workflows=draw(st.dictionaries(st.sampled_from(WORKFLOWS), st.booleans() | st.just(workflow), max_size=2)),
        account=draw(ACCOUNTS),
        configuration=draw(CONFIGURATIONS),
        exact=draw(st.integers(0, 19)) == 0,
        release=["a"] if draw(st.integers(0, 19)) == 0 else [],
    )


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
        found[name] = dict(draw(st.dictionaries(st.sampled_from(WORKFLOWS), entries, max_size=3)))
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


@st.composite
def documents(draw: st.DrawFn) -> list[DesiredDocument]:
    found = []
    for number in range(draw(st.sampled_from([1, 1, 1, 1, 2]))):
        profiles = [
            layer(draw(blocks()), file=f"profile {number}.{depth}", metadata=draw(SETTINGS))
            for depth in range(draw(st.sampled_from([0, 0, 1, 2])))
        ]
        own = draw(st.lists(blocks(), max_size=2))
        found.append(document(*own, file=f"{number}.yaml", metadata=draw(SETTINGS), profiles=profiles))
    return found


def asked(found: list[DesiredDocument]) -> list[CompactDocument] | None:
    """What the documents ask for, if all of them are plain enough."""
    told = [merge_layers([to_compact(one) for one in document.layers]) for document in found]
    plain = [one for one in told if one is not None]
    return plain if len(plain) == len(told) else None


def counted(plan: UserPlan) -> Counts:
    tally = Tally()
    tally.add(plan)
    return tally.counts


@settings(max_examples=600)
@given(documents(), live_users())
def test_what_is_told_quickly_is_what_careful_planning_tells(found: list[DesiredDocument], live: LiveUser) -> None:
    careful = plan_user(found, live, CATALOG, Policy())
    for seen in (live, written(live, careful)):
        careful = plan_user(found, seen, CATALOG, Policy())
        demands = asked(found)
        told = None if demands is None else NoopChecker(CATALOG).check(demands, seen)
        event(f"told quickly: {told is not None}, and carefully: {careful.operations == careful.findings == ()}")
        if told is not None:
            assert ((), (), ()) == (careful.operations, careful.findings, careful.ignored)
            assert counted(careful) == counted(UserPlan(user=seen.user, enabled_live=told))


@settings(max_examples=300)
@given(documents())
def test_documents_that_agree_do_not_contradict_each_other(found: list[DesiredDocument]) -> None:
    demands = asked(found)
    if demands is not None and are_compatible(demands):
        assert [] == conflicts(found)
