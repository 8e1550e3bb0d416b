"""Documents that are accepted at once are those, and say that, which the careful way would have said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from paragon_sync import jsonvalue
from paragon_sync.catalog.resolve import Resolver
from paragon_sync.jsonvalue import Json, Number
from paragon_sync.manifest import schema
from paragon_sync.manifest.document import Builder
from paragon_sync.manifest.ordinary import asked
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.model.catalog import Catalog, Input, Integration, Workflow
from paragon_sync.model.compact import CompactDocument
from paragon_sync.model.declared import Place
from paragon_sync.plan.compact_merge import to_compact

INPUTS = (
    Input(id="channel", title="Channel", type="TEXT_NO_VARS"),
    Input(id="first", title="Twin", type="TEXT_NO_VARS"),
    Input(id="second", title="Twin", type="TEXT_NO_VARS"),
    Input(id="often", title="Often", type="ENUM", values=("daily", "weekly")),
    Input(id="count", title="channel", type="NUMBER"),
    Input(id="map", title="Mapping", type="FIELD_MAPPER"),
    Input(id="shown", title="Shown", type="COPYABLE_BUTTON_INPUT"),
    Input(id="new", title="New", type="NOT_KNOWN_YET"),
)
CATALOG = Catalog(
    project="p",
    pulled="2024-01-01T00:00:00Z",
    origin="test",
    integrations={
        "slack": Integration(
            type="slack",
            id="int-slack",
            inputs=INPUTS,
            workflows=(
                Workflow(id="notify", description="Notify", inputs=INPUTS[:4]),
                Workflow(id="digest", description="Digest"),
            ),
        )
    },
)


def either(usual: st.SearchStrategy[Any], other: st.SearchStrategy[Any], of: int) -> st.SearchStrategy[Any]:
    """The other one once ``of`` so many times."""
    return st.sampled_from([usual] * (of - 1) + [other]).flatmap(lambda chosen: chosen)


def sometimes(strategy: st.SearchStrategy[Any], often: int = 1, of: int = 8) -> st.SearchStrategy[Any]:
    nothing: st.SearchStrategy[Any] = st.none()
    return st.sampled_from([strategy] * often + [nothing] * (of - often)).flatmap(lambda chosen: chosen)


# what is asked for is mostly right, so that many documents are accepted
NAMES = ["channel", "Channel", "often", "Often", "new", "New", "id:channel"] * 3
NAMES += [name for one in INPUTS for name in (one.id, one.title)] + ["id:gone", "gone"]
SCALARS: st.SearchStrategy[Json] = st.sampled_from(
    ["daily"] * 20 + ["weekly", None] * 4 + ["x", "", True, 1, 1.5, Number("1e5"), "{{ user }}", "\ud800"]
)
COMPOUND: st.SearchStrategy[Json] = st.sampled_from(
    [{"fieldMappings": {"a": "b"}}, {"fieldMappings": 1}, {"$env": "HOME"}, [{"$literal": 1}], {"$x": 1}, []]
)
VALUES = either(SCALARS, COMPOUND, of=10)


def values(count: int = 2) -> st.SearchStrategy[dict[str, Json]]:
    return st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=count)


@st.composite
def sections(draw: st.DrawFn, **more: st.SearchStrategy[Any]) -> dict[str, Any]:
    """Some of the sections of a level."""
    known: dict[str, st.SearchStrategy[Any]] = {
        "settings": sometimes(values(), 6),
        "defaults": sometimes(values(1), 3),
        "unset": sometimes(st.lists(st.sampled_from(NAMES), max_size=1)),
        "blank": sometimes(st.lists(SCALARS, max_size=1)),
        "exact": sometimes(st.booleans(), of=100),
        "keep": sometimes(st.just(["channel"]), of=100),
        "release": sometimes(st.just(["channel"]), of=100),
        **more,
    }
    found = {name: draw(strategy) for name, strategy in known.items()}
    return {name: value for name, value in found.items() if value is not None}


BLOCKS = sections(
    account=sometimes(st.sampled_from([{"externalId": "a"}, {"all": True}, {"credentialId": "c"}])),
    configuration=sometimes(st.sampled_from(["all", "team-b", {"id": "g"}, {"externalId": "all"}])),
    workflows=sometimes(
        st.dictionaries(
            st.sampled_from(["notify", "Notify", "digest", "Digest", "gone"]),
            st.booleans() | sections(enabled=sometimes(st.booleans(), 4)),
            max_size=2,
        ),
        4,
    ),
)
INTEGRATIONS = st.dictionaries(
    st.sampled_from([*["slack"] * 19, "other"]),
    either(BLOCKS, st.lists(BLOCKS, min_size=1, max_size=2), of=20),
    max_size=1,
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    found = {
        "apiVersion": "paragon-sync/v1",
        "kind": "User",
        "user": "acme",
        "integrations": draw(INTEGRATIONS),
        "metadata": draw(sometimes(st.dictionaries(st.sampled_from(["plan", "Name"]), VALUES, max_size=1), 2)),
        "profiles": draw(sometimes(st.just(["standard"]))),
        "release": draw(sometimes(st.just(["plan"]), of=40)),
        "template": draw(sometimes(st.booleans(), of=40)),
        "unknown": draw(sometimes(st.just(1), of=40)),
    }
    return {name: value for name, value in found.items() if value is not None}


def told(found: CompactDocument) -> str:
    """All that is asked for, with every type in sight; a workflow of which nothing is asked is the same as none."""
    metadata, blocks = found
    plain: dict[str, Any] = {}
    for kind, (account, configuration, owned, soft, workflows) in blocks.items():
        asked_of_any = {id_: one for id_, one in workflows.items() if one != (None, {}, {})}
        plain[kind] = [account, configuration, owned, soft, asked_of_any]
    return jsonvalue.dumps([metadata, plain], sort_keys=True)


@settings(max_examples=500)
@given(documents())
def test_what_is_accepted_at_once_says_what_careful_reading_tells(document: dict[str, Any]) -> None:
    resolver = Resolver(CATALOG)
    found = asked(document, resolver.known.integration) if schema.accepts("user", document) else None
    event(f"accepted: {found is not None}")
    if found is None:
        return
    place = Place(file="a.yaml")
    builder = Builder(place, SecretScope(folder=Path()))
    user = builder.user(document)
    layer, faults = resolver.fragment(user.fragment, "a.yaml")
    assert ([], [], []) == (schema.check("user", document, place), builder.faults, faults)
    expected = to_compact(layer)
    assert expected is not None
    assert told(expected) == told(found)
