"""Running the emulator: a socket, a thread, a key, and the end of it. Knows nothing of single routes."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import uvicorn

from paragon_sync.emulator import codec
from paragon_sync.emulator.app import build_app
from paragon_sync.emulator.codec import JsonObject
from paragon_sync.emulator.connection import Connection
from paragon_sync.emulator.emulator import Emulator
from paragon_sync.emulator.faults import Faults, read_faults
from paragon_sync.emulator.fixtures import read_fixture
from paragon_sync.emulator.options import Metadata, Readings, Replace
from paragon_sync.emulator.recorder import Recorder
from paragon_sync.emulator.site import Site
from paragon_sync.emulator.state import MemoryUsers, Users
from paragon_sync.emulator.store import open_store
from paragon_sync.emulator.tokens import Verifier, new_key, write_key
from paragon_sync.emulator.world import World
from paragon_sync.emulator.writes import REMEMBERED, WriteLog
from paragon_sync.errors import EmulatorError

HOST: Final = "127.0.0.1"


@contextlib.contextmanager
def running(
    fixture: Path | Mapping[str, Any] | None = None,
    *,
    port: int = 0,
    replace: Replace = "section",
    metadata: Metadata = "merge",
    patch_subscribes: bool = False,
    state: Path | None = None,
    signing_key: Path | None = None,
    faults: Path | Mapping[str, Any] | Iterable[Mapping[str, Any]] | None = None,
    remember: int = REMEMBERED,
    admin_hosts: Sequence[str] = (),
) -> Iterator[Emulator]:
    """Run an emulator on 127.0.0.1 in a thread of its own, as long as the ``with`` block lasts.

    ``fixture`` is a file, or the same built in Python; port 0 picks a free one. With ``state``, a file, the users
    and the key outlive the block. ``signing_key`` saves making a key, 0.1 s. ``faults`` are those it starts with, a
    file or built in Python. ``remember`` is how many requests and how many writes it can tell about.
    The admin endpoints are served for ``admin_hosts`` beside loopback. Raises :class:`EmulatorError`.
    """
    readings = Readings(replace=replace, metadata=metadata, patch_subscribes=patch_subscribes)

    def site(world: World, users: Users, key: Path) -> Site:
        return Site(
            world=world,
            users=users,
            readings=readings,
            verifier=Verifier(key.read_text("ascii"), world.id),
            recorder=Recorder(remember=remember),
            log=WriteLog(remember=remember),
            faults=Faults(failing),
            admin_hosts=admin_hosts,
        )

    failing = read_faults(faults)
    with contextlib.ExitStack() as stack:
        if state is None:
            read = read_fixture(fixture)
            world, users = read.world, MemoryUsers(read.users)
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="paragon-emulator-")))
            pem = signing_key.read_text("ascii") if signing_key else read.signing_key or new_key()
            key = write_key(pem, folder / "signing-key.pem")
            yield stack.enter_context(_serving(site(world, users, key), key, port))
            return
        store = open_store(fixture, state, signing_key)
        stack.callback(store.users.close)
        yield stack.enter_context(_serving(site(store.world, store.users, store.key), store.key, port))


@contextlib.contextmanager
def _serving(site: Site, key: Path, port: int) -> Iterator[Emulator]:
    listening = _listen(port)
    config = uvicorn.Config(
        build_app(site),
        http=Connection,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        timeout_keep_alive=60,
    )
    server = _Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), name="emulator", daemon=True)
    thread.start()
    try:
        bound = int(listening.getsockname()[1])
        _await_answer(bound)
        yield Emulator(url=f"http://{HOST}:{bound}", project=site.world.id, signing_key=key, site=site)
    finally:
        server.end()
        thread.join(timeout=10)
        listening.close()


class _Server(uvicorn.Server):
    """Ends at once and not at the next tick: a test-suite starts and ends hundreds of them."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._started = threading.Event()
        self._ended = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def end(self) -> None:
        """Stop serving; from another thread than the server's."""
        self._started.wait(timeout=10)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._ended.set)

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._started.set()
        ticking = asyncio.create_task(super().main_loop())
        await self._ended.wait()
        ticking.cancel()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0.001)  # the loop closes what was told to close


def _await_answer(port: int) -> None:
    # The socket listens already, so that this is answered as soon as the server's loop runs.
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    try:
        connection.request("GET", "/__emulator")
        connection.getresponse().read()
    except OSError as error:
        raise EmulatorError(f"the emulator doesn't answer on {HOST}:{port}: {error}") from None
    finally:
        connection.close()


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen(1024)
    except (OSError, OverflowError) as error:
        listening.close()
        reason = error.strerror if isinstance(error, OSError) else "there is no such port"
        raise EmulatorError(
            f"the emulator can't listen on {HOST}:{port}: {reason}", hint="Choose another --port; 0 takes a free one."
        ) from None
    return listening


def serve(
    fixture: Path | None,
    *,
    port: int,
    replace: Replace,
    metadata: Metadata,
    patch_subscribes: bool,
    ready_file: Path | None,
    announce: Callable[[Emulator], None],
    faults: Path | None = None,
    remember: int = REMEMBERED,
    admin_hosts: Sequence[str] = (),
) -> None:
    """Run an emulator until SIGINT or SIGTERM.

    Once it answers, ``announce`` is called and ``ready_file`` written: ``{"url", "project", "signing_key"}``.
    Only for the main thread. Raises :class:`EmulatorError`.
    """
    stopped = threading.Event()
    with running(
        fixture,
        port=port,
        replace=replace,
        metadata=metadata,
        patch_subscribes=patch_subscribes,
        faults=faults,
        remember=remember,
        admin_hosts=admin_hosts,
    ) as emulator:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        if ready_file is not None:
            _write_ready(emulator, ready_file)
        announce(emulator)
        stopped.wait()


def _write_ready(emulator: Emulator, path: Path) -> None:
    ready: JsonObject = {"url": emulator.url, "project": emulator.project, "signing_key": str(emulator.signing_key)}
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(codec.dumps(ready) + "\n", encoding="ascii")
        unfinished.replace(path)
    except OSError as error:
        raise EmulatorError(f"{path}: the ready file can't be written: {error.strerror}") from None
