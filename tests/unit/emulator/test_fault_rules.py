"""When faults happen, and what is said of faults that can't be understood."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from paragon_sync.emulator.faults import Faults, read_faults, to_json
from paragon_sync.emulator.faults.chance import Asked
from paragon_sync.emulator.faults.kinds import KINDS
from paragon_sync.emulator.faults.reading import read_header
from paragon_sync.errors import EmulatorError


class Clock:
    """A clock that stands."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def asked(user: str | None = "acme", method: str = "PATCH", path: str = "/sdk/me", token: str = "t") -> Asked:
    return Asked(method=method, path=path, user=user, token=token)


def befallen(rule: dict[str, Any], requests: list[Asked], seed: int = 0) -> list[int]:
    """Which of the requests a fault befalls."""
    faults = Faults(read_faults({"seed": seed, "faults": [rule]}), clock=Clock())
    return [index for index, request in enumerate(requests) if [*faults.hits(request)]]


TEN = [asked()] * 10


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ({"skip": 7}, [7, 8, 9]),
        ({"every": 4}, [0, 4, 8]),
        ({"skip": 1, "every": 4}, [1, 5, 9]),
        ({"times": 2}, [0, 1]),
        ({"every": 3, "times": 2}, [0, 3]),
        ({"probability": 0}, []),
    ],
)
def test_a_schedule_counts_the_requests_that_match(rule: dict[str, Any], expected: list[int]) -> None:
    assert expected == befallen({"fault": "firewall", **rule}, TEN)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"methods": "patch"}, [0, 2, 3]),
        ({"methods": ["GET", "PATCH"]}, [0, 1, 2, 3]),
        ({"paths": "/sdk/credentials/*"}, [2]),
        ({"users": ["ac*", "globex"]}, [0, 1, 2]),
        ({"users": "*"}, [0, 1, 2, 3]),
        ({"users": "acme", "methods": "PATCH", "paths": "/sdk/me"}, [0]),
        ({"timesPerUser": 1}, [0, 3]),
    ],
)
def test_a_rule_may_be_for_some_requests_alone(rule: dict[str, Any], expected: list[int]) -> None:
    requests = [asked(), asked(method="GET"), asked(path="/sdk/credentials/c"), asked(user=None)]
    assert expected == befallen({"fault": "firewall", **rule}, requests)


def test_a_rule_may_begin_and_end() -> None:
    clock = Clock()
    faults = Faults(read_faults([{"fault": "drop", "start": 5, "end": 15}]), clock=clock)
    happened = []
    for clock.now in (100, 104.9, 105, 114.9, 115):
        happened.append(bool([*faults.hits(asked())]))
    assert happened == [False, False, True, True, False]


