"""One user's trouble is a finding, everybody's is an error: how planning tells them apart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from paragon_sync.emulator import Emulator
from paragon_sync.jsonvalue import dumps
from tests.benches import Start
from tests.workbench import Answered, Asked, Forward, Workbench, account, as_answer, as_json, between, requests, user

NAMES = [f"u{number:02}" for number in range(30)]
WANTED = {"integrations": {"slack": {"settings": {"Channel": "C2"}}}}
REFUSED = as_answer({"message": "no", "code": "1", "status": 403}, 403)
MALFORMED = as_answer({})


def bench_of(start: Start) -> tuple[Workbench, Emulator]:
    workbench, emulator = start({name: user(account(config={"sharedSettings": {"channel": "C2"}})) for name in NAMES})
    workbench.users(**dict.fromkeys(NAMES, WANTED))
    return workbench, emulator


def planned(workbench: Workbench, emulator: Emulator, answer: Answered, who: Iterable[int]) -> tuple[int, Any, str]:
    """Plan while users get this answer: exit code, findings and error."""
    bad = {NAMES[number] for number in who}

    def act(asked: Asked, forward: Forward) -> Answered:
        answered = forward(asked)
        return answer if asked.path == "/sdk/credentials" and asked.user in bad else answered

    with between(emulator, act) as url:
        workbench.project(url, limits={"concurrency": 1})
        ended = workbench.run("plan", "--format", "json")
    workbench.project(emulator.url)
    found = as_json(ended.out)["findings"] if ended.out else None
    return ended.code, found, ended.err


@pytest.mark.parametrize(
    ("answer", "who"),
    [
        (REFUSED, range(2, 30)),
        (REFUSED, range(19)),
        (MALFORMED, range(5, 24)),
        (MALFORMED, range(0, 30, 2)),
    ],
    ids=["refused from the third on", "the first refused", "19 in a row", "every second one"],
)
def test_trouble_of_some_is_a_finding_of_each(start: Start, answer: Answered, who: range) -> None:
    code, findings, _ = planned(*bench_of(start), answer, who)

    assert code == 4
    assert [(one["kind"], one["user"]) for one in findings] == [("notFetched", NAMES[number]) for number in who]


@pytest.mark.parametrize(
    ("answer", "who", "first"),
    [
        (REFUSED, range(30), "u00: 403 Forbidden: no"),
        (REFUSED, range(20), "u00: 403 Forbidden: no"),
        (MALFORMED, range(7, 27), "u07: the answer is not a list"),
    ],
    ids=["everybody", "the first 20", "20 in a row"],
)
def test_trouble_of_all_ends_the_plan_with_the_first_of_it(
    start: Start, answer: Answered, who: range, first: str
) -> None:
    code, findings, error = planned(*bench_of(start), answer, who)

    assert (code, findings) == (1, None)
    assert error.startswith(f"error: GET /sdk/credentials as user {first}\n")


def test_nothing_unmanaged_is_read(start: Start) -> None:
    workbench, emulator = bench_of(start)
    workbench.users(u00=WANTED, u01=WANTED | {"metadata": {"plan": "x"}})

    workbench.plan()

    asked = [f"{one['user']} {one['path'].partition('/sdk/')[2]}" for one in requests(emulator)]
    assert sorted(asked) == ["catalog-reader integrations", "u00 credentials", "u01 credentials", "u01 me"]


def test_each_of_many_findings_has_its_place(start: Start) -> None:
    workbench, _ = start({})
    names = [f"ghost-{number:03}" for number in range(520)]
    document = {"apiVersion": "paragon-sync/v1", "kind": "User", "metadata": {"plan": "x"}}
    workbench.write("users.ndjson", "".join(f"{dumps(document | {'user': name})}\n" for name in names))

    findings = workbench.plan("users.ndjson")["findings"]

    assert [(one["user"], one["kind"], one["line"]) for one in findings] == [
        (name, "unknownUser", number) for number, name in enumerate(names, 1)
    ]
