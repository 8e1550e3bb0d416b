"""Signs in processes of their own, for those who sign many: the near ends of their pipes. Knows no request.

A signature takes longer than everything else that is done for most users, and threads that sign take turns with the
event loop. The key goes through the pipe alone: never into an argument or a variable, where others could see it. What
goes through it is told in ``process``, the far end.
"""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Self, cast

from paragon_sync.paragon.signing import process as far_end
from paragon_sync.paragon.signing.key import SigningKey
from paragon_sync.paragon.signing.process import LENGTH, content, message

_AT_ONCE: Final = 2  # batches for each process: one is being signed, the next one waits in the pipe
_PATIENCE: Final = 2.0  # seconds that a process has to end
_STANDSTILL: Final = 20.0  # seconds after which a batch is given up: it takes a twentieth of a second, or two when busy


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
        processes = cls([worker for worker in started if worker is not None])
        try:
            # the key goes out once the loop has its turn, and whoever asks now may be long at other work
            await asyncio.sleep(0)
        except BaseException:
            await processes.aclose()
            raise
        return processes

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

    def tell(self, said: object) -> None:
        self._questions.write(message(said))

    async def sign(self, users: Sequence[str], issued: int) -> list[str] | None:
        """The tokens; None where the process has gone."""
        self._asked += 1
        number = self._asked
        try:
            self.tell([number, list(users), issued])
            async with asyncio.timeout(_STANDSTILL), self._reading:
                return None if self.gone else await self._answer(number, len(users))
        except (OSError, EOFError, RuntimeError, ValueError, _UnfitError):  # a time-out is an OSError
            self.gone = True
            return None
        except BaseException:  # given up in the middle of an answer: the next one can't be told from its rest
            self.gone = True
            raise

    async def _answer(self, wanted: int, count: int) -> list[str]:
        length = int.from_bytes(await self._answers.readexactly(LENGTH), "big")
        match content(await self._answers.readexactly(length)):
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
    command = (sys.executable, "-P", "-m", far_end.__name__)  # -P: no module of the current folder gets the key
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
    except OSError:  # no room for another process
        return None
    worker = _Worker(process)
    with suppress(OSError, RuntimeError):  # it has gone already: the first batch will tell
        worker.tell([key.packed(), project])
    return worker
