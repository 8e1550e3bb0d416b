"""The GitOps repository works: its README, and each step of its workflow against two Paragon projects."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.examples.markdown import BIN, ROOT, Shell, follow

GITOPS = ROOT / "examples" / "gitops"
KEY = "the key of this test, 32 or more"
VALUE = b"Juniper Farm"
ENVIRONMENTS = ("staging", "production")
WORKFLOW = yaml.safe_load((GITOPS / ".github" / "workflows" / "paragon-sync.yml").read_text())


@dataclass(frozen=True, slots=True)
class Repository:
    """A clone of the GitOps repository, whose environments are two emulators."""

    shell: Shell
    folder: Path

    def step(self, job: str, name: str, environment: str) -> subprocess.CompletedProcess[str]:
        """One step of the workflow, as a CI machine would run it."""
        script = next(step["run"] for step in WORKFLOW["jobs"][job]["steps"] if step.get("name") == name)
        return self.shell.run(f"export ENVIRONMENT={environment}\n{script}")


@contextmanager
def emulator(fixture: Path, ready: Path) -> Iterator[Mapping[str, str]]:
    """A Paragon project as a process of its own: ``{url, project, signing_key}``."""
    command = [BIN / "paragon-sync", "emulator", "--fixture", fixture, "--ready-file", ready]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            while not ready.exists():
                assert process.poll() is None
                time.sleep(0.02)
            yield json.loads(ready.read_text())
        finally:
            process.terminate()


@pytest.fixture
def repository(clone: Shell, tmp_path: Path) -> Iterator[Repository]:
    """The repository beside two running projects; keys are in the variables that the workflow sets."""
    folder = clone.folder / "examples" / "gitops"
    project_file = folder / "paragon.yaml"
    text = project_file.read_text()
    variables = {"PARAGON_SYNC_PLAN_KEY": KEY, "CI": "true"}
    with ExitStack() as running:
        for name in ENVIRONMENTS:
            fixture = folder / "emulators" / name / "fixture.yaml"
            ready = running.enter_context(emulator(fixture, tmp_path / f"{name}.json"))
            variables[f"PARAGON_SIGNING_KEY_{name.upper()}"] = Path(ready["signing_key"]).read_text()
            before, project, after = text.partition(ready["project"])
            text = before + project + after.replace("https://api.useparagon.com", ready["url"], 1)
        project_file.write_text(text)
        clone.variables.update(variables)
        clone.run("cd examples/gitops")
        yield Repository(clone, folder)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_change_travels_as_the_workflow_says(repository: Repository, environment: str) -> None:
    assert repository.step("plan", "Validate", environment).returncode == 0
    assert repository.step("drift", "Compare", environment).returncode == 2
    assert repository.step("plan", "Plan", environment).returncode == 0
    applied = repository.step("apply", "Apply", environment)
    assert (applied.returncode, "applied." in applied.stdout) == (0, True), applied.stdout
    assert repository.step("drift", "Compare", environment).returncode == 0
    assert repository.step("apply", "Keep the record of the run", environment).returncode == 0
    for stored in (f"{environment}.plan", "run.tar"):
        assert VALUE not in (repository.folder / stored).read_bytes()


def test_another_plan_than_the_one_that_was_reviewed_is_refused(repository: Repository) -> None:
    assert repository.step("plan", "Plan", "staging").returncode == 0
    reviewed = (repository.folder / "digest.txt").read_text()
    assert repository.step("plan", "Plan", "staging").returncode == 0
    (repository.folder / "digest.txt").write_text(reviewed)
    refused = repository.step("apply", "Apply", "staging")
    assert (1, True) == (refused.returncode, "this is not the plan that was reviewed" in refused.stdout)
    assert repository.step("drift", "Compare", "staging").returncode == 2


def test_the_environments_have_their_own_ids_and_the_same_titles() -> None:
    locks = [json.loads((GITOPS / f"catalog.{name}.lock.json").read_text()) for name in ENVIRONMENTS]
    ids = [{workflow["id"] for i in lock["integrations"].values() for workflow in i["workflows"]} for lock in locks]
    assert set() == ids[0] & ids[1]
    assert _titles(locks[0]) == _titles(locks[1])
    assert locks[0]["project"] != locks[1]["project"]


def test_its_readme_works_on_local_emulators(clone: Shell) -> None:
    clone.run("cd examples/gitops")
    assert [] == list(follow((GITOPS / "README.md").read_text(), clone))
    assert clone.run("paragon-sync plan -c local.yaml -e staging --detailed-exitcode").returncode == 0
    assert clone.run("paragon-sync plan -c local.yaml -e production --detailed-exitcode").returncode == 2


def _titles(lock: dict[str, dict[str, dict[str, list[dict[str, str]]]]]) -> dict[str, set[str]]:
    return {
        name: {each["title"] for each in found["inputs"]} | {each["description"] for each in found["workflows"]}
        for name, found in lock["integrations"].items()
    }
