"""Contradictions about ownership that can be told before anything is fetched. Knows selectors as written, no accounts.

So can steps of a migration that a second run would do again.

Only what must contradict is told here: words under the same selectors, where no other selector of the same user has a
word on that value. The rest shows once it is known which accounts there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from paragon_sync.model.declared import Account, Configuration, Fault, Place
from paragon_sync.model.desired import DesiredDocument, Release, Target, WorkflowSetting
from paragon_sync.model.migration import Action, DesiredMigration, FillValue, Move, SettingPath, SetValue
from paragon_sync.plan.own import Contradiction, Word, metadata_words, rule, words_of
from paragon_sync.plan.select import reaches_of

_Value: TypeAlias = tuple[str | None, Target]
"""A target of an integration; None for metadata."""
_Selectors: TypeAlias = tuple[Account, Configuration] | None


def conflicts(documents: Sequence[DesiredDocument]) -> list[Fault]:
    """Each contradiction among one user's documents, at its first place and naming the other."""
    words_on = list(_words(documents))
    if len({value for value, _, _ in words_on}) == len(words_on):
        return []
    by_value: dict[_Value, dict[_Selectors, list[Word]]] = {}
    for value, selectors, word in words_on:
        by_value.setdefault(value, {}).setdefault(selectors, []).append(word)
    faults = []
    for (integration, _), by_selectors in by_value.items():
        if len(by_selectors) > 1:
            continue
        (words,) = by_selectors.values()
        if isinstance(found := rule(words), Contradiction):
            message = found.message if integration is None else f"{integration}: {found.message}"
            hint = "let one of them decide, or make them equal"
            faults.append(Fault(message=message, place=found.place, hint=hint, other=found.other))
    return faults


def idle_releases(documents: Sequence[DesiredDocument]) -> list[Fault]:
    """Each release of a value that nothing else in its document manages, by whatever selector.

    A value may be managed by a profile's ``exact`` alone. An id that the catalog doesn't know is released as a setting
    and as a workflow, at one place; one of the two is enough.
    """
    return [fault for document in documents for fault in _idle_in(document)]


def _idle_in(document: DesiredDocument) -> Iterator[Fault]:
    words = [(value, word.claim) for value, _, word in _words([document])]
    releases = [(value, claim) for value, claim in words if isinstance(claim.intent, Release)]
    if not releases:
        return
    managed = {value for value, claim in words if not isinstance(claim.intent, Release)}
    exact = {
        (block.integration, scope.workflow)
        for layer in document.layers[:-1]
        for block in layer.blocks
        for scope in block.exact
    }
    at_work = {claim.place for value, claim in releases if value in managed or _level_of(value) in exact}
    told: set[Place] = set()
    for (integration, _), claim in releases:
        if claim.place not in at_work | told:
            told.add(claim.place)
            where = "" if integration is None else f"{integration}: "
            message = f'{where}no profile of this document manages "{claim.label}"'
            yield Fault(message=message, place=claim.place, hint="there is nothing to release: remove the name")


def _level_of(value: _Value) -> tuple[str | None, str | None]:
    """The level whose ``exact`` reaches the value: of its workflow, or (None) of its integration."""
    integration, target = value
    return integration, target.workflow if isinstance(target, WorkflowSetting) else None


def _words(documents: Sequence[DesiredDocument]) -> Iterator[tuple[_Value, _Selectors, Word]]:
    for word in metadata_words(documents):
        yield (None, word.claim.target), None, word
    for reach in reaches_of(documents):
        for word in words_of(reach):
            yield (reach.block.integration, word.claim.target), (reach.block.account, reach.block.configuration), word


def refilled(migration: DesiredMigration) -> list[Fault]:
    """Each step that fills a setting whose value an earlier one has taken away: a second run would do so again."""
    emptied: dict[Target, int] = {}
    faults: list[Fault] = []
    for step in migration.steps:
        for action in step.actions:
            filled = _filled(action)
            first = None if filled is None else emptied.get(filled.target)
            if first is not None:
                message = (
                    f"this fills a setting that step {first} has taken the value of: a second run would take it again"
                )
                hint = "make it two migrations, and apply one after the other; then delete the first"
                faults.append(Fault(message=message, place=step.place, hint=hint))
            if isinstance(action, Move) and not action.source.inside:
                emptied[action.source.target] = step.number
    return list(dict.fromkeys(faults))


def _filled(action: Action) -> SettingPath | None:
    """The setting that gets a value from elsewhere."""
    match action:
        case Move(destination=path) | SetValue(setting=path) | FillValue(setting=path):
            return path
        case _:
            return None
