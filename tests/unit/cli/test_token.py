"""``token``: what curl needs, and nothing else on stdout."""

from __future__ import annotations

from urllib.request import Request, urlopen

from tests.benches import Start
from tests.workbench import account, as_json, user


def test_the_token_acts_as_the_user(start: Start) -> None:
    workbench, emulator = start({"acme": user(account(), plan="pro"), "globex": user(plan="free")})

    ended = workbench.run("token", "acme")

    assert (ended.code, ended.err) == (0, "")
    url = f"{emulator.url}/projects/{emulator.project}/sdk/me"
    request = Request(url, headers={"Authorization": f"Bearer {ended.out.strip()}"})  # noqa: S310
    with urlopen(request) as answer:  # noqa: S310
        me = as_json(answer.read().decode())
    assert (me["authenticated"], me["userId"], me["meta"]) == (True, "acme", {"plan": "pro"})


def test_nobody_is_asked_for_it(start: Start) -> None:
    workbench, emulator = start({})

    assert workbench.run("token", "who is this").out.count(".") == 2
    assert emulator.requests() == []
    assert emulator.users() == []
