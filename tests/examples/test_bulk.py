"""The rollouts of the example do what their page says, and are the ones that the page shows."""

from __future__ import annotations

import pytest

from tests.examples.markdown import ROOT, Shell, blocks, follow


def test_the_commands_of_its_readme_work(clone: Shell) -> None:
    assert list(follow((ROOT / "examples" / "bulk" / "README.md").read_text(), clone)) == []
    planned = clone.run("paragon-sync plan -e local").stdout.splitlines()
    assert "rollout weekly-digest: where is true of 3 of 6 users" == planned[1].strip()
    assert "6 users to update, 11 changes: 10 added, 1 changed. 0 users as declared." == planned[-1]


def test_a_roster_can_come_through_a_pipe(clone: Shell) -> None:
    ended = clone.run(
        "cd examples/bulk\n"
        "sed 's|rosters/shops.csv|\"-\"|' rollouts/quiet-hours.yaml > piped.yaml\n"
        "head -3 rosters/shops.csv | paragon-sync plan piped.yaml -e local"
    )
    assert "1 user to update, 1 change: 1 added. 1 user as declared." == ended.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    "path", ["rollouts/quiet-hours.yaml", "rollouts/weekly-digest.yaml", "migrations/digest-day.yaml"]
)
def test_the_page_shows_the_files(path: str) -> None:
    page = ROOT / "docs" / f"{path.partition('/')[0]}.md"
    shown = [block.text for block in blocks(page.read_text()) if path in block.text]
    file = (ROOT / "examples" / "bulk" / path).read_text()
    assert shown[0].partition("\n")[2] == file.partition("\n")[2]
