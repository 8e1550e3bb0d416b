"""How fast a server lets us ask: found out against servers of many kinds, in virtual time."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from paragon_sync.paragon.controller import MAX_CONCURRENCY, Controller
from tests.unit.paragon.servers import (
    Answer,
    Changing,
    Down,
    LeakyBucket,
    SlidingWindow,
    TokenBucket,
    Unreliable,
    Windows,
    against,
    long_tail,
)

KINDS = {
    "windows": Windows,
    "sliding window": SlidingWindow,
    "bucket of 0.2 s": lambda limit, retry_after: TokenBucket(limit, 0.2, retry_after),
    "bucket of 1 s": lambda limit, retry_after: TokenBucket(limit, 1, retry_after),
    "bucket of 10 s": lambda limit, retry_after: TokenBucket(limit, 10, retry_after),
    "queue of 0.2 s": lambda limit, retry_after: LeakyBucket(limit, 0.2, retry_after),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("concurrency", "latency"), [(16, 0.02), (32, 0.1)])
def test_hardly_any_request_is_refused_at_nearly_the_allowed_rate(kind, concurrency, latency):
    server = KINDS[kind](50, None)
    course = against(server, seconds=60, concurrency=concurrency, latency=latency)
    assert course.refused_share(10, 60) <= 0.02
    assert course.rate(10, 60) >= 0.9 * 50


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_asks_for_a_pause_is_seldom_made_to_ask(kind):
    course = against(KINDS[kind](50, 1), seconds=120)
    assert course.refused_share(10, 120) <= 0.005
    assert course.rate(30, 120) >= 0.9 * 50


@pytest.mark.parametrize("retry_after", [None, 1])
@pytest.mark.parametrize("kind", ["windows", "bucket of 1 s", "queue of 0.2 s"])
def test_a_fixed_concurrency_of_64_reaches_the_limit(kind, retry_after):
    course = against(KINDS[kind](500, retry_after), seconds=60, concurrency=64, latency=0.04, tasks=256)
    assert 0.95 * 500 <= course.rate(10, 60) <= 1.04 * 500
    assert course.refused_share(10, 60) <= 0.002
    assert course.pace.concurrency == 64


@pytest.mark.parametrize("retry_after", [None, 1])
@pytest.mark.parametrize("latency", [0.04, long_tail], ids=["40 ms", "20 to 400 ms"])
@pytest.mark.parametrize("kind", ["windows", "bucket of 1 s"])
def test_an_adaptive_concurrency_reaches_nine_tenths_of_the_limit(kind, latency, retry_after):
    course = against(KINDS[kind](500, retry_after), seconds=60, concurrency=None, latency=latency, tasks=512)
    assert course.rate(10, 60) >= 0.9 * 500
    assert course.refused_share(10, 60) <= 0.005
    assert course.pace.concurrency <= MAX_CONCURRENCY


@pytest.mark.parametrize("share", [0.01, 0.05])
def test_rejections_at_any_rate_do_not_stall_an_adaptive_concurrency(share):
    course = against(Unreliable(share), seconds=30, concurrency=None, latency=0.04, tasks=512)
    assert course.rate(10, 30) >= 400


def test_requests_at_once_do_not_grow_where_they_would_only_wait_in_the_server():
    course = against(LeakyBucket(200, 60), seconds=10, concurrency=None, latency=0.04, tasks=512)
    assert course.pace.concurrency <= 64


@pytest.mark.parametrize("limit", [5, 500])
def test_other_limits_are_found_as_well(limit):
    course = against(Windows(limit), seconds=60)
    assert course.refused_share(10, 60) <= 0.02
    assert course.rate(10, 60) >= 0.85 * limit


def test_nothing_slows_down_a_server_that_refuses_nothing():
    course = against(Unreliable(0), seconds=2)
    assert course.rate(0, 2) > 700  # 16 at once, 20 ms each
    assert (course.pace.rate, course.pace.refusals, course.pace.paused) == (None, 0, 0)


@pytest.mark.parametrize(("share", "least"), [(0.001, 500), (0.01, 500), (0.1, 300), (0.3, 100)])
def test_refusals_that_going_slower_does_not_cure_are_put_up_with(share, least):
    course = against(Unreliable(share), seconds=60)
    assert course.rate(40, 60) >= least


def test_a_limit_is_found_behind_refusals_that_nothing_cures():
    course = against(Unreliable(0.1, Windows(50)), seconds=90)
    assert course.rate(30, 90) >= 40
    assert course.refused_share(30, 90) <= 0.3


def test_refusals_that_have_passed_are_put_up_with_no_longer():
    course = against(Changing((0, Unreliable(0.3)), (40, Windows(50))), seconds=100)
    assert course.refused_share(60, 100) <= 0.02
    assert course.rate(60, 100) >= 0.9 * 50


def test_pauses_that_nothing_cures_are_made_without_going_slower():
    course = against(Unreliable(0.03, Unreliable(0.1), retry_after=0.5), seconds=120)
    assert course.rate(60, 120) >= 35  # without its pauses it would be more than ten times that
    assert course.pace.paused > 20


def test_a_limit_that_falls_and_rises_is_followed():
    course = against(Changing((0, Windows(50)), (30, Windows(10)), (60, Windows(100))), seconds=150)
    assert course.refused_share(35, 60) <= 0.03
    assert course.rate(35, 60) >= 7.5
    assert course.rate(130, 150) >= 80


@pytest.mark.parametrize("retry_after", [None, 5])
def test_a_server_that_is_down_is_asked_now_and_then_and_used_when_it_is_back(retry_after):
    course = against(Changing((0, Windows(50)), (20, Down(retry_after)), (50, Windows(50))), seconds=80)
    assert sum(30 <= moment < 50 for moment in course.refused) <= 60
    assert course.rate(60, 80) >= 40


class Slowing:
    """Serves 2000 a second, one after the other, and 50 a second from the 10th second on; never refuses."""

    def __init__(self) -> None:
        self.free = 0.0

    def ask(self, now: float) -> Answer:
        self.free = max(self.free, now) + (1 / 2000 if now < 10 else 1 / 50)
        return Answer(delay=self.free - now)


def test_a_queue_in_the_server_is_drained():
    waits: list[float] = []

    class Watched(Slowing):
        def ask(self, now: float) -> Answer:
            answer = super().ask(now)
            waits.append(answer.delay)
            return answer

    course = against(Watched(), seconds=40, concurrency=64)
    assert max(waits) > 1
    assert max(waits[-100:]) < 0.3
    assert course.rate(15, 40) >= 0.9 * 50
    assert course.pace.rate is not None


@pytest.mark.parametrize("concurrency", [16, 32, 64])
@pytest.mark.parametrize("stand", [0.3, 1.5, 8])
def test_a_server_that_stands_still_for_a_moment_is_used_as_before(concurrency, stand):
    class Standing(Slowing):
        def ask(self, now: float) -> Answer:
            if now < 5:
                return super().ask(now)
            self.free = max(self.free, 5 + stand)
            return Answer(delay=max(0.0, self.free - now))

    course = against(Standing(), seconds=20, concurrency=concurrency)
    assert course.pace.rate is None
    assert course.rate(14, 19) >= 0.9 * course.rate(0, 5)


def test_a_cap_is_never_exceeded():
    course = against(Windows(50), seconds=20, rate=30)
    assert (course.refused, course.pace.rate) == ([], 30)
    assert max(course.rate(second, second + 1) for second in range(20)) <= 31


def test_after_a_pause_requests_do_not_come_all_at_once():
    course = against(Changing((0, Unreliable(0)), (5, Down(10)), (5.5, Unreliable(0))), seconds=20)
    assert course.rate(6, 15) == 0
    assert 0 < course.rate(15, 15.5) <= 1000


def send(controller: Controller, requests: int, *, since: float, per_second: float) -> None:
    """Send requests that are answered at once."""
    for number in range(requests):
        moment = since + number / per_second
        controller.record_sent(moment)
        controller.record_success(moment, moment)


def reject(controller: Controller, began: float, now: float) -> None:
    controller.record_sent(began)
    controller.record_rejection(began, now)


def test_requests_sent_before_the_rate_fell_do_not_lower_it_again():
    controller = Controller()
    send(controller, 200, since=0, per_second=100)
    reject(controller, 1.99, 2.0)
    fallen = controller.rate
    for _ in range(15):
        reject(controller, 1.995, 2.01)
    assert controller.rate == fallen == pytest.approx(95, rel=0.06)


def test_a_single_rejection_among_many_answers_does_not_lower_the_rate():
    controller = Controller()
    send(controller, 400, since=0, per_second=100)
    reject(controller, 3.99, 4.0)
    send(controller, 1000, since=4, per_second=500)
    before = controller.rate
    reject(controller, 5.99, 6.0)
    assert controller.rate == before


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["served", "refused", "silent"]),
        st.floats(0, 5),  # seconds since the event before
        st.floats(0, 40),  # seconds that the request took
        st.sampled_from([0.0, 0.0, 0.0, 0.001, 1.0, 120.0]),
        st.integers(1, 60),  # times
    ),
    max_size=60,
)

GROWN = [  # beyond the rate refused before, and refused again
    ("served", 0, 0, 0, 1),
    ("refused", 5, 0, 0, 2),
    ("served", 2, 13, 0, 1),
    ("served", 5, 30, 0, 1),
    ("refused", 5, 0, 0, 1),
    ("served", 4, 0, 0, 1),
    ("served", 5, 0, 0, 1),
]


@given(EVENTS)
@example(GROWN)
def test_whatever_happens_there_is_a_rate_that_can_be_gone_by(events):
    controller, now, refusals = Controller(), 0.0, 0
    for kind, passed, took, asked, times in events:
        now += passed
        for _ in range(times):
            controller.record_sent(now)
            if kind == "refused":
                controller.record_rejection(now - took, now, asked)
                refusals += 1
            elif kind == "served":
                controller.record_success(now - took, now)
            else:
                controller.record_timeout(now - took, now)
            rate = controller.rate
            assert rate is None or 0.999 <= rate < math.inf
    assert controller.rate is not None or not refusals
