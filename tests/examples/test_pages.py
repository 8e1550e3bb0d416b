"""What the pages tell a newcomer to type works, and prints what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from paragon_sync.manifest.project import load_project
from tests.examples.markdown import ROOT, Shell, blocks, follow, steady

PAGES = ["docs/getting-started.md", "docs/migrations.md", "docs/rollouts.md", "docs/safety.md"]
LINKING = [
    "README.md",
    "examples/gitops/README.md",
    *(
        f"docs/{name}.md"
        for name in (
            "complaints",
            "getting-started",
            "life-of-a-change",
            "migrations",
            "paragon-api",
            "rollouts",
            "safety",
            "state",
        )
    ),
]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_prints_what_its_commands_print(page: str, clone: Shell) -> None:
    compared = [(steady(block.text), steady(printed)) for block, printed in follow((ROOT / page).read_text(), clone)]
    assert [told for told, _ in compared] == [printed for _, printed in compared]
    assert compared


def test_the_commands_of_the_readme_work(clone: Shell) -> None:
    assert list(follow((ROOT / "README.md").read_text(), clone)) == []
    assert clone.folder.name == "quickstart"
    again = clone.run("paragon-sync plan -e local --detailed-exitcode")
    assert (0, "Nothing to do: 12 users as declared.") == (again.returncode, again.stdout.splitlines()[-1])


def test_the_manifest_of_the_readme_is_right(clone: Shell) -> None:
    manifest, project = (block.text for block in blocks((ROOT / "README.md").read_text()) if block.language == "yaml")
    file = clone.folder / "examples" / "quickstart" / "users" / "ember-coffee.yaml"
    file.write_text(manifest)
    ended = clone.run("cd examples/quickstart && paragon-sync plan users/ember-coffee.yaml profiles -e local")
    assert (0, "ember-coffee") == (ended.returncode, ended.stdout.splitlines()[2])

    (clone.folder / "paragon.yaml").write_text(project)
    assert ["production"] == list(load_project(clone.folder / "paragon.yaml").environments)


def test_the_readme_names_every_command(clone: Shell) -> None:
    told = set(re.findall(r"^\| `([a-z]+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    told |= {"show"}  # shares its line with plan
    listed = clone.run("paragon-sync --help").stdout.partition("Commands:\n")[2]
    assert told == set(re.findall(r"^  ([a-z]+)  ", listed, re.MULTILINE))


@pytest.mark.parametrize("page", LINKING)
def test_links_lead_somewhere(page: str) -> None:
    file = ROOT / page
    for target in re.findall(r"\]\((?!https:)([^)]+)\)", file.read_text()):
        path, _, heading = target.partition("#")
        linked = (file.parent / path) if path else file
        assert linked.exists(), target
        if heading:
            assert heading in _anchors(linked), target


def _anchors(file: Path) -> list[str]:
    headings = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]
