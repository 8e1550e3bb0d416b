"""The job that the tool is for, once and whole: a roster in PostgreSQL, a Rollout and a Migration over it, a kill.

    python -m benchmarks.roster_run [--users 200000] [--kill-at 0.5]

A PostgreSQL server of its own holds the roster, an emulator in a process of its own the users. ``plan``, then ``apply``
killed with SIGKILL once that share of the changed users has been written, ``apply`` again, and a last ``plan``. In the
end each user's live state is compared, value by value, with what a few lines of plain Python say that it must be.
Needs PostgreSQL; prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks import world
from benchmarks.world import CREDENTIAL, user_name
from tests import postgres

COMMAND: Final = (str(Path(sys.executable).with_name("paragon-sync")),)
ENVIRONMENT: Final = "night"
MANIFESTS: Final = """\
apiVersion: paragon-sync/v1
kind: Rollout
name: backfill
users: &users
  sql: SELECT name AS "user", plan, sync_interval FROM customers ORDER BY name
  url: {$env: ROSTER_URL}
where: row.plan != "churned"
integrations:
  slack:
    settings: {Sync interval: "{{ row.sync_interval }}"}
    defaults: {Frequency: daily}
---
apiVersion: paragon-sync/v1
kind: Migration
name: languages
users:
  sql: SELECT name AS "user", plan FROM customers ORDER BY name
  url: {$env: ROSTER_URL}
integration: slack
where: live.settings.Language == "en"
steps:
  - map: {setting: Language, values: {en: en-GB}, else: keep}
  - rename: {from: Note 0, to: Greeting}
""".replace(" &users", "")


def row(number: int) -> tuple[str, str, int]:
    """One row of the roster: the user, the plan, and the interval that they shall have."""
    return user_name(number), "churned" if number % 20 == 0 else "pro", 15 if number % 4 else 60


def config(number: int) -> dict[str, Any]:
    """The first account of a user before the night."""
    made: dict[str, Any] = world.config(number, 15)
    if number % 10 < 3:  # noqa: PLR2004 - three in ten have chosen none
        del made["sharedSettings"]["frequency"]
    made["sharedSettings"]["language"] = "en" if number % 5 == 0 else "fr"
    return made


def wanted(number: int) -> dict[str, Any]:
    """The same after it."""
    made, (_, plan, interval) = config(number), row(number)
    shared = made["sharedSettings"]
    if plan != "churned":
        shared["sync-interval"] = interval
        shared.setdefault("frequency", "daily")
    if shared["language"] == "en":
        shared["language"] = "en-GB"
        shared["greeting"] = shared.pop("note-0")
    return made


def fixture(users: int) -> dict[str, Any]:
    """What the emulator holds at first."""
    integrations: list[Any] = world.integrations()
    integrations[0]["configs"][0]["values"]["sharedMeta"]["inputs"].append(
        {"id": "greeting", "title": "Greeting", "type": "TEXT_NO_VARS", "required": False}
    )
    found = {user_name(n): {"credentials": world.credentials(n, config(n))} for n in range(users)}
    reader = {"reader": {"credentials": []}}
    return {"project": {"id": world.PROJECT}, "integrations": integrations, "users": found | reader}


def serve(users: int) -> None:
    """The emulator's process: says where it is, and judges the users when it is asked to."""
    from paragon_sync.emulator import running

    with running(fixture(users), remember=1000) as emulator:
        print(json.dumps({"url": emulator.url, "key": str(emulator.signing_key)}), flush=True)
        for line in sys.stdin:
            if line.strip() == "judge":
                wrong = [n for n in range(users) if not _is_as_wanted(emulator.user(user_name(n)), n)]
                usage = resource.getrusage(resource.RUSAGE_SELF)
                told = {"wrong": len(wrong), "first": wrong[:5], "cpu": usage.ru_utime + usage.ru_stime}
                print(json.dumps(told | {"requests": emulator.site.recorder.count}), flush=True)


def _is_as_wanted(state: Any, number: int) -> bool:
    after, before = wanted(number), world.credentials(number, {})[1]
    credentials = {credential["id"]: credential for credential in state["credentials"]}
    first = credentials[CREDENTIAL % (2 * number)]["configurations"][0]
    same = {key: first.get(key) for key in after} == after and first["id"] == world.CONFIGURATION % number
    second = credentials[CREDENTIAL % (2 * number + 1)]
    return same and {key: second.get(key) for key in ("config", "status")} == {
        key: before[key] for key in ("config", "status")
    }


@dataclass(kw_only=True)
class Server:
    """The emulator's process, and what it says of itself."""

    process: subprocess.Popen[str]
    url: str
    key: str

    def judge(self) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("judge\n")
        self.process.stdin.flush()
        told: dict[str, Any] = json.loads(self.process.stdout.readline())
        return told


