"""A file under its temporary name: locked while its writer lives, removed by the next writer if it died."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from paragon_sync.catalog.lock import write_lock
from paragon_sync.model.catalog import Catalog
from paragon_sync.part_file import PartFile, remove_leftovers
from paragon_sync.store.planfile import PlanWriter

PLAN: Final = "from paragon_sync.store.planfile import PlanWriter as Writer"
ANY: Final = "from paragon_sync.part_file import PartFile as Writer"
CATALOG: Final = Catalog(project="p", origin="o", pulled="2026-11-23T07:06:12+00:00", integrations={})


@contextmanager
def writing(path: Path, writer: str = ANY) -> Iterator[subprocess.Popen[str]]:
    """Another process that has begun to write a file, and waits."""
    begin = "w = Writer(Path(sys.argv[1])); print('begun'); sys.stdin.read()"
    text = f"import sys; from pathlib import Path; {writer}; {begin}"
    command = [sys.executable, "-u", "-c", text, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        try:
            yield process
        finally:
            process.kill()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def plan_beside(folder: Path) -> None:
    with PlanWriter(folder / "other.plan"):
        pass


def lock_beside(folder: Path) -> None:
    write_lock(folder / "catalog.lock.json", CATALOG)


@pytest.mark.parametrize("writer", [PLAN, ANY])
@pytest.mark.parametrize("next_writer", [plan_beside, lock_beside])
def test_the_file_of_a_killed_writer_is_removed_by_the_next_one(
    tmp_path: Path, writer: str, next_writer: Callable[[Path], None]
) -> None:
    with writing(tmp_path / "p.plan", writer) as process:
        process.kill()
        process.wait()
    left = names(tmp_path)
    assert len(left) == 1
    assert left[0].startswith(".p.plan.")
    assert left[0].endswith(".part")

    next_writer(tmp_path)

    assert left[0] not in names(tmp_path)


@pytest.mark.parametrize("writer", [PLAN, ANY])
def test_the_file_of_a_live_writer_stays(tmp_path: Path, writer: str) -> None:
    with writing(tmp_path / "p.plan", writer):
        left = names(tmp_path)
        plan_beside(tmp_path)
        lock_beside(tmp_path)
        remove_leftovers(tmp_path)
        assert set(left) <= set(names(tmp_path))


def test_its_own_process_leaves_it_too(tmp_path: Path) -> None:
    with PartFile(tmp_path / "a") as part:
        remove_leftovers(tmp_path)
        part.write(b"con")
        part.write(b"tent")
        part.publish()
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"content"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600


def test_what_is_not_published_is_removed(tmp_path: Path) -> None:
    with PartFile(tmp_path / "a") as part:
        assert len(names(tmp_path)) == 1
        part.discard()
        assert names(tmp_path) == []


@pytest.mark.parametrize(
    "name", ["a.12345678.part", ".part", ".a.part", ".a.1234567.part", ".a.12345678.party", ".a.12345678"]
)
def test_files_of_other_names_stay(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert names(tmp_path) == [name]


def test_links_folders_and_pipes_of_such_a_name_stay(tmp_path: Path) -> None:
    (tmp_path / "target").touch()
    (tmp_path / ".a.00000001.part").symlink_to("target")
    (tmp_path / ".a.00000002.part").mkdir()
    os.mkfifo(tmp_path / ".a.00000003.part")
    before = names(tmp_path)
    remove_leftovers(tmp_path)
    assert names(tmp_path) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_files_of_other_users_stay(tmp_path: Path) -> None:
    part = tmp_path / ".a.00000001.part"
    part.touch()
    os.chown(part, 12345, -1)
    remove_leftovers(tmp_path)
    assert part.exists()


def test_where_files_can_not_be_locked_they_are_written_and_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    (tmp_path / ".a.00000001.part").touch()
    monkeypatch.setattr(fcntl, "flock", refused)
    remove_leftovers(tmp_path)
    with PartFile(tmp_path / "b") as part:
        part.publish()
    assert names(tmp_path) == [".a.00000001.part", "b"]


def test_a_file_that_is_removed_before_it_is_locked_is_replaced_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = fcntl.flock
    ways: list[Callable[[int, int], None]] = []

    def remove_first(descriptor: int, how: int) -> None:
        for path in tmp_path.iterdir():
            path.unlink()
        lock(descriptor, how)

    def be_locked_by_the_remover(*_: int) -> None:
        for path in tmp_path.iterdir():
            path.unlink()
        raise BlockingIOError

    def flock(descriptor: int, how: int) -> None:
        (ways.pop() if ways else lock)(descriptor, how)

    ways += [remove_first, be_locked_by_the_remover]
    monkeypatch.setattr(fcntl, "flock", flock)
    with PartFile(tmp_path / "a") as part:
        assert [part.path.name] == names(tmp_path)
        part.publish()
    assert ways == []
    assert names(tmp_path) == ["a"]


def test_an_error_names_the_final_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as raised:
        PartFile(tmp_path / "none" / "a")
    assert raised.value.filename == str(tmp_path / "none" / "a")
    remove_leftovers(tmp_path / "none")
