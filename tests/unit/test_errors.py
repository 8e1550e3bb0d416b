"""The error tree is as it is drawn, and each error says what a user needs."""

import inspect
import re

import pytest

from paragon_sync import errors
from paragon_sync.errors import ManifestError, ParagonSyncError, Problem, RefusedError

DRAWN = re.findall(r"^ +(?:[│ ]*[├└]── )?(\w+?)(?:  +exit +(\d+).*|  .*)$", errors.__doc__ or "", re.MULTILINE)
CLASSES = {
    name: error
    for name, error in inspect.getmembers(errors, inspect.isclass)
    if issubclass(error, ParagonSyncError) and error.__module__ == errors.__name__
}


def test_every_error_is_drawn() -> None:
    assert sorted(CLASSES) == sorted(name for name, _ in DRAWN)


@pytest.mark.parametrize(("name", "drawn"), [(name, code) for name, code in DRAWN if code])
def test_exit_codes_are_as_drawn(name: str, drawn: str) -> None:
    assert int(drawn) == CLASSES[name].exit_code


@pytest.mark.parametrize("name", [name for name, code in DRAWN if not code])
def test_every_other_error_ends_with_1(name: str) -> None:
    assert CLASSES[name].exit_code == 1


def test_problems_are_told_in_their_order_each_with_its_position() -> None:
    error = ManifestError(
        [
            Problem(message="no such setting", file="users/a.yaml", line=3, column=7, hint="did you mean …?"),
            Problem(message="empty value", file="users/b.yaml", line=1, column=1),
        ]
    )
    assert str(error) == "users/a.yaml:3:7: no such setting\nusers/b.yaml:1:1: empty value"
    assert [problem.hint for problem in error.problems] == ["did you mean …?", None]


def test_an_api_error_names_request_user_and_credential() -> None:
    error = RefusedError(
        "refused", method="PATCH", path="/sdk/credentials/c1", user="acme", credential="c1", status=400, code="7210"
    )
    assert [error.method, error.path, error.user, error.credential, error.status, error.code, error.hint] == [
        "PATCH",
        "/sdk/credentials/c1",
        "acme",
        "c1",
        400,
        "7210",
        None,
    ]
