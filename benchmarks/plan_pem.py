"""Planning 500 users against the script that hands PyJWT the key's text each time, as examples on the web do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks import measuring
from benchmarks.comparing import Bench, Comparison
from benchmarks.measuring import TOP, timed
from benchmarks.plan import CONCURRENCY, ONE_IN, PLAN, plan

SCRIPT = "the same script, PEM text each time"
USERS = 500


@contextmanager
def bench(*, quick: bool) -> Iterator[Bench]:
    """Few users: one signature takes 25 ms that way."""
    users = USERS // 5 if quick else USERS
    script = TOP / "benchmarks" / "scripts" / "with_httpx.py"
    with measuring.stub(ONE_IN) as server, measuring.folder_of(server.url, users) as folder:
        files = (folder / "key.pem", folder / "users.ndjson")
        yield Bench(
            name="plan_pem",
            contestants={
                PLAN: lambda: plan(folder, users, server),
                SCRIPT: lambda: timed(
                    [measuring.PYTHON, script, server.url, *files, CONCURRENCY, "pem"], users, server
                ),
            },
            comparisons=(Comparison(name=PLAN, of=PLAN, against=SCRIPT, at_least=8),),
            footnotes=(f"{users:,} users; whole processes",),
        )
