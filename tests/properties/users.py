"""Strategies for properties of plans: users as the API shows them, in every shape, and documents about them."""

from __future__ import annotations

from hypothesis import strategies as st

from paragon_sync.jsonvalue import Json, JsonObject, Number
from paragon_sync.model.desired import DesiredDocument
from paragon_sync.model.live import Credential, LiveUser
from tests.unit.plan.build import BlockSpec, WorkflowSpec, credential, document, layer, user

MAPS = ("configuredWorkflows", "workflowSettings")
KEYS = st.sampled_from(["", "a", "b", "a/b", "~", "x.y", "\ud800", "enabled", "settings", "__c__"])
SCALARS = st.sampled_from(
    [None, True, False, 0, 1, 1.0, -0.0, 2**64 + 1, 2**64, Number("1e5"), Number("1.10"), "", "1", "\ud800", "é"]
)
VALUES: st.SearchStrategy[Json] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=4)
WORKFLOWS = ["notify", "alerts", "escalate", "gone", ""]


@st.composite
def entries(draw: st.DrawFn) -> JsonObject:
    """A workflow's entry: partly filled, with keys that nobody knows."""
    entry: JsonObject = {f"more {key}": value for key, value in draw(OBJECTS).items()}
    if draw(st.booleans()):
        entry["enabled"] = draw(st.booleans())
    if draw(st.booleans()):
        entry["settings"] = dict(draw(OBJECTS))
    return entry


WORKFLOW_MAPS = st.dictionaries(st.sampled_from(WORKFLOWS), entries(), max_size=3).map(dict)


@st.composite
def sections(draw: st.DrawFn, names: tuple[str, ...] = MAPS) -> JsonObject:
    """What a configuration holds, well-formed, with sections left out, doubled, and unknown ones beside them."""
    found: JsonObject = {f"more {key}": value for key, value in draw(OBJECTS).items()}
    if draw(st.booleans()):
        found["sharedSettings"] = dict(draw(OBJECTS))
    workflows: Json = dict(draw(WORKFLOW_MAPS))
    for name in draw(st.lists(st.sampled_from(names), unique=True, max_size=2)):
        found[name] = workflows
    return found


@st.composite
def accounts(draw: st.DrawFn, number: int) -> Credential:
    """A credential in each shape of the table."""
    one = {"id": f"cred-{number}", "providerId": f"T{number}"}
    shape = draw(st.sampled_from(["neither", "config", "configurations", "both", "both, config empty"]))
    if shape == "neither":
        return credential(**one)
    if shape == "config":
        return credential(draw(sections()), **one)
    default = draw(sections())
    kept: JsonObject = {"id": "default", "isDefault": True, "externalId": None, "dateUpdated": "2024"}
    other: JsonObject = {"id": "b", "isDefault": False, "externalId": "team-b"}
    configurations: list[Json] = [kept | default, other | draw(sections())]
    if shape == "configurations":
        return credential(configurations=configurations, **one)
    if shape == "both, config empty":
        return credential({}, configurations=configurations, **one)
    return credential(default | {"only config has": draw(VALUES)}, configurations=configurations, **one)


@st.composite
def users(draw: st.DrawFn) -> LiveUser:
    found = [draw(accounts(number)) for number in range(draw(st.integers(1, 2)))]
    return user(*found, meta=dict(draw(OBJECTS)))


@st.composite
def workflow_specs(draw: st.DrawFn) -> WorkflowSpec:
    names = draw(st.permutations(["a", "b", "", "a/b"]))
    return WorkflowSpec(
        enabled=draw(st.none() | st.booleans()),
        settings={name: draw(VALUES) for name in names[: draw(st.integers(0, 1))]},
        defaults={name: draw(VALUES) for name in names[1 : 1 + draw(st.integers(0, 1))]},
        unset=names[2 : 2 + draw(st.integers(0, 1))],
        exact=draw(st.booleans()),
    )


@st.composite
def blocks(draw: st.DrawFn) -> BlockSpec:
    names = draw(st.permutations(["a", "b", "", "a/b", "~", "\ud800"]))
    return BlockSpec(
        settings={name: draw(VALUES) for name in names[: draw(st.integers(0, 2))]},
        defaults={name: draw(VALUES) for name in names[2 : 2 + draw(st.integers(0, 1))]},
        blank=tuple(draw(st.lists(SCALARS, max_size=2))),
        unset=names[4 : 4 + draw(st.integers(0, 1))],
        keep=names[5 : 5 + draw(st.integers(0, 1))],
        exact=draw(st.booleans()),
        workflows=draw(st.dictionaries(st.sampled_from(WORKFLOWS), st.booleans() | workflow_specs(), max_size=3)),
        account="all",
        configuration=draw(st.sampled_from(["default", "all"])),
    )


@st.composite
def documents(draw: st.DrawFn) -> list[DesiredDocument]:
    """Up to three, each with a profile or without; they may well contradict each other."""
    found = []
    for number in range(draw(st.integers(1, 3))):
        profile = [layer(draw(blocks()), file=f"profile {number}")] if draw(st.booleans()) else []
        metadata = draw(st.dictionaries(KEYS, VALUES, max_size=2))
        found.append(document(draw(blocks()), file=f"{number}.yaml", metadata=metadata, profiles=profile))
    return found
