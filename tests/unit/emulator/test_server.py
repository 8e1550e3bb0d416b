"""Starting and ending: keys, ports, state that outlives the process, the command."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from paragon_sync.emulator import codec, embedded, running
from paragon_sync.emulator.app import build_app
from paragon_sync.emulator.options import Readings
from paragon_sync.emulator.passage import PASSAGE, Passage
from paragon_sync.emulator.recorder import Recorder
from paragon_sync.emulator.site import Site
from paragon_sync.emulator.state import MemoryUsers
from paragon_sync.emulator.tokens import Verifier
from paragon_sync.emulator.world import World
from paragon_sync.errors import EmulatorError
from tests.unit.emulator.client import Client, request, token, wait_for

USERS: dict[str, Any] = {"acme": {"meta": {"plan": "pro"}, "credentials": []}}


def test_its_key_can_be_read_by_its_owner_alone_and_is_gone_in_the_end() -> None:
    with running({"users": USERS}) as emulator:
        assert emulator.signing_key.stat().st_mode & 0o777 == 0o600
        assert Client(emulator, "acme").get("/sdk/me")["authenticated"] is True
    assert not emulator.signing_key.exists()


def test_a_fixture_may_bring_its_own_key(signing_key: Path) -> None:
    with running({"signingKey": signing_key.read_text("ascii")}) as emulator:
        assert emulator.signing_key.read_text("ascii") == signing_key.read_text("ascii")


def test_a_port_that_is_taken_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(EmulatorError, match=f"can't listen on 127.0.0.1:{port}") as raised, running(port=port):
            pass
    assert raised.value.hint is not None


def test_a_port_that_is_none_is_refused() -> None:
    with pytest.raises(EmulatorError, match="no such port"), running(port=70_000):
        pass


def test_a_port_is_free_again_at_once(signing_key: Path) -> None:
    with running(signing_key=signing_key) as first:
        port = int(first.url.rpartition(":")[2])
    with running(port=port, signing_key=signing_key) as second:
        assert second.url == first.url


def test_a_client_that_stays_connected_does_not_hold_it_up(signing_key: Path) -> None:
    with running(signing_key=signing_key) as emulator, socket.socket() as client:
        client.connect(("127.0.0.1", int(emulator.url.rpartition(":")[2])))
        client.sendall(b"GET /ui HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(15) == b"HTTP/1.1 200 OK"
    assert not [thread for thread in threading.enumerate() if thread.name == "emulator"]


@pytest.mark.parametrize("name", ["fixture.yaml", "fixture.yml", "fixture.json"])
def test_an_embedded_emulator_goes_on_where_it_ended(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text('{"users": {"acme": {"meta": {"one": 1.0, "lone": "\\ud800"}}}}')
    with embedded(tmp_path) as first:
        Client(first, "acme").ask("PATCH", "/sdk/me", {"meta": {"added": codec.Number("1e5")}})
        key, project = first.signing_key.read_text("ascii"), first.project
        assert first.signing_key.stat().st_mode & 0o777 == 0o600
    with embedded(tmp_path) as second:
        assert codec.dumps(second.user("acme")["meta"]) == '{"one":1.0,"lone":"\\ud800","added":1e5}'
        assert (second.signing_key.read_text("ascii"), second.project) == (key, project)
        assert second.users() == ["acme"]
    assert (tmp_path / ".emulator" / ".gitignore").read_text() == "*\n"


def test_a_changed_fixture_brings_new_users_and_integrations_and_keeps_what_was_written(tmp_path: Path) -> None:
    fixture = tmp_path / "fixture.yaml"
    fixture.write_text("users: {acme: {meta: {plan: pro}}}")
    with embedded(tmp_path) as emulator:
        Client(emulator, "acme").ask("PATCH", "/sdk/me", {"meta": {"plan": "free"}})
        project = emulator.project
    fixture.write_text("integrations: [{id: i, type: slack}]\nusers: {acme: {}, globex: {meta: {plan: pro}}}")
    with embedded(tmp_path) as emulator:
        assert emulator.project == project
        assert emulator.user("acme")["meta"] == {"plan": "free"}
        assert emulator.user("globex")["meta"] == {"plan": "pro"}
        assert list(Client(emulator, "acme").get("/sdk/me")["integrations"]) == ["slack"]


def test_a_fixture_may_change_the_key_of_a_kept_state(tmp_path: Path, signing_key: Path) -> None:
    fixture = tmp_path / "fixture.json"
    fixture.write_text("{}")
    with embedded(tmp_path) as emulator:
        assert emulator.signing_key.read_text("ascii") != signing_key.read_text("ascii")
    fixture.write_text(codec.dumps({"signingKey": str(signing_key)}))
    with embedded(tmp_path) as emulator:
        assert emulator.signing_key.read_text("ascii") == signing_key.read_text("ascii")


def test_state_may_be_kept_for_a_fixture_built_in_python(tmp_path: Path, signing_key: Path) -> None:
    for expected in ("pro", "free"):
        with running({"users": USERS}, state=tmp_path / "kept", signing_key=signing_key) as emulator:
            assert emulator.user("acme")["meta"] == {"plan": expected}
            assert emulator.signing_key.read_text("ascii") == signing_key.read_text("ascii")
            Client(emulator, "acme").ask("PATCH", "/sdk/me", {"meta": {"plan": "free"}})


def test_users_of_any_name_are_kept(tmp_path: Path, signing_key: Path) -> None:
    with running({"users": {"lone \ud800": {}, "ü/1": {}}}, state=tmp_path, signing_key=signing_key) as emulator:
        assert emulator.users() == ["lone \ud800", "ü/1"] or emulator.users() == ["ü/1", "lone \ud800"]


def test_two_emulators_share_a_kept_state(tmp_path: Path) -> None:
    (tmp_path / "fixture.json").write_text("{}")
    with embedded(tmp_path) as first, embedded(tmp_path) as second:
        Client(first, "acme").ask("PATCH", "/sdk/me", {"meta": {"plan": "free"}})
        assert Client(second, "acme").get("/sdk/me")["meta"] == {"plan": "free"}


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmulatorError, match="nowhere: there is no such folder"), embedded(tmp_path / "nowhere"):
        pass


def test_a_folder_without_a_fixture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmulatorError, match="there is no fixture") as raised, embedded(tmp_path):
        pass
    assert "fixture.yaml" in str(raised.value.hint)


def test_a_bad_fixture_leaves_no_half_made_state(tmp_path: Path) -> None:
    (tmp_path / "fixture.json").write_text('{"users": []}')
    with pytest.raises(EmulatorError, match="users must be an object"), embedded(tmp_path):
        pass
    (tmp_path / "fixture.json").write_text('{"users": {"acme": {}}}')
    with embedded(tmp_path) as emulator:
        assert emulator.users() == ["acme"]


def test_a_state_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "fixture.json").write_text("{}")
    kept = tmp_path / ".emulator"
    kept.mkdir()
    (kept / "state.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(EmulatorError, match="state can't be opened") as raised, embedded(tmp_path):
        pass
    assert "start again" in str(raised.value.hint)


def test_a_state_that_has_no_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmulatorError, match="can't be kept here"), running({}, state=tmp_path / "file"):
        pass


def test_a_fixture_that_is_not_there_makes_no_state(tmp_path: Path) -> None:
    with pytest.raises(EmulatorError, match="can't be read"), running(tmp_path / "x.json", state=tmp_path / "kept"):
        pass


EMBEDDED = """
import sys, time
from pathlib import Path
from paragon_sync.emulator import embedded
with embedded(Path(sys.argv[1])) as emulator:
    print(emulator.url, emulator.project, emulator.signing_key, flush=True)
    time.sleep(60)
