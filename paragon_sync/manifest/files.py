"""Which files are manifests: by the Project's patterns, or by what was named. Opens none."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from paragon_sync.errors import ManifestError, Problem
from paragon_sync.manifest import source
from paragon_sync.manifest.cases import is_cases
from paragon_sync.model.declared import Fault, Place
from paragon_sync.model.project import Project

_SUFFIXES: Final = (".yaml", ".yml", ".ndjson", ".jsonl")
_SQLITE: Final = b"SQLite format 3\0"
_DASH: Final = Path("-")


def find_files(project: Project, paths: Sequence[Path | str] = ()) -> list[Path]:
    """The manifest files: those that the Project's patterns match, or the files and folders given; sorted, each once.

    Files of cases, which stand beside migrations, are none, unless one is named itself.

    Raises :class:`ManifestError` naming every pattern and path that matches nothing.
    """
    found: set[Path] = set()
    problems: list[Problem] = []
    if paths:
        for path in map(Path, paths):
            files = _in(path)
            if path.is_file() and _is_database(path):
                message, hint = "this is a saved plan, and no manifest", "show or apply takes it"
                problems.append(Problem(message=message, file=str(path), line=0, column=0, hint=hint))
                continue
            found.update(files)
            if not files:
                message = "there is no manifest in this folder" if path.is_dir() else "there is no such file or folder"
                problems.append(Problem(message=message, file=str(path), line=0, column=0, hint=_instead_of(path)))
    else:
        for index, pattern in enumerate(project.manifests):
            matching = _matching(project.folder, pattern)
            found.update(matching or ())
            if not matching:
                what = "matches no file" if matching is not None else "is none: it is relative, and ** stands alone"
                place = Place(file=str(project.file), pointer=("manifests", str(index)))
                fault = Fault(
                    message=f'the pattern "{pattern}" {what}', place=place, hint=_pattern_hint(project.folder, pattern)
                )
                problems.extend(source.problems([fault]))
    if problems:
        raise ManifestError(problems)
    return _without_links(found)


def _is_hidden(path: Path, written: Sequence[str] = ()) -> bool:
    """Return whether a part of the path begins with a dot that none of the ``written`` parts of a pattern has."""
    return any(
        part.startswith(".") and part != ".." and not any(fnmatchcase(part, pattern) for pattern in written)
        for part in path.parts
    )


def _without_links(files: Iterable[Path]) -> list[Path]:
    """Return the files in order, each once by its real path: links and their targets are one file."""
    real: dict[str, Path] = {}
    for file in sorted(files):
        real.setdefault(os.path.realpath(file), file)
    return list(real.values())


def _pattern_hint(folder: Path, pattern: str) -> str:
    """Return what to do about a pattern that matches no file."""
    try:
        is_folder = (folder / pattern).is_dir()
    except (OSError, ValueError):
        is_folder = False
    return f"it is a folder: write {pattern.rstrip('/')}/**/*.yaml" if is_folder else "correct or remove it"


def _is_database(path: Path) -> bool:
    """Return whether the file is in the format of plan files, SQLite."""
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False


def _instead_of(path: Path) -> str | None:
    if path == _DASH:
        return 'only a roster can come through standard input: users: {ndjson: "-"}'
    if path.suffix not in _SUFFIXES and not path.is_dir():
        return "if it was to be a plan: paragon-sync plan --out FILE saves one"
    return None


def _matching(folder: Path, pattern: str) -> list[Path] | None:
    """The files, or None for what is no pattern."""
    try:
        written = [part for part in Path(pattern).parts if part.startswith(".")]
        found = (path for path in folder.glob(pattern) if not _is_hidden(path.relative_to(folder), written))
        return [path for path in found if path.is_file() and not is_cases(path)]
    except (ValueError, NotImplementedError, OSError):
        return None


def _in(path: Path) -> list[Path]:
    if path.is_dir():
        named = (file for file in sorted(path.rglob("*")) if not _is_hidden(file.relative_to(path)))
        found = (file for file in named if file.suffix in _SUFFIXES and file.is_file())
        return [file for file in found if not is_cases(file)]
    return [path] if path.exists() else []
