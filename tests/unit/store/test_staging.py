from __future__ import annotations

import stat
from pathlib import Path

import pytest

from paragon_sync.errors import StateError
from paragon_sync.jsonvalue import Number
from paragon_sync.model.declared import Place
from paragon_sync.model.desired import Claim, DesiredDocument, DesiredFragment, MetadataKey, Set
from paragon_sync.store.staging import Staging


def document(user: str, value: str = "1.10") -> DesiredDocument:
    place = Place(file="users.yaml")
    claim = Claim(target=MetadataKey("plan"), intent=Set(Number(value)), label="plan", place=place)
    return DesiredDocument(user=user, place=place, layers=(DesiredFragment(source="users.yaml", metadata=(claim,)),))


def test_documents_come_back_by_user_in_their_order(tmp_path: Path) -> None:
    with Staging(tmp_path) as staging:
        for user, value in [("globex", "1.10"), ("acme", "1.20"), ("globex", "1.30"), ("\ud800\0", "1.40")]:
            staging.add(document(user, value))

        assert list(staging.users()) == ["acme", "globex", "\ud800\0"]
        assert staging.documents("globex") == (document("globex", "1.10"), document("globex", "1.30"))
        assert staging.documents("nobody") == ()
        assert staging.count == 4


def test_documents_may_follow_after_a_look(tmp_path: Path) -> None:
    with Staging(tmp_path) as staging:
        staging.add(document("b"))
        assert list(staging.users()) == ["b"]
        staging.add(document("a"))
        assert list(staging.users()) == ["a", "b"]


def test_documents_are_asked_for_while_users_are_listed(tmp_path: Path) -> None:
    with Staging(tmp_path) as staging:
        for number in range(1201):
            staging.add(document(f"u{number:04}"))
        assert [len(staging.documents(user)) for user in staging.users()] == [1] * 1201


def test_the_folder_is_private_and_goes_in_the_end(tmp_path: Path) -> None:
    staging = Staging(tmp_path)
    (folder,) = tmp_path.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    staging.close()
    staging.close()
    assert list(tmp_path.iterdir()) == []


def test_without_a_folder_the_systems_place_is_taken() -> None:
    with Staging() as staging:
        staging.add(document("acme"))
        assert list(staging.users()) == ["acme"]


def test_a_disk_that_cannot_take_it_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"can't stage documents on disk: .*No such file") as caught:
        Staging(tmp_path / "missing")
    assert caught.value.hint is not None
    assert "TMPDIR" in caught.value.hint
