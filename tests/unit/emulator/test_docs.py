"""The examples of the documentation work."""

from __future__ import annotations

import re
from pathlib import Path

from paragon_sync.emulator import Emulator, running
from paragon_sync.emulator.fixtures import KEYS
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
        Client(Emulator(**names, site=None), "acme").get("/sdk/me")  # type: ignore[arg-type]
        asked.append(project)

    exec(block("python"), {"call_your_code": call_your_code})  # noqa: S102
    assert len(asked) == 1


def test_every_key_of_a_fixture_is_documented() -> None:
    assert set(re.findall(r"^\| `(\w+)` \| ", PAGE, re.MULTILINE)) >= set(KEYS)
