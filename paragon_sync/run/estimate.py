"""About how long a plan takes to apply, from how fast requests went while it was made. Knows no clock."""

from __future__ import annotations

from paragon_sync.model.planned import MetadataSubject, Operation
from paragon_sync.paragon.rate import Pace
from paragon_sync.plan.user import UserPlan


class Workload:
    """The requests that applying a plan takes when nothing comes between: reads, writes, and reads again."""

    def __init__(self) -> None:
        self.requests = 0
        self.users = 0
        self.longest = 0
        """The most that one user needs, one after the other."""

    def add(self, plan: UserPlan) -> None:
        """Take one user's operations into account."""
        requests = sum(map(requests_of, plan.operations))
        self.requests += requests
        self.users += requests > 0
        self.longest = max(self.longest, requests)

    def seconds(self, pace: Pace) -> float | None:
        """Return how long that takes at this pace; None where nothing was measured."""
        if not pace.ended or not self.requests:
            return None
        each = pace.busy / pace.ended
        at_once = min(pace.concurrency, self.users)
        seconds = max(self.requests * each / at_once, self.longest * each)
        return seconds if pace.rate is None else max(seconds, self.requests / pace.rate)


def requests_of(operation: Operation) -> int:
    """Reading before and after, for metadata of two places; one that only guards reads once."""
    reads = 2 if isinstance(operation.subject, MetadataSubject) else 1
    return 2 * reads + len(operation.requests) if operation.changes else reads
