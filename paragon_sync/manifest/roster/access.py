"""Check which files and databases a document may name as its roster: below the Project's folder, or listed there."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from paragon_sync.jsonvalue import Json
from paragon_sync.manifest import secrets
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.model.database_url import AT_SIGN_HINT, has_stray_at_sign, show_database
from paragon_sync.model.declared import Fault, Place

_SQLITE: Final = "sqlite"
_GLOB: Final = "*?["


def check_file(written: str, place: Place, scope: SecretScope) -> list[Fault]:
    """Return why a document may not read a file as a roster. ``written`` is relative to the Project's folder."""
    if secrets.lists(scope.folder / written, scope):
        hint = "what stands in a roster is shown; keep it apart from what is listed under secrets.files"
        return [Fault(message=f"the file {written} is a secret, and no roster", place=place, hint=hint)]
    if _is_allowed(written, scope):
        return []
    message = f"the file {written} is outside of the Project's folder"
    hint = f"list it in the Project file: rosters: {{files: [{written}]}}"
    return [Fault(message=message, place=place, hint=hint)]


def check_database(url: str, written: Json, place: Place, scope: SecretScope) -> list[Fault]:
    """Return why a document may not ask a database. ``written`` is what it has in place of the ``url``."""
    if has_stray_at_sign(url):
        return [Fault(message="the URL of the database has one @ too many", place=place, hint=AT_SIGN_HINT)]
    try:
        parts = urlsplit(url)
    except ValueError:
        return []  # reading it reports that it is no URL
    scheme = parts.scheme.partition("+")[0]
    if scheme == _SQLITE:
        return check_file(parts.path.removeprefix("/"), place, scope) if parts.path else []
    variable = written.get("$env") if isinstance(written, dict) else None
    if variable in scope.roster_urls or any(_names_database(listed, url) for listed in scope.roster_urls):
        return []
    name = variable if isinstance(variable, str) else show_database(url)
    message = f"the database {name} is not listed in the Project file"
    return [Fault(message=message, place=place, hint=f"list it there: rosters: {{urls: [{name}]}}")]


def _names_database(listed: str, url: str) -> bool:
    """Whether a listed ``scheme://host/database`` is that of a URL, whatever driver, user, port and query it has.

    The name of the database may be a pattern, such as ``tenant_*``.
    """
    try:
        one, other = urlsplit(listed), urlsplit(url)
        return bool(one.scheme) and (
            (_kind(one.scheme), one.hostname) == (_kind(other.scheme), other.hostname)
            and fnmatchcase(other.path, one.path)
            and (one.port is None or one.port == other.port)
        )
    except ValueError:
        return False


def _kind(scheme: str) -> str:
    name = scheme.partition("+")[0]
    return "postgresql" if name == "postgres" else name


def _is_allowed(written: str, scope: SecretScope) -> bool:
    try:
        folder = scope.folder.resolve()
        file = (folder / written).resolve()  # a link counts as what it leads to
        return folder in file.parents or any(_lists(folder, listed, file) for listed in scope.roster_files)
    except (OSError, ValueError, RuntimeError):
        return False


def _lists(folder: Path, listed: str, file: Path) -> bool:
    """Whether a listed file, folder or glob is or holds a file."""
    if any(character in listed for character in _GLOB):
        return fnmatchcase(str(file), os.path.normpath(folder / listed))
    path = (folder / listed).resolve()
    return path == file or path in file.parents
