"""Whether one user is already as asked, told from as little as possible; pure, like the rest of the room.

It may only say "unchanged", and how many managed workflows are on: whatever would be a change or a finding, and
whatever isn't told here for certain, is for ``user.plan_user``, whose word is the verdict. Knows the rules of
``select``, ``shape`` and ``decide`` in the cases that nearly all users are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from paragon_sync.jsonvalue import Json, JsonObject, Repeated, equal
from paragon_sync.model.asked import Asked, AskedBlock, AskedWorkflow, Selector, Soft
from paragon_sync.model.catalog import Catalog
from paragon_sync.model.live import Credential, LiveUser
from paragon_sync.plan.layers import same
from paragon_sync.plan.names import integration_id
from paragon_sync.plan.own import among
from paragon_sync.plan.select import VALID, connected
from paragon_sync.plan.shape import SETTINGS, WORKFLOW_MAPS, entries_of, is_default, shape_of

_SIMPLE: Final = frozenset({str, bool, int, type(None)})
"""Types of which two values are equal in JSON where they are in Python, if both have the same type."""


class _Untold(Exception):
    """It may be a change or a finding, or may not."""


class Quick:
    """Compares with one catalog's integrations."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._ids: dict[str, str] = {}
        self._on: dict[str, frozenset[str]] = {}

    def enabled_live(self, documents: Sequence[Asked], live: LiveUser) -> int | None:
        """How many managed workflows are enabled now, where nothing changes and there is nothing to be said.

        None where :func:`plan_user` has to tell. ``documents`` is what each document asks for, all its layers together.
        """
        credentials = connected(live)
        if not credentials:
            return None
        alone = len(documents) == 1
        seen = _Seen()
        try:
            for document in documents:
                metadata, blocks = document
                if metadata:
                    _check_metadata(metadata, live.meta)
                for kind, block in blocks.items():
                    account, configuration, owned, soft, workflows = block
                    for place, settings, entries in self._reached(kind, account, configuration, credentials):
                        _check_owned(owned, settings)
                        if soft:
                            _check_soft(soft, settings)
                        if workflows:
                            self._check_workflows(kind, workflows, entries, seen, place)
                        if not alone:
                            seen.defaults(place, block)
        except _Untold:
            return None
        return len(seen.on)

    def _reached(
        self, kind: str, selector: Selector, configuration: Selector, credentials: Sequence[Credential]
    ) -> Iterator[tuple[_Where, JsonObject, JsonObject]]:
        """Each configuration that the block reaches: its settings, and its map of workflows."""
        wanted = self._ids.get(kind)
        if wanted is None:
            wanted = self._ids[kind] = integration_id(self._catalog, kind)
        found = [credential for credential in credentials if credential.raw.get("integrationId") == wanted]
        for account in _accounts(selector, found):
            if account.status != VALID:
                raise _Untold
            yield from _configurations(account, configuration)

    def _check_workflows(
        self, kind: str, asked: dict[str, AskedWorkflow], live: JsonObject, seen: _Seen, place: _Where
    ) -> None:
        for id_, workflow in asked.items():
            entry = live.get(id_, _ABSENT)
            if entry is _ABSENT:
                self._check_missing(kind, id_, workflow)
                continue
            if not isinstance(entry, dict):
                raise _Untold
            enabled, owned, soft = workflow
            if enabled is not None:
                if entry.get("enabled") is not enabled:
                    raise _Untold
                if enabled:
                    seen.on.add((place, id_))
            if owned or soft:
                settings = _object(entry.get("settings", _EMPTY))
                _check_owned(owned, settings)
                _check_soft(soft, settings)

    def _check_missing(self, kind: str, id_: str, workflow: AskedWorkflow) -> None:
        """A workflow without an entry is off, and is left so where nothing asks for more."""
        enabled, owned, soft = workflow
        on = enabled is True or (enabled is False and id_ in self._enabled_by_catalog(kind))
        if on or owned or any(value is not None for value in soft.values()):
            raise _Untold

    def _enabled_by_catalog(self, kind: str) -> frozenset[str]:
        if kind not in self._on:
            known = self._catalog.integrations.get(kind)
            workflows = () if known is None else known.workflows
            self._on[kind] = frozenset(workflow.id for workflow in workflows if workflow.default_enabled)
        return self._on[kind]


