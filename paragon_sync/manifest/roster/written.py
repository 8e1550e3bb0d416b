"""``users`` of a document → its roster. Knows the grammar and which secrets may be read; opens no roster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, Literal
from urllib.parse import urlsplit

from paragon_sync.jsonvalue import Json, JsonObject
from paragon_sync.manifest import secrets
from paragon_sync.manifest.roster.rows import DELIMITERS, STANDARD_INPUT
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.model.declared import Declared, Fault, FileRoster, InlineRoster, Place, Roster, SqlRoster
from paragon_sync.model.secrecy import names_secret

_SOURCES: Final = ("csv", "ndjson", "sql")
_BELONGS: Final = {"url": "sql", "delimiter": "csv"}


def roster_of(users: Json, place: Place, scope: SecretScope) -> tuple[Roster | None, list[Fault]]:
    """The roster that ``users`` declares, and what is wrong beyond its schema; None where it can't be read so.

    ``place`` is that of ``users``.
    """
    if isinstance(users, list):
        readable = bool(users) and all(isinstance(row, str | dict) for row in users)
        return InlineRoster(place=place, rows=tuple(users)) if readable else None, []
    if not isinstance(users, dict):
        return None, []
    faults = list(_misfits(users, place))
    if faults:
        return None, faults
    id_column, secret = _text(users.get("id"), "user"), _names(users.get("secret"))
    if id_column in secret:
        hint = "ids are shown everywhere; if an id is a secret, find another one"
        return None, [Fault(message="the column of the ids can't be secret", place=_in(place, "secret"), hint=hint)]
    if "sql" in users:
        url, refused = _url(users.get("url"), _in(place, "url"), scope)
        query, folder = _text(users["sql"]), str(scope.folder)
        if refused or not (query and url.value):
            return None, refused
        return SqlRoster(place=place, query=query, url=url, folder=folder, id_column=id_column, secret=secret), []
    return _file(
        users, place, scope, FileRoster(place=place, format="csv", path="", id_column=id_column, secret=secret)
    )


def _file(
    users: JsonObject, place: Place, scope: SecretScope, common: FileRoster
) -> tuple[FileRoster | None, list[Fault]]:
    kind: Literal["csv", "ndjson"] = "csv" if "csv" in users else "ndjson"
    written, delimiter = _text(users[kind]), DELIMITERS.get(_text(users.get("delimiter"), ","))
    if not written or delimiter is None:
        return None, []
    path, refused = _path(written, _in(place, kind), scope)
    return None if refused else replace(common, format=kind, path=path, delimiter=delimiter), refused


def _misfits(users: JsonObject, place: Place) -> Iterator[Fault]:
    named = [source for source in _SOURCES if source in users]
    if len(named) != 1:
        message = '"users" must have exactly one of csv, ndjson, sql'
        yield Fault(message=message, place=place, hint="or be a list of users")
        return
    for key, source in _BELONGS.items():
        if key in users and source not in named:
            at = replace(_in(place, key), of_key=True)
            yield Fault(message=f'"{key}" belongs to {source}, and not to {named[0]}', place=at, hint="remove it")
    if "sql" in named and "url" not in users:
        hint = "name the database: url: {$env: NAME}, or such as sqlite:///users.db"
        yield Fault(message='"url" is missing in "users"', place=place, hint=hint)


def _url(url: Json, place: Place, scope: SecretScope) -> tuple[Declared, list[Fault]]:
    resolved = secrets.resolve(url, scope)
    declared = Declared(value=_text(resolved.value), place=place, secret=resolved.secret)
    faults = [Fault(message=refused.message, place=place, hint=refused.hint) for refused in resolved.refused]
    if isinstance(url, str) and _has_password(url):
        hint = "put the URL into an environment variable or a file: {$env: NAME}, {$file: path}"
        faults.append(Fault(message="a password never belongs into a file under Git", place=place, hint=hint))
    elif isinstance(url, dict) and not faults and not resolved.secret:
        message = '"url" must be text, {$env: NAME} or {$file: path}'
        faults.append(Fault(message=message, place=place))
    return declared, faults


def _has_password(url: str) -> bool:
    """When in doubt there is one: what a URL says beyond host and name may be a secret under any name."""
    try:
        parts = urlsplit(url)
        return bool(parts.password) or any(names_secret(name) for name in parts.query.replace("&", "=").split("="))
    except ValueError:
        return "@" in url


def _path(path: str, place: Place, scope: SecretScope) -> tuple[str, list[Fault]]:
    if path == STANDARD_INPUT:
        return path, []
    full = scope.folder / path
    if secrets.lists(full, scope):
        hint = "what stands in a roster is shown; keep it apart from what is listed under secrets.files"
        return str(full), [Fault(message=f"the file {path} is a secret, and no roster", place=place, hint=hint)]
    return str(full), []


def _in(place: Place, key: str) -> Place:
    return replace(place, pointer=(*place.pointer, key))


def _names(names: Json) -> frozenset[str]:
    items = names if isinstance(names, list) else []
    return frozenset(name for name in items if isinstance(name, str))


def _text(value: Json, default: str = "") -> str:
    return value if isinstance(value, str) else default
