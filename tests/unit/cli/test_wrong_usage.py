"""Arguments that are wrong usage: empty paths, ``-`` as a file to write, commands and options of other tools."""

from __future__ import annotations

import pytest

from paragon_sync.cli.elsewhere import answer_to
from paragon_sync.emulator import Emulator
from tests.benches import Start
from tests.workbench import Workbench, account, user, writes


@pytest.fixture
def bench(start: Start) -> tuple[Workbench, Emulator]:
    bench, emulator = start({"a": user(account())})
    bench.users(a={"integrations": {"slack": {"settings": {"Channel": "C1"}}}})
    return bench, emulator


@pytest.mark.parametrize("command", ["apply", "plan", "validate"])
def test_an_empty_path_is_wrong_usage(bench: tuple[Workbench, Emulator], command: str) -> None:
    workbench, emulator = bench

    ended = workbench.run(command, "")

    assert (ended.code, writes(emulator)) == (64, [])


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "--out", "-"),
        ("plan", "--out", ""),
        ("export", "--user", "a", "--out", "-"),
        ("rollback", "last", "--out", "-"),
    ],
    ids=" ".join,
)
def test_a_dash_or_nothing_is_no_file_to_write(bench: tuple[Workbench, Emulator], arguments: tuple[str, ...]) -> None:
    workbench, _ = bench

    ended = workbench.run(*arguments)

    assert ended.code == 64
    assert not (workbench.folder / "-").exists()


@pytest.mark.parametrize(
    "name", ["drift", "init", "fmt", "completion", "help", "version", "state", "refresh", "get", "destroy"]
)
def test_commands_of_other_tools_have_an_answer(bench: tuple[Workbench, Emulator], name: str) -> None:
    workbench, _ = bench

    ended = workbench.run(name, environment=False)

    assert ended.code == 64
    assert (answer_to(name) or "none") in ended.err


@pytest.mark.parametrize("option", ["-v", "--debug", "--log-level", "--verbose"])
def test_options_of_other_tools_have_an_answer(bench: tuple[Workbench, Emulator], option: str) -> None:
    workbench, _ = bench

    ended = workbench.run("plan", option)

    assert ended.code == 64
    assert "PARAGON_SYNC_DEBUG" in ended.err


def test_a_refusal_names_its_knob_once(bench: tuple[Workbench, Emulator]) -> None:
    workbench, _ = bench
    workbench.users(a={"integrations": {"salesforce": {"settings": {}}}}, b={"metadata": {"x": 1}})
    workbench.run("plan", "--out", "p.plan")

    ended = workbench.run("apply", "p.plan")

    assert ended.code == 4
    assert ended.err.count("--allow findings=") == 1


def test_a_run_finishes_after_it_started(bench: tuple[Workbench, Emulator]) -> None:
    import json

    workbench, _ = bench
    workbench.run("apply", "--yes")

    shown = json.loads(workbench.run("runs", "show", "last", "--format", "json", environment=False).out)

    assert shown["finished"] >= shown["started"]
    assert "." in shown["finished"]
