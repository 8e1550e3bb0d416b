"""Loading, checking and comparing 20,000 users without any network: YAML against octoDNS, NDJSON against YAML."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import population, zones
from benchmarks.comparing import Bench, Comparison, Reading
from benchmarks.measuring import PYTHON, TOP

YAML = "YAML, bytes"
OCTODNS = "octoDNS"
YAML_USERS = "YAML, users"
NDJSON_USERS = "NDJSON, users"


@contextmanager
def bench(*, quick: bool) -> Iterator[Bench]:
    """Each in a process of its own."""
    users = 2000 if quick else 20_000
    zones.install()
    with tempfile.TemporaryDirectory(prefix="paragon-sync-bench-") as name:
        folder = Path(name)
        (folder / "zones").mkdir()
        population.write_live(folder, users)
        yaml, ndjson = population.write_yaml(folder, users), population.write_ndjson(folder, users)
        size = sum(file.stat().st_size for file in yaml)
        zone_size = zones.write(folder / "zones", size)
        yield Bench(
            name="load",
            contestants={
                YAML: lambda: _bytes(offline(folder, yaml), size),
                OCTODNS: lambda: zones.plan(folder / "zones", zone_size),
                YAML_USERS: lambda: _pipeline(offline(folder, yaml)),
                NDJSON_USERS: lambda: _pipeline(offline(folder, ndjson)),
            },
            comparisons=(
                Comparison(name="load, check and compare, YAML", of=YAML, against=OCTODNS, at_least=5),
                Comparison(name="load, check and compare, NDJSON", of=NDJSON_USERS, against=YAML_USERS, at_least=2.5),
            ),
            footnotes=(
                f"{users:,} users, each with a document of 24 lines: {size / 1e6:.1f} MB of YAML; one in 100 differs",
                f"{zones.version()}: {zones.ZONES} zones, {zone_size / 1e6:.1f} MB; one record in 100 differs",
                "bytes: whole processes; users: from the first manifest to the finished plan, in a process of its own",
            ),
        )


def offline(folder: Path, files: list[Path]) -> Reading:
    """Plan in a process of its own."""
    began = time.perf_counter()
    command = [PYTHON, "-m", "benchmarks.offline", folder, *files]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - began
    if done.returncode:
        sys.exit(done.stderr)
    told = json.loads(done.stdout)
    took = {"µs a user": told["seconds"], "CPU µs a user": told["cpu"]}
    notes = {name: seconds / told["users"] * 1e6 for name, seconds in took.items()}
    notes |= {"MB": told["megabytes"], "changed": told["changed"]}
    return Reading(value=told["users"] / wall, unit="users/s", notes=notes)


def _pipeline(reading: Reading) -> Reading:
    """The same without the start of the process."""
    return Reading(value=1e6 / reading.notes["µs a user"], unit="users/s", notes=reading.notes)


def _bytes(reading: Reading, size: int) -> Reading:
    users = reading.notes["changed"] * population.CHANGED_EVERY
    return Reading(value=reading.value / users * size / 1e6, unit="MB/s", notes=reading.notes)
