"""Planning 20,000 users of one NDJSON file, of whom one in a hundred differs, against scripts, the floor and curl."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from benchmarks import measuring, world
from benchmarks.comparing import Bench, Comparison, Reading
from benchmarks.measuring import TOP, Stub, ours, timed

CONCURRENCY = "64"
ONE_IN = 100
PLAN = "paragon-sync plan"
SCRIPT = "asyncio + httpx script"
FLOOR = "floor: sign, GET, parse"
EXPERT = "aiohttp + uvloop script"
CURL = "curl --parallel"


@contextmanager
def bench(*, quick: bool) -> Iterator[Bench]:
    """The contestants ask one stub server, one after the other."""
    users = 2000 if quick else 20_000
    with measuring.stub(ONE_IN) as server, measuring.folder_of(server.url, users) as folder:
        key, manifest, scripts = folder / "key.pem", folder / "users.ndjson", TOP / "benchmarks" / "scripts"

        def script(name: str) -> Reading:
            return timed([measuring.PYTHON, scripts / name, server.url, key, manifest, CONCURRENCY], users, server)

        yield Bench(
            name="plan",
            contestants={
                PLAN: lambda: plan(folder, users, server),
                FLOOR: lambda: floor("plan", folder, users, server),
                SCRIPT: lambda: script("with_httpx.py"),
                EXPERT: lambda: script("with_aiohttp.py"),
                CURL: lambda: curl(folder, users, server),
            },
            comparisons=(
                Comparison(name=PLAN, of=PLAN, against=SCRIPT, at_least=8),
                Comparison(name=PLAN, of=PLAN, against=FLOOR, at_least=0.6),
                Comparison(name=PLAN, of=PLAN, against=EXPERT),
                Comparison(name=PLAN, of=PLAN, against=CURL),
            ),
            footnotes=(
                f"{users:,} users, one in {ONE_IN} differs; whole processes, from their start to their end",
                "curl signs, parses and compares nothing: its tokens were made before",
            ),
        )


def plan(folder: Path, users: int, server: Stub) -> Reading:
    """Our own command."""
    command = ours("plan", "-c", folder / "paragon.yaml", "-e", "bench", "--out", folder / "plan")
    return timed(command, users, server)


def floor(kind: str, folder: Path, users: int, server: Stub) -> Reading:
    """The bare loop over the same transport."""
    command = [
        measuring.PYTHON,
        "-m",
        "benchmarks.floor",
        server.url,
        folder / "key.pem",
        str(users),
        CONCURRENCY,
        kind,
    ]
    return timed(command, users, server)


def curl(folder: Path, users: int, server: Stub) -> Reading:
    """All requests in one configuration file; how it was made isn't measured."""
    config = folder / "curl"
    if not config.exists():
        key = load_pem_private_key((folder / "key.pem").read_bytes(), None)
        url = f'url = "{server.url}/projects/{world.PROJECT}/sdk/credentials"\noutput = "/dev/null"\n'
        names = (world.user_name(number) for number in range(users))
        tokens = (jwt.encode({"sub": name}, key, algorithm="RS256") for name in names)
        config.write_text("next\n".join(f'{url}header = "Authorization: Bearer {token}"\n' for token in tokens))
    command = ["curl", "--silent", "--parallel", "--parallel-max", CONCURRENCY, "--config", str(config)]
    return timed(command, users, server)
