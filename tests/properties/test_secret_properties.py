"""No secret appears in any rendering, wherever it stands and whatever stands beside it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from paragon_sync.jsonvalue import ABSENT, Json, JsonObject
from paragon_sync.model.decision import Contender, Decision
from paragon_sync.model.declared import Place, Position
from paragon_sync.model.desired import Default, MetadataKey, Release, Set, Setting, Unset, WorkflowSetting
from paragon_sync.model.moment import Moment, Window
from paragon_sync.model.outcome import Applied, Conflict, ConflictingPath
from paragon_sync.model.planned import Change, Detail, Finding, Origin, PatchMeta
from paragon_sync.render.explain import explained_lines
from paragon_sync.render.plan import View
from paragon_sync.render.plan_json import plan_json
from paragon_sync.render.run import Part
from paragon_sync.render.run_json import run_json
from paragon_sync.render.run_text import run_lines
from paragon_sync.render.runs_text import run_record_lines
from paragon_sync.render.text import plan_lines
from paragon_sync.store.journal import Attempt, Entry
from tests import nouns

SENTINELS = ("hunter2-one", "hunter2-two", "hunter2-three")
OPEN = Window(opened=Moment(monotonic=0, wall=0))
SECRET_NAMES = st.sampled_from(
    ["password", "API key", "apiKey", "client_secret", "Access token", "x-api-key", "Credentials", "privateKey"]
)
SECRETS: st.SearchStrategy[Json] = st.recursive(
    st.sampled_from(SENTINELS),
    lambda inner: st.lists(inner, min_size=1, max_size=2) | st.dictionaries(nouns.TEXTS, inner, min_size=1, max_size=2),
    max_leaves=4,
)


def _beside(key: str, secret: Json, others: dict[str, Json], *, last: bool) -> dict[str, Json]:
    return {**others, key: secret} if last else {key: secret, **others}


HOLDING: st.SearchStrategy[Json] = st.recursive(
    st.builds(_beside, SECRET_NAMES, SECRETS, nouns.OBJECTS, last=st.booleans()),
    lambda inner: (
        st.lists(inner | nouns.VALUES, min_size=1, max_size=3)
        | st.dictionaries(nouns.TEXTS, inner | nouns.VALUES, min_size=1, max_size=3)
    ),
    max_leaves=4,
)
"""Values with secrets under keys that name them, at any depth."""

MAYBE_SECRETS = SECRETS | st.just(ABSENT)
MAYBE_HOLDING = HOLDING | st.just(ABSENT)
TARGETS = (
    st.builds(MetadataKey, nouns.TEXTS)
    | st.builds(Setting, nouns.TEXTS)
    | st.builds(WorkflowSetting, nouns.TEXTS, nouns.TEXTS)
)
SHARED = {"pointer": nouns.POINTERS, "target": TARGETS, "origin": st.sampled_from(Origin), "source": nouns.TEXTS}
HELD_DETAILS = st.builds(Detail, pointer=nouns.POINTERS, before=MAYBE_HOLDING, after=MAYBE_HOLDING) | st.builds(
    Detail, pointer=st.tuples(nouns.TEXTS, SECRET_NAMES, nouns.TEXTS), before=MAYBE_SECRETS, after=MAYBE_SECRETS
)
FREE_DETAILS = st.builds(Detail, pointer=nouns.POINTERS, before=MAYBE_SECRETS, after=MAYBE_SECRETS)


def _changes(**parts: st.SearchStrategy[object]) -> st.SearchStrategy[Change]:
    return st.builds(Change, workflow=nouns.MAYBE_TEXTS, **(SHARED | parts))


CHANGES = (
    _changes(
        label=nouns.TEXTS,
        before=MAYBE_SECRETS,
        after=MAYBE_SECRETS,
        secret=st.just(value=True),
        details=st.lists(FREE_DETAILS, max_size=2).map(tuple),
    )
    | _changes(label=SECRET_NAMES, before=MAYBE_SECRETS, after=MAYBE_SECRETS)
    | _changes(
        label=nouns.TEXTS,
        before=MAYBE_HOLDING,
        after=MAYBE_HOLDING,
        details=st.lists(HELD_DETAILS, max_size=2).map(tuple),
    )
)
FLAGGED_PATHS = st.builds(
    ConflictingPath,
    pointer=nouns.POINTERS,
    label=nouns.TEXTS,
    base=MAYBE_SECRETS,
    live=MAYBE_SECRETS,
    planned=MAYBE_SECRETS,
    secret=st.just(value=True),
)
PATHS = FLAGGED_PATHS | st.builds(
    ConflictingPath,
    pointer=nouns.POINTERS,
    label=nouns.TEXTS,
    base=MAYBE_HOLDING,
    live=MAYBE_HOLDING,
    planned=MAYBE_HOLDING,
)
INTENTS = st.builds(Set, SECRETS) | st.builds(Default, SECRETS) | st.just(Unset()) | st.just(Release())
CONTENDERS = st.builds(Contender, intent=INTENTS, source=nouns.TEXTS, place=st.none(), why=nouns.TEXTS)
DECISIONS = st.builds(
    Decision,
    user=nouns.TEXTS,
    subject=nouns.SUBJECTS,
    workflow=nouns.MAYBE_TEXTS,
    label=nouns.TEXTS,
    winner=CONTENDERS,
    losers=st.lists(CONTENDERS, max_size=2).map(tuple),
    live=MAYBE_SECRETS,
    desired=MAYBE_SECRETS,
    verdict=nouns.TEXTS,
    pointer=nouns.POINTERS,
    target=TARGETS,
    origin=st.sampled_from(Origin),
    secret=st.just(value=True),
)


@dataclass(frozen=True)
class Explained:
    """An explanation, gathered."""

    decisions: tuple[Decision, ...]
    findings: tuple[Finding, ...] = ()
    user: str = "acme"
    positions: dict[Place, Position] = field(default_factory=dict)


def no_secret_in(text: str) -> bool:
    return "hunter" not in text


@given(st.lists(CHANGES, min_size=1, max_size=3))
def test_no_secret_of_a_plan_is_rendered(changes: list[Change]) -> None:
    secret: Json = {"token": list(SENTINELS)}
    operation = replace(nouns.configuration("acme", *changes), base={"a": secret})
    plan = nouns.StoredPlan(made=(operation,))
    for view in (View(full=True), View(full=False)):
        assert no_secret_in("\n".join(text.plain for text in plan_lines(plan, view)))
    assert no_secret_in("".join(plan_json(plan)))


@given(st.lists(PATHS, min_size=1, max_size=3).map(tuple))
def test_no_secret_of_a_run_is_rendered(paths: tuple[ConflictingPath, ...]) -> None:
    outcomes = (Conflict(paths=paths), Applied(overwritten=paths))
    secret: JsonObject = {"token": list(SENTINELS)}
    sent = Attempt(preimage=secret, requests=(PatchMeta(meta=secret),), sent="t1", window=OPEN)
    run = nouns.StoredRun(
        recorded=tuple(
            Entry(number=number, user="acme", subject=nouns.SLACK, outcome=outcome, attempts=(sent,))
            for number, outcome in enumerate(outcomes)
        )
    )
    grouped = (run_lines(run, "r", View(full=False)), run_record_lines(run, "r", None, View(full=False)))
    part = Part(run.recorded, {"user": ("acme",)})
    whole = (run_lines(run, "r"), run_record_lines(run, "r"), run_record_lines(run, "r", part))
    for lines in (*whole, *grouped):
        assert no_secret_in("\n".join(text.plain for text in lines))
    assert no_secret_in("".join(run_json(run, "r")))


@given(st.lists(DECISIONS, min_size=1, max_size=3).map(tuple))
def test_no_secret_of_an_explanation_is_rendered(decisions: tuple[Decision, ...]) -> None:
    assert no_secret_in("\n".join(text.plain for text in explained_lines(Explained(decisions))))
