"""A client that is told no limit keeps to one, over real connections: it is seldom refused, and hardly slower."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.adaptive_rate import GRACE, LEAST_RATE, MOST_REFUSED, LimitedServer, measure
from tests.soak.size import scaled


@pytest.mark.parametrize("kind", ["windows", "bucket"])
def test_a_limit_of_50_a_second_is_kept_to(kind):
    server = LimitedServer(limit=50, kind=kind)
    asyncio.run(measure(server, seconds=GRACE + scaled(60, least=10), concurrency=16))
    assert server.refused(GRACE) <= MOST_REFUSED
    assert server.rate(GRACE) >= LEAST_RATE * 50
