"""A document that is about a user is never passed over, however it is written."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from paragon_sync.manifest.mentions import Mentions
from paragon_sync.manifest.source import value_of

USERS = st.text(min_size=1, max_size=12)
WRITTEN = st.sampled_from([None, "'", '"', "|", ">"])


def document(user: str) -> dict[str, Any]:
    return {"apiVersion": "paragon-sync/v1", "kind": "User", "user": user, "metadata": {"plan": "pro"}}


@given(user=USERS, plain=st.booleans())
def test_a_user_is_found_in_json(user: str, *, plain: bool) -> None:
    assert Mentions({user})(json.dumps(document(user), ensure_ascii=not plain))


@given(user=USERS, style=WRITTEN, width=st.sampled_from([2, 10, 80]), plain=st.booleans(), flow=st.booleans())
def test_a_user_is_found_in_yaml(user: str, style: str | None, width: int, *, plain: bool, flow: bool) -> None:
    text = yaml.safe_dump(
        document(user), default_style=style, width=width, allow_unicode=plain, default_flow_style=flow
    )

    assert Mentions({user})(text)


@pytest.mark.parametrize(
    "text",
    [
        'kind: User\nuser: "\\u0061cme"\n',
        '{"kind": "User", "user": "\\u0061cme"}',
        'kind: User\nuser: "ac\\\n  me"\n',
        "kind: Rollout\nusers: {csv: eu.csv}\n",
        "kind: Migration\nusers: {sql: SELECT}\n",
        "kind: Profile\nname: standard\n",
        "kind: User\nuser: acme\n",
        "kind: User\nuser: acme-corp\n",
        "kind: User\nuser: >-\n  acme\n",
    ],
)
def test_what_may_be_about_a_user_is_read(text: str) -> None:
    assert Mentions({"other", "acme"})(text)


@pytest.mark.parametrize("user", ["it's", "a b", "a\tb", "a\u2003b", ""])
def test_an_id_that_is_spelled_in_several_ways_is_looked_for_in_all_documents(user: str) -> None:
    assert Mentions({user})("kind: User\nuser: globex\n")


def test_a_document_about_another_user_is_passed_over() -> None:
    text = yaml.safe_dump(document("globex"))

    assert value_of(text, "users.yaml") == document("globex")
    assert not Mentions({"acme"})(text)