_Where = tuple[str, Json]
"""A configuration: its credential's id, and its own, None in the documented shape."""
_ABSENT: Final = Repeated(())
"""Stands for "there is no such key": equal to nothing that anybody asks for."""
_EMPTY: Final[JsonObject] = {}


class _Seen:
    """What one user's documents were found to manage, each configuration's values once."""

    def __init__(self) -> None:
        self.on: set[tuple[_Where, str]] = set()
        self._defaults: dict[tuple[_Where, str | None, str], Soft] = {}

    def defaults(self, place: _Where, block: AskedBlock) -> None:
        """Two defaults that differ contradict each other, even where the user's own value makes them idle."""
        _, _, _, own, workflows = block
        levels: list[tuple[str | None, dict[str, Soft]]] = [(None, own)]
        levels += [(id_, soft) for id_, (_, _, soft) in workflows.items()]
        for workflow, soft in levels:
            for id_, value in soft.items():
                if not same(value, self._defaults.setdefault((place, workflow, id_), value)):
                    raise _Untold


def _check_metadata(asked: dict[str, Json], live: JsonObject | None) -> None:
    if live is None:
        raise _Untold
    _check_owned(asked, live)


def _check_owned(asked: dict[str, Json], live: JsonObject) -> None:
    for id_, value in asked.items():
        found = live.get(id_, _ABSENT)
        kind = value.__class__
        # where Python tells two values apart, so does JSON; not the other way round
        if found.__class__ is not kind or found != value or (kind not in _SIMPLE and not equal(found, value)):
            raise _Untold


def _check_soft(asked: dict[str, Soft], live: JsonObject) -> None:
    for id_, soft in asked.items():
        found = live.get(id_, _ABSENT)
        if soft is None:
            if found is not _ABSENT:
                raise _Untold
            continue
        value, blank = soft
        if found.__class__ is Repeated or (blank and among(found, blank) and not equal(found, value)):
            raise _Untold


def _accounts(selector: Selector, found: Sequence[Credential]) -> Sequence[Credential]:
    """Whom the selector means, where there is nothing to be said about the others."""
    if selector == "all":
        valid = [credential for credential in found if credential.status == VALID]
        if not valid:
            raise _Untold
        return valid
    if isinstance(selector, tuple):
        field, value = selector
        key = "id" if field == "credentialId" else field
        found = [credential for credential in found if credential.raw.get(key) == value]
    if len(found) != 1:
        raise _Untold
    return found


def _configurations(account: Credential, wanted: Selector) -> Iterator[tuple[_Where, JsonObject, JsonObject]]:
    raw = account.raw
    listed, config = raw.get("configurations"), raw.get("config")
    if listed is None or listed == []:
        if wanted not in {"default", "all"}:
            raise _Untold
        yield (account.id, None), *_sections(_EMPTY if config is None else _object(config))
        return
    if listed.__class__ is not list or any(e.__class__ is not dict or not isinstance(e.get("id"), str) for e in listed):
        raise _Untold
    chosen = [entry for entry in entries_of(account) if _is_chosen(wanted, account, entry)]
    if not chosen or (len(chosen) > 1 and wanted != "all"):
        raise _Untold
    for entry in chosen:
        id_ = entry["id"]
        if config is None or config == {} or not is_default(account, entry):
            yield (account.id, id_), *_sections(entry)
            continue
        shape = shape_of(account, str(id_))
        if shape.ambiguous:
            raise _Untold
        yield (account.id, id_), _object(shape.payload.get(SETTINGS, _EMPTY)), shape.workflows()


def _is_chosen(wanted: Selector, account: Credential, entry: JsonObject) -> bool:
    if isinstance(wanted, tuple):
        field, value = wanted
        return entry.get(field) == value
    return wanted == "all" or is_default(account, entry)


def _sections(found: JsonObject) -> tuple[JsonObject, JsonObject]:
    names = [name for name in WORKFLOW_MAPS if name in found]
    if len(names) > 1:  # they may differ
        raise _Untold
    return _object(found.get(SETTINGS, _EMPTY)), _object(found[names[0]]) if names else _EMPTY


def _object(value: Json) -> JsonObject:
    if not isinstance(value, dict):
        raise _Untold
    return value
