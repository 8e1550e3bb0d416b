"""Of two processors one is for whoever signs, where there is more to do than that; and nothing is left divided."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import subprocess
import sys

import pytest

from paragon_sync.paragon.signing import division
from paragon_sync.paragon.signing.division import Division
from paragon_sync.paragon.signing.processes import SigningProcesses
from tests.unit.paragon.test_signing_processes import KEY, children

PROCESSORS = sorted(os.sched_getaffinity(0))[:2]
NICE = os.getpriority(os.PRIO_PROCESS, 0)

RUN = """
import asyncio, json, os, signal, sys
from pathlib import Path
from cryptography.hazmat.primitives.asymmetric import rsa
from paragon_sync.paragon.signing.key import SigningKey
from paragon_sync.paragon.signing.signer import MANY, Signer

os.sched_setaffinity(0, set(json.loads(sys.argv[1])))
os.sched_setscheduler(0, int(sys.argv[3]), os.sched_param(0))
tasks = Path("/proc/self/task")

def seen(writer):
    own = [int(task.name) for task in tasks.iterdir() if int(task.name) != writer]
    below = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return {"own": [sorted(os.sched_getaffinity(thread)) for thread in own],
            "writer": sorted(os.sched_getaffinity(writer)),
            "theirs": [sorted(os.sched_getaffinity(int(pid))) for pid in below],
            "policies": [os.sched_getscheduler(thread) for thread in (*own, writer, *map(int, below))],
            "nice": [os.getpriority(os.PRIO_PROCESS, int(pid)) for pid in below]}

async def thread():
    import threading
    return await asyncio.to_thread(threading.get_native_id)

async def run():
    signer = Signer(SigningKey(rsa.generate_private_key(65537, 2048)), "p-1")
    await signer.expect(MANY, apart=sys.argv[2] != "beside")
    await asyncio.gather(*(signer.token(f"user-{number}") for number in range(200)))
    during = seen(await thread())
    if sys.argv[2] == "killed":
        for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
            os.kill(int(pid), signal.SIGKILL)
        for user in "bcd":
            await signer.token(user)
        return [during, seen(await thread())]
    await signer.aclose()
    return [during, seen(await thread())]

