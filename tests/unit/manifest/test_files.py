"""Which files are manifests: hidden ones, links, folders as patterns, files that are missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from paragon_sync.errors import ManifestError, Problem
from paragon_sync.manifest.files import find_files
from paragon_sync.manifest.loader import iter_documents
from paragon_sync.manifest.project import load_project
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.model.project import Project


def project(folder: Path, *patterns: str) -> Project:
    file = folder / "paragon.yaml"
    file.write_text(
        "apiVersion: paragon-sync/v1\nkind: Project\nmanifests:\n"
        + "".join(f"  - '{pattern}'\n" for pattern in patterns)
        + "environments: {a: {host: 'http://127.0.0.1:1', project: 38b1f170-0c43-4eae-9a04-ab85325d99f7,"
        " signingKey: {$env: K}, catalog: {users: [r]}}}\n"
    )
    return load_project(file)


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x: 1\n")


def names(folder: Path, found: list[Path]) -> list[str]:
    return [str(path.relative_to(folder)) for path in found]


def test_hidden_files_and_folders_are_not_read(tmp_path: Path) -> None:
    touch(tmp_path, "u/a.yaml", "u/._a.yaml", "u/.old/b.yaml")
    by_pattern = project(tmp_path, "u/**/*.yaml")

    assert names(tmp_path, find_files(by_pattern)) == ["u/a.yaml"]
    assert names(tmp_path, find_files(by_pattern, [tmp_path / "u"])) == ["u/a.yaml"]


def test_a_pattern_or_argument_that_writes_the_dot_reads_hidden_files(tmp_path: Path) -> None:
    touch(tmp_path, "u/a.yaml", "u/.old/b.yaml")

    assert names(tmp_path, find_files(project(tmp_path, "u/.old/*.yaml"))) == ["u/.old/b.yaml"]
    assert names(tmp_path, find_files(project(tmp_path, "u/*.yaml"), [tmp_path / "u/.old"])) == ["u/.old/b.yaml"]


def test_a_link_and_its_target_are_one_file(tmp_path: Path) -> None:
    touch(tmp_path, "u/a.yaml")
    (tmp_path / "u/b.yaml").symlink_to("a.yaml")

    assert names(tmp_path, find_files(project(tmp_path, "u/*.yaml"))) == ["u/a.yaml"]


def test_a_folder_as_a_pattern_names_the_pattern_for_its_files(tmp_path: Path) -> None:
    touch(tmp_path, "u/a.yaml")

    with pytest.raises(ManifestError) as raised:
        find_files(project(tmp_path, "u/"))

    assert raised.value.problems[0].hint == "it is a folder: write u/**/*.yaml"


def test_a_missing_file_has_no_line(tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as raised:
        find_files(project(tmp_path, "u/*.yaml"), [tmp_path / "no.yaml"])

    assert str(raised.value) == f"{tmp_path / 'no.yaml'}: there is no such file or folder"


def test_a_saved_plan_is_no_manifest(tmp_path: Path) -> None:
    (tmp_path / "p.plan").write_bytes(b"SQLite format 3\0\xff")

    with pytest.raises(ManifestError) as raised:
        find_files(project(tmp_path, "u/*.yaml"), [tmp_path / "p.plan"])

    assert str(raised.value) == f"{tmp_path / 'p.plan'}: this is a saved plan, and no manifest"
    assert raised.value.problems[0].hint == "show or apply takes it"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("<<<<<<< HEAD\nuser: a\n=======\nuser: b\n>>>>>>> other\n", 1, "a conflict marker of Git"),
        ("apiVersion: paragon-sync/v1\nKind: User\nuser: a\n", 2, 'unknown key "Kind"'),
    ],
    ids=["conflict marker", "Kind"],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, line: int, message: str) -> None:
    (tmp_path / "a.yaml").write_text(text)

    found = list(iter_documents([tmp_path / "a.yaml"], SecretScope(folder=tmp_path)))

    assert [(one.line, one.message) for one in found if isinstance(one, Problem)] == [(line, message)]
