"""Who applies, for the record."""

import getpass
import socket

import pytest

from paragon_sync.cli.applying import actor


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"GITHUB_ACTOR": "octocat"}, "octocat"),
        ({"GITLAB_USER_LOGIN": "tanuki", "GITHUB_ACTOR": ""}, "tanuki"),
        ({"BUILD_REQUESTEDFOR": "Ada L."}, "Ada L."),
    ],
)
def test_it_is_the_one_whom_the_ci_names(environ: dict[str, str], expected: str) -> None:
    assert actor(environ) == expected


def test_else_it_is_the_login_and_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ada")

    assert actor({}) == f"ada@{socket.gethostname()}"


def test_one_without_a_name_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr(getpass, "getuser", nameless)

    assert actor({}) == f"unknown@{socket.gethostname()}"
