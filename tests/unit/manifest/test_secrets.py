"""References to secrets: what they give, what is refused, and that nothing is read which isn't listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from paragon_sync.jsonvalue import Json
from paragon_sync.manifest.secrets import Refused, Resolved, SecretScope, literal, resolve
from paragon_sync.model.project import Project

ENV = {"TOKEN": "t0ken", "EMPTY": "", "BYTES": "\udcff", "HOME": "/root"}


@pytest.fixture
def scope(tmp_path: Path) -> SecretScope:
    folder = tmp_path / "project"
    (folder / "secrets" / "deep").mkdir(parents=True)
    (folder / "secrets" / "token").write_text("from file\n")
    (folder / "secrets" / "windows").write_bytes(b"line one\r\nline two\r\n")
    (folder / "secrets" / "deep" / "token").write_text("deep")
    (folder / "secrets" / "empty").write_text("\n")
    (folder / "secrets" / "latin").write_bytes(b"\xe9")
    (folder / "single.txt").write_text("single\n\n")
    (folder / "other.txt").write_text("other")
    (tmp_path / "outside").write_text("outside")
    (folder / "secrets" / "link").symlink_to(tmp_path / "outside")
    (folder / "secrets" / "inner").symlink_to("token")
    (folder / "secrets" / "loop").symlink_to("loop")
    listed = ("secrets/", "single.txt")
    return SecretScope(folder=folder, env=frozenset({"TOKEN", "EMPTY", "BYTES", "UNSET"}), files=listed, environ=ENV)


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ({"$env": "TOKEN"}, "t0ken"),
        ({"$file": "secrets/token"}, "from file"),
        ({"$file": "secrets/windows"}, "line one\r\nline two"),
        ({"$file": "secrets/deep/token"}, "deep"),
        ({"$file": "secrets/inner"}, "from file"),
        ({"$file": "single.txt"}, "single\n"),
        ({"auth": [{"$env": "TOKEN"}, 1]}, {"auth": ["t0ken", 1]}),
    ],
)
def test_a_reference_gives_the_secret_and_makes_the_whole_value_secret(
    scope: SecretScope, value: Json, resolved: Json
) -> None:
    assert Resolved(value=resolved, secret=True) == resolve(value, scope)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ("text", "text"),
        (None, None),
        ({"a": [1, {"env": "x"}]}, {"a": [1, {"env": "x"}]}),
        ({"$ref": "x", "b": 1}, {"$ref": "x", "b": 1}),
        ({"$schema": "x"}, {"$schema": "x"}),
        ({"$literal": {"$env": "HOME"}}, {"$env": "HOME"}),
        ([{"$literal": None}], [None]),
    ],
)
def test_any_other_value_is_what_it_is(scope: SecretScope, value: Json, plain: Json) -> None:
    assert Resolved(value=plain, secret=False) == resolve(value, scope)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"$env": "HOME"}, "the environment variable HOME isn't listed"),
        ({"$env": "UNSET"}, "the environment variable UNSET isn't set"),
        ({"$env": "EMPTY"}, "the environment variable EMPTY is empty"),
        ({"$env": "BYTES"}, "the environment variable BYTES isn't UTF-8"),
        ({"$env": 1}, "$env must name a variable"),
        ({"$file": ""}, "$file must name a file"),
        ({"$file": "other.txt"}, "the file other.txt isn't listed"),
        ({"$file": "secrets/../other.txt"}, "the file secrets/../other.txt isn't listed"),
        ({"$file": "../outside"}, "the file ../outside isn't listed"),
        ({"$file": "/etc/passwd"}, "the file /etc/passwd isn't listed"),
        ({"$file": "secrets/link"}, "the file secrets/link isn't listed"),
        ({"$file": "secretsx"}, "the file secretsx isn't listed"),
        ({"$file": "secrets/nowhere"}, "there is no file secrets/nowhere"),
        ({"$file": "secrets/deep"}, "there is no file secrets/deep"),
        ({"$file": "secrets/empty"}, "the file secrets/empty is empty"),
        ({"$file": "secrets/latin"}, "the file secrets/latin can't be read"),
        ({"$file": "secrets/loop"}, "the file secrets/loop can't be read"),
        ({"$file": "a\0b"}, "the file a\0b can't be read"),
        ({"$env": "TOKEN", "b": 1}, "$env must stand alone"),
        ({"$evn": "TOKEN"}, 'unknown reference "$evn"'),
    ],
)
def test_what_is_not_listed_or_not_there_is_refused(scope: SecretScope, value: Json, message: str) -> None:
    (refused,) = resolve(value, scope).refused
    assert message == refused.message


def test_every_refusal_in_a_value_has_its_own_place(scope: SecretScope) -> None:
    value: Json = {"a": [{"$env": "HOME"}], "b": {"$evn": "TOKEN"}}
    assert [("a", "0", "$env"), ("b",)] == [refused.pointer for refused in resolve(value, scope).refused]


def test_a_resolved_secret_is_not_in_its_repr(scope: SecretScope) -> None:
    assert "t0ken" not in repr(resolve({"$env": "TOKEN"}, scope))
    assert "t0ken" not in repr(scope)


@pytest.mark.parametrize(
    "value", [{"$env": "A"}, [{"$file": "a", "b": 1}], {"$literal": 1}, {"a": {"$evn": 1}}, {"$literl": 1}]
)
def test_a_value_that_looks_like_a_reference_comes_back_from_literal(scope: SecretScope, value: Json) -> None:
    assert literal(value) == {"$literal": value}
    assert Resolved(value=value, secret=False) == resolve(literal(value), scope)


@pytest.mark.parametrize("value", [1, "$env", {"env": "A"}, [{"$ref": 1}]])
def test_a_value_that_looks_like_none_needs_no_literal(value: Json) -> None:
    assert literal(value) == value


def test_the_scope_of_a_project_is_what_it_lists(tmp_path: Path) -> None:
    project = Project(
        file=tmp_path / "paragon.yaml",
        folder=tmp_path,
        manifests=(),
        environments={},
        secret_env=("A",),
        secret_files=("b/",),
    )
    scope = SecretScope.of(project)
    assert (tmp_path, frozenset({"A"}), ("b/",)) == (scope.folder, scope.env, scope.files)


def test_a_refusal_can_say_what_to_do(scope: SecretScope) -> None:
    assert resolve({"$env": "HOME"}, scope).refused == (
        Refused(
            message="the environment variable HOME isn't listed",
            pointer=("$env",),
            hint="list it under secrets.env in the Project file",
        ),
    )
