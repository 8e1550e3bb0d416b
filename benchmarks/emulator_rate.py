"""How many requests a second the emulator serves from memory: one process serves, this one asks.

    python benchmarks/emulator_rate.py [--seconds 5] [--connections 16]

Reads and writes alternate over many users, each with a token of its own. On a busy machine the CPU time tells more
than the rate.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key

USERS = 500
TARGET = 1500

SERVER = """
import sys
from pathlib import Path
from paragon_sync.emulator import serve
serve(Path(sys.argv[1]), port=0, replace="section", metadata="merge", patch_subscribes=False,
      ready_file=Path(sys.argv[2]), announce=lambda emulator: None)
"""


def fixture() -> dict[str, object]:
    """Users with two credentials each, of an ordinary size."""
    workflows = {f"w{number}": {"enabled": number % 2 == 0, "settings": {"a": "b", "c": number}} for number in range(8)}
    settings = {f"setting-{number}": f"value {number}" for number in range(20)}

    def credential(user: int, kind: int) -> dict[str, object]:
        identity = f"c{user}-{kind}"
        entry = {"id": f"{identity}-0", "connectCredentialId": identity, "isDefault": True}
        entry |= {"sharedSettings": settings, "workflowSettings": workflows, "configMeta": {}}
        return {"id": identity, "integrationId": f"i{kind}", "status": "VALID", "configurations": [entry]}

    return {
        "project": {"id": "p"},
        "integrations": [{"id": f"i{kind}", "type": f"type{kind}", "configs": []} for kind in range(2)],
        "users": {
            f"user-{user}": {"meta": {"plan": "pro"}, "credentials": [credential(user, kind) for kind in range(2)]}
            for user in range(USERS)
        },
    }


async def ask(url: str, tokens: list[str], connections: int, seconds: float) -> int:
    """The number of requests answered well within the time."""
    body = json.dumps({"config": {"sharedSettings": {"setting-0": "changed"}}}).encode()
    end = time.monotonic() + seconds
    done = 0

    async def worker(session: aiohttp.ClientSession, first: int) -> None:
        nonlocal done
        user = first
        while time.monotonic() < end:
            headers = {"Authorization": f"Bearer {tokens[user % USERS]}"}
            async with session.get(f"{url}/sdk/credentials", headers=headers) as response:
                await response.read()
                assert response.status == 200, response.status  # noqa: PLR2004
            path = f"{url}/sdk/credentials/c{user % USERS}-0"
            headers |= {"Content-Type": "application/json", "X-Paragon-Configuration-Id": f"c{user % USERS}-0-0"}
            async with session.patch(path, data=body, headers=headers) as response:
                await response.read()
                assert response.status == 200, response.status  # noqa: PLR2004
            done += 2
            user += connections

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections)) as session:
        await asyncio.gather(*(worker(session, number) for number in range(connections)))
    return done


def main() -> int:
    """Measure once."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=16)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "fixture.json").write_text(json.dumps(fixture()))
        ready = folder / "ready.json"
        server = subprocess.Popen([sys.executable, "-c", SERVER, str(folder / "fixture.json"), str(ready)])
        try:
            while not ready.exists():
                assert server.poll() is None
                time.sleep(0.05)
            told = json.loads(ready.read_text())
            key = load_pem_private_key(Path(told["signing_key"]).read_bytes(), password=None)
            expiry = int(time.time()) + 600
            claims = [{"sub": f"user-{user}", "exp": expiry} for user in range(USERS)]
            tokens = [jwt.encode(claim, key, "RS256") for claim in claims]
            url = f"{told['url']}/projects/{told['project']}"
            started = time.monotonic()
            done = asyncio.run(ask(url, tokens, options.connections, options.seconds))
            rate = done / (time.monotonic() - started)
        finally:
            server.terminate()
            server.wait(timeout=10)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = (used.ru_utime + used.ru_stime) / done * 1e6
    print(f"{rate:,.0f} requests a second, half of them writes, over {options.connections} connections")
    print(f"{cpu:,.0f} µs of the server's CPU for each, its start included")
    return 0 if rate >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
