"""What a run wrote of one configuration (or of the metadata), value by value: what was there before, and what it left.

Knows pre-images and requests; nothing of what is live now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from paragon_sync.jsonvalue import ABSENT, JsonObject, equal, lookup
from paragon_sync.model.desired import MetadataKey, Setting, Target, WorkflowEnabled, WorkflowSetting
from paragon_sync.model.outcome import StoredValue
from paragon_sync.model.planned import MetadataSubject, Request, Subject, Value
from paragon_sync.plan.requests import final_payload
from paragon_sync.plan.shape import WORKFLOW_MAPS, Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One time that an operation was sent: what was live of what it writes, and the requests."""

    pre_image: JsonObject
    requests: tuple[Request, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One value that a run wrote. ``left`` is every value that it may have left there: an attempt can end halfway."""

    before: Value
    left: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """All of them. ``created`` are the workflows whose entries are the run's own."""

    values: Mapping[Target, Trace] = field(default_factory=dict)
    created: frozenset[str] = frozenset()


def trace(subject: Subject, writes: Iterable[Write], *, verified: bool, stored: Iterable[StoredValue] = ()) -> Traces:
    """What all the writes of one operation came to, from the first.

    What was there before is what the first of them found. Where a later one found a value that none before it had
    left, somebody else had written it meanwhile, and it counts. ``verified``: the last of them was read back, and so
    what it was to leave is all that the run has left; a value that it only carried, because somebody else had written
    it after an earlier attempt, isn't the run's. ``stored`` are values that the server stored in another form
    than the last of them was to leave.
    """
    maps = () if isinstance(subject, MetadataSubject) else WORKFLOW_MAPS
    values: dict[Target, Trace] = {}
    created: set[str] = set()
    earlier: list[Shape] = []
    carried: set[Target] = set()
    for write in writes:
        was = Shape(payload=write.pre_image, maps=maps)
        then = [Shape(payload=payload, maps=maps) for payload in _payloads(write)]
        differing = list(_differing(was, then[-1]))
        carried = {t for t, traced in values.items() if t not in differing and not _is_ours(traced, was.read(t))}
        for target in differing:
            values[target] = _traced(values.get(target), was.read(target), [shape.read(target) for shape in then])
        created -= {workflow for workflow in created if not _is_as_left(was, workflow, earlier)}
        created |= {w for w in then[-1].workflows() if then[-1].has_entry(w) and not was.has_entry(w)}
        earlier += then
    if verified and earlier:
        values = {t: replace(traced, left=(earlier[-1].read(t),)) for t, traced in values.items() if t not in carried}
    for one in stored:
        if isinstance(one.target, MetadataKey | Setting | WorkflowEnabled | WorkflowSetting) and one.target in values:
            values[one.target] = replace(values[one.target], left=(*values[one.target].left, one.stored))
    return Traces(values=values, created=frozenset(created))


def _payloads(write: Write) -> list[JsonObject]:
    """How it looked after each request, if nothing else happened; at least once."""
    done = range(1, len(write.requests) + 1)
    return [final_payload(write.pre_image, write.requests[:number]) for number in done] or [write.pre_image]


def _traced(known: Trace | None, found: Value, left: Sequence[Value]) -> Trace:
    if known is None:
        return Trace(before=found, left=tuple(left))
    return Trace(before=known.before if _is_ours(known, found) else found, left=(*known.left, *left))


def _is_ours(known: Trace, found: Value) -> bool:
    """Return whether a later write found what was there before the run, or what the run may have left."""
    return any(equal(found, value) for value in (known.before, *known.left))


def _is_as_left(now: Shape, workflow: str, earlier: Iterable[Shape]) -> bool:
    """Whether the workflow's entry isn't there, or is as an earlier attempt left it."""
    entry = _entry(now, workflow)
    return entry is ABSENT or any(equal(entry, _entry(shape, workflow)) for shape in earlier)


def _entry(shape: Shape, workflow: str) -> Value:
    return lookup(shape.workflows(), (workflow,))


def _differing(was: Shape, then: Shape) -> Iterator[Target]:
    if not was.maps:
        keys = {**was.payload, **then.payload}
        candidates: Iterable[Target] = [MetadataKey(key) for key in keys]
    else:
        candidates = _targets(was, then)
    yield from (target for target in candidates if not equal(was.read(target), then.read(target)))


def _targets(was: Shape, then: Shape) -> Iterator[Target]:
    yield from (Setting(id_) for id_ in {**was.settings(), **then.settings()})
    for workflow in {**was.workflows(), **then.workflows()}:
        yield WorkflowEnabled(workflow)
        settings = {**was.workflow_settings(workflow), **then.workflow_settings(workflow)}
        yield from (WorkflowSetting(workflow, id_) for id_ in settings)
