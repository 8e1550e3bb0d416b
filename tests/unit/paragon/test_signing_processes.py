"""Many tokens are signed by processes of their own. They end with whoever started them; their going harms nobody."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from paragon_sync.paragon.signing.key import SigningKey
from paragon_sync.paragon.signing.processes import SigningProcesses
from paragon_sync.paragon.signing.signer import MANY, Signer

KEY = SigningKey(rsa.generate_private_key(65537, 2048))
ISSUED = int(time.time())
USERS = [f"user-{number}" for number in range(200)]


def subject(token: str) -> str:
    claims = jwt.decode(token, KEY.rsa.public_key(), algorithms=["RS256"], audience="useparagon.com/p-1")
    return claims["sub"]


def children(of: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{of}/task/{of}/children").read_text().split()]


async def tokens_of(users, *, expected=MANY, meanwhile=lambda: None):
    """Tokens in three waves."""
    signer = Signer(KEY, "p-1")
    await signer.expect(expected)
    found = []
    try:
        for first in range(0, len(users), 80):
            found += await asyncio.gather(*(signer.token(user) for user in users[first : first + 80]))
            meanwhile()
        return [token.text for token in found], children(os.getpid())
    finally:
        await signer.aclose()


def test_whoever_asks_for_many_is_served_by_processes_which_end():
    before = children(os.getpid())
    tokens, during = asyncio.run(tokens_of(USERS))
    assert [subject(token) for token in tokens] == USERS
    assert len(during) > len(before)
    assert children(os.getpid()) == before


async def foreseen(users, then, *, expected=MANY, clock=time.time):
    """What ``then`` gives with a signer that foresaw these users, and has signed ahead what it will."""
    signer = Signer(KEY, "p-1", clock=clock)
    await signer.expect(expected)
    try:
        for user in users:
            signer.foresee(user)
        await asyncio.sleep(0)
        while running := signer._running:
            await asyncio.gather(*running)
            await asyncio.sleep(0)
        return await then(signer)
    finally:
        await signer.aclose()


def test_a_user_who_was_foreseen_has_a_token_at_once():
    async def then(signer):
        asked = [asyncio.create_task(signer.token(user)) for user in ("a", "b", "c")]
        await asyncio.sleep(0)
        early = [task.done() for task in asked]
        again = await signer.token("a")
        return early, [await task for task in asked], again

    early, tokens, again = asyncio.run(foreseen(["a", "b", "a"], then))
    assert early == [True, True, False]
    assert [subject(token.text) for token in (*tokens, again)] == ["a", "b", "c", "a"]


def test_a_token_that_is_too_old_by_then_is_signed_anew():
    times = [float(ISSUED)]

    async def then(signer):
        times[0] += 3600
        return await signer.token("a")

    token = asyncio.run(foreseen(["a"], then, clock=lambda: times[0]))
    assert token.expires > ISSUED + 2 * 3600 - 60


def test_whoever_asks_before_it_is_signed_need_not_wait_for_those_who_have_not_asked():
    async def run():
        signer = Signer(KEY, "p-1")
        await signer.expect(MANY)
        try:
            for user in USERS:
                signer.foresee(user)
            token = await signer.token(USERS[-1])
            return token, bool(signer._running)
        finally:
            await signer.aclose()

    token, busy = asyncio.run(run())
    assert subject(token.text) == USERS[-1]
    assert busy


def test_nobody_signs_ahead_without_processes():
    async def then(signer):
        return bool(signer._running)

    assert asyncio.run(foreseen(USERS, then, expected=MANY - 1)) is False


def test_nobody_is_signed_for_ahead_once_the_processes_have_gone():
    async def run():
        signer = Signer(KEY, "p-1")
        await signer.expect(MANY)
        for user in USERS:
            signer.foresee(user)
        await asyncio.sleep(0)
        await signer.aclose()
        while running := signer._running:
            await asyncio.gather(*running)
            await asyncio.sleep(0)
        signed = sum(token is not None for token in signer._early.values())
        return signed, await signer.token(USERS[-1])

    signed, token = asyncio.run(run())
    assert signed < len(USERS)
    assert subject(token.text) == USERS[-1]


def test_no_more_is_signed_ahead_than_is_kept(monkeypatch):
    monkeypatch.setattr("paragon_sync.paragon.signing.signer._FORESEEN", 3)

    async def then(signer):
        asked = [asyncio.create_task(signer.token(user)) for user in USERS[:5]]
        await asyncio.sleep(0)
        return [task.done() for task in asked], [(await task).text for task in asked]

    early, tokens = asyncio.run(foreseen(USERS[:5], then))
    assert early == [True] * 3 + [False] * 2
    assert list(map(subject, tokens)) == USERS[:5]


def test_few_are_signed_without_any():
    before = children(os.getpid())
    tokens, during = asyncio.run(tokens_of(USERS, expected=MANY - 1))
    assert [subject(token) for token in tokens] == USERS
    assert during == before


def test_a_process_that_is_killed_harms_nobody():
    before = children(os.getpid())

    def kill_all():
        for pid in set(children(os.getpid())) - set(before):
            os.kill(pid, signal.SIGKILL)

    tokens, _ = asyncio.run(tokens_of(USERS, meanwhile=kill_all))
    assert [subject(token) for token in tokens] == USERS


def test_ctrl_c_is_not_for_them():
    before = children(os.getpid())

    async def run():
        processes = await SigningProcesses.start(KEY, "p-1")
        try:
            await asyncio.gather(*(processes.sign(USERS[:1], ISSUED) for _ in range(processes.room)))  # all are there
            for pid in set(children(os.getpid())) - set(before):
                os.kill(pid, signal.SIGINT)
            return [await processes.sign([user], ISSUED) for user in USERS[:10]]
        finally:
            await processes.aclose()

    assert [subject(token) for (token,) in asyncio.run(run())] == USERS[:10]


@pytest.mark.parametrize("user", ["a b", "ü", "\ud800", '"', "", "x" * 100_000])
def test_any_user_id_is_carried(user):
    async def run():
        processes = await SigningProcesses.start(KEY, "p-1")
        try:
            return await processes.sign([user], ISSUED)
        finally:
            await processes.aclose()

    assert list(map(subject, asyncio.run(run()))) == [user]


def test_many_batches_at_once_each_get_their_own():
    async def run():
        processes = await SigningProcesses.start(KEY, "p-1")
        batches = [USERS[first : first + 10] for first in range(0, len(USERS), 10)]
        try:
            found = await asyncio.gather(*(processes.sign(batch, ISSUED) for batch in batches))
            return processes.room, [(batch, tokens) for batch, tokens in zip(batches, found, strict=True) if tokens]
        finally:
            await processes.aclose()

    room, found = asyncio.run(run())
    assert len(found) == room  # who came when there was no room has to sign elsewhere
    for batch, tokens in found:
        assert list(map(subject, tokens)) == batch


def python(folder: Path, text: str) -> str:
    """An executable that stands in Python's place."""
    file = folder / "python"
    file.write_text(f"#!{sys.executable}\n{text}")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return str(file)


