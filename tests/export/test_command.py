"""``export`` through the command line: live users as manifests, and ``plan`` over them, which is empty."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from paragon_sync.emulator import Emulator
from tests.benches import Start
from tests.workbench import Workbench, account, user, writes

SECRET = "s3cr3t-v4lu3"
RICH: dict[str, Any] = {
    "channel": "C1",
    "token": SECRET,
    "note": "two\nlines\n",
    "gone-input": {"$env": "HOME"},
    "a/b~c.d": "{{ row.x }}",
    "sig-1": "one",
    "sig-2": "two",
    "size": 2**64 + 1,
    "mapping": {"objectMapping": "x", "fieldMappings": {"": None, "é": [1, 1.5, True]}},
    "apiKey": SECRET,
}
WORKFLOWS: dict[str, Any] = {
    "wf-notify": {"enabled": True, "settings": {"prefix": "p", "password": SECRET}, "extra": 1},
    "wf-digest": {"enabled": False, "settings": {}},
    "wf-gone": {"enabled": True, "settings": {"x": "y"}},
}
DOCUMENTED = {"sharedSettings": RICH, "configuredWorkflows": WORKFLOWS, "unknown": [1]}


def configuration(id_: str, **more: Any) -> dict[str, Any]:
    return {"id": id_, "sharedSettings": RICH, "workflowSettings": WORKFLOWS, "configMeta": {"a": 1}} | more


USERS: dict[str, Any] = {
    "documented": user(account(config=DOCUMENTED), plan="pro", token=SECRET, Name="Acme"),
    "current": user(account(configurations=[configuration("k1", isDefault=True)])),
    "both": user(
        account(
            config={"sharedSettings": RICH, "configuredWorkflows": WORKFLOWS},
            configurations=[configuration("k1", isDefault=True, externalId="main")],
        )
    ),
    "many": user(
        account("c1", externalId="crm", config=DOCUMENTED),
        account(
            "c2",
            configurations=[
                configuration("k1", isDefault=True),
                configuration("k2", isDefault=False, externalId="team-b"),
                configuration("k3", isDefault=False, externalId="all"),
            ],
        ),
        account("c3", status="INVALID", config=DOCUMENTED),
        account("c4", integration="int-salesforce", config={}),
        account("c5", integration="int-unknown", config=DOCUMENTED),
    ),
    "differing": user(
        account(config={"sharedSettings": {"channel": "C9"}}, configurations=[configuration("k1", isDefault=True)])
    ),
}


@pytest.fixture
def bench(start: Start) -> tuple[Workbench, Emulator]:
    return start(USERS)


def exported(workbench: Workbench, *arguments: str) -> str:
    ended = workbench.run("export", *arguments)
    assert ended.code == 0, ended.err
    assert SECRET not in ended.out + ended.err
    return ended.out


@pytest.mark.parametrize("exact", [[], ["--exact"]], ids=["", "exact"])
@pytest.mark.parametrize("name", USERS)
def test_planning_it_changes_nothing(bench: tuple[Workbench, Emulator], name: str, exact: list[str]) -> None:
    workbench, emulator = bench
    workbench.write("users.yaml", exported(workbench, "--user", name, *exact))

    plan = workbench.plan()

    assert (plan["operations"], plan["findings"]) == ([], [])
    assert plan["counts"]["unchanged"] == 1
    assert writes(emulator) == []


@pytest.mark.parametrize("shown", ["all", "default", "none"])
def test_so_it_is_whatever_the_list_of_credentials_shows(start: Start, shown: str) -> None:
    hidden = user(account("c2", configurations=USERS["many"]["credentials"][1]["configurations"]), plan="pro")
    workbench, _ = start(USERS | {"hidden": hidden}, listConfigurations=shown)
    everybody = [argument for name in (*USERS, "hidden") for argument in ("--user", name)]
    workbench.write("users.yaml", exported(workbench, "--exact", *everybody))

    plan = workbench.plan()

    assert (plan["operations"], plan["findings"]) == ([], [])


def test_titles_stand_where_they_are_unique_and_ids_elsewhere(bench: tuple[Workbench, Emulator]) -> None:
    document = yaml.safe_load(exported(bench[0], "--user", "documented"))

    slack = document["integrations"]["slack"]
    assert {name for name in slack["settings"] if not name.startswith("id:")} == {
        "Channel",
        "Note",
        "Digest size",
        "Odd path",
        "Mapping",
    }
    assert {"id:gone-input", "id:sig-1", "id:sig-2"} < slack["settings"].keys()
    assert slack["settings"]["id:gone-input"] == {"$literal": {"$env": "HOME"}}
    assert set(slack["workflows"]) == {"Send Slack Notification", "Weekly digest", "id:wf-gone"}
    assert slack["workflows"]["Weekly digest"] is False
    assert document["metadata"] == {"plan": "pro", "Name": "Acme"}


def test_secrets_stand_under_keep_by_name_and_are_told(bench: tuple[Workbench, Emulator]) -> None:
    ended = bench[0].run("export", "--user", "documented")

    slack = yaml.safe_load(ended.out)["integrations"]["slack"]
    assert slack["keep"] == ["Token", "id:apiKey"]
    assert slack["workflows"]["Send Slack Notification"]["keep"] == ["id:password"]
    assert ended.err.splitlines() == [
        "documented: not written: metadata token: a secret",
        "documented: not written: setting Token: a secret",
        "documented: not written: setting id:apiKey: a secret",
        "documented: not written: setting id:password: a secret",
    ]


def test_accounts_and_configurations_are_named_where_there_are_several(bench: tuple[Workbench, Emulator]) -> None:
    ended = bench[0].run("export", "--user", "many")

    blocks = yaml.safe_load(ended.out)["integrations"]["slack"]
    assert [(block["account"], block.get("configuration")) for block in blocks] == [
        ({"externalId": "crm"}, None),
        ({"providerId": "T-c2"}, None),
        ({"providerId": "T-c2"}, "team-b"),
        ({"providerId": "T-c2"}, {"id": "k3"}),
    ]
    assert "many: not written: slack account T-c3: it is INVALID" in ended.err
    assert "many: not written: account T-c5: the catalog doesn't know its integration" in ended.err


def test_what_can_not_be_told_apart_is_left_out_and_said(bench: tuple[Workbench, Emulator]) -> None:
    ended = bench[0].run("export", "--user", "differing")

    assert "integrations" not in yaml.safe_load(ended.out)
    assert "its config and its default configuration differ in /sharedSettings" in ended.err


class TestOut:
    def test_each_user_gets_a_file(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, _ = bench

        ended = workbench.run("export", "--user", "current", "--user", "both", "--out", "users")

        assert ended.out.splitlines() == ["users/current.yaml", "users/both.yaml"]
        assert yaml.safe_load((workbench.folder / "users/both.yaml").read_text("utf-8"))["user"] == "both"
        assert workbench.plan("users")["operations"] == []

    def test_a_file_is_replaced_only_where_that_was_asked_for(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, _ = bench
        workbench.write("users/both.yaml", "mine")

        refused = workbench.run("export", "--user", "both", "--out", "users")

        assert (refused.code, refused.out) == (64, "")
        assert refused.err == "error: users/both.yaml is there already\n    --overwrite replaces it\n"
        assert (workbench.folder / "users/both.yaml").read_text("utf-8") == "mine"
        assert workbench.run("export", "--user", "both", "--out", "users", "--overwrite").code == 64
        workbench.write("users/both.yaml", "user: both")
        assert workbench.run("export", "--user", "both", "--out", "users", "--overwrite").code == 0
        assert (workbench.folder / "users/both.yaml").read_text("utf-8").startswith("apiVersion")

    def test_two_users_never_share_a_file(self, start: Start) -> None:
        workbench, _ = start({"a/b": user(account()), "a b": user(account())})

        ended = workbench.run("export", "--user", "a/b", "--user", "a b", "--out", "users")

        files = ended.out.splitlines()
        assert [yaml.safe_load((workbench.folder / file).read_text("utf-8"))["user"] for file in files] == [
            "a/b",
            "a b",
        ]

    def test_overwriting_never_replaces_the_manifest_of_another_user(self, start: Start) -> None:
        workbench, _ = start({"a/b": user(account()), "a b": user(account())})
        workbench.write("users/a_b.yaml", "user: a/b")

        reused = workbench.run("export", "--user", "a/b", "--out", "users", "--overwrite")
        other = workbench.run("export", "--user", "a b", "--out", "users", "--overwrite")

        assert reused.out == "users/a_b.yaml\n"
        assert other.out != reused.out
        assert yaml.safe_load((workbench.folder / "users/a_b.yaml").read_text("utf-8"))["user"] == "a/b"

    def test_no_id_leads_out_of_the_folder(self, start: Start) -> None:
        workbench, _ = start({"../../x": user(account()), "..": user(account())})

        ended = workbench.run("export", "--user", "../../x", "--user", "..", "--out", "users")

        assert ended.out.splitlines() == ["users/_.._x-9cdf6a50.yaml", "users/user-5ec1f7e7.yaml"]


def test_the_same_user_twice_is_exported_once(bench: tuple[Workbench, Emulator]) -> None:
    text = exported(bench[0], "--user", "current", "--user", "current")

    assert text.count("kind: User") == 1


def test_a_user_without_an_account_is_told_and_the_others_are_exported(bench: tuple[Workbench, Emulator]) -> None:
    ended = bench[0].run("export", "--user", "curent", "--user", "current")

    assert ended.code == 1
    assert "curent: no connected account, so there is nothing to export (is the id right?)" in ended.err
    assert [document["user"] for document in yaml.safe_load_all(ended.out)] == ["current"]


def test_the_catalog_is_asked_for_as_the_user_where_nobody_else_is_named(bench: tuple[Workbench, Emulator]) -> None:
    workbench, emulator = bench
    workbench.project(emulator.url, environment={"catalog": None})

    assert "Channel" in exported(workbench, "--user", "current")
