"""Manifest files → documents, as a stream. Ties source, template, schema and grammar together; opens no network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

from paragon_sync.errors import Problem
from paragon_sync.jsonvalue import Json, JsonObject, Pointer
from paragon_sync.manifest import schema, source
from paragon_sync.manifest.document import Builder
from paragon_sync.manifest.ordinary import asked
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.manifest.source import Parsed
from paragon_sync.model.compact import CompactUserDocument, FindIntegration
from paragon_sync.model.declared import Fault, Place, Profile, Rollout, User
from paragon_sync.model.document import Document
from paragon_sync.model.migration import Migration

_KINDS: Final = ("User", "Profile", "Rollout", "Migration")

_Checked: TypeAlias = "tuple[Document | None, list[Fault]]"


@dataclass(frozen=True, slots=True)
class Flawed:
    """A document in which problems were found: good for finding more of them, and for nothing else.

    ``told`` are the pointers of what has been reported; nothing more is to be said about these.
    """

    document: Document
    told: frozenset[Pointer]


def iter_documents(
    files: Iterable[Path], scope: SecretScope, find: FindIntegration | None = None
) -> Iterator[Document | CompactUserDocument | Flawed | Problem]:
    """Documents as they are read, and every problem with its position; never stops at a problem.

    Where ``find`` knows the names of a catalog, documents in which everything is ordinary come as
    :class:`CompactUserDocument`: nothing is wrong with them, and all their names and values are as that catalog says.
    """
    accept = None if find is None else partial(_accept, find)
    for file in files:
        for item in source.read(file, accept):
            if not isinstance(item, Parsed):
                yield item
                continue
            document, faults = _check(item, scope)
            told = [fault for fault in faults if fault.place.pointer not in item.broken]
            yield from source.problems(dict.fromkeys(told))
            if document is not None and (told or item.flawed):
                yield Flawed(document, item.broken | {fault.place.pointer for fault in told})
            elif document is not None:
                yield document


def user_of(document: CompactUserDocument, scope: SecretScope) -> User:
    """The noun of an ordinary document."""
    content = source.value_of(document.text, document.file)
    if not isinstance(content, dict):
        raise TypeError(document.file)  # it was accepted as one
    return Builder(document.place, scope).user(content)


def _accept(find: FindIntegration, content: Json, file: str, document: int, text: str) -> CompactUserDocument | None:
    """The document, if it is ordinary; what isn't accepted here goes the careful way."""
    if not isinstance(content, dict) or content.get("kind") != "User" or not schema.accepts("user", content):
        return None
    found = asked(content, find)
    user = content["user"]
    if found is None or not isinstance(user, str) or not _is_text(user):
        return None
    names = content.get("profiles")
    profiles = tuple(name for name in names if isinstance(name, str)) if isinstance(names, list) else ()
    return CompactUserDocument(user, file, document, profiles, found, text)


def _is_text(name: str) -> bool:
    """Whether it can be written as UTF-8."""
    if name.isascii():
        return True
    return not any("\ud800" <= char <= "\udfff" for char in name)


def check_names(what: str, named: Iterable[Profile | Rollout | Migration]) -> list[Fault]:
    """Documents of one kind whose name another one has."""
    known: dict[str, Profile | Rollout | Migration] = {}
    faults: list[Fault] = []
    for one in named:
        first = known.setdefault(one.name, one)
        if first is not one:
            at = source.locate(_inside(first.place, ("name",)))
            message = f'{what} "{one.name}" is declared twice; first at {at}'
            faults.append(Fault(message=message, place=_inside(one.place, ("name",)), hint="rename or remove one"))
    return faults


def check_profiles(profiles: Iterable[Profile], users: Iterable[User]) -> list[Fault]:
    """Profiles that are declared twice, and users' profiles that aren't declared at all."""
    known = {profile.name: profile for profile in profiles}
    faults = check_names("profile", profiles)
    for user in users:
        for index, name in enumerate(user.profiles):
            if name not in known:
                hint = schema.did_you_mean(name, known) or f"known profiles: {', '.join(sorted(known)) or 'none'}"
                place = _inside(user.place, ("profiles", str(index)))
                faults.append(Fault(message=f'there is no profile "{name}"', place=place, hint=hint))
    return faults


def _inside(place: Place, pointer: Pointer) -> Place:
    return Place(file=place.file, document=place.document, pointer=pointer)


def _check(parsed: Parsed, scope: SecretScope) -> _Checked:
    document = parsed.value
    if not isinstance(document, dict):
        message = "a document must be a mapping with apiVersion, kind and what belongs to that kind"
        return None, [Fault(message=message, place=parsed.place)]
    kind = document.get("kind")
    if kind not in _KINDS:
        return None, [_wrong_kind(document, parsed.place)]
    if kind == "Rollout":
        from paragon_sync.manifest.rollout import rollout_of

        return rollout_of(document, parsed.place, scope)
    if kind == "Migration":
        from paragon_sync.manifest.migration import migration_of

        return migration_of(document, parsed.place, scope)
    faults: list[Fault] = []
    secret: frozenset[Pointer] = frozenset()
    if document.get("template") is True and kind == "User":
        from paragon_sync.manifest.expand import expand
        from paragon_sync.manifest.template import Names

        expanded = expand(document, Names(values={"user": document.get("user")}), parsed.place)
        document, faults, secret = expanded.document, expanded.faults, frozenset(expanded.secret)
    builder = Builder(parsed.place, scope, secret)
    noun: User | Profile = builder.user(document) if kind == "User" else builder.profile(document)
    return noun, [*faults, *schema.check(str(kind).lower(), document, parsed.place), *builder.faults]


def _wrong_kind(document: JsonObject, place: Place) -> Fault:
    if "kind" not in document:
        return Fault(message='"kind" is missing', place=place, hint=f"one of {', '.join(_KINDS)}")
    kind = document["kind"]
    at = _inside(place, ("kind",))
    if kind == "Project":
        return Fault(message="a Project file isn't a manifest", place=at, hint="name it with -c, and not in manifests")
    if kind == "MigrationCases":
        hint = "try them: paragon-sync migrate test"
        return Fault(message="cases of migrations aren't manifests", place=at, hint=hint)
    if not isinstance(kind, str):
        return Fault(message="the kind must be one word", place=at, hint=f"one of {', '.join(_KINDS)}")
    hint = schema.did_you_mean(kind, _KINDS) or f"one of {', '.join(_KINDS)}"
    return Fault(message=f'unknown kind "{kind}"', place=at, hint=hint)
