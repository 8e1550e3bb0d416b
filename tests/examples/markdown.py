"""Reads the code blocks of a Markdown page and does what they say, as a newcomer would.

A ``sh`` block is run (``sh exit=1``: it must end so), a ``text`` block behind it is what it prints, a ``yaml`` block
that begins with ``# path.yaml`` is written to that file. Everything else is passed over.

    python -m tests.examples.markdown docs/getting-started.md

writes the ``text`` blocks again, from what the commands print now. Read the difference as you would read a colleague's.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent
INSTALLING = re.compile(r"^(make|python3 -m venv|pip install)\b", re.MULTILINE)
"""What a test doesn't repeat: it runs in what these commands have made."""

_BLOCK = re.compile(r"^```(\w+)(.*)\n((?:(?!```).*\n)*)```$", re.MULTILINE)
_FILE = re.compile(r"# ([\w./-]+\.yaml)\n")
_CHANGING = (
    (re.compile(r"\b\d{8}-\d{6}-[0-9a-f]{4}\b"), "RUN"),
    (re.compile(r"\b(digest|plan) [0-9a-f]{8}\b"), r"\1 DIGEST"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"), "TIME"),
    (re.compile(r"\b[\d,]+ ms\b"), "N ms"),
    (re.compile(r"\babout \d+ s to apply\b"), "about N s to apply"),
    (re.compile(r"\bby \S+@\S+,"), "by ACTOR,"),
)


@dataclass(frozen=True, slots=True)
class Block:
    """One code block: its language, the rest of its first line, what stands in it, and where that is in the page."""

    language: str
    options: str
    text: str
    start: int
    end: int

    @property
    def exit_code(self) -> int:
        found = re.search(r"exit=(\d+)", self.options)
        return int(found.group(1)) if found else 0


@dataclass(slots=True)
class Shell:
    """Runs scripts one after another, in the folder to which the last one went."""

    folder: Path
    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        """What it printed, on both streams, and how it ended; it ends at the first command that fails."""
        environment = {name: value for name, value in os.environ.items() if name != "FORCE_COLOR"}
        environment |= {
            "HOME": str(self.home),
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "COLUMNS": "80",
        }
        went = self.home / "went"
        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"{script}\npwd > {went}"],
            cwd=self.folder,
            env=environment | self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        if ended.returncode == 0:
            self.folder = Path(went.read_text("utf-8").strip())
        return ended


def blocks(page: str) -> list[Block]:
    """The code blocks of a page, in order."""
    return [Block(m[1], m[2], m[3], m.start(3), m.end(3)) for m in _BLOCK.finditer(page)]


def follow(page: str, shell: Shell) -> Iterator[tuple[Block, str]]:
    """Do what the page says; gives each ``text`` block with what was printed instead."""
    printed = ""
    for block in blocks(page):
        if block.language == "sh" and not INSTALLING.search(block.text):
            ended = shell.run(block.text)
            printed = ended.stdout
            assert ended.returncode == block.exit_code, f"ended with {ended.returncode}:\n{block.text}\n{printed}"
        elif block.language == "yaml" and (named := _FILE.match(block.text)):
            file = shell.folder / named.group(1)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, "utf-8")
        elif block.language == "text":
            yield block, printed


def steady(text: str) -> str:
    """A command's output without what is different each time."""
    for pattern, replacement in _CHANGING:
        text = pattern.sub(replacement, text)
    return text


def copy_examples(folder: Path) -> Path:
    """A copy of the repository's examples, as a clone has them."""
    target = folder / "clone" / "examples"
    shutil.copytree(ROOT / "examples", target, ignore=shutil.ignore_patterns(".emulator", ".paragon-sync", "*.plan"))
    return target


def _rewrite(file: Path) -> None:
    page = file.read_text("utf-8")
    with tempfile.TemporaryDirectory() as name:
        home = Path(name) / "home"
        home.mkdir()
        found = list(follow(page, Shell(copy_examples(Path(name)).parent, home)))
    for block, printed in reversed(found):
        shown = re.sub(r"\bby \S+@\S+,", "by you@laptop,", printed)
        page = page[: block.start] + shown + page[block.end :]
    file.write_text(page, "utf-8")


if __name__ == "__main__":
    _rewrite(Path(sys.argv[1]))
