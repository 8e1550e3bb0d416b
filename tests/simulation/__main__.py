"""Plays simulated schedules: one seed with its history, or many seeds until one fails.

python -m tests.simulation --seed 1234 --trace
python -m tests.simulation --seeds 2000 --jobs 2
python -m tests.simulation --minutes 60 --seeds 100000 --jobs 2
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import sys
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from typing import Final

from tests.simulation.examine import digest, examine_all, played
from tests.simulation.judge import judge
from tests.simulation.process import OPTIONS, Switches
from tests.simulation.report import explain, trace

_CHUNK: Final = 50
_PROGRESS_SECONDS: Final = 60.0
_MOST_FAILURES: Final = 5


def main() -> int:
    """Play what the command line asks for; 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, help="play this seed alone, and show what happened")
    parser.add_argument("--trace", action="store_true", help="with --seed: show everything that happened")
    parser.add_argument("--digest", action="store_true", help="with --seed: show a digest of everything that happened")
    parser.add_argument("--seeds", type=int, default=2000, help="play so many seeds (at least, with --minutes)")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--minutes", type=float, default=0.0, help="go on for so many minutes")
    parser.add_argument("--jobs", type=int, default=1, help="play on so many processors")
    parser.add_argument("--without", choices=sorted(OPTIONS), action="append", default=[], help="switch it off")
    asked = parser.parse_args()
    switches = Switches(**dict.fromkeys((OPTIONS[name] for name in asked.without), False))
    if asked.seed is None:
        return _many(asked, switches)
    if asked.digest:
        print(digest(asked.seed, switches))
        return 0
    return _one(asked.seed, switches, full=asked.trace)


def _one(seed: int, switches: Switches, *, full: bool) -> int:
    with played(seed, switches) as world:
        if full:
            print(world.climate)
            for at, line in trace(world):
                print(f"{at:9.3f} s  {line}")
        violations = judge(world)
        for violation in violations:
            print(f"\n{explain(world, violation)}")
        print(f"\nseed {seed}: {len(violations)} violations in {world.loop.now:.0f} s of simulated time")
    return bool(violations)


def _many(asked: argparse.Namespace, switches: Switches) -> int:
    began = shown = time.monotonic()
    chunks = _chunks(asked, began + 60 * asked.minutes)
    done = failures = 0
    with ProcessPoolExecutor(asked.jobs, multiprocessing.get_context("spawn")) as pool:
        pending: set[Future[tuple[int, list[str]]]] = set()
        while True:
            while len(pending) < 2 * asked.jobs and failures < _MOST_FAILURES and (chunk := next(chunks, None)):
                pending.add(pool.submit(examine_all, chunk, switches))
            if not pending:
                break
            ready, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in ready:
                count, failed = future.result()
                done += count
                failures += len(failed)
                for text in failed:
                    print(f"\n{text}\n", flush=True)
            now = time.monotonic()
            if now - shown >= _PROGRESS_SECONDS:
                shown = now
                print(f"{done:,} seeds, {done / (now - began):.1f} a second, {failures} failed", flush=True)
    seconds = time.monotonic() - began
    print(f"{done:,} seeds from {asked.first} on in {seconds:.0f} s: {done / seconds:.1f} a second, {failures} failed")
    return bool(failures)


def _chunks(asked: argparse.Namespace, ends: float) -> Iterator[range]:
    """Give the seeds in parts: so many, and more until the time is over."""
    end = asked.first + asked.seeds
    for first in itertools.count(asked.first, _CHUNK):
        if first >= end and time.monotonic() >= ends:
            return
        yield range(first, first + _CHUNK if first >= end else min(first + _CHUNK, end))


if __name__ == "__main__":
    sys.exit(main())
