"""The Project file: what it says, what it may leave out."""

from __future__ import annotations

from pathlib import Path

import pytest

from paragon_sync.errors import ManifestError
from paragon_sync.manifest.project import load_project
from paragon_sync.model.planned import FindingKind, Severity
from paragon_sync.model.project import Environment, Limits, Policy, Project, Protected, SecretRef
from paragon_sync.model.thresholds import Threshold

HEAD = "apiVersion: paragon-sync/v1\nkind: Project\nmanifests: [users/*.yaml]\n"
DEMO = "environments: {demo: {host: 'emulator:demo'}}\n"


def load(folder: Path, text: str) -> Project:
    file = folder / "paragon.yaml"
    file.write_text(HEAD + text)
    return load_project(file)


def test_a_whole_file_becomes_its_noun(tmp_path: Path) -> None:
    project = load(
        tmp_path,
        """\
environments:
  staging:
    project: p-1
    host: http://127.0.0.1:8700/
    signingKey: {$file: keys/staging.pem}
    catalog: {users: [reader, other]}
  production:
    project: p-2
    host: https://api.useparagon.com
    signingKey: {$env: KEY}
    protected: true
state: postgresql://db/state
secrets: {env: [TOKEN], files: [secrets/]}
limits: {rate: 2.5, concurrency: 4}
policy:
  usersChanged: 12.5%
  valuesRemoved: 0
  workflowsDisabled: 100%
  minimumPopulation: 5
  usersNotConnected: 20%
  protected:
    users: [big-*]
    integrations: [salesforce]
    settings: {slack: [Channel, "id:webhook"]}
  notConnected: error
  pendingAccount: ignore
apply: {enablement: endpoint}
""",
    )
    assert project == Project(
        file=tmp_path / "paragon.yaml",
        folder=tmp_path,
        manifests=("users/*.yaml",),
        environments={
            "staging": Environment(
                name="staging",
                host="http://127.0.0.1:8700",
                project="p-1",
                signing_key=SecretRef(kind="file", name="keys/staging.pem"),
                catalog_users=("reader", "other"),
            ),
            "production": Environment(
                name="production",
                host="https://api.useparagon.com",
                project="p-2",
                signing_key=SecretRef(kind="env", name="KEY"),
                protected=True,
            ),
        },
        state="postgresql://db/state",
        secret_env=("TOKEN",),
        secret_files=("secrets/",),
        limits=Limits(rate=2.5, concurrency=4),
        policy=Policy(
            thresholds={
                "usersChanged": Threshold(share=0.125),
                "valuesRemoved": Threshold(number=0),
                "workflowsDisabled": Threshold(share=1.0),
                "usersNotConnected": Threshold(share=0.2),
            },
            minimum_population=5,
            protected=Protected(
                users=("big-*",), integrations=("salesforce",), settings={"slack": ("Channel", "id:webhook")}
            ),
            findings={FindingKind.NOT_CONNECTED: Severity.ERROR, FindingKind.PENDING_ACCOUNT: Severity.IGNORED},
        ),
        enablement="endpoint",
    )


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    project = load(tmp_path, DEMO)
    assert project == Project(
        file=tmp_path / "paragon.yaml",
        folder=tmp_path,
        manifests=("users/*.yaml",),
        environments={"demo": Environment(name="demo", host="emulator:demo")},
    )


@pytest.mark.parametrize(
    "host",
    [
        "https://api.useparagon.com",
        "http://localhost:8700",
        "https://[::1]:8700",
        "paragon.example.com",
        "paragon.internal:8443",
        "localhost",
    ],
)
def test_a_host_has_one_of_three_forms(tmp_path: Path, host: str) -> None:
    text = f"environments: {{e: {{host: '{host}', project: p, signingKey: {{$env: K}}}}}}\n"
    assert load(tmp_path, text).environments["e"].host == host


@pytest.mark.parametrize(
    "host", ["https://", "https://a:0", "http://a/b", "https://a#b", "a b", "a?b", "-a", "https://[::1", "file:///a"]
)
def test_a_host_of_another_form_is_refused(tmp_path: Path, host: str) -> None:
    text = f"environments: {{e: {{host: '{host}', project: p, signingKey: {{$env: K}}}}}}\n"
    with pytest.raises(ManifestError, match="the host ") as caught:
        load(tmp_path, text)
    assert [4] == [problem.line for problem in caught.value.problems]


def test_everything_that_is_wrong_is_told_at_once_in_order(tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        load(tmp_path, "limits: {rate: 0}\nenvironments: {e: {host: 'a/b'}}\nstate: ~\napply: {enablement: post}\n")
    assert [(4, 16), (5, 19), (5, 19), (5, 26), (6, 8), (7, 21)] == [
        (problem.line, problem.column) for problem in caught.value.problems
    ]


def test_a_file_that_is_not_there_is_told_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"paragon.yaml:1:1: there is no such file"):
        load_project(tmp_path / "paragon.yaml")


def test_a_key_in_the_file_is_never_shown(tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        load(tmp_path, "environments: {e: {host: a.b, project: p, signingKey: MIIsecret}}\n")
    assert "MIIsecret" not in str(caught.value)


def test_the_number_of_requests_at_once_adapts_unless_it_is_given() -> None:
    assert Limits().concurrency is None
