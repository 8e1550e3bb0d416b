"""``migrate test``: cases beside migrations, tried without asking anybody."""

from __future__ import annotations

from pathlib import Path

import pytest

from paragon_sync.emulator import Emulator
from tests.benches import Start
from tests.workbench import Workbench, requests

HEAD = "apiVersion: paragon-sync/v1\n"
MIGRATION = """\
kind: Migration
name: {name}
users: [{{user: acme-corp, plan: pro}}]
integration: slack
where: {where}
steps:
  - rename: {{from: Note, to: Channel}}
  - map: {{setting: Frequency, values: {{hourly: daily}}, else: fail}}
  - default: {{setting: Prefix, workflow: Send Slack Notification, value: Hi}}
"""
CASES = HEAD + "kind: MigrationCases\ncases:\n"


@pytest.fixture
def bench(start: Start) -> tuple[Workbench, Emulator]:
    workbench, emulator = start({})
    assert workbench.run("catalog", "pull").code == 0
    return workbench, emulator


def migrations(
    bench: Workbench, *names: str, where: str = 'live.settings.Note is defined and row.plan == "pro"'
) -> Path:
    texts = [HEAD + MIGRATION.format(name=name, where=where) for name in names]
    file = bench.folder / "m.yaml"
    file.write_text("---\n".join(texts))
    return file


def cases(bench: Workbench, *texts: str, name: str = "m") -> Path:
    file = bench.folder / f"{name}.cases.yaml"
    file.write_text(CASES + "".join(f"  - {text}\n" for text in texts))
    return file


ROW = "row: {plan: pro}"
PASSES = {
    "settings and a new entry": (
        "live: {settings: {Note: C1, Frequency: hourly}}, "
        "expected: {settings: {Channel: C1, frequency: daily}, "
        "workflows: {Send Slack Notification: {enabled: false, settings: {Prefix: Hi}}}}"
    ),
    "a section that stays": (
        "live: {settings: {Note: C1}, workflows: {wf-notify: {settings: {prefix: Hey}}, Alerts: true}}, "
        "expected: {settings: {Channel: C1}}"
    ),
    "unchanged": "live: {settings: {Channel: C1}}, expected: unchanged",
    "finding": 'live: {settings: {Note: C1, Frequency: weekly}}, finding: is "weekly"',
    "an id that the catalog doesn't know": (
        'live: {settings: {Note: C1, "id:gone": 1}, workflows: {wf-notify: {settings: {prefix: x}}}}, '
        'expected: {settings: {Channel: C1, "id:gone": 1}}'
    ),
}


@pytest.mark.parametrize("case", PASSES.values(), ids=PASSES)
def test_a_case_passes(bench: tuple[Workbench, Emulator], case: str) -> None:
    workbench, emulator = bench
    asked = len(requests(emulator))
    file = migrations(workbench, "rename")
    cases(workbench, f"{{name: it works, {ROW}, {case}}}")

    ended = workbench.run("migrate", "test", str(file))

    assert "rename\n  ✓ it works\n\n1 case passed, 0 failed.\n" == ended.out
    assert (0, "", asked) == (ended.code, ended.err, len(requests(emulator)))


FAILS = {
    "another value": (
        "live: {settings: {Note: C1}, workflows: {wf-notify: true}}, expected: {settings: {Channel: C2}}",
        [
            'Channel\n        expected  "C2"\n        actual    "C1"',
            'Prefix\n        expected  nothing\n        actual    "Hi"',
        ],
    ),
    "a finding": (
        "live: {settings: {Note: C1, Channel: C2}}, expected: unchanged",
        ['"Note" can\'t become "Channel", which has another value: "C2"'],
    ),
    "another finding": (
        "live: {settings: {Note: C1, Channel: C2}}, finding: such words",
        ["no finding says: such words; one says: account credential:"],
    ),
    "no finding": ("live: {settings: {}}, finding: such words", ["no finding says: such words"]),
    "a column that the row lacks": (
        "row: {}, live: {settings: {Note: C1}}, expected: unchanged",
        ['there is no column "plan" in the row'],
    ),
}


@pytest.mark.parametrize(("case", "told"), FAILS.values(), ids=FAILS)
def test_a_case_fails(bench: tuple[Workbench, Emulator], case: str, told: list[str]) -> None:
    workbench, _ = bench
    file = migrations(workbench, "rename")
    row = "" if case.startswith("row") else f"{ROW}, "
    cases(workbench, f"{{name: it fails, {row}{case}}}")

    ended = workbench.run("migrate", "test", str(file))

    assert 1 == ended.code
    assert "m.cases.yaml:4:12" in "".join(ended.out.split()), "a long path is broken to fit the line"
    assert all(" ".join(words.split()) in " ".join(ended.out.split()) for words in told)
    assert ended.out.endswith("0 cases passed, 1 failed.\n")


def test_a_condition_over_rows_alone_is_tried_too(bench: tuple[Workbench, Emulator]) -> None:
    workbench, _ = bench
    file = migrations(workbench, "rename", where='row.plan == "pro" and user == "acme" and user')
    migrations(workbench, "rename", where='row.plan == "pro" and user == "acme"')
    cases(
        workbench,
        "{name: another user, row: {plan: pro}, live: {settings: {Note: C1}}, expected: unchanged}",
        "{name: another plan, user: acme, row: {plan: free}, live: {settings: {Note: C1}}, expected: unchanged}",
        "{name: no plan, user: acme, live: {settings: {Note: C1}}, finding: no column}",
    )

    ended = workbench.run("migrate", "test", str(file))

    assert (0, "3 cases passed, 0 failed.") == (ended.code, ended.out.splitlines()[-1])


