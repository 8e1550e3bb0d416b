"""The quickstart shows what it promises, and its demo fails when the promise is broken."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from rich.cells import cell_len

from tests.examples.markdown import ROOT, Shell, follow, steady


@pytest.fixture
def demo() -> ModuleType:
    """``demo.py`` as a module."""
    spec = importlib.util.spec_from_file_location("demo", ROOT / "examples" / "quickstart" / "demo.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_demo_shows_the_main_job(clone: Shell) -> None:
    before = _files(clone.folder)
    ended = clone.run(f"{sys.executable} examples/quickstart/demo.py")
    assert ended.returncode == 0, ended.stdout
    lines = ended.stdout.splitlines()
    assert "5 operations: 5 applied." in lines
    assert "Nothing to do: 12 users as declared." in lines
    assert lines[-1] == "27 unmanaged values in 5 writes, and 9 other users: not a byte differs."
    shown = lines[next(i for i, line in enumerate(lines) if line.startswith("# Each write")) : -2]
    assert 27 == sum(line.startswith("  ") for line in shown)
    assert [line for line in lines if cell_len(line) > 80] == []
    assert before == _files(clone.folder)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (("18446744073709551617", "18446744073709551616"), "/meta/seats~1limit~02"),
        (('"share":1.0', '"share":1'), "/meta/trial/share"),
        (('"Name":"Ember Coffee",', ""), "/meta/Name"),
        (
            ('"Name":"Ember Coffee","Email":"ask@ember.example"', '"Email":"ask@ember.example","Name":"Ember Coffee"'),
            "/meta",
        ),
        (
            ('"threshold":1', '"threshold":true'),
            "/credentials/0/config/configuredWorkflows/9d4f60e7…/settings/threshold",
        ),
    ],
)
def test_the_demo_fails_when_an_unmanaged_value_changed(
    demo: ModuleType, clone: Shell, spoil: tuple[str, str], told: str
) -> None:
    before = demo.states(clone.folder / "examples" / "quickstart")
    after = before | {"ember-coffee": before["ember-coffee"].replace(*spoil, 1)}
    assert before != after
    operation = {"user": "ember-coffee", "kind": "metadata", "kept": 1, "changes": [{"pointer": "/plan"}]}
    with pytest.raises(demo.Failed, match=re.escape(f"changed, and not in the plan: ember-coffee {told}") + "$"):
        demo.compare(before, after, {"operations": [operation], "counts": {"kept": 1}})


def test_the_demo_fails_when_a_user_beside_changed(demo: ModuleType) -> None:
    before = {"ember-coffee": '{"meta":{}}'}
    with pytest.raises(demo.Failed, match=r"^changed, and not in the plan: ember-coffee$"):
        demo.compare(before, {"ember-coffee": '{"meta":{"a":1}}'}, {"operations": [], "counts": {"kept": 0}})


def test_the_demo_fails_with_its_commands(demo: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(demo.Failed, match=r"^paragon-sync validate -e local ended with 1$"):
        demo.run(tmp_path, "validate -e local")


def test_the_lock_file_is_the_fixtures_catalog(clone: Shell) -> None:
    lock = clone.folder / "examples" / "quickstart" / "catalog.local.lock.json"
    committed = lock.read_text()
    assert clone.run("cd examples/quickstart && paragon-sync catalog pull -e local").returncode == 0
    assert steady(committed) == steady(lock.read_text())


def test_its_readme_works(clone: Shell) -> None:
    clone.run("cd examples/quickstart")
    assert [] == list(follow((ROOT / "examples" / "quickstart" / "README.md").read_text(), clone))
    assert clone.run("paragon-sync plan -e local --detailed-exitcode").returncode == 0


def test_the_picture_shows_what_the_commands_print(tmp_path: Path) -> None:
    drawn = tmp_path / "picture.svg"
    subprocess.run([sys.executable, ROOT / "docs" / "make_picture.py", drawn], check=True)
    assert _words(ROOT / "docs" / "picture.svg") == _words(drawn)


def _words(picture: Path) -> str:
    text = picture.read_text("utf-8")
    return steady(" ".join(re.findall(r"<text [^>]*>(.*?)</text>", text)).replace("&#160;", " "))


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
