"""Values that come from environment variables and files: ``{$env: NAME}``, ``{$file: path}``, ``{$literal: …}``.

Reads only what the Project lists. Knows nothing of documents, and never shows what it read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from paragon_sync.jsonvalue import Json, Pointer
from paragon_sync.model.project import Project
from paragon_sync.model.similar_names import did_you_mean

_ENV: Final = "$env"
_FILE: Final = "$file"
_LITERAL: Final = "$literal"
_REFERENCES: Final = (_ENV, _FILE, _LITERAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretScope:
    """What manifests may read: names in ``environ``, and files and folders relative to ``folder``.

    ``roster_files`` and ``roster_urls`` are what rosters may read beside what is in ``folder``.
    """

    folder: Path
    env: frozenset[str] = frozenset()
    files: tuple[str, ...] = ()
    roster_files: tuple[str, ...] = ()
    roster_urls: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    @classmethod
    def of(cls, project: Project) -> SecretScope:
        """Return what the Project lists under ``secrets`` and ``rosters``."""
        return cls(
            folder=project.folder,
            env=frozenset(project.secret_env),
            files=project.secret_files,
            roster_files=project.roster_files,
            roster_urls=project.roster_urls,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why a reference can't be followed; ``pointer`` is relative to the value."""

    message: str
    pointer: Pointer
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A value with its references followed; ``secret`` when one was a secret. ``refused`` are those that failed."""

    value: Json = field(repr=False)
    secret: bool
    refused: tuple[Refused, ...] = ()


def resolve(value: Json, scope: SecretScope) -> Resolved:
    """Follow every reference in a value; ``$literal`` gives what it holds, untouched."""
    if not isinstance(value, dict | list):
        return Resolved(value=value, secret=False)
    walk = _Walk(scope)
    result = walk.value(value, ())
    return Resolved(value=result, secret=walk.secret, refused=tuple(walk.refused))


def lists(path: Path, scope: SecretScope) -> bool:
    """Whether the Project lists the file, or a folder that it is in."""
    try:
        full = path.resolve()
        return any(full == listed or listed in full.parents for listed in _listed(scope))
    except (OSError, ValueError, RuntimeError):  # no file, then, that could be read
        return False


def literal(value: Json) -> Json:
    """The value as a manifest must write it to get exactly this: under ``$literal`` where it looks like a reference."""
    return {_LITERAL: value} if _looks_like_reference(value) else value


def is_reference(value: Mapping[str, Json]) -> bool:
    """Whether the value is, or was meant to be, a reference; what it holds is no value of the document."""
    if any(name in value for name in _REFERENCES):
        return True
    only = next(iter(value)) if len(value) == 1 else ""
    return only.startswith("$") and did_you_mean(only, _REFERENCES) is not None


def _looks_like_reference(value: Json) -> bool:
    match value:
        case dict():
            return is_reference(value) or any(_looks_like_reference(item) for item in value.values())
        case list():
            return any(_looks_like_reference(item) for item in value)
        case _:
            return False


_Answer: TypeAlias = "str | tuple[str, str | None]"
"""The secret, or a message and a hint."""


class _Walk:
    def __init__(self, scope: SecretScope) -> None:
        self._scope = scope
        self.secret = False
        self.refused: list[Refused] = []

    def value(self, value: Json, at: Pointer) -> Json:
        match value:
            case dict() if is_reference(value):
                return self._reference(value, at)
            case dict():
                return {key: self.value(item, (*at, key)) for key, item in value.items()}
            case list():
                return [self.value(item, (*at, str(index))) for index, item in enumerate(value)]
            case _:
                return value

    def _reference(self, value: Mapping[str, Json], at: Pointer) -> Json:
        name = next((name for name in _REFERENCES if name in value), None)
        if name is None:
            key = next(iter(value))
            hint = f"{did_you_mean(key, _REFERENCES)} If the value is meant as it is: {{$literal: …}}"
            self._refuse(at, f'unknown reference "{key}"', hint)
            return None
        if len(value) > 1:
            self._refuse(at, f"{name} must stand alone", "if the value is meant as it is: {$literal: …}")
            return None
        if name == _LITERAL:
            return value[_LITERAL]
        self.secret = True
        return self._secret(name, value[name], (*at, name))

    def _secret(self, kind: str, name: Json, at: Pointer) -> Json:
        if not isinstance(name, str) or not name:
            self._refuse(at, f"{kind} must name {'a variable' if kind == _ENV else 'a file'}")
            return None
        answer = _from_env(name, self._scope) if kind == _ENV else _from_file(name, self._scope)
        if isinstance(answer, str):
            return answer
        self._refuse(at, *answer)
        return None

    def _refuse(self, at: Pointer, message: str, hint: str | None = None) -> None:
        self.refused.append(Refused(message=message, pointer=at, hint=hint))


def _from_env(name: str, scope: SecretScope) -> _Answer:
    if name not in scope.env:
        return f"the environment variable {name} isn't listed", "list it under secrets.env in the Project file"
    secret = scope.environ.get(name)
    if secret is None:
        return f"the environment variable {name} isn't set", "set it where this command runs"
    if not secret:
        return f"the environment variable {name} is empty", "set it where this command runs"
    if any("\ud800" <= char <= "\udfff" for char in secret):
        return f"the environment variable {name} isn't UTF-8", None
    return secret


def _from_file(name: str, scope: SecretScope) -> _Answer:
    try:
        path = (scope.folder / name).resolve()
        if not any(path == listed or listed in path.parents for listed in _listed(scope)):
            return f"the file {name} isn't listed", "list it, or its folder, under secrets.files in the Project file"
        if not path.is_file() and not path.is_symlink():  # a link that resolves to a link leads in a circle
            return f"there is no file {name}", None
        secret = path.read_bytes().decode("utf-8")
    except (OSError, ValueError, RuntimeError) as error:
        why = "it isn't UTF-8" if isinstance(error, UnicodeDecodeError) else "check its name and its permissions"
        return f"the file {name} can't be read", why
    secret = secret.removesuffix("\n").removesuffix("\r")
    return secret or (f"the file {name} is empty", None)


def _listed(scope: SecretScope) -> Iterator[Path]:
    """Resolved, so that neither ``..`` nor a symbolic link leads out of what is listed."""
    return ((scope.folder / name).resolve() for name in scope.files)
