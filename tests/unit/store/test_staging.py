from __future__ import annotations

import random
import tempfile
from contextlib import nullcontext
from pathlib import Path

import pytest

from paragon_sync.errors import StateError
from paragon_sync.jsonvalue import Number
from paragon_sync.model.compact import CompactDocument, CompactUserDocument
from paragon_sync.model.declared import Content
from paragon_sync.model.desired import Enlisted, Filled
from paragon_sync.store.staging import Staged, Staging


def document(user: str, value: str = "1.10") -> CompactUserDocument:
    return CompactUserDocument(user, "users.yaml", 0, (), ({"plan": Number(value)}, (), ()), "…")


BOTH = pytest.mark.parametrize("in_memory", [0, 1_000_000], ids=["on disk", "in memory"])


@BOTH
def test_documents_come_back_by_user_in_their_order(tmp_path: Path, in_memory: int) -> None:
    with Staging(tmp_path, in_memory=in_memory) as staging:
        for number in range(600):
            staging.add(document(f"user-{number}"))
        for user, value in [("globex", "1.10"), ("acme", "1.20"), ("globex", "1.30"), ("\ud800\0", "1.40")]:
            staging.add(document(user, value))

        users = list(staging.users())
        assert [user for user in users if not user.startswith("user-")] == ["acme", "globex", "\ud800\0"]
        assert users == sorted(users, key=lambda user: user.encode("utf-8", "surrogatepass"))
        assert staging.documents("globex") == (document("globex", "1.10"), document("globex", "1.30"))
        assert staging.documents("nobody") == ()
        assert staging.count == 604


@pytest.mark.parametrize("in_memory", [0, 60_000, 1_000_000])
def test_documents_may_follow_after_a_look(tmp_path: Path, in_memory: int) -> None:
    with Staging(tmp_path, in_memory=in_memory) as staging:
        for letter, users in (("b", ["b"]), ("a", ["a", "b"]), ("c", ["a", "b", "c"])):
            for number in range(500):
                staging.add(document(letter, str(number)))
            assert list(staging.users()) == users
        assert staging.documents("a") == tuple(document("a", str(number)) for number in range(500))


@BOTH
def test_documents_are_asked_for_while_users_are_listed(tmp_path: Path, in_memory: int) -> None:
    with Staging(tmp_path, in_memory=in_memory) as staging:
        for number in range(1201):
            staging.add(document(f"u{number:04}"))
        assert [len(staging.documents(user)) for user in staging.users()] == [1] * 1201


def on_disk(folder: Path | None) -> Staging:
    """A staging with so many documents that they go there."""
    staging = Staging(folder, in_memory=0)
    for number in range(500):
        staging.add(document(f"u{number:04}"))
    return staging


def test_nobody_else_finds_the_file_and_nothing_is_left_however_it_ends(tmp_path: Path) -> None:
    staging = on_disk(tmp_path)
    assert list(tmp_path.iterdir()) == []
    staging.close()
    staging.close()


def test_without_a_folder_the_systems_place_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(StateError, match="missing"):
        on_disk(None)


@pytest.mark.parametrize(("in_memory", "written"), [(0, True), (60_000, True), (1_000_000, False)])
def test_few_documents_need_no_disk(tmp_path: Path, in_memory: int, written: bool) -> None:
    with (
        pytest.raises(StateError, match="stage") if written else nullcontext(),
        Staging(tmp_path / "missing", in_memory=in_memory) as staging,
    ):
        for number in range(1000):
            staging.add(document(f"u{number:04}"))


def test_a_disk_that_cannot_take_it_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"can't stage documents on disk: .*No such file") as caught:
        on_disk(tmp_path / "missing")
    assert caught.value.hint is not None
    assert "TMPDIR" in caught.value.hint


def plain(user: str, number: int, profiles: tuple[str, ...] = ()) -> CompactUserDocument:
    compact: CompactDocument = (
        {"plan": ["pro", None]},
        (("slack", ("providerId", "T1"), "default", {"a": "\ud800"}, {"b": "unset", "c": (2**70, ("",))}, {}, None),),
        (),
    )
    return CompactUserDocument(user, "users.ndjson", number, profiles, compact, '{"user": "…"}')


def test_every_kind_of_document_comes_back_as_it_was(tmp_path: Path) -> None:
    content = Content("rollout.yaml", 0, {"metadata": {"plan": "pro"}}, frozenset({("metadata", "plan")}))
    staged: list[Staged] = [
        plain("b", 0),
        document("a"),
        plain("a", 2, ("standard",)),
        Filled("a", 0, 2, ("pro", [1])),
        Filled("a", 0, 3, (Number("1.10"),)),
        Filled("b", 1, 2, content),
        Enlisted("b", 0, 2, {"plan": "pro"}),
        Enlisted("b", 0, 3, {"n": Number("1e5")}),
        plain("b", 3),
    ]
    with Staging(tmp_path) as staging:
        for number, one in enumerate(staged):
            staging.add(one, number % 4)

        groups = list(staging.groups())
        found = {user: [(check, *staging.read([(check, row)])) for check, row in rows] for user, rows in groups}
    expected = [(number % 4, one) for number, one in enumerate(staged)]
    assert {user: [pair for pair in expected if pair[1].user == user] for user in ("a", "b")} == found
    assert [type(one) for _, one in expected if one.user == "b"] == [type(one) for _, one in found["b"]]


@pytest.mark.parametrize("in_memory", [0, 100_000, 10_000_000])
def test_documents_are_sorted_by_user_however_they_come(tmp_path: Path, in_memory: int) -> None:
    numbers = list(range(3000))
    random.Random(4).shuffle(numbers)
    with Staging(tmp_path, in_memory=in_memory) as staging:
        for number in numbers:
            staging.add(plain(f"u{number % 1000:04}", number))
        found = [(user, [one[2] for one in staging.read(rows)]) for user, rows in staging.groups()]
    assert [(f"u{n:04}", [m for m in numbers if m % 1000 == n]) for n in range(1000)] == found