def test_chance_is_as_probable_as_it_should_be_and_follows_the_seed() -> None:
    requests = [asked(user=f"user-{index}") for index in range(2000)]
    rule = {"fault": "drop", "probability": 0.3}
    first, again, other = (befallen(rule, requests, seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert 500 < len(first) < 700


def test_chance_decides_the_same_however_users_interleave() -> None:
    users = [f"user-{index}" for index in range(50)]
    one_by_one = [asked(user=user) for user in users for _ in range(4)]
    in_turn = [asked(user=user) for _ in range(4) for user in users]

    def by_user(requests: list[Asked]) -> dict[str, list[int]]:
        seen: dict[str, list[int]] = {}
        hit = set(befallen({"fault": "drop", "probability": 0.5}, requests))
        for index, request in enumerate(requests):
            seen.setdefault(str(request.user), []).append(index in hit)
        return seen

    assert by_user(one_by_one) == by_user(in_turn)


def test_each_rule_decides_for_itself() -> None:
    rule = {"fault": "drop", "probability": 0.5}
    faults = Faults(read_faults([rule, rule]))
    hits = [len([*faults.hits(asked(user=f"user-{index}"))]) for index in range(100)]
    assert {0, 1, 2} == set(hits)


@pytest.mark.parametrize(("rule", "at_once"), [({"rate": 10}, 10), ({"rate": 10, "burst": 3}, 3), ({"rate": 0.5}, 1)])
def test_a_rate_limit_is_a_token_bucket(rule: dict[str, Any], at_once: int) -> None:
    clock = Clock()
    faults = Faults(read_faults([{"fault": "rate-limit", **rule}]), clock=clock)

    def accepted() -> int:
        return sum(not [*faults.hits(asked())] for _ in range(20))

    assert accepted() == at_once
    clock.now += 2 / rule["rate"]
    assert accepted() == min(2, at_once)
    clock.now += 1000
    assert accepted() == at_once


def test_an_expired_token_stays_expired_and_a_new_one_is_taken() -> None:
    requests = [asked(), asked(), asked(token="new"), asked(user="globex"), asked(token="t")]
    assert befallen({"fault": "unauthorized"}, requests) == [0, 1, 3, 4]


def test_faults_begin_afresh_when_they_are_set_again() -> None:
    once = read_faults([{"fault": "drop", "times": 1}])
    faults = Faults(once)
    assert [len([*faults.hits(asked())]) for _ in range(2)] == [1, 0]
    assert faults.counts() == [1]
    faults.set(once)
    assert faults.counts() == [0]
    assert len([*faults.hits(asked())]) == 1


def test_what_is_read_can_be_told(tmp_path: Path) -> None:
    text = "seed: 3\nfaults: [{fault: latency, seconds: 0.5, tail: 1.5, users: [a, b], timesPerUser: 2}]"
    (tmp_path / "faults.yaml").write_text(text)
    read = read_faults(tmp_path / "faults.yaml")
    (tmp_path / "faults.json").write_text('[{"fault":"ignore","values":"/meta/*"}]')
    assert read == read_faults({"seed": 3, "faults": to_json(read)["faults"]})
    assert read_faults(tmp_path / "faults.json").rules[0].fault == KINDS["ignore"](values=("/meta/*",))
    normalise = {"fault": "normalise", "strategies": ["lower", "sort"], "answer": "sent"}
    assert read_faults([normalise]) == read_faults(to_json(read_faults([normalise])))
    assert read_faults(None).rules == ()
    assert read_faults([{"fault": "drop", "times": None}]) == read_faults([{"fault": "drop"}])


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"faults": {}}, "faults: must be an object with an array faults, or that array"),
        ({"seed": "x"}, "faults: may hold faults and seed, which is an integer"),
        ({"fault": []}, "faults: may hold faults and seed, which is an integer"),
        ({"faults": ["drop"]}, r"faults: faults\[0\] must be an object"),
        ([{"fault": "fire"}], r"faults: faults\[0\]: fault must be one of latency, hang, "),
        ([{}], r"faults\[0\]: fault must be one of"),
        (
            [{"fault": "drop"}, {"fault": "drop", "chance": 1}],
            r"faults\[1\]: drop has no 'chance'; it may hold when, res",
        ),
        ([{"fault": "drop", "times_per_user": 1}], "drop has no 'times_per_user'"),
        ([{"fault": "drop", "when": "never"}], "when must be before or after"),
        ([{"fault": "drop", "reset": 1}], "reset must be true or false"),
        ([{"fault": "pages", "size": 0}], "size must be an integer from 1 to 1000000"),
        ([{"fault": "drop", "users": []}], "users must be a string or an array of strings"),
        ([{"fault": "drop", "users": [1]}], "users must be a string or an array of strings"),
        ([{"fault": "drop", "probability": 1.5}], "probability must be a number from 0 to 1"),
        ([{"fault": "drop", "probability": True}], "probability must be a number from 0 to 1"),
        ([{"fault": "drop", "every": 0}], "every must be an integer from 1 to 1000000000"),
        ([{"fault": "drop", "every": 1.5}], "every must be an integer"),
        ([{"fault": "normalise", "strategies": ["trim", "upper"]}], "strategies must be trim or lower or sort"),
        ([{"fault": "normalise", "strategies": []}], "strategies must be a string or an array of strings"),
        ([{"fault": "normalise", "answer": "some"}], "answer must be stored or sent or none"),
        ([{"fault": "hang", "seconds": 601}], "seconds must be a number from 0 to 600"),
        ([{"fault": "server-error", "status": 404}], "status must be an integer from 500 to 599"),
        ([{"fault": "drop", "users": {1}}], "the faults can't be read: set is not a JSON value"),
    ],
)
def test_faults_that_cannot_be_understood_are_refused(given: Any, problem: str) -> None:
    with pytest.raises(EmulatorError, match=problem):
        read_faults(given)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("faults.yaml", "1", "faults.yaml: must be an object"),
        ("faults.yaml", "{", "faults.yaml: the faults can't be read: "),
        ("faults.json", "{", "faults.json: the faults can't be read: "),
        ("faults.json", None, "faults.json: the faults can't be read: No such file"),
    ],
)
def test_a_file_that_holds_no_faults_is_refused(tmp_path: Path, name: str, text: str | None, problem: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(EmulatorError, match=problem):
        read_faults(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "X-Emulator-Fault: fault must be one of"),
        ("drop;when", "X-Emulator-Fault: when must be before or after"),
        ("drop;times=2", "X-Emulator-Fault: times can't be said in a header"),
        ("drop,fire", "fault must be one of"),
    ],
)
def test_a_header_that_cannot_be_understood_is_refused(text: str, problem: str) -> None:
    with pytest.raises(EmulatorError, match=problem):
        read_header(text)


def test_a_header_may_hold_several_faults() -> None:
    rules = read_header("drop; when=after ;reset=true, ignore;values=/meta/*|/x, latency;seconds=0.5")
    drop, ignore, latency = (KINDS[name] for name in ("drop", "ignore", "latency"))
    expected = [drop(when="after", reset=True), ignore(values=("/meta/*", "/x")), latency(seconds=0.5)]
    assert expected == [rule.fault for rule in rules]
