"""Which files are manifests: by the Project's patterns, or by what was named. Opens none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from paragon_sync.errors import ManifestError, Problem
from paragon_sync.manifest import source
from paragon_sync.manifest.cases import is_cases
from paragon_sync.model.declared import Fault, Place
from paragon_sync.model.project import Project

_SUFFIXES: Final = (".yaml", ".yml", ".ndjson", ".jsonl")
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
            found.update(files)
            if not files:
                message = "there is no manifest in this folder" if path.is_dir() else "there is no such file or folder"
                problems.append(Problem(message=message, file=str(path), line=1, column=1, hint=_instead_of(path)))
    else:
        for index, pattern in enumerate(project.manifests):
            matching = _matching(project.folder, pattern)
            found.update(matching or ())
            if not matching:
                what = "matches no file" if matching is not None else "is none: it is relative, and ** stands alone"
                place = Place(file=str(project.file), pointer=("manifests", str(index)))
                fault = Fault(message=f'the pattern "{pattern}" {what}', place=place, hint="correct or remove it")
                problems.extend(source.problems([fault]))
    if problems:
        raise ManifestError(problems)
    return sorted(found)


def _instead_of(path: Path) -> str | None:
    if path == _DASH:
        return 'only a roster can come through standard input: users: {ndjson: "-"}'
    if path.suffix not in _SUFFIXES and not path.is_dir():
        return "if it was to be a plan: paragon-sync plan --out FILE saves one"
    return None


def _matching(folder: Path, pattern: str) -> list[Path] | None:
    """The files, or None for what is no pattern."""
    try:
        return [path for path in folder.glob(pattern) if path.is_file() and not is_cases(path)]
    except (ValueError, NotImplementedError, OSError):
        return None


def _in(path: Path) -> list[Path]:
    if path.is_dir():
        found = (file for file in sorted(path.rglob("*")) if file.suffix in _SUFFIXES and file.is_file())
        return [file for file in found if not is_cases(file)]
    return [path] if path.exists() else []
