"""The same script by somebody who knows aiohttp, uvloop and msgspec: workers, one session, tokens signed in threads.

python with_aiohttp.py URL KEYFILE USERS.NDJSON CONCURRENCY
"""

import asyncio
import sys
from pathlib import Path

import aiohttp
import msgspec
import uvloop
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from with_httpx import PROJECT, differences, token


async def work(session, documents, key, found):
    for document in documents:
        signed = await asyncio.to_thread(token, document["user"], key)
        async with session.get(
            f"/projects/{PROJECT}/sdk/credentials", headers={"Authorization": f"Bearer {signed}"}
        ) as response:
            response.raise_for_status()
            found.append(differences(document, msgspec.json.decode(await response.read())))


async def main(url, key_file, users, concurrency):
    key = load_pem_private_key(Path(key_file).read_bytes(), None)
    documents = (msgspec.json.decode(line) for line in Path(users).open("rb"))
    found = []
    connector = aiohttp.TCPConnector(limit=int(concurrency))
    async with aiohttp.ClientSession(url, connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        await asyncio.gather(*(work(session, documents, key, found) for _ in range(int(concurrency))))
    print(sum(map(bool, found)), "users differ")


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
