"""Draws docs/picture.svg: the plan and the run of the quickstart, as the commands print them on a terminal.

.venv/bin/python docs/make_picture.py [FILE]
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

HERE = Path(__file__).parent
QUICKSTART = HERE.parent / "examples" / "quickstart"
COMMAND = Path(sys.executable).parent / "paragon-sync"
COMMANDS = ("plan -e local --user 'ember-*' --user 'juniper-*' --out p.plan", "apply p.plan -e local")
THEME = TerminalTheme(
    background=(24, 26, 31),
    foreground=(214, 217, 222),
    normal=[
        (24, 26, 31),
        (235, 111, 111),
        (126, 199, 130),
        (226, 184, 97),
        (110, 168, 254),
        (198, 146, 233),
        (97, 201, 201),
        (214, 217, 222),
    ],
)


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "picture.svg"
    out.write_text(draw(record()), encoding="utf-8")


def record() -> str:
    """What the commands print, colours included, on a fresh copy of the quickstart."""
    environment = {**os.environ, "FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": "80"}
    for name in ("NO_COLOR", "CI"):  # in CI a plan is saved encrypted, or not at all
        environment.pop(name, None)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "quickstart"
        shutil.copytree(QUICKSTART, copy, ignore=shutil.ignore_patterns(".*"))
        shown = ""
        for command in COMMANDS:
            ended = subprocess.run(
                [COMMAND, *shlex.split(command)],
                cwd=copy,
                env=environment,
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
            shown += f"\033[1m$ paragon-sync {command}\033[0m\n{ended.stdout}\n"
    return shown.rstrip("\n") + "\n"


def draw(shown: str) -> str:
    """The recorded text as an SVG that loads nothing from elsewhere."""
    console = Console(record=True, width=80, file=StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(shown), soft_wrap=True)
    svg = console.export_svg(title="paragon-sync", theme=THEME, unique_id="paragon-sync")
    without_fonts = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return without_fonts.replace("Fira Code, monospace", "ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace")


if __name__ == "__main__":
    main()
