"""One process that signs: the far end of the pipe of ``processes``, and how both write to it. Starts quickly.

A message is its length, in four bytes, and JSON. First comes the key with its project; then batches of users, numbered,
each of which is answered by its number and its tokens. The process ends when its pipe does, however the other end went.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, BinaryIO, Final

from paragon_sync.paragon.signing.key import SigningKey
from paragon_sync.paragon.signing.tokens import sign

LENGTH: Final = 4  # bytes

_step_aside: Final[Callable[[], None]] = getattr(os, "sched_yield", lambda: None)


def message(said: object) -> bytes:
    """What JSON can hold, as either end sends it: its length, and the text."""
    text = json.dumps(said).encode("ascii")
    return len(text).to_bytes(LENGTH, "big") + text


def content(text: bytes) -> Any:
    """What a message's text says; raises :class:`ValueError` where it says nothing."""
    return json.loads(text)


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Sign until there are no more questions.

    Ctrl-C and SIGHUP are for the one who asks, who needs tokens to end what it began. Where both want a processor it is
    the other's: whoever asks for tokens has more to do for each, and asks ahead.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # a session of its own would get a share of the processors of its own
    packed, project = _next(questions)
    key = SigningKey.unpacked(packed)
    sign(key, project, "", 0)  # the first one loads what all of them need: better now than while somebody waits
    while (question := _next(questions)) is not None:
        number, users, issued = question
        tokens: list[str] = []
        for user in users:
            tokens.append(sign(key, project, user, issued))
            _step_aside()
        answers.write(message([number, tokens]))
        answers.flush()


def _next(questions: BinaryIO) -> Any:
    """The next message; None at the end."""
    length = questions.read(LENGTH)
    return None if len(length) < LENGTH else content(questions.read(int.from_bytes(length, "big")))


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
    os._exit(0)  # somebody waits for its end, and Python's own takes 15 ms
