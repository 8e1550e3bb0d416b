"""Signs in processes of their own, for those who sign many: both ends of the pipe. Knows no request.

A signature takes longer than everything else that is done for most users, and threads that sign take turns with the
event loop. The key goes through the pipe alone: never into an argument or a variable, where others could see it.

A message is its length, in four bytes, and JSON. First comes the key with its project; then batches of users, numbered,
each of which is answered by its number and its tokens. A process ends when its pipe does, however the other end went.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, BinaryIO, Final, Self, cast

from paragon_sync import jsonvalue
from paragon_sync.errors import JsonError
from paragon_sync.jsonvalue import Json
from paragon_sync.paragon.tokens import SigningKey, sign

_step_aside: Final[Callable[[], None]] = getattr(os, "sched_yield", lambda: None)

_LENGTH: Final = 4  # bytes
_AT_ONCE: Final = 2  # batches for each process: one is being signed, the next one waits in the pipe
_NICENESS: Final = 10
_PATIENCE: Final = 2.0  # seconds that a process has to end


class SigningProcesses:
    """As many processes as there are processors, or fewer where they can't be had."""

    def __init__(self, workers: Sequence[_Worker]) -> None:
        """Use :meth:`start`."""
        self._workers = workers
        self._free = deque([*workers] * _AT_ONCE)

    @classmethod
    async def start(cls, key: SigningKey, project: str) -> Self:
        """Start them."""
        started = await asyncio.gather(*(_started(key, project) for _ in range(min(os.cpu_count() or 1, 8))))
        return cls([worker for worker in started if worker is not None])

    @property
    def room(self) -> int:
        """How many batches are taken at once; 0 where no process is left."""
        return _AT_ONCE * sum(not worker.gone for worker in self._workers)

    async def sign(self, users: Sequence[str], issued: int) -> list[str] | None:
        """A token for each of the users, or None: somebody else has to sign."""
        while self._free:
            worker = self._free.popleft()
            if worker.gone:
                continue
            tokens = await worker.sign(users, issued)
            self._free.append(worker)
            return tokens
        return None

    async def aclose(self) -> None:
        """End them all."""
        await asyncio.gather(*(worker.end() for worker in self._workers))


class _Worker:
    """The near end of one process."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._questions = cast(asyncio.StreamWriter, process.stdin)
        self._answers = cast(asyncio.StreamReader, process.stdout)
        self._reading = asyncio.Lock()  # whoever asks first is answered first
        self._asked = 0
        self.gone = False

    def tell(self, message: Json) -> None:
        self._questions.write(_message(message))

    async def sign(self, users: Sequence[str], issued: int) -> list[str] | None:
        """The tokens; None where the process has gone."""
        self._asked += 1
        number = self._asked
        try:
            self.tell([number, list(users), issued])
            async with self._reading:
                return None if self.gone else await self._answer(number, len(users))
        except (OSError, EOFError, RuntimeError, JsonError, _UnfitError):
            self.gone = True
            return None
        except BaseException:  # given up in the middle of an answer: the next one can't be told from its rest
            self.gone = True
            raise

    async def _answer(self, wanted: int, count: int) -> list[str]:
        length = int.from_bytes(await self._answers.readexactly(_LENGTH), "big")
        found: Any = jsonvalue.loads(await self._answers.readexactly(length))
        match found:
            case [number, [*tokens]] if number == wanted and len(tokens) == count:
                return tokens
            case _:  # a token of one user must never serve another
                raise _UnfitError

    async def end(self) -> None:
        """Let it end, or make it."""
        self.gone = True
        self._questions.close()
        try:
            await asyncio.wait_for(self._process.wait(), _PATIENCE)
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()


class _UnfitError(Exception):
    """What came is no answer to what was asked."""


async def _started(key: SigningKey, project: str) -> _Worker | None:
    command = (sys.executable, "-m", __name__)
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
    except OSError:  # no room for another process
        return None
    worker = _Worker(process)
    with suppress(OSError, RuntimeError):  # it has gone already: the first batch will tell
        worker.tell([key.packed(), project])
    return worker


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """The far end: signs until there are no more questions.

    Ctrl-C is for the one who asks, who needs tokens to end what it began. Where both want a processor it is
    the other's: whoever asks for tokens has more to do for each, and asks ahead.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # not in a session of its own: niceness counts within a session
    with suppress(AttributeError, OSError):  # Windows knows no niceness
        os.nice(_NICENESS)
    packed, project = _next(questions)
    key = SigningKey.unpacked(packed)
    while (question := _next(questions)) is not None:
        number, users, issued = question
        tokens: list[Json] = []
        for user in users:
            tokens.append(sign(key, project, user, issued))
            _step_aside()
        answers.write(_message([number, tokens]))
        answers.flush()


def _message(content: Json) -> bytes:
    text = jsonvalue.dumps(content).encode("ascii")
    return len(text).to_bytes(_LENGTH, "big") + text


def _next(questions: BinaryIO) -> Any:
    """The next message; None at the end."""
    length = questions.read(_LENGTH)
    return None if len(length) < _LENGTH else jsonvalue.loads(questions.read(int.from_bytes(length, "big")))


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