def answering(answer: str) -> str:
    """Answers each question after the first message with this, told ``number`` and ``users``."""
    return f"""
import json, sys
def read():
    length = int.from_bytes(sys.stdin.buffer.read(4), "big")
    return json.loads(sys.stdin.buffer.read(length)) if length else None
read()
while (question := read()) is not None:
    number, users, _ = question
    text = {answer}
    sys.stdout.buffer.write(len(text).to_bytes(4, "big") + text)
    sys.stdout.flush()
"""


UNFIT = {
    "another's answer": answering('json.dumps([number - 1, ["t"] * len(users)]).encode()'),
    "too few tokens": answering('json.dumps([number, ["t"] * (len(users) - 1)]).encode()'),
    "no JSON": answering('b"[1, "'),
    "another form": answering('b"{}"'),
    "half an answer": "import sys\nsys.stdin.buffer.read(4)\nsys.stdout.buffer.write(b'\\0\\0\\0\\9abc')",
    "nothing": "",
}


@pytest.mark.parametrize("unfit", UNFIT)
def test_a_process_that_answers_wrongly_is_not_believed(unfit, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", python(tmp_path, UNFIT[unfit]))
    tokens, _ = asyncio.run(tokens_of(USERS))
    assert [subject(token) for token in tokens] == USERS


@pytest.mark.parametrize("executable", ["/nowhere/python", ""])
def test_where_no_process_can_be_started_threads_go_on(executable, monkeypatch):
    monkeypatch.setattr(sys, "executable", executable)
    tokens, _ = asyncio.run(tokens_of(USERS))
    assert [subject(token) for token in tokens] == USERS


def test_a_process_that_does_not_end_is_ended(tmp_path, monkeypatch):
    before = children(os.getpid())
    monkeypatch.setattr("paragon_sync.paragon.signing.processes._PATIENCE", 0.2)
    monkeypatch.setattr(sys, "executable", python(tmp_path, "import time\ntime.sleep(60)"))

    async def run():
        processes = await SigningProcesses.start(KEY, "p-1")
        await processes.aclose()

    asyncio.run(run())
    assert children(os.getpid()) == before


def test_a_process_that_stands_still_is_given_up(monkeypatch):
    before = children(os.getpid())
    monkeypatch.setattr("paragon_sync.paragon.signing.processes._STANDSTILL", 0.3)
    monkeypatch.setattr("paragon_sync.paragon.signing.processes._PATIENCE", 0.2)

    def stop_all():
        for pid in set(children(os.getpid())) - set(before):
            os.kill(pid, signal.SIGSTOP)

    tokens, _ = asyncio.run(tokens_of(USERS, meanwhile=stop_all))
    assert [subject(token) for token in tokens] == USERS
    assert children(os.getpid()) == before


def test_a_module_of_the_current_folder_never_gets_the_key(tmp_path, monkeypatch):
    seen = tmp_path / "seen"
    for name in ("jwt", "json", "cryptography", "paragon_sync"):
        (tmp_path / f"{name}.py").write_text(f"open({str(seen)!r}, 'w').close()\nraise SystemExit\n")
    monkeypatch.chdir(tmp_path)
    tokens, during = asyncio.run(tokens_of(USERS))
    assert [subject(token) for token in tokens] == USERS
    assert during
    assert not seen.exists()


def test_one_who_gives_up_in_the_middle_leaves_no_answer_for_another():
    async def run():
        processes = await SigningProcesses.start(KEY, "p-1")
        try:
            asking = asyncio.create_task(processes.sign(USERS, ISSUED))
            await asyncio.sleep(0.01)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            return [await processes.sign([user], ISSUED) for user in USERS[:10]]
        finally:
            await processes.aclose()

    for user, tokens in zip(USERS, asyncio.run(run()), strict=False):
        assert tokens is None or list(map(subject, tokens)) == [user]


PARENT = """
import asyncio, os, sys
from pathlib import Path
from cryptography.hazmat.primitives.asymmetric import rsa
from paragon_sync.paragon.signing.processes import SigningProcesses
from paragon_sync.paragon.signing.key import SigningKey

async def run():
    processes = await SigningProcesses.start(SigningKey(rsa.generate_private_key(65537, 2048)), "p-1")
    await processes.sign(["a"], 0)
    print(Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text(), flush=True)
    await asyncio.sleep(60)

asyncio.run(run())
"""


def test_they_end_with_whoever_started_them_however_that_went():
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert pids
        for pid in pids:
            shown = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
            assert b"MII" not in shown  # how a key begins
        parent.kill()
    until = time.monotonic() + 20
    while any(Path(f"/proc/{pid}/cmdline").exists() for pid in pids):
        assert time.monotonic() < until
        time.sleep(0.05)
