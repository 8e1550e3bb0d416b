"""The examples of the documentation work."""

from __future__ import annotations

import re
from pathlib import Path

from paragon_sync.emulator import Emulator, records, running
from paragon_sync.emulator.faults import read_faults
from paragon_sync.emulator.faults.kinds import KINDS, Schedule
from paragon_sync.emulator.fixtures import KEYS
from paragon_sync.emulator.portal import Habits
from tests.unit.emulator.client import Client

PAGE = (Path(__file__).parents[3] / "docs" / "emulator.md").read_text("utf-8")


def block(language: str) -> str:
    """The first example in this language, without its indent."""
    found = re.search(rf"^( *)```{language}\n(.*?)^ *```", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None
    return re.sub(rf"^{found[1]}", "", found[2], flags=re.MULTILINE)


def test_the_fixture_is_one(tmp_path: Path, signing_key: Path) -> None:
    (tmp_path / "fixture.yaml").write_text(block("yaml"), "utf-8")
    with running(tmp_path / "fixture.yaml", signing_key=signing_key) as emulator:
        me = Client(emulator, "acme-corp").get("/sdk/me")
    assert me["meta"] == {"Name": "Acme Corp", "plan": "pro"}
    assert me["integrations"]["slack"]["sharedSettings"] == {"channel": "C123"}


def test_the_python_example_runs() -> None:
    asked: list[str] = []

    def call_your_code(url: str, project: str, signing_key: Path) -> None:
        names = {"url": url, "project": project, "signing_key": signing_key}
        Client(Emulator(**names, site=None), "acme").get("/sdk/me")
        asked.append(project)

    exec(block("python"), {"call_your_code": call_your_code})  # noqa: S102
    assert len(asked) == 1


def test_every_key_of_a_fixture_is_documented() -> None:
    assert set(re.findall(r"^\| `(\w+)` \| ", PAGE, re.MULTILINE)) >= set(KEYS)


def section(title: str) -> str:
    """What stands below a heading."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_the_faults_of_the_page_can_be_read(tmp_path: Path) -> None:
    example = re.search(r"```yaml\n(.*?)```", section("Faults"), re.DOTALL)
    assert example is not None
    (tmp_path / "faults.yaml").write_text(example[1], "utf-8")
    assert len(read_faults(tmp_path / "faults.yaml").rules) == 4


def test_every_fault_is_documented_with_its_parameters() -> None:
    rows = dict(re.findall(r"^\| `([\w-]+)` \| (.*)$", section("Faults"), re.MULTILINE))
    missing = [
        (name, parameter)
        for name, kind in KINDS.items()
        for parameter in records.names(kind)
        if f"`{parameter}`" not in rows[name]
    ]
    assert missing == []


def test_every_key_of_a_schedule_and_every_habit_is_documented() -> None:
    faults, portal = section("Faults"), section("A portal user")
    assert [name for name in records.names(Schedule) if f"`{name}`" not in faults] == []
    assert [name for name in records.names(Habits) if f"`{name}`" not in portal] == []