@contextmanager
def emulator(users: int) -> Iterator[Server]:
    """An emulator in a process of its own."""
    arguments = [sys.executable, "-m", "benchmarks.roster_run", "--serve", "--users", str(users)]
    process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Server(process=process, **json.loads(process.stdout.readline()))
    finally:
        process.kill()
        process.wait()


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended: seconds, the most memory that it had (MB), its CPU seconds, and what it printed."""

    code: int
    seconds: float
    memory: float
    cpu: float
    out: str


def command(folder: Path, *arguments: str, kill_when: Any = None) -> Ended:
    """Run the tool; ``kill_when`` is asked again and again whether to kill it now."""
    began = time.monotonic()
    with (folder / "out").open("w+") as out, (folder / "err").open("w+") as err:
        process = subprocess.Popen([*COMMAND, *arguments, "-e", ENVIRONMENT], cwd=folder, stdout=out, stderr=err)
        while True:
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
            if ended:
                break
            if kill_when is not None and kill_when():
                os.kill(process.pid, signal.SIGKILL)
            time.sleep(0.05)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        text, complaints = out.read(), err.read()
    print(f"{arguments[0]}: exit {process.returncode}\n{text[-3000:]}{complaints[-1000:]}", file=sys.stderr, flush=True)
    cpu = usage.ru_utime + usage.ru_stime
    seconds = time.monotonic() - began
    return Ended(code=process.returncode, seconds=seconds, memory=usage.ru_maxrss / 1024, cpu=cpu, out=text)


def written(folder: Path) -> int:
    """How many operations have an outcome in the state store."""
    import sqlite3

    found = list((folder / ".paragon-sync").glob("*.sqlite"))
    if not found:
        return 0
    try:
        with sqlite3.connect(f"file:{found[0]}?mode=ro", uri=True, timeout=5) as database:
            query = "SELECT count(*) FROM paragon_sync_states WHERE state = 'applied'"
            return int(database.execute(query).fetchone()[0])
    except sqlite3.Error:
        return 0


def project(folder: Path, server: Server) -> None:
    """The Project file and the manifests."""
    environment = {
        "project": world.PROJECT,
        "host": server.url,
        "signingKey": {"$file": server.key},
        "catalog": {"users": ["reader", user_name(0)]},
    }
    text = {
        "apiVersion": "paragon-sync/v1",
        "kind": "Project",
        "manifests": ["night.yaml"],
        "environments": {ENVIRONMENT: environment},
        "secrets": {"env": ["ROSTER_URL"]},
        "limits": {"concurrency": 32},
        "policy": {"usersChanged": "100%", "valuesRemoved": 1_000_000},
    }
    (folder / "paragon.yaml").write_text(json.dumps(text))
    (folder / "night.yaml").write_text(MANIFESTS)


def fill(server: postgres.Server, users: int) -> str:
    """The roster's table, and the URL of its database."""
    import psycopg

    url = server.new_database()
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE customers (name text PRIMARY KEY, plan text, sync_interval integer)")
        with cursor.copy("COPY customers FROM STDIN") as copy:
            for number in range(users):
                copy.write_row(row(number))
    return url


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.roster_run")
    parser.add_argument("--users", type=int, default=200_000)
    parser.add_argument("--kill-at", type=float, default=0.5)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        serve(asked.users)
        return 0
    with (
        tempfile.TemporaryDirectory(prefix="roster-run-") as name,
        postgres.running() as database,
        emulator(asked.users) as server,
    ):
        folder = Path(name)
        os.environ["ROSTER_URL"] = fill(database, asked.users)
        project(folder, server)
        return night(folder, server, asked.users, asked.kill_at)


def night(folder: Path, server: Server, users: int, kill_at: float) -> int:
    """Plan, apply, kill, apply, judge, plan."""
    changed = sum(config(n) != wanted(n) for n in range(users))
    planned = command(folder, "plan", "--out", "night.plan")
    until = kill_at * changed
    last = 0.0

    def half_way() -> bool:
        nonlocal last
        if time.monotonic() < last + 1:
            return False
        last = time.monotonic()
        return written(folder) >= until

    killed = command(folder, "apply", "night.plan", kill_when=half_way)
    before = written(folder)
    resumed = command(folder, "apply", "night.plan")
    verdict = server.judge()
    again = command(folder, "plan", "--detailed-exitcode")
    rows = {"plan": planned, "apply, killed": killed, "apply, resumed": resumed, "plan again": again}
    print("| step | exit | seconds | CPU seconds | memory, MB |\n|---|--:|--:|--:|--:|")
    for step, one in rows.items():
        print(f"| {step} | {one.code} | {one.seconds:,.0f} | {one.cpu:,.0f} | {one.memory:,.0f} |")
    applying = killed.seconds + resumed.seconds
    print(f"\n- {users:,} rows, {changed:,} users to change, {before:,} of them written when it was killed")
    print(f"- plan: {users / planned.seconds:,.0f} users/s; apply: {changed / applying:,.0f} changed users/s")
    print(f"- users who are not as they must be: {verdict['wrong']} {verdict['first'] or ''}")
    print(f"- the emulator served {verdict['requests']:,} requests in {verdict['cpu']:,.0f} CPU seconds")
    codes = [one.code for one in rows.values()]
    return 0 if verdict["wrong"] == 0 and codes == [0, -signal.SIGKILL, 0, 0] else 1


if __name__ == "__main__":
    sys.exit(main())
