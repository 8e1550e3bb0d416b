"""What can be wrong with key, project and host: the installed command says what, where and what to do."""

from __future__ import annotations

import re
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from paragon_sync.emulator import Emulator, running
from tests.benches import Start
from tests.cases.command import Ended, run_process
from tests.workbench import Answered, Asked, Forward, Workbench, account, as_answer, between, requests, user, writes

WANTED = {"integrations": {"slack": {"settings": {"Channel": "C2"}}}}
LIVE = {"config": {"sharedSettings": {"channel": "C1"}}}


@pytest.fixture
def bench(start: Start) -> tuple[Workbench, Emulator]:
    """Three users with a change each, and the installed command."""
    bench, emulator = start({name: user(account(**LIVE)) for name in ("a", "b", "c")})
    bench.users(a=WANTED, b=WANTED, c=WANTED)
    return replace(bench, command=run_process), emulator


def assert_told(ended: Ended, code: int, message: str, hint: str) -> None:
    """The message first, then what to do, indented; nothing else."""
    assert (code, "") == (ended.code, ended.out), ended.err
    first, *others = ended.err.splitlines()
    assert re.fullmatch(message, first), first
    assert [line for line in others if not line.startswith("    ")] == []
    assert hint in " ".join(line.strip() for line in others)


class TestKey:
    def test_a_wrong_key_is_told_with_the_project_it_has_to_belong_to(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        with running() as other:
            workbench.write("other.pem", other.signing_key.read_text("ascii"))
        (workbench.folder / "other.pem").chmod(0o600)
        workbench.project(emulator.url, environment={"signingKey": {"$file": "other.pem"}})

        assert_told(
            workbench.run("plan"),
            1,
            r"error: GET /sdk/integrations as user catalog-reader: the user token was not accepted: .+",
            f"is the signing key the one of project {emulator.project}, and is {emulator.url} its API host?",
        )

    @pytest.mark.parametrize(
        ("text", "message", "hint"),
        [
            ("", "the signing key is empty", "PEM"),
            ("ssh-rsa AAAA", "the signing key is no PEM text, not an RSA private key", "PEM"),
            (
                "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
                "the signing key is a public key, not an RSA private key",
                "dashboard",
            ),
            (
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                "the signing key can't be read: its PEM is incomplete or damaged",
                "copy it whole",
            ),
        ],
        ids=["empty", "no PEM", "public", "damaged"],
    )
    def test_what_is_no_private_key_is_told_with_its_source(
        self, bench: tuple[Workbench, Emulator], text: str, message: str, hint: str
    ) -> None:
        workbench, emulator = bench
        workbench.project(emulator.url, environment={"signingKey": {"$env": "THE_KEY"}})
        workbench.variables["THE_KEY"] = text

        assert_told(workbench.run("plan"), 1, rf"error: the variable THE_KEY: {re.escape(message)}", hint)
        assert requests(emulator) == []

    def test_a_key_that_is_too_small_is_refused(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        small = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505
        pem = small.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        workbench.write("small.pem", pem.decode())
        workbench.project(emulator.url, environment={"signingKey": {"$file": "small.pem"}})

        assert_told(workbench.run("plan"), 1, r"error: small.pem: .*1024 bits.*", "PEM")

    @pytest.mark.parametrize(
        ("reference", "message"),
        [
            ({"$env": "NOT_SET"}, "the variable NOT_SET is not set"),
            ({"$file": "keys/none.pem"}, r"keys/none.pem can't be read \(No such file or directory\)"),
            ({"$file": "binary.pem"}, r"binary.pem can't be read \(it is no text\)"),
        ],
        ids=["variable", "file", "binary"],
    )
    def test_a_missing_key_is_told(
        self, bench: tuple[Workbench, Emulator], reference: dict[str, str], message: str
    ) -> None:
        workbench, emulator = bench
        (workbench.folder / "binary.pem").write_bytes(b"\xff\xfe")
        workbench.project(emulator.url, environment={"signingKey": reference})

        assert_told(
            workbench.run("plan"), 1, rf'error: the signing key of "test" is missing: {message}', "Paragon dashboard"
        )

    def test_literal_line_breaks_in_a_variable_are_understood(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        workbench.project(emulator.url, environment={"signingKey": {"$env": "THE_KEY"}})
        workbench.variables["THE_KEY"] = emulator.signing_key.read_text("ascii").replace("\n", "\\n")

        assert workbench.run("plan").code == 0


class TestToken:
    def test_an_expired_token_is_told_with_how_far_the_clocks_are_apart(
        self, bench: tuple[Workbench, Emulator]
    ) -> None:
        workbench, emulator = bench

        def later(_asked: Asked, _forward: Forward) -> Answered:
            body = as_answer({"message": "jwt expired", "code": "1", "status": 401}, 401)
            return replace(body, date="Fri, 01 Jan 2100 00:00:00 GMT")

        with between(emulator, later) as url:
            workbench.project(url)
            ended = workbench.run("plan")

        message = r"error: GET /sdk/integrations as user catalog-reader: the user token was not accepted: jwt expired"
        assert_told(ended, 1, message, "behind the server's")

    def test_a_token_that_ends_early_is_made_anew_once(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        refused: list[str] = []

        def refusing(asked: Asked, forward: Forward) -> Answered:
            who = f"{asked.method} {asked.path}"
            if who not in refused:
                refused.append(who)
                return as_answer({"message": "jwt expired", "code": "1", "status": 401}, 401)
            return forward(asked)

        with between(emulator, refusing) as url:
            workbench.project(url, limits={"concurrency": 1})
            ended = workbench.run("apply", "--yes", "--user", "a", "--allow", "usersChanged=9")

        assert ended.code == 0, ended.err
        assert refused == ["GET /sdk/integrations", "GET /sdk/credentials", "PATCH /sdk/credentials/c1"]
        assert writes(emulator) == ["a PATCH /sdk/credentials/c1"]

    def test_a_write_that_is_never_accepted_has_failed(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        tried: list[str] = []

        def refusing(asked: Asked, forward: Forward) -> Answered:
            if asked.method == "PATCH":
                tried.append(asked.path)
                return as_answer({"message": "jwt expired", "code": "1", "status": 401}, 401)
            return forward(asked)

        with between(emulator, refusing) as url:
            workbench.project(url)
            ended = workbench.run("apply", "--yes", "--user", "a")

        assert ended.code == 3, ended.err
        assert tried == ["/sdk/credentials/c1"] * 2
        assert "failed: PATCH /sdk/credentials/c1 as user a, credential c1: the user token" in ended.out

    def test_one_user_of_many_who_is_refused_is_left_out(self, start: Start) -> None:
        refusals = {"b": {"status": 401, "code": "1", "message": "Unauthorized"}}
        workbench, emulator = start({name: user(account(**LIVE)) for name in ("a", "b", "c")}, refusals=refusals)
        workbench.users(a=WANTED, b=WANTED, c=WANTED)

        ended = replace(workbench, command=run_process).run("plan", "--out", "p.plan")

        assert ended.code == 4, ended.err
        assert "2 users to update, 2 changes: 2 changed. 0 users as declared. 1 user left out." in ended.out
        found = ended.out[ended.out.index("Findings that leave their user out") :]
        assert "b  " in found
        assert "users.yaml:12:7" in found
        assert "GET /sdk/credentials as user b: the user token was not accepted: Unauthorized" in " ".join(
            found.split()
        )
        assert writes(emulator) == []
        (finding,) = workbench.plan()["findings"]
        assert (finding["kind"], finding["severity"], finding["line"]) == ("notFetched", "error", 12)

    def test_policy_may_ignore_who_can_not_be_fetched(self, start: Start) -> None:
        refusals = {"b": {"status": 403, "code": "7210", "message": "Forbidden"}}
        workbench, emulator = start({name: user(account(**LIVE)) for name in ("a", "b")}, refusals=refusals)
        workbench.users(a=WANTED, b=WANTED)
        workbench.project(emulator.url, policy={"notFetched": "ignore"})

        plan = workbench.plan()

        assert (plan["findings"], plan["complete"], plan["counts"]["leftOut"]) == ([], True, 1)


class TestHost:
    def test_a_project_that_does_not_exist_is_told(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        workbench.project(emulator.url, environment={"project": "no-such-project"})

        assert_told(
            workbench.run("plan"),
            1,
            r"error: GET /sdk/integrations as user catalog-reader: 404 Not Found: Project not found",
            f"is no-such-project the project id, and {emulator.url} the API host?",
        )

    def test_a_host_where_nothing_listens_is_told(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, _ = bench
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            host = f"http://127.0.0.1:{taken.getsockname()[1]}"
            workbench.project(host)

            assert_told(
                workbench.run("plan"),
                1,
                r"error: GET /sdk/integrations as user catalog-reader: .+",
                f"nothing listens there: check host and port, {host}, and that the server runs",
            )

    def test_a_host_that_does_not_exist_is_told(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, _ = bench
        workbench.project("https://api.paragon.invalid")

        assert_told(
            workbench.run("plan"),
            1,
            r"error: GET /sdk/integrations as user catalog-reader: .+",
            "check the name in the environment's host: https://api.paragon.invalid",
        )

    def test_a_page_for_people_instead_of_json_is_told(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench

        def page(_asked: Asked, _forward: Forward) -> Answered:
            return Answered(body=b"<!doctype html><title>Sign in</title>", type="text/html")

        with between(emulator, page) as url:
            workbench.project(url)

            assert_told(
                workbench.run("plan"),
                1,
                r'error: GET /sdk/integrations as user catalog-reader: 200 OK, but not JSON \(an HTML page "Sign in"\)',
                f"is {url} the API host?",
            )

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ({}, "the answer is not a list"),
            ([1], "entry 1 of the answer is not an object"),
        ],
        ids=["object", "numbers"],
    )
    def test_json_of_another_api_is_told(self, bench: tuple[Workbench, Emulator], body: object, message: str) -> None:
        workbench, emulator = bench
        with between(emulator, lambda _asked, _forward: as_answer(body)) as url:
            workbench.project(url)

            assert_told(
                workbench.run("plan"),
                1,
                rf"error: GET /sdk/integrations as user catalog-reader: {message}",
                f"is {url} the API host, and {emulator.project} the project id?",
            )


class TestMidway:
    def test_a_host_that_fails_for_everybody_ends_the_plan_and_leaves_no_file(
        self, bench: tuple[Workbench, Emulator]
    ) -> None:
        workbench, emulator = bench

        def broken(asked: Asked, forward: Forward) -> Answered:
            return Answered(status=404, body=b"{}") if asked.path == "/sdk/credentials" else forward(asked)

        with between(emulator, broken) as url:
            workbench.project(url)
            ended = workbench.run("plan", "--out", "p.plan")

        assert_told(ended, 1, r"error: GET /sdk/credentials as user a: 404 Not Found", "the project id")
        assert not (workbench.folder / "p.plan").exists()

    def test_nobody_to_ask_for_the_catalog_is_told(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        workbench.project(emulator.url, environment={"catalog": None})

        assert_told(
            workbench.run("plan"),
            1,
            'error: environment "test" names nobody to read the catalog as',
            "catalog: {users: [id]} in the Project file names users",
        )
        assert requests(emulator) == []


def test_an_environment_that_is_not_there_is_told_with_what_was_meant(bench: tuple[Workbench, Emulator]) -> None:
    workbench, _ = bench

    ended = workbench.run("plan", "-e", "tset", environment=False)

    assert_told(ended, 64, r'error: paragon.yaml has no environment "tset"', 'did you mean "test"?')


def test_a_missing_project_file_is_told(tmp_path: Path) -> None:
    ended = run_process(["plan", "-e", "test"], tmp_path, {})

    assert ended.code == 1
    assert ended.err.startswith("paragon.yaml:1:1: ")
