"""Manifest files → documents, as a stream. Ties source, template, schema and grammar together; opens no network."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from paragon_sync.errors import Problem
from paragon_sync.jsonvalue import Json, JsonObject, Pointer
from paragon_sync.manifest import schema, source
from paragon_sync.manifest.content import check_releases, content_of, exclusion_faults, names_in, well_typed
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.manifest.source import Parsed
from paragon_sync.model.compact import CompactUserDocument
from paragon_sync.model.declared import Content, Fault, Place, Profile, Rollout, User
from paragon_sync.model.document import Document
from paragon_sync.model.migration import Migration
from paragon_sync.model.similar_names import SimilarNames, did_you_mean

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
    files: Iterable[Path],
    scope: SecretScope,
    *,
    concerns: Callable[[str], bool] | None = None,
    locator: source.Locator | None = None,
) -> Iterator[Document | Flawed | Problem]:
    """Documents as they are read, and every problem with its position; never stops at a problem.

    Documents whose text does not concern the caller (``concerns``) are stepped over.
    """
    locator = locator or source.Locator()
    for file in files:
        for item in source.read(file, _is_valid_user, concerns=concerns):
            if not isinstance(item, Parsed):
                yield item
                continue
            document, faults = _check(item, scope)
            if not (faults or item.flawed):
                if document is not None:
                    yield document
                continue
            told = [fault for fault in faults if fault.place.pointer not in item.broken]
            yield from locator.problems(dict.fromkeys(told))
            if document is not None and (told or item.flawed):
                yield Flawed(document, item.broken | {fault.place.pointer for fault in told})
            elif document is not None:
                yield document


def content_again(document: CompactUserDocument, scope: SecretScope) -> Content:
    """Return the content of a document that was staged: what was left out of its compact form is read again."""
    value = source.value_of(document.text, document.file)
    parsed = Parsed(value, document.file, document.document, document.text)
    if not isinstance(value, dict):
        raise TypeError(document.file)  # it was a document when it was staged
    expanded, secret, _ = _expanded(value, parsed.place)
    return _content(expanded, parsed, scope, secret)[0]


def _is_valid_user(value: Json) -> bool:
    return isinstance(value, dict) and value.get("kind") == "User" and schema.accepts("user", value)


def _is_text(name: str) -> bool:
    """Whether it can be written as UTF-8."""
    return name.isascii() or not any("\ud800" <= char <= "\udfff" for char in name)


def check_names(what: str, named: Iterable[Profile | Rollout | Migration]) -> list[Fault]:
    """Documents of one kind whose name another one has."""
    known: dict[str, Profile | Rollout | Migration] = {}
    faults: list[Fault] = []
    locator = source.Locator()
    for one in named:
        first = known.setdefault(one.name, one)
        if first is not one:
            at = locator.locate(_inside(first.place, ("name",)))
            message = f'{what} "{one.name}" is declared twice; first at {at}'
            faults.append(Fault(message=message, place=_inside(one.place, ("name",)), hint="rename or remove one"))
    return faults


def check_profiles(profiles: Iterable[Profile], users: Iterable[User]) -> list[Fault]:
    """Profiles that are declared twice, and users' profiles that aren't declared at all."""
    known = {profile.name: profile for profile in profiles}
    similar, listed = SimilarNames(known), f"known profiles: {', '.join(sorted(known)) or 'none'}"
    faults = check_names("profile", profiles)
    for user in users:
        for index, name in enumerate(user.profiles):
            if name not in known:
                hint = similar.question(name) or listed
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
    if parsed.accepted and "template" not in document and _is_plain(parsed.text):  # nearly always
        content = Content(parsed.file, parsed.document, document)
        return User(_text(document["user"]), content, names_in(document, "profiles"), parsed.text), []
    kind = document.get("kind")
    if kind not in _KINDS:
        return None, [_wrong_kind(document, parsed.place)]
    if kind == "Rollout":
        from paragon_sync.manifest.rollout import rollout_of

        return rollout_of(document, parsed.place, scope)
    if kind == "Migration":
        from paragon_sync.manifest.migration import migration_of

        return migration_of(document, parsed.place, scope)
    if kind == "Profile":
        wrong = [*schema.check("profile", document, parsed.place), *check_releases(document, parsed.place)]
        content, more = _content(document, parsed, scope)
        return Profile(_text(document.get("name")), well_typed(content)), [*wrong, *more]
    document, secret, faults = _expanded(document, parsed.place)
    if not parsed.accepted or document is not parsed.value:
        faults += schema.check("user", document, parsed.place)
    name = _text(document.get("user"))
    if not _is_text(name):
        message = "the user id holds half a character (a lone surrogate)"
        faults.append(Fault(message=message, place=_inside(parsed.place, ("user",))))
    content, more = _content(document, parsed, scope, secret)
    if faults:
        content = well_typed(content)
    return User(name, content, names_in(document, "profiles"), parsed.text), [*faults, *more]


def _expanded(document: JsonObject, place: Place) -> tuple[JsonObject, Collection[Pointer], list[Fault]]:
    """Return a User document with its templates evaluated, if it says so, and where these came from secrets."""
    if document.get("template") is not True:
        return document, (), []
    from paragon_sync.manifest.expand import expand
    from paragon_sync.manifest.template import Names

    expanded = expand(document, Names(values={"user": document.get("user")}), place)
    return expanded.document, expanded.secret, expanded.faults


def _content(
    document: JsonObject, parsed: Parsed, scope: SecretScope, secret: Collection[Pointer] = ()
) -> tuple[Content, list[Fault]]:
    """Return the document's content, and what is wrong in it beyond its schema, as far as its text may hold it."""
    content, faults, text = Content(parsed.file, parsed.document, document), list[Fault](), parsed.text
    anything = "\\" in text or document is not parsed.value
    if anything or "$" in text:
        content, faults = content_of(document, parsed.place, scope, secret)
    if anything or "unset" in text or "release" in text:
        faults += exclusion_faults(document, parsed.place)
    return content, faults


def _is_plain(text: str) -> bool:
    """Return whether a document has no reference to a secret, no names that exclude others, and no surrogate."""
    return text.isascii() and not ("\\" in text or "$" in text or "unset" in text or "release" in text)


def _wrong_kind(document: JsonObject, place: Place) -> Fault:
    if "kind" not in document:
        for key in document:
            if key.casefold() == "kind":
                at = Place(file=place.file, document=place.document, pointer=(key,), of_key=True)
                return Fault(message=f'unknown key "{key}"', place=at, hint='did you mean "kind"?')
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
    hint = did_you_mean(kind, _KINDS) or f"one of {', '.join(_KINDS)}"
    return Fault(message=f'unknown kind "{kind}"', place=at, hint=hint)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