print(json.dumps(asyncio.run(run())))
"""


def seen(processors, kind, policy=os.SCHED_OTHER):
    """What each thread of a process that signs may run on, and each process that it has started; then, in the end."""
    command = [sys.executable, "-c", RUN, json.dumps(processors), kind, str(policy)]
    return json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


@pytest.mark.skipif(len(PROCESSORS) == 1, reason="there is one processor: nothing can be divided")
def test_whoever_has_more_to_do_keeps_one_of_two_processors_until_the_end():
    during, after = seen(PROCESSORS, "apart")
    ((ours,),) = {tuple(own) for own in during["own"]}
    assert during["theirs"] == [[one] for one in PROCESSORS if one != ours]
    assert during["nice"] == [NICE]
    assert during["writer"] == PROCESSORS
    assert during["policies"] == [*[os.SCHED_BATCH] * len(during["own"]), os.SCHED_OTHER, os.SCHED_OTHER]
    threads = len(after["own"])
    expected = {"own": [PROCESSORS] * threads, "writer": PROCESSORS, "theirs": [], "nice": []}
    assert after == {**expected, "policies": [os.SCHED_OTHER] * (threads + 1)}


def test_once_whoever_signed_has_gone_nothing_is_divided_any_more():
    _, after = seen(PROCESSORS, "killed")
    assert {*map(tuple, after["own"])} == {tuple(PROCESSORS)}


def test_how_somebody_else_has_chosen_to_take_turns_stays():
    for found in seen(PROCESSORS, "apart", os.SCHED_BATCH):
        assert set(found["policies"]) == {os.SCHED_BATCH}


@pytest.mark.parametrize(("processors", "kind"), [(PROCESSORS, "beside"), (PROCESSORS[:1], "apart")])
def test_nothing_is_divided_otherwise(processors, kind):
    during, after = seen(processors, kind)
    assert {*map(tuple, during["own"] + during["theirs"])} == {tuple(processors)}
    assert set(during["nice"]) == {min(NICE + 10, 19)}
    assert set(during["policies"]) == {os.SCHED_OTHER}
    assert after["own"] == [processors] * len(after["own"])


@pytest.fixture
def on(monkeypatch, tmp_path):
    """Sets what Linux says of this process: that it may run on these processors, and which it is on."""

    def told(usable, standing):
        (tmp_path / "stat").write_text(standing)
        monkeypatch.setattr(division, "_usable", lambda _: usable)
        monkeypatch.setattr(division, "_STANDING", tmp_path / "stat")

    return told


def standing(processor):
    return f"1 (a name) with) {' '.join(['0'] * 36)} {processor} 0"


@pytest.mark.parametrize("usable", [{0}, {0, 1, 2}, set(), {98, 99}])
def test_other_numbers_of_processors_than_two_are_not_divided(usable, on):
    on(usable, standing(0))
    assert Division.of_two() is None


@pytest.mark.parametrize("processor", [3, 5])
def test_ours_is_the_one_that_we_are_on(processor, on):
    on({3, 5}, standing(processor))
    found = Division.of_two()
    assert (found.ours, found.theirs) == (processor, 8 - processor)


@pytest.mark.parametrize("text", ["", "x", "1 (x) 1 2 3", "1 (x) " + "x " * 50])
def test_where_it_cannot_be_told_nothing_is_divided(text, on):
    on({0, 1}, text)
    assert Division.of_two() is None


@pytest.fixture
def unchanged():
    """Holds what this process may do against what it could before."""
    before = os.sched_getaffinity(0), os.sched_getscheduler(0)
    yield
    assert (os.sched_getaffinity(0), os.sched_getscheduler(0)) == before


def refused(*_):
    raise OSError(errno.ENOSYS, "this system has the function, and nothing behind it")


@pytest.mark.parametrize("instead", [None, refused], ids=["missing", "refused"])
@pytest.mark.parametrize("function", ["_usable", "_keep_to", "_policy", "_set_policy"])
@pytest.mark.usefixtures("unchanged")
def test_systems_without_it_go_on_as_they_are(function, instead, monkeypatch):
    monkeypatch.setattr(division, function, instead)
    if (found := Division.of_two()) is not None:
        asyncio.run(found.begin())
        found.end()


@pytest.mark.usefixtures("unchanged")
def test_where_the_threads_cannot_be_told_nothing_is_divided(monkeypatch, tmp_path):
    monkeypatch.setattr(division, "_THREADS", tmp_path / "nowhere")
    found = Division(*(PROCESSORS * 2)[:2])
    asyncio.run(found.begin())
    found.end()


@pytest.mark.usefixtures("unchanged")
def test_what_ends_the_beginning_leaves_nothing_divided(monkeypatch):
    before = children(os.getpid())

    async def cancelled(*_):
        raise asyncio.CancelledError

    monkeypatch.setattr(asyncio, "to_thread", cancelled)
    monkeypatch.setattr(Division, "of_two", lambda: Division(PROCESSORS[0], PROCESSORS[-1]))
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(SigningProcesses.start(KEY, "p-1", apart=True))
    assert children(os.getpid()) == before


@pytest.mark.parametrize("processor", [PROCESSORS[0], 5000])
def test_whoever_signs_does_so_on_whatever_processor_there_is(processor, monkeypatch):
    monkeypatch.setattr(Division, "of_two", lambda: Division(PROCESSORS[0], processor))

    async def run():
        processes = await SigningProcesses.start(KEY, "p-1", apart=True)
        try:
            return await processes.sign(["a"], 0)
        finally:
            await processes.aclose()

    assert len(asyncio.run(run())) == 1


def test_whoever_signs_starts_without_what_it_does_not_need():
    text = "import sys\nfrom paragon_sync.paragon.signing import process\nprint('asyncio' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, check=True, text=True)
    assert done.stdout == "False\n"
