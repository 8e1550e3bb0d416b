"""Every benchmark in one go: ``python -m benchmarks``, which is ``make bench``. Prints Markdown.

    python -m benchmarks [--only NAME ...] [--quick] [--rounds N] [--write]

``--quick`` is for those who work on something: fewer users, one round. ``--write`` puts the tables into
``docs/performance.md``, between the markers of each benchmark. Each module named in ``BENCHES`` has a function
``bench(quick: bool)``, a context manager that gives its :class:`~benchmarks.comparing.Bench`.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import re
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from benchmarks.comparing import run

BENCHES = ("plan", "plan_pem", "apply", "load", "million")
PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
LIBRARIES = ("httpx", "aiohttp", "pyreqwest", "msgspec", "PyJWT", "cryptography", "uvloop", "SQLAlchemy")


def main() -> int:
    """Run what was asked for; 0, whatever the ratios are."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--only", action="append", choices=BENCHES, metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--quick", action="store_true", help="fewer users and one round")
    parser.add_argument("--rounds", type=int, help="rounds instead of each benchmark's own")
    parser.add_argument("--write", action="store_true", help=f"write the tables into docs/{PAGE.name}")
    asked = parser.parse_args()
    print(f"{machine()}\n")
    for name in asked.only or BENCHES:
        module = importlib.import_module(f"benchmarks.{name}")
        with module.bench(quick=asked.quick) as bench:
            lines = run(bench, asked.rounds or (1 if asked.quick else bench.rounds))
        print(f"## {bench.name}\n\n" + "\n".join(lines) + "\n", flush=True)
        if asked.write:
            write(bench.name, lines)
    return 0


def machine() -> str:
    """On what it was measured: processor, cores, Python and the libraries that count."""
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores ({model[1] if model else platform.machine()}),"
        f" {platform.system()} {platform.release()}, Python {platform.python_version()}, {versions}."
    )


def version(name: str) -> str:
    """A library's version, or a dash."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "–"


def write(name: str, lines: list[str]) -> None:
    """Put the lines between the benchmark's markers on the page; a page without them is a mistake."""
    page = PAGE.read_text("utf-8")
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        sys.exit(f"{PAGE} has no {begin} … {end}")
    text = "\n".join([machine(), "", *lines])
    PAGE.write_text(f"{before}{begin}\n{text}\n{end}{after}", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
