from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from paragon_sync.errors import StateError
from paragon_sync.model.outcome import Unchanged
from paragon_sync.model.planned import MetadataSubject, Operation
from paragon_sync.store import location
from paragon_sync.store.journal import Recorded
from paragon_sync.store.state import StateStore
from tests import postgres
from tests.limits import files_no_longer_than
from tests.nouns import run_header

NOBODY = 65534
GOES_ON = "applying the same plan again goes on from there"


def recorded(count: int) -> list[Recorded]:
    operation = Operation(user="u" * 400, subject=MetadataSubject(), base={}, requests=(), managed=(), changes=())
    return [Recorded(number=number, operation=operation, outcome=Unchanged()) for number in range(count)]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_folder_is_private_and_out_of_version_control(tmp_path: Path) -> None:
    with StateStore.open("deep/state", base=tmp_path) as store:
        assert store.location == str(tmp_path / "deep" / "state")
    folder = tmp_path / "deep" / "state"
    assert mode(folder) == 0o700
    assert mode(folder / "state.sqlite") == 0o600
    assert (folder / ".gitignore").read_text() == "*\n"


def test_a_folder_with_other_things_in_it_gets_no_gitignore(tmp_path: Path) -> None:
    (tmp_path / "paragon.yaml").write_text("kind: Project")
    StateStore.open(tmp_path).close()
    assert not (tmp_path / ".gitignore").exists()


@pytest.mark.parametrize("url", ["sqlite:///mine.db", "sqlite:////{folder}/mine.db"])
def test_an_sqlite_file_is_a_place_too(tmp_path: Path, url: str) -> None:
    url = url.format(folder=str(tmp_path).removeprefix("/"))
    with StateStore.open(url, base=tmp_path) as store:
        store.begin(run_header("r1"))
        assert store.location == url
    assert mode(tmp_path / "mine.db") == 0o600
    with StateStore.open(tmp_path.joinpath("mine.db").as_uri().replace("file:", "sqlite:/")) as store:
        assert [run.run for run in store.runs()] == ["r1"]


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_postgresql_url_needs_no_driver_in_it(scheme: str) -> None:
    place = location.locate(f"{scheme}://me:hunter2@db.example/state")
    assert (place.url.drivername, place.shown) == ("postgresql+psycopg", f"{scheme}://db.example/state")


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("mystery://user:hunter2@host/db", "the state can't be in mystery://…"),
        ("mysql://user:hunter2@host/db", "the state can't be in mysql://…"),
        ("postgresql:db", "the state can't be in postgresql"),
        ("postgresql+psycopg:hunter2@db", "the state can't be in postgresql"),
        ("sqlite:state.db", "the state can't be in sqlite"),
        ("sqlite://", "the state can't be in sqlite://"),
        ("sqlite:///:memory:", "the state can't be in sqlite:///"),
        ("sqlite:///file:x.db?uri=true", "the state can't be in "),
        ("postgresql://user:ab@hunter2@host/db", "the state can't be in postgresql://…: the URL has one @ too many"),
        ("postgresql://user:ab/hunter2@host/db", "the state can't be in postgresql://…: the URL has one @ too many"),
        ("postgresql://127.0.0.1:1/ops?user=u&password=hunter2", "the state in postgresql://127.0.0.1:1/ops can't be "),
        ("postgresql://user:hunter2@host:port/db", "the state can't be in postgresql://…: that is no URL"),
    ],
)
def test_what_is_no_place_is_an_error_without_its_password(where: str, message: str) -> None:
    with pytest.raises(StateError) as caught:
        StateStore.open(where)
    assert str(caught.value).startswith(message)
    assert caught.value.hint
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"


def test_a_missing_driver_is_named_and_the_password_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StateError, match="needs a database driver") as caught:
        StateStore.open("postgresql://me:hunter2@127.0.0.1/db")
    assert caught.value.hint == "install it beside paragon-sync: pip install 'paragon-sync[postgresql]'"
    assert "hunter2" not in str(caught.value)


def test_a_file_in_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(StateError, match=r"can't be opened: .*File exists"):
        StateStore.open(tmp_path / "state")


def test_a_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite").write_text("no database at all" * 100)
    with pytest.raises(StateError, match="can't be read or written: file is not a database"):
        StateStore.open(tmp_path)


def test_a_database_in_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"can't be opened: .*No such file"):
        StateStore.open(f"sqlite:///{tmp_path}/missing/mine.db")


def test_a_full_disk_is_an_error_and_what_was_recorded_stays(tmp_path: Path) -> None:
    with StateStore.open(tmp_path) as store:
        store.begin(run_header("r1", operations=2000))
        store.record("r1", recorded(1))
        with (
            files_no_longer_than(300_000),
            pytest.raises(StateError, match=r"can't be read or written: (database or disk is full|disk I/O)") as caught,
        ):
            store.record("r1", recorded(2000))
        assert (
            caught.value.hint
            == f"{tmp_path} must be writable and have room\nwhat was recorded until then stays: " + GOES_ON
        )
        assert store.counts("r1") == {"unchanged": 1}
        store.record("r1", recorded(2000))
        assert store.counts("r1") == {"unchanged": 2000}


@pytest.fixture
def read_only_folder() -> Iterator[Path]:
    """A folder that holds a store and can't be written, neither by whom the tests belong to nor by nobody."""
    with tempfile.TemporaryDirectory(prefix="state-") as name:
        folder = Path(name)
        StateStore.open(folder).close()
        for path in (folder / "state.sqlite", folder):
            path.chmod(0o555)
        if os.getuid() == 0:  # whom no permission stops
            os.seteuid(NOBODY)
        try:
            yield folder
        finally:
            if os.getuid() == 0:
                os.seteuid(0)
            folder.chmod(0o700)


def test_a_folder_that_can_only_be_read_is_an_error(read_only_folder: Path) -> None:
    with pytest.raises(StateError, match=r"can't be opened: .*Permission denied") as caught:
        StateStore.open(read_only_folder)
    assert caught.value.hint is not None
    with pytest.raises(StateError, match=r"can't be opened: .*Permission denied"):
        StateStore.open(read_only_folder / "state")


def test_a_lost_session_is_an_error_and_the_next_one_goes_on(
    postgres_server: postgres.Server, postgres_url: str
) -> None:
    with StateStore.open(postgres_url) as store:
        store.begin(run_header("r1"))
        postgres_server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'paragon-sync'"
        )
        store.record("r1", recorded(3))
        assert store.counts("r1") == {"unchanged": 3}


def test_a_database_that_is_gone_is_an_error_that_says_how_to_go_on() -> None:
    if reason := postgres.missing():
        pytest.skip(reason)
    with postgres.running() as server:
        store = StateStore.open(server.url())
        store.begin(run_header("r1"))
    with pytest.raises(StateError, match="can't be read or written: connection") as caught:
        store.record("r1", recorded(3))
    assert caught.value.hint is not None
    assert caught.value.hint.endswith(GOES_ON)
    store.close()


def test_a_database_that_is_not_there_is_an_error(postgres_server: postgres.Server) -> None:
    with pytest.raises(StateError, match='database "missing" does not exist'):
        StateStore.open(postgres_server.url("missing"))
