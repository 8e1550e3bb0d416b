"""One coroutine is run to its end, or stopped so that it can still count what it did."""

import asyncio
import os
import signal

import pytest

from paragon_sync.cli.loop import run_async
from paragon_sync.errors import StateError, Terminated


async def fail(error: Exception) -> None:
    raise error


def test_the_result_is_given_back() -> None:
    async def work() -> str:
        return "done"

    assert run_async(work()) == "done"


@pytest.mark.parametrize(("number", "raised"), [(signal.SIGTERM, Terminated), (signal.SIGINT, KeyboardInterrupt)])
def test_a_signal_lets_the_work_count_what_it_did(number: signal.Signals, raised: type[BaseException]) -> None:
    counted = []

    async def work() -> None:
        os.kill(os.getpid(), number)
        try:
            await asyncio.Event().wait()
        finally:
            counted.append("all")

    with pytest.raises(raised):
        run_async(work())
    assert counted == ["all"]


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
