"""SQL queries as rosters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from paragon_sync.jsonvalue import Json
from paragon_sync.manifest import secrets
from paragon_sync.manifest.roster.access import check_database
from paragon_sync.manifest.roster.format import Declaration, RosterFormat
from paragon_sync.manifest.roster.rows import Found
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.model.declared import Declared, Fault, Place, SqlRoster
from paragon_sync.model.secrecy import names_secret

NAME: Final = "sql"


def declare(declaration: Declaration) -> tuple[SqlRoster | None, list[Fault]]:
    """Return the roster that a query gives."""
    url, refused = _url(declaration.users.get("url"), declaration.place_of("url"), declaration.scope)
    query = declaration.text(NAME)
    if refused or not (query and url.value):
        return None, refused
    at = declaration.place_of("url")
    refused = check_database(str(url.value), declaration.users.get("url"), at, declaration.scope)
    if refused:
        return None, refused
    roster = SqlRoster(
        place=declaration.place,
        query=query,
        url=url,
        folder=str(declaration.scope.folder),
        id_column=declaration.id_column,
        secret=declaration.secret,
    )
    return roster, []


def read(roster: SqlRoster) -> Iterator[Found]:
    """Read the rows of a query."""
    from paragon_sync.manifest.roster import sql  # slow to import

    return sql.items(roster)


def _url(url: Json, place: Place, scope: SecretScope) -> tuple[Declared, list[Fault]]:
    resolved = secrets.resolve(url, scope)
    value = resolved.value if isinstance(resolved.value, str) else ""
    declared = Declared(value=value, place=place, secret=resolved.secret)
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


FORMAT: Final = RosterFormat(
    name=NAME,
    title="Query",
    description=(
        "An SQL query whose rows are the users. Needs `url`. Values have the types that the database gives them."
    ),
    keys={
        "url": {
            "title": "Database URL",
            "description": (
                "The database: `{$env: NAME}` or `{$file: path}`, listed under the Project's `secrets`, or a URL"
                " without a password. A SQLite file is relative to the Project file."
            ),
            "anyOf": [
                {"type": "string", "minLength": 1},
                {"type": "object", "minProperties": 1, "maxProperties": 1},
            ],
        }
    },
    required={"url": "name the database: url: {$env: NAME}, or such as sqlite:///users.db"},
    fixed_columns=True,
    declare=declare,
    read=read,
)
