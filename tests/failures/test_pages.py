"""A server that answers its lists in pages: what is followed, and what ends the work on a user."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from paragon_sync.emulator import Emulator
from tests.benches import Start
from tests.cases.command import run_process
from tests.workbench import Answered, Asked, Forward, Workbench, account, between, held, requests, user, writes

WANTED = {"integrations": {"slack": {"settings": {"Channel": "C2"}}}}
LIVE = {"config": {"sharedSettings": {"channel": "C1"}}}
PAGES = {"fault": "pages", "size": 1, "paths": "/sdk/credentials"}

Bench = tuple[Workbench, Emulator]


@pytest.fixture
def bench(start: Start) -> Bench:
    """A user with two accounts, and one with an account and a leftover of another integration."""
    two = user(account("c1", **LIVE), account("c2", externalId="main", **LIVE))
    one = user(account("h1", integration="int-salesforce", config={}), account("c3", **LIVE))
    workbench, emulator = start({"a": two, "b": one})
    return replace(workbench, command=run_process), emulator


def channels(emulator: Emulator, name: str) -> dict[str, Any]:
    found = held(emulator, name)["credentials"]
    return {one["id"]: one["config"].get("sharedSettings", {}).get("channel") for one in found}


def queries(emulator: Emulator, *names: str) -> list[str]:
    """The queries of all reads, or of those whose user the emulator found out and is named."""
    asked = [one for one in requests(emulator) if one["path"].endswith("/sdk/credentials")]
    return [str(one["query"]) for one in asked if not names or one["user"] in names]


def test_an_account_is_not_the_only_one_because_the_others_are_on_later_pages(bench: Bench) -> None:
    workbench, emulator = bench
    workbench.users(a=WANTED)
    emulator.faults(PAGES)

    plan = workbench.plan()

    (finding,) = plan["findings"]
    assert (finding["kind"], plan["operations"]) == ("ambiguousAccount", [])
    assert queries(emulator, "a") == ["", "pageCursor=1"]


def test_an_account_of_a_later_page_is_planned_and_written(bench: Bench) -> None:
    workbench, emulator = bench
    selected = {"account": {"externalId": "main"}, "settings": {"Channel": "C2"}}
    workbench.users(a={"integrations": {"slack": [selected]}}, b=WANTED)
    emulator.faults(PAGES)

    workbench.apply("--allow", "usersChanged=2")

    assert channels(emulator, "a") == {"c1": "C1", "c2": "C2"}
    assert channels(emulator, "b") == {"h1": None, "c3": "C2"}
    assert queries(emulator, "b") == ["", "pageCursor=1"] * 3


def test_a_page_that_fails_is_asked_for_again(bench: Bench) -> None:
    workbench, emulator = bench
    workbench.users(b=WANTED)
    emulator.faults({"fault": "server-error", "paths": "/sdk/credentials", "skip": 1, "times": 1}, PAGES)

    assert len(workbench.plan()["operations"]) == 1

    assert queries(emulator) == ["", "pageCursor=1", "pageCursor=1"]


def test_a_page_in_an_object_is_a_finding_and_nothing_is_planned(bench: Bench) -> None:
    workbench, emulator = bench
    workbench.users(a=WANTED, b=WANTED)
    emulator.faults({**PAGES, "form": "cursor", "users": "a"})

    plan = workbench.plan()

    (finding,) = plan["findings"]
    assert (finding["user"], finding["kind"], finding["severity"]) == ("a", "notFetched", "error")
    assert "a page of a list, which 'nextPageCursor' says" in finding["message"]
    assert 'rel="next" to the same host and path' in finding["hint"]
    assert [one["user"] for one in plan["operations"]] == ["b"]


def test_a_page_in_an_object_fails_in_apply_and_nothing_is_sent(bench: Bench) -> None:
    workbench, emulator = bench
    workbench.users(b=WANTED)
    workbench.plan("--out", "p.plan")
    emulator.faults({**PAGES, "form": "cursor"})

    (operation,) = workbench.apply("p.plan", code=3)["operations"]

    assert operation["outcome"] == "failed"
    assert "a page of a list, which 'nextPageCursor' says" in operation["reason"]
    assert writes(emulator) == []


def test_a_next_page_at_another_host_is_not_asked_for(bench: Bench) -> None:
    workbench, emulator = bench
    workbench.users(b=WANTED)

    def linking(asked: Asked, forward: Forward) -> Answered:
        link = f'<https://other.example/projects/{emulator.project}/sdk/credentials?x=1>; rel="next"'
        return replace(forward(asked), link=link if asked.path == "/sdk/credentials" else None)

    with between(emulator, linking) as url:
        workbench.project(url)
        ended = workbench.run("plan")

    assert ended.code == 1
    message = "the Link to the next page leads to the host 'https://other.example'"
    assert f"error: GET /sdk/credentials as user b: {message}" in ended.err
    assert queries(emulator, "b") == [""]


def test_a_catalog_in_pages_is_pulled_as_a_whole(bench: Bench) -> None:
    workbench, emulator = bench
    emulator.faults({"fault": "pages", "size": 1, "paths": "/sdk/integrations"})

    assert workbench.run("catalog", "pull").code == 0

    shown = workbench.run("catalog", "show").out
    assert all(name in shown for name in ("slack", "salesforce"))


def test_a_catalog_of_which_only_a_page_can_be_read_is_an_error(bench: Bench) -> None:
    workbench, emulator = bench
    workbench.users(b=WANTED)
    emulator.faults({"fault": "pages", "paths": "/sdk/integrations", "form": "cursor"})

    ended = workbench.run("plan")

    assert ended.code == 1
    assert "error: GET /sdk/integrations as user catalog-reader: the answer is a page of a list" in ended.err
