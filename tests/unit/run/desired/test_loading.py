"""Documents are staged in compact form; their claims are made from their texts again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from paragon_sync.catalog.resolve import Resolver
from paragon_sync.errors import ManifestError
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.run.desired.filters import Filters
from paragon_sync.run.desired.loading import Desired, load, load_step_by_step
from tests.unit.plan.build import CATALOG

SLACK = {"settings": {"Channel": "C1"}, "workflows": {"Alerts": True}}


def document(user: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": "paragon-sync/v1", "kind": "User", "user": user, "integrations": {"slack": SLACK}, **more}


def profile(name: str, **settings: Any) -> dict[str, Any]:
    integrations = {"slack": {"settings": settings}}
    return {"apiVersion": "paragon-sync/v1", "kind": "Profile", "name": name, "integrations": integrations}


@contextmanager
def loaded(folder: Path, documents: Iterable[Any], **filters: Any) -> Iterator[Desired]:
    file = folder / "users.ndjson"
    file.write_text("".join(json.dumps(one) + "\n" for one in documents))
    desired = load([file], SecretScope(folder=folder), Resolver(CATALOG), Filters(**filters))
    with desired.staging:
        yield desired


def problems(folder: Path, documents: Iterable[Any]) -> list[str]:
    with pytest.raises(ManifestError) as caught, loaded(folder, documents):
        """It must not come to this."""
    return [f"{problem.line}: {problem.message}" for problem in caught.value.problems]


def test_a_document_is_staged_in_compact_form_and_read_again_in_full(tmp_path: Path) -> None:
    documents = [profile("standard", Note="n"), document("acme", profiles=["standard"], metadata={"plan": "pro"})]
    with (
        loaded(tmp_path, documents) as plain,
        loaded(tmp_path, [documents[0], documents[1] | {"template": True}]) as expanded,
    ):
        assert expanded.documents_of("acme") == plain.documents_of("acme")
        found = [desired.reading.compact(staged) for desired in (plain, expanded) for _, staged in desired.groups()]
        (in_full,) = plain.documents_of("acme")
    block = ("slack", "only", "default", {"note": "n", "channel": "C1"}, {}, {"alerts": (True, {}, {})}, None)
    assert [[({"plan": "pro"}, (block,), ())]] * 2 == found
    assert [["profile standard", "Note"], [f"{tmp_path}/users.ndjson", "Channel", "Alerts"]] == [
        [layer.source, *(claim.label for block in layer.blocks for claim in block.claims)] for layer in in_full.layers
    ]


def test_a_filter_on_integrations_narrows_what_is_asked_for(tmp_path: Path) -> None:
    other = {"salesforce": {}}
    documents = [
        document("a", metadata={"plan": "pro"}),
        document("b", integrations=other),
        document("c", template=True),
    ]
    with loaded(tmp_path, documents, integrations=("slack",)) as desired:
        found = {user: desired.reading.compact(staged) for user, staged in desired.groups()}
        layers = [layer for one in desired.documents_of("a") for layer in one.layers]
    assert {"a", "c"} == found.keys()
    ((metadata, blocks, _),) = found["a"]
    assert ({}, ["slack"]) == (metadata, [block[0] for block in blocks])
    assert [()] == [layer.metadata for layer in layers]


def test_a_document_contradicts_itself_by_two_names_of_one_value(tmp_path: Path) -> None:
    (told,) = problems(
        tmp_path, [document("acme", integrations={"slack": {"defaults": {"Note": "x"}, "unset": ["note"]}})]
    )
    assert told.startswith('1: slack: "Note" is unset here, and given a default elsewhere: ')


@pytest.mark.parametrize("released", [{"release": ["Note"]}, {"release": ["note"]}])
def test_what_no_profile_manages_cannot_be_released(tmp_path: Path, released: dict[str, Any]) -> None:
    documents = [profile("standard", Note="n"), document("acme", integrations={"slack": released})]
    assert ['2: slack: no profile of this document manages "Note"'] == problems(tmp_path, documents)
    documents[1]["profiles"] = ["standard"]
    with loaded(tmp_path, documents) as desired:
        assert ["acme"] == list(desired.users())


def test_two_blocks_of_a_profile_may_contradict_each_other(tmp_path: Path) -> None:
    blocks = [{"settings": {"Note": "a"}}, {"settings": {"note": "b"}}]
    documents = [profile("standard") | {"integrations": {"slack": blocks}}, document("acme", profiles=["standard"])]
    (told,) = problems(tmp_path, documents)
    assert told.startswith('1: slack: "Note" is set here, and differently elsewhere: ')


def test_without_a_catalog_names_and_contradictions_are_not_judged(tmp_path: Path) -> None:
    file = tmp_path / "users.ndjson"
    different = document("acme", integrations={"slack": {"settings": {"Gone": "C2"}}})
    other = document("acme", integrations={"slack": {"settings": {"Gone": "C1"}, "unset": ["Gone"]}})
    for documents, expected in (
        ([different, different], []),
        ([different, other], ["is under unset and under settings"]),
    ):
        file.write_text("".join(json.dumps(one) + "\n" for one in documents))
        try:
            load([file], SecretScope(folder=tmp_path), None, Filters()).staging.close()
            told = []
        except ManifestError as error:
            told = [problem.message.partition(" ")[2] for problem in error.problems]
        assert expected == told


def test_documents_that_contradict_each_other_are_refused_and_those_that_agree_are_not(tmp_path: Path) -> None:
    agreeing = [document("acme"), document("acme", integrations={"slack": {"settings": {"channel": "C1"}}})]
    with loaded(tmp_path, agreeing) as desired:
        assert ["acme"] == list(desired.users())
    different = document("acme", integrations={"slack": {"settings": {"channel": "C2"}}})
    (told,) = problems(tmp_path, [agreeing[0], different])
    assert told.startswith('2: slack: "Channel" is set here, and differently elsewhere: ')


def test_a_profile_that_is_not_there_is_told_of_its_first_uses(tmp_path: Path) -> None:
    documents = [document(f"u{number:04}", profiles=["gone", "late"]) for number in range(250)]
    told = problems(tmp_path, [*documents, profile("late", Note="n")])
    assert [f'{line}: there is no profile "gone"' for line in range(1, 101)] == told


def test_documents_that_are_all_wrong_are_told_of_by_the_first_ones(tmp_path: Path) -> None:
    wrong = document("acme", integrations={"slack": {"settings": {"Gone": 1}}})
    told = problems(tmp_path, [wrong] * 1500)
    assert ['1000: slack has no setting "Gone"', "1000: after 1,000 problems no more documents were read"] == told[-2:]
    assert 1001 == len(told)


def test_step_by_step_each_user_is_told_of_as_they_come(tmp_path: Path) -> None:
    file = tmp_path / "users.ndjson"
    documents = [profile("standard"), document("b"), document("a", profiles=["standard"]), document("c")]
    file.write_text("".join(json.dumps(one) + "\n" for one in documents))
    steps = load_step_by_step([file], SecretScope(folder=tmp_path), Resolver(CATALOG), Filters(users=("a", "b")))

    assert list(steps) == ["b", "a"]


ABOUT_ACME = {"only": frozenset({"acme"}), "checks_all": False}


def test_documents_about_other_users_are_not_parsed_where_no_plan_is_written(tmp_path: Path) -> None:
    others = [document(f"other-{number:04}", profiles=["standard"]) for number in range(500)]
    with loaded(
        tmp_path, [profile("standard", Note="n"), *others, document("acme", profiles=["standard"])], **ABOUT_ACME
    ) as desired:
        assert (desired.documents, list(desired.users())) == (2, ["acme"])
        (one,) = desired.documents_of("acme")
        assert one.layers[0].source == "profile standard"


def test_an_error_elsewhere_counts_where_a_plan_is_written(tmp_path: Path) -> None:
    documents = [document("acme"), document("globex", wrong=1)]
    with loaded(tmp_path, documents, **ABOUT_ACME) as desired:
        assert ["acme"] == list(desired.users())
    for filters in ({"users": ("acme",)}, {"only": frozenset({"acme"})}):
        with pytest.raises(ManifestError, match="wrong"), loaded(tmp_path, documents, **filters):
            """It must not come to this."""


def test_an_error_in_what_concerns_all_users_counts_always(tmp_path: Path) -> None:
    documents = [document("acme"), profile("standard", Gone="n")]
    with pytest.raises(ManifestError, match="Gone"), loaded(tmp_path, documents, **ABOUT_ACME):
        """It must not come to this."""
