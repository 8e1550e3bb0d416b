"""How fast a server lets us ask: found out against servers of many kinds, in virtual time."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from paragon_sync.paragon.adaptive import Adaptive, Curve
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
    assert course.rate(60, 120) >= 40  # without its pauses it would be more than ten times that
    assert course.pace.paused > 20


def test_a_limit_that_falls_and_rises_is_followed():
    course = against(Changing((0, Windows(50)), (30, Windows(10)), (60, Windows(100))), seconds=150)
    assert course.refused_share(35, 60) <= 0.03
    assert course.rate(35, 60) >= 8
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


@pytest.mark.parametrize(
    ("curve", "moments"),
    [
        (Curve(start=10, since=5), [(0, 10), (5, 10), (6, 20), (8, 80)]),
        (Curve(start=95, since=0, refused=100), [(0, 95), (5, 99.375), (10, 100), (15, 100.625), (30, 140)]),
        (Curve(start=95, since=0, refused=100, span=20), [(20, 100), (60, 140)]),
        (Curve(start=47.5, since=0, refused=100), [(0, 47.5), (0.5, 67.175), (1, 95), (11, 100)]),
        (Curve(start=100, since=0, refused=100), [(0, 100), (1000, 100)]),
    ],
)
def test_a_rate_doubles_to_near_what_was_refused_and_goes_past_it_slowly(curve, moments):
    assert [curve.at(moment) for moment, _ in moments] == pytest.approx([rate for _, rate in moments], rel=1e-4)


def test_what_was_sent_before_the_rate_fell_does_not_make_it_fall_again():
    adaptive = Adaptive()
    for number in range(200):
        adaptive.served(number / 100, number / 100)
    adaptive.refused(1.9, 2.0)
    fallen = adaptive.rate(2.0)
    for _ in range(15):
        adaptive.refused(1.95, 2.01)
    assert adaptive.rate(2.0) == fallen == pytest.approx(95)  # 5 % below the 100 that were served a second


def test_a_refusal_among_many_answers_is_not_a_reason_to_go_slower():
    adaptive = Adaptive()
    for number in range(400):
        adaptive.served(number / 100, number / 100)
    adaptive.refused(3.9, 4.0)
    for number in range(1000):
        adaptive.served(4 + number / 500, 4 + number / 500)
    before = adaptive.rate(6.0)
    adaptive.refused(5.9, 6.0)
    assert adaptive.rate(6.0) == before


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
    adaptive, now, refusals = Adaptive(), 0.0, 0
    for kind, passed, took, asked, times in events:
        now += passed
        for _ in range(times):
            if kind == "refused":
                adaptive.refused(now - took, now, asked)
                refusals += 1
            else:
                getattr(adaptive, kind)(now - took, now)
            rate = adaptive.rate(now)
            assert rate is None or 0.999 <= rate < math.inf
    assert adaptive.rate(now) is not None or not refusals