"""


def test_what_was_written_survives_a_kill(tmp_path: Path) -> None:
    (tmp_path / "fixture.json").write_text('{"users": {"acme": {"meta": {"plan": "pro"}}}}')
    killed = subprocess.Popen([sys.executable, "-c", EMBEDDED, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    with killed:
        assert killed.stdout is not None
        url, project, key = killed.stdout.readline().split()
        headers = {"Authorization": f"Bearer {token(Path(key), 'acme')}"}
        path = f"/projects/{project}/sdk/me"
        assert request(url, "PATCH", path, b'{"meta":{"plan":"free"}}', headers).status == 200
        killed.kill()
    with embedded(tmp_path) as emulator:
        assert emulator.user("acme")["meta"] == {"plan": "free"}


@contextmanager
def command(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command as a process of its own, killed if it doesn't end by itself."""
    started = subprocess.Popen(
        [sys.executable, "-m", "paragon_sync", "emulator", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    with started:
        try:
            yield started
        finally:
            if started.poll() is None:
                started.kill()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_it_is_stopped(tmp_path: Path, ending: signal.Signals) -> None:
    (tmp_path / "fixture.yaml").write_text("project: {id: p1}\nusers: {acme: {meta: {plan: pro}}}")
    ready = tmp_path / "ready.json"
    arguments = ["--fixture", str(tmp_path / "fixture.yaml"), "--replace", "whole", "--metadata", "replace"]
    with command(*arguments, "--patch-subscribes", "yes", "--ready-file", str(ready)) as started:
        assert started.stdout is not None
        told_in_words = "".join(started.stdout.readline() for _ in range(4))
        told: Any = codec.loads(ready.read_text())
        assert list(told) == ["url", "project", "signing_key"]
        about: Any = request(told["url"], "GET", "/__emulator", None, {}).json
        assert about == {"project": "p1", "replace": "whole", "metadata": "replace", "patchSubscribes": True}
        headers = {"Authorization": f"Bearer {token(Path(told['signing_key']), 'acme')}"}
        assert request(told["url"], "GET", "/projects/p1/sdk/credentials", None, headers).text == "[]"
        started.send_signal(ending)
        out, err = started.communicate(timeout=20)
    assert (started.returncode, out, err) == (0, "", "")
    assert told_in_words == (
        "Emulator of project p1\n"
        f"  API          {told['url']}\n"
        f"  signing key  {told['signing_key']}\n"
        "Stop it with Ctrl-C.\n"
    )


def test_the_command_starts_with_faults_and_remembers_what_it_was_told(tmp_path: Path) -> None:
    (tmp_path / "fixture.yaml").write_text("project: {id: p1}")
    (tmp_path / "faults.yaml").write_text("faults: [{fault: firewall, times: 2}]")
    ready = tmp_path / "ready.json"
    arguments = ["--fixture", str(tmp_path / "fixture.yaml"), "--faults", str(tmp_path / "faults.yaml")]
    with command(*arguments, "--remember", "2", "--ready-file", str(ready)):
        told: Any = wait_for(lambda: codec.loads(ready.read_text()) if ready.exists() else None)
        answers = [request(told["url"], "GET", "/projects/p1/sdk/me", None, {}).status for _ in range(3)]
        kept: Any = request(told["url"], "GET", "/__emulator/requests", None, {}).json
    assert answers == [403, 403, 200]
    assert [one["number"] for one in kept] == [2, 3]


def test_the_command_says_what_is_wrong_with_a_fixture(tmp_path: Path) -> None:
    (tmp_path / "fixture.yaml").write_text("users: []")
    with command("--fixture", str(tmp_path / "fixture.yaml")) as started:
        out, err = started.communicate(timeout=20)
    assert (started.returncode, out) == (1, "")
    assert "users must be an object" in err
    assert "Traceback" not in err


def test_a_ready_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with command("--ready-file", str(tmp_path / "no" / "ready.json")) as started:
        _, err = started.communicate(timeout=20)
    assert started.returncode == 1
    assert "the ready file can't be written" in err


class _Dropping:
    """A middleware that loses every request: the room in which faults are to stand."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/ui":
            await self._app(scope, receive, send)


def test_middleware_stands_between_the_record_and_the_routes(signing_key: Path) -> None:
    recorder = Recorder()
    world = World(project={"id": "p1"})
    site = Site(
        world=world,
        users=MemoryUsers({}),
        readings=Readings(),
        verifier=Verifier(signing_key.read_text("ascii"), world.id),
        recorder=recorder,
    )
    app = build_app(site, middleware=[Middleware(_Dropping)])

    async def ask(path: str) -> list[Message]:
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"[1]"}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": b"",
            "headers": [],
            "http_version": "1.1",
        }
        await app(scope, receive, send)
        return sent

    assert asyncio.run(ask("/projects/p1/sdk/me")) == []
    assert asyncio.run(ask("/ui"))[0]["status"] == 200
    assert [(entry["path"], entry["status"]) for entry in map(codec.as_object, recorder.to_json()) if entry] == [
        ("/projects/p1/sdk/me", 0),
        ("/ui", 200),
    ]


def test_only_the_latest_requests_are_kept_and_all_are_counted() -> None:
    recorder = Recorder(remember=2)
    for status in (200, 404, 500):
        passage = Passage(who="client", method="GET", path="/", received=1.5, status=status)
        recorder.add({"method": "GET", "path": "/", "query_string": b"", "headers": [], PASSAGE: passage}, b"")
    assert recorder.count == 3
    assert [(one["number"], one["status"]) for one in map(codec.as_object, recorder.to_json()) if one] == [
        (2, 404),
        (3, 500),
    ]
