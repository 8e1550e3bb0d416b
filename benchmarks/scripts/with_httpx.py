"""The script that a user would write with httpx: ask everybody at once, behind a semaphore, and compare.

    python with_httpx.py URL KEYFILE USERS.NDJSON CONCURRENCY [pem]

With ``pem`` the key is handed over as text each time, as examples on the web do.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

import httpx
import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key

PROJECT = "6c1f6a8e-27c1-4f0a-b0aa-0f3e52d1a001"
SLACK = "1f0b1c6e-0d55-4b0e-9d3c-5a0e7a4d1001"
SETTINGS = {"Channel": "channel", "Sync interval": "sync-interval", "Mention the team": "mention"}
ALERTS, DIGEST = "7a3d9b10-5c2e-4f61-8d4a-9e0b1c2d3001", "7a3d9b10-5c2e-4f61-8d4a-9e0b1c2d3002"


def token(user, key):
    now = int(time.time())
    claims = {"sub": user, "iat": now - 30, "exp": now + 3570, "aud": f"useparagon.com/{PROJECT}"}
    return jwt.encode(claims, key, algorithm="RS256")


def differences(document, credentials):
    """What is other than declared, for one user."""
    wanted = document["integrations"]["slack"]
    slack = next(one for one in credentials if one["integrationId"] == SLACK)
    live = slack["configurations"][0]
    found = []
    for name, value in wanted["settings"].items():
        if live["sharedSettings"].get(SETTINGS[name]) != value:
            found.append((name, live["sharedSettings"].get(SETTINGS[name]), value))
    for workflow in (ALERTS, DIGEST):
        if not live["workflowSettings"].get(workflow, {}).get("enabled"):
            found.append((workflow, False, True))
    day = live["workflowSettings"].get(DIGEST, {}).get("settings", {}).get("day")
    if day != wanted["workflows"]["Weekly digest"]["settings"]["Day"]:
        found.append(("Day", day, wanted["workflows"]["Weekly digest"]["settings"]["Day"]))
    return found


async def check(client, document, key, semaphore):
    async with semaphore:
        headers = {"Authorization": f"Bearer {token(document['user'], key)}"}
        response = await client.get(f"/projects/{PROJECT}/sdk/credentials", headers=headers)
        response.raise_for_status()
        return differences(document, response.json())


async def main(url, key_file, users, concurrency, *pem):
    text = Path(key_file).read_bytes()
    key = text if pem else load_pem_private_key(text, None)
    documents = [json.loads(line) for line in Path(users).open()]
    semaphore = asyncio.Semaphore(int(concurrency))
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        found = await asyncio.gather(*(check(client, document, key, semaphore) for document in documents))
    print(sum(map(bool, found)), "users differ")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
