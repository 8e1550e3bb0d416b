"""What the server says of a request shows no secret that the request carried, and nothing keeps one."""

from __future__ import annotations

import pytest

from paragon_sync.emulator import Emulator
from tests.benches import Start
from tests.workbench import Answered, Asked, Forward, Workbench, account, as_answer, between, user

SECRET = "xoxb-5ecret-" + "9" * 330
SHORT = "q7"

Bench = tuple[Workbench, Emulator]


@pytest.fixture
def bench(start: Start) -> Bench:
    workbench, emulator = start({"acme": user(account(config={"sharedSettings": {"channel": "C1"}}))})
    workbench.users(acme={"integrations": {"slack": {"settings": {"Token": {"$env": "SLACK"}, "Channel": "C2"}}}})
    return workbench, emulator


@pytest.mark.parametrize("secret", [SECRET, SHORT], ids=["long", "short"])
@pytest.mark.parametrize("status", [422, 200], ids=["refused", "errors of a good answer"])
def test_quoted_secrets_are_hidden_everywhere(bench: Bench, secret: str, status: int) -> None:
    workbench, emulator = bench
    workbench.variables["SLACK"] = secret

    def quoting(asked: Asked, forward: Forward) -> Answered:
        if asked.method != "PATCH":
            return forward(asked)
        said = f"the body was {asked.body.decode()}; token={secret}"
        if status == 200:
            forward(asked)
            return as_answer({"errors": [said]}, 200)
        return as_answer({"message": said, "code": "1", "status": status}, status)

    with between(emulator, quoting) as url:
        workbench.project(url, secrets={"env": ["SLACK"]})
        shown = [workbench.run("apply", "--yes"), workbench.run("apply", "--yes", "--format", "json")]
    shown += [workbench.run("runs", "show", "last"), workbench.run("runs", "show", "last", "--format", "json")]

    texts = [text for ended in shown for text in (ended.out, ended.err)]
    assert [text for text in texts if secret[:8] in text] == []
    assert any("the body was" in text or "withheld" in text for text in texts)
