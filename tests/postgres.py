"""A PostgreSQL server for tests: a cluster of its own in a temporary folder, reached through a socket in it."""

from __future__ import annotations

import ctypes
import getpass
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

DEBIAN = Path("/usr/lib/postgresql")
PROGRAMS = ("initdb", "postgres")
START_SECONDS = 30
PR_SET_PDEATHSIG = 1


def missing() -> str | None:
    """What has to be installed before :func:`running` can be used, None where nothing is."""
    if _programs() is None:
        return "PostgreSQL is missing: apt-get install postgresql"
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return "PostgreSQL's driver is missing: pip install 'psycopg[binary]'"
    return None


@dataclass
class Server:
    """A cluster, without passwords: its folder is for its own user and root alone."""

    folder: Path
    _process: subprocess.Popen[bytes] | None = None
    _numbers: Iterator[int] = field(default_factory=count)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://{_user()}@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """The URL of a database that nobody has used."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        import psycopg

        quick = ["-c", "fsync=off", "-c", "listen_addresses=", "-c", "shared_buffers=16MB"]
        _, postgres = _programs() or ("", "")
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [postgres, "-D", str(self.folder / "data"), "-k", str(self.folder), *quick],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - calls one function of the C library, and takes no lock
                **_as_user(),
            )
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                self.execute("SELECT 1")
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError((self.folder / "log").read_text()) from None
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """Ends it at once, as a crash does; what was committed stays."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
            self._process = None


@contextmanager
def running() -> Iterator[Server]:
    """Makes a cluster and starts it; stops it by its pid in the end."""
    programs = _programs()
    assert programs is not None, missing()
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path has to be short
    server = Server(folder)
    try:
        if os.getuid() == 0:
            shutil.chown(folder, _user())
        initdb = [programs[0], "--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C", "-D", str(folder / "data")]
        subprocess.run([*initdb, "-U", _user()], check=True, capture_output=True, cwd=folder, **_as_user())
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def _programs() -> tuple[str, ...] | None:
    """The programs of the newest version that is installed; Debian's stand in no PATH."""
    folders = sorted(DEBIAN.glob("*/bin"), key=lambda folder: float(folder.parent.name), reverse=True)
    path = os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")])
    found = tuple(shutil.which(program, path=path) for program in PROGRAMS)
    return tuple(map(str, found)) if all(found) else None


def _end_with_parent() -> None:
    """Where the tests are killed, their server goes too."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


def _user() -> str:
    """Whom the cluster belongs to: never root, whom PostgreSQL refuses."""
    if os.getuid() != 0:
        return getpass.getuser()
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _as_user() -> dict[str, object]:
    if os.getuid() != 0:
        return {}
    entry = pwd.getpwnam(_user())
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
