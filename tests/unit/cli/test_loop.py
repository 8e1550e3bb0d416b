"""One coroutine is run to its end, or stopped so that it can still count what it did."""

import asyncio
import errno
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from paragon_sync.cli.loop import Loop, run_async
from paragon_sync.errors import HungUp, StateError, Terminated

ENDINGS = [(signal.SIGTERM, Terminated), (signal.SIGINT, KeyboardInterrupt), (signal.SIGHUP, HungUp)]


async def fail(error: Exception) -> None:
    raise error


def test_the_result_is_given_back() -> None:
    async def work() -> str:
        return "done"

    assert run_async(work()) == "done"


@pytest.mark.parametrize(("number", "raised"), ENDINGS)
def test_a_signal_lets_the_work_count_what_it_did(number: signal.Signals, raised: type[BaseException]) -> None:
    counted = []

    async def work() -> None:
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), number)
        try:
            await asyncio.Event().wait()
        finally:
            counted.append("all")

    with pytest.raises(raised):
        run_async(work())
    assert counted == ["all"]


@pytest.mark.parametrize(("number", "raised"), ENDINGS)
def test_it_reaches_work_that_never_waits_and_what_that_closes_is_closed(
    number: signal.Signals, raised: type[BaseException]
) -> None:
    closed = []

    async def work() -> None:
        try:
            for step in range(10**12):
                if step == 1000:
                    os.kill(os.getpid(), number)
        finally:
            await asyncio.sleep(0.01)
            closed.append("all")

    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with pytest.raises(raised):
        run_async(work())
    assert closed == ["all"]
    assert before == [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]


def test_work_that_ends_what_it_began_is_not_torn_from_it() -> None:
    told: list[str] = []

    async def work() -> str:
        os.kill(os.getpid(), signal.SIGINT)
        steps = sum(1 for _ in range(100_000))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return f"{steps} and {told}"

    with Loop() as loop:
        assert loop.run(work(), lambda what, _: told.append(what)) == "100000 and ['interrupted']"


def test_a_second_one_cancels_it() -> None:
    told: list[str] = []

    async def work() -> None:
        for number in (signal.SIGHUP, signal.SIGTERM):
            os.kill(os.getpid(), number)
        await asyncio.Event().wait()

    with Loop() as loop, pytest.raises(Terminated):
        loop.run(work(), lambda what, _: told.append(what))
    assert told == ["hung up"]


def test_one_that_comes_as_such_work_ends_is_told_too() -> None:
    told: list[str] = []

    async def work() -> str:
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGTERM)  # runs once this is done
        return "done"

    with Loop() as loop:
        assert loop.run(work(), lambda what, _: told.append(what)) == "done"
    assert told == ["terminated"]


def test_hang_up_stays_ignored_where_it_is() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:

        async def work() -> str:
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(0)
            return "done"

        assert run_async(work()) == "done"
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(("number", "raised"), ENDINGS)
def test_one_that_comes_while_the_loop_is_closed_is_raised_after_that(
    number: signal.Signals, raised: type[BaseException]
) -> None:
    closed = []

    async def close_later() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            os.kill(os.getpid(), number)
            await asyncio.sleep(0.01)
            closed.append("all")

    async def begin() -> None:
        tasks.append(asyncio.create_task(close_later()))
        await asyncio.sleep(0)

    tasks: list[asyncio.Task[None]] = []
    with pytest.raises(raised), Loop() as loop:
        loop.run(begin())
    assert closed == ["all"]


def test_what_one_has_opened_is_there_for_the_next_one() -> None:
    async def begin() -> asyncio.Task[str]:
        return asyncio.create_task(asyncio.sleep(0.01, "opened"))

    async def go_on(begun: asyncio.Task[str]) -> str:
        return await begun

    with Loop() as loop:
        begun = loop.run(begin())
        assert loop.run(go_on(begun)) == "opened"


@pytest.mark.parametrize(("number", "raised"), ENDINGS)
def test_a_signal_that_comes_as_the_work_ends_keeps_the_next_work_from_beginning(
    number: signal.Signals, raised: type[BaseException]
) -> None:
    async def work() -> None:
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), number)  # runs once this is done

    with pytest.raises(raised):
        run_async(work())


def test_work_that_cancels_itself_is_not_taken_for_terminated() -> None:
    async def work() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        run_async(work())


@pytest.mark.parametrize(
    ("errors", "raised"),
    [
        ([StateError("first"), StateError("second")], "first"),
        ([StateError("first"), ValueError("unforeseen")], "unforeseen"),
        ([ExceptionGroup("inner", [StateError("nested")])], "nested"),
    ],
)
def test_of_errors_side_by_side_one_is_raised(errors: list[Exception], raised: str) -> None:
    async def work() -> None:
        async with asyncio.TaskGroup() as tasks:
            for error in errors:
                tasks.create_task(fail(error))

    with pytest.raises((StateError, ValueError), match=raised):
        run_async(work())


def policies() -> list[int]:
    """How this thread, another one and another process take turns."""
    text = "import os; print(os.sched_getscheduler(0))"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, check=True, text=True)
    with ThreadPoolExecutor() as pool:
        return [os.sched_getscheduler(0), pool.submit(os.sched_getscheduler, 0).result(), int(done.stdout)]


async def policies_meanwhile() -> list[int]:
    return policies()


def test_nothing_of_a_run_interrupts_another_part_of_it() -> None:
    assert run_async(policies_meanwhile()) == [os.SCHED_BATCH] * 3
    assert policies() == [os.SCHED_OTHER] * 3


@pytest.mark.parametrize("chosen", [os.SCHED_BATCH, os.SCHED_IDLE])
def test_how_somebody_else_has_chosen_to_take_turns_stays(chosen: int) -> None:
    os.sched_setscheduler(0, chosen, os.sched_param(0))
    try:
        assert [*run_async(policies_meanwhile()), os.sched_getscheduler(0)] == [chosen] * 4
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


@pytest.mark.parametrize("function", ["sched_getscheduler", "sched_setscheduler"])
def test_where_that_cannot_be_chosen_everything_is_as_usual(function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> int:
        raise OSError(errno.ENOSYS, "this system has the function, and nothing behind it")

    monkeypatch.setattr(os, function, refused)

    async def work() -> str:
        monkeypatch.undo()
        return f"done by {policies()}"

    assert run_async(work()) == f"done by {[os.SCHED_OTHER] * 3}"


def test_other_systems_know_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert run_async(policies_meanwhile()) == [os.SCHED_OTHER] * 3
