"""``validate``: with and without an environment, on line and off line."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from paragon_sync.emulator import Emulator
from tests.benches import Start
from tests.cases.lines import problem_lines
from tests.workbench import Workbench, requests, writes

WRONG_NAME = {"integrations": {"slack": {"settings": {"Chanel": "C1"}}}}
WRONG_GRAMMAR = {"integrations": {"slack": {"setings": {}}}}
RIGHT = {"integrations": {"slack": {"settings": {"Channel": "C1"}}}}
NO_LOCK = "no catalog.test.lock.json: names were resolved with the catalog as it is now\n"
BROKEN = Path(__file__).parents[2] / "broken"


@pytest.fixture
def bench(start: Start) -> tuple[Workbench, Emulator]:
    return start({})


def test_without_an_environment_names_are_not_checked(bench: tuple[Workbench, Emulator]) -> None:
    workbench, emulator = bench
    workbench.users(a=WRONG_NAME)

    ended = workbench.run("validate", environment=False)

    assert ended.out == "1 document in 1 file is right; names were not checked: that needs -e ENV.\n"
    assert (ended.code, ended.err, requests(emulator)) == (0, "", [])


def test_with_an_environment_they_are_and_the_missing_lock_is_told(bench: tuple[Workbench, Emulator]) -> None:
    workbench, emulator = bench
    workbench.users(a=RIGHT, b=RIGHT)

    ended = workbench.run("validate")

    assert ended.out == "2 documents in 1 file are right; checked against the catalog of test.\n"
    assert (ended.code, ended.err) == (0, NO_LOCK)
    assert [one["path"].rpartition("/")[2] for one in requests(emulator)] == ["integrations"]


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (WRONG_NAME, 'users.yaml:8:7: slack has no setting "Chanel"'),
        (WRONG_GRAMMAR, 'users.yaml:7:5: unknown key "setings" in "slack"'),
    ],
    ids=["name", "grammar"],
)
def test_a_problem_is_told_with_its_place(
    bench: tuple[Workbench, Emulator], document: dict[str, object], problem: str
) -> None:
    workbench, _ = bench
    workbench.users(a=document)

    ended = workbench.run("validate")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.splitlines()[0] == problem
    assert "did you mean" in ended.err


def test_it_says_how_many_users_rosters_have(bench: tuple[Workbench, Emulator]) -> None:
    workbench, _ = bench
    workbench.write("eu.csv", "user,channel\nacme,C1\nglobex,C2\n")
    head = "apiVersion: paragon-sync/v1\nkind: {}\nname: eu\nusers: {}\n"
    rollout = (
        head.format("Rollout", "{csv: eu.csv}") + "integrations: {slack: {settings: {Channel: '{{row.channel}}'}}}\n"
    )
    migration = head.format("Migration", "[acme]") + "integration: slack\nsteps: [{remove: Note}]\n"
    workbench.write("users.yaml", f"{rollout}---\n{migration}")

    for arguments in ([], ["--quiet"]):
        ended = workbench.run("validate", *arguments)

        assert ended.out.splitlines() == [
            "rollout eu: 2 users",
            "migration eu: 1 user",
            "2 documents in 1 file are right; checked against the catalog of test.",
        ], ended.err


class TestOffline:
    def test_it_needs_an_environment(self, bench: tuple[Workbench, Emulator]) -> None:
        ended = bench[0].run("validate", "--offline", environment=False)

        assert (ended.code, ended.out) == (64, "")
        assert "--offline needs -e ENV" in ended.err

    def test_without_a_lock_it_says_how_to_make_one(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        workbench.users(a=RIGHT)

        ended = workbench.run("validate", "--offline")

        assert ended.code == 1
        assert ended.err == (
            "error: there is no catalog.test.lock.json\n    make it: paragon-sync catalog pull -e test\n"
        )
        assert requests(emulator) == []

    def test_with_a_lock_it_asks_nobody(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        workbench.users(a=RIGHT)
        assert workbench.run("catalog", "pull").code == 0
        asked = len(requests(emulator))

        ended = workbench.run("validate", "--offline")

        assert ended.out == "1 document in 1 file is right; checked against the lock file of test.\n"
        assert len(requests(emulator)) == asked

    def test_the_lock_of_another_project_is_refused(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        workbench.users(a=RIGHT)
        workbench.run("catalog", "pull")
        workbench.project(emulator.url, environment={"project": "another"})

        for command in (["validate", "--offline"], ["plan", "--catalog", "lock"]):
            ended = workbench.run(*command)

            assert ended.code == 1
            assert f"catalog.test.lock.json is of project {emulator.project}, and test is project another" in ended.err
            assert "paragon-sync catalog pull -e test" in ended.err


def broken_files() -> list[Path]:
    return sorted(path for path in BROKEN.glob("*.yaml") if path.name != "paragon.yaml")


@pytest.mark.parametrize("file", broken_files(), ids=lambda path: path.stem)
def test_a_broken_file_is_told_in_full_each_place_once_and_nobody_is_asked_about_a_user(
    bench: tuple[Workbench, Emulator], file: Path
) -> None:
    workbench, emulator = bench
    text = file.read_bytes()
    expected = [
        line.split()[2] for line in text.decode("utf-8-sig", "replace").splitlines() if line.startswith("# expect ")
    ]
    is_project = file.name.startswith("project-")
    name = "paragon.yaml" if is_project else "users.yaml"
    if not is_project:
        listed = yaml.safe_load((BROKEN / "paragon.yaml").read_text("utf-8"))["secrets"]
        workbench.project(emulator.url, secrets=listed)
        for secret in (BROKEN / "secrets").iterdir():
            workbench.write(f"secrets/{secret.name}", secret.read_text("utf-8"))
    (workbench.folder / name).write_bytes(text)

    for command in (["validate"], ["plan"], ["apply", "--yes"]):
        environment = "production" if is_project else "test"
        ended = workbench.run(*command, "-e", environment, environment=False)

        assert (ended.code, ended.out) == (1, ""), ended.err
        told = [":".join(line.split(":")[1:3]) for line in problem_lines(ended.err, [])]
        assert [position for position in expected if position not in told] == [], ended.err
        assert len(told) == len(set(told)), ended.err
    assert {one["user"] for one in requests(emulator)} <= {"catalog-reader"}
    assert writes(emulator) == []