def test_a_condition_over_accounts_is_tried_too(bench: tuple[Workbench, Emulator]) -> None:
    workbench, _ = bench
    file = migrations(
        workbench, "rename", where='live.account.externalId == "crm" and live.account.credentialId == "c"'
    )
    cases(
        workbench,
        "{name: meant, account: {externalId: crm, credentialId: c}, live: {settings: {Note: 1}}, finding: string}",
        "{name: not meant, account: {externalId: x}, live: {settings: {Note: 1}}, expected: unchanged}",
    )

    ended = workbench.run("migrate", "test", str(file))

    assert (0, "2 cases passed, 0 failed.") == (ended.code, ended.out.splitlines()[-1])


def test_secrets_are_masked_in_deviations(bench: tuple[Workbench, Emulator]) -> None:
    workbench, _ = bench
    file = workbench.folder / "m.yaml"
    file.write_text(
        HEAD + "kind: Migration\nname: m\nusers: [a]\nintegration: slack\nsteps: [rename: {from: Token, to: Note}]\n"
    )
    cases(workbench, "{name: leak, live: {settings: {Token: hunter2}}, expected: {settings: {Note: hunter3}}}")

    ended = workbench.run("migrate", "test", str(file))

    assert 1 == ended.code
    assert "hunter" not in ended.out
    assert "(secret)" in ended.out


def test_a_migration_without_cases_is_told(bench: tuple[Workbench, Emulator]) -> None:
    workbench, _ = bench
    file = migrations(workbench, "rename")

    ended = workbench.run("migrate", "test", str(file))

    assert 1 == ended.code
    assert "no cases: nothing shows what it does" in ended.out
    assert "0 cases passed, 0 failed." in ended.out


def test_a_case_names_its_migration_where_there_are_several(bench: tuple[Workbench, Emulator]) -> None:
    workbench, _ = bench
    migrations(workbench, "one", "two")
    unnamed = "{name: a, live: {settings: {}}, expected: unchanged}"
    named = "{name: a, migration: two, live: {settings: {}}, expected: unchanged}"
    wrong = "{name: a, migration: three, live: {settings: {}}, expected: unchanged}"

    cases(workbench, named)
    ended = workbench.run("migrate", "test", str(workbench.folder / "m.yaml"))
    assert 0 == ended.code
    assert "one\n  no cases" in ended.out

    cases(workbench, unnamed, wrong)
    ended = workbench.run("migrate", "test", str(workbench.folder / "m.yaml"))
    assert 1 == ended.code
    assert "m.cases.yaml:4:5: migration: … says which is meant" in ended.err
    assert "m.cases.yaml:5:26: no such migration is beside it" in ended.err
    assert "there are one, two" in ended.err


def test_a_file_of_cases_brings_its_migrations(bench: tuple[Workbench, Emulator]) -> None:
    workbench, _ = bench
    migrations(workbench, "rename")
    file = cases(workbench, "{name: a, live: {settings: {}}, expected: unchanged}")

    assert 0 == workbench.run("migrate", "test", str(file)).code


WRONG = {
    "setting": ("{name: a, live: {settings: {Chanel: 1}}, expected: unchanged}", 'slack has no setting "Chanel"'),
    "workflow": ("{name: a, live: {workflows: {Digst: true}}, expected: unchanged}", 'slack has no workflow "Digst"'),
    "expected": (
        "{name: a, live: {}, expected: {workflows: {Weekly digest: {settings: {Dy: 1}}}}}",
        'workflow "Weekly digest" of slack has no setting "Dy"',
    ),
    "key": ("{name: a, liv: {}, live: {}, expected: unchanged}", 'unknown key "liv"'),
    "neither": ("{name: a, live: {}}", "exactly one of expected, finding"),
    "both": ("{name: a, live: {}, expected: unchanged, finding: x}", "exactly one of expected, finding"),
    "syntax": ("{name: a, live: {}, expected: ~}", "null"),
}


@pytest.mark.parametrize(("case", "told"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_in_cases_is_told_at_its_place(bench: tuple[Workbench, Emulator], case: str, told: str) -> None:
    workbench, _ = bench
    file = migrations(workbench, "rename")
    cases(workbench, case)

    ended = workbench.run("migrate", "test", str(file))

    assert (1, "") == (ended.code, ended.out)
    assert "m.cases.yaml:4:" in ended.err
    assert told in ended.err


def test_what_is_wrong_in_migrations_is_told_too(bench: tuple[Workbench, Emulator]) -> None:
    workbench, _ = bench
    file = workbench.folder / "m.yaml"
    file.write_text(HEAD + "kind: Migration\nname: m\nusers: [a]\nintegration: slak\nsteps: [remove: Note]\n")
    cases(workbench, "{name: a, live: {settings: {}}, expected: unchanged}")

    ended = workbench.run("migrate", "test", str(file))

    assert 1 == ended.code
    assert 'm.yaml:5:14: no integration "slak"' in ended.err


def test_files_without_migrations_are_refused(bench: tuple[Workbench, Emulator]) -> None:
    workbench, _ = bench
    workbench.users(a={})

    ended = workbench.run("migrate", "test")

    assert (64, "") == (ended.code, ended.out)
    assert "there is no migration in these files" in ended.err
