"""The installed command on a terminal of its own, and somebody who types once it asks."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.cases.command import INSTALLED

ASKED = 'Type "yes":'
PATIENCE = 60  # seconds
_CONTROLLING = (  # makes stdin the terminal of a session of its own, so that Ctrl-C reaches the command
    "import fcntl, os, sys, termios\n"
    "os.setsid()\n"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    "os.execv(sys.argv[1], sys.argv[1:])"
)


def on_terminal(folder: Path, arguments: Sequence[str], *typed: bytes) -> tuple[int, str]:
    """Run the command, type each of these when it asks once more, and give its exit code and all that was shown."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _CONTROLLING, INSTALLED, *arguments],
        cwd=folder,
        stdin=child,
        stdout=child,
        stderr=child,
        env=os.environ | {"TERM": "dumb"},
    )
    os.close(child)
    said = ""
    for answer in typed:
        said += _read_until(parent, lambda text: ASKED in text)
        os.write(parent, answer)
    said += _read_until(parent, lambda _: False)
    os.close(parent)
    assert "Traceback" not in said
    return process.wait(timeout=60), said


def _read_until(terminal: int, enough: Callable[[str], bool]) -> str:
    """What comes from a terminal until there is enough, or its other end is closed."""
    said = ""
    while not enough(said):
        assert select.select([terminal], [], [], PATIENCE)[0], f"nothing more came within {PATIENCE} s:\n{said}"
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # how Linux tells the end of a terminal
            break
        if not piece:
            break
        said += piece.decode("utf-8", "replace")
    return said
