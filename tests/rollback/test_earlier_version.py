"""A run that version 0.1 recorded can be shown and rolled back."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.benches import Start
from tests.workbench import held

RECORDED = Path(__file__).parent / "recorded"
KEY = "k" * 32
SHOWN = """\
  acme · metadata               applied
  acme · slack · T-c1           applied
  globex · metadata             applied
  globex · slack · T-c1         applied
  initech · slack · T-c1        applied
"""
BEFORE = {
    "sharedSettings": {"channel": "C1", "note": "mine", "n": 1},
    "configuredWorkflows": {"wf-notify": {"enabled": True, "settings": {"prefix": "Hi"}}},
}


@pytest.mark.parametrize("kind", ["plain", "sealed"])
def test_a_run_of_version_0_1_is_shown_and_rolled_back(start: Start, kind: str) -> None:
    bench, emulator = start(json.loads((RECORDED / "users-after.json").read_text("utf-8")))
    bench.users(acme={"integrations": {"slack": {"settings": {"Channel": "C2"}}}})
    state = bench.folder / ".paragon-sync"
    state.mkdir()
    with closing(sqlite3.connect(state / "state.sqlite")) as database:
        database.executescript((RECORDED / f"state-0.1-{kind}.sql").read_text("utf-8"))
    if kind == "sealed":
        bench.variables["PARAGON_SYNC_PLAN_KEY"] = KEY

    shown = bench.run("runs", "show", "last", "--full")
    assert 0 == shown.code, shown.err
    assert SHOWN == re.sub(r" · \d+ ms · 1 attempt$", "", "\n".join(_operations(shown.out)) + "\n", flags=re.MULTILINE)

    ended = bench.run("rollback", "last", "--out", "back.plan")
    assert 0 == ended.code, ended.err
    bench.apply("back.plan")
    for name in ("acme", "globex", "initech"):
        user = held(emulator, name)
        assert BEFORE == user["credentials"][0]["config"]
        assert {"plan": "pro", "Name": "Acme"} == user["meta"]


def _operations(text: str) -> list[str]:
    return [line for line in text.splitlines() if " attempt" in line]
