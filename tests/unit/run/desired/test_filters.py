"""What filters let through, and which of them lead nowhere."""

from __future__ import annotations

import pytest

from paragon_sync.errors import UsageError
from paragon_sync.model.declared import Place
from paragon_sync.model.desired import Claim, DesiredBlock, DesiredFragment, MetadataKey, Set
from paragon_sync.run.desired.filters import Filters, Sieve

PLACE = Place(file="users.yaml")
FRAGMENT = DesiredFragment(
    source="users.yaml",
    metadata=(Claim(target=MetadataKey("plan"), intent=Set("pro"), label="plan", place=PLACE),),
    blocks=(DesiredBlock(integration="slack", place=PLACE), DesiredBlock(integration="hubspot", place=PLACE)),
)


@pytest.mark.parametrize(
    ("globs", "user", "accepted"),
    [
        ((), "anybody", True),
        (("acme-*",), "acme-1", True),
        (("acme-*",), "Acme-1", False),
        (("a", "b*"), "bb", True),
        (("a[1]",), "a[1]", True),
        (("a[1]",), "a1", True),
        (("a?",), "abc", False),
    ],
)
def test_a_glob_or_the_id_itself_lets_a_user_through(globs: tuple[str, ...], user: str, accepted: bool) -> None:
    assert Sieve(Filters(users=globs)).accepts(user) == accepted


def test_an_integration_leaves_its_blocks_and_no_metadata() -> None:
    assert Filters().narrow(FRAGMENT) is FRAGMENT
    narrowed = Filters(integrations=("slack", "other")).narrow(FRAGMENT)
    assert ([block.integration for block in narrowed.blocks], narrowed.metadata) == (["slack"], ())


def test_they_are_told_as_they_were_given() -> None:
    assert Filters(users=("a", "b*")).as_text() == {"user": "a, b*"}
    assert Filters(integrations=("slack",)).as_text() == {"integration": "slack"}
    assert Filters().as_text() == {}


class TestCheck:
    def sieve(self, filters: Filters, *seen: str) -> Sieve:
        sieve = Sieve(filters)
        for user in seen:
            sieve.accepts(user)
        return sieve

    def test_filters_that_matched_are_fine(self) -> None:
        self.sieve(Filters(users=("a", "b*"), integrations=("slack",)), "a", "bb", "c").check({"slack"})
        self.sieve(Filters()).check(())

    @pytest.mark.parametrize(
        ("filters", "message", "hint"),
        [
            (Filters(users=("a", "acmee")), '--user "acmee": no document is about such a user', 'mean "acme"?'),
            (Filters(users=("x*",)), '--user "x*": no document', 'there are: "a", "acme"'),
            (Filters(integrations=("slak",)), '--integration "slak": no document', 'mean "slack"?'),
        ],
    )
    def test_one_that_did_not_is_a_mistake(self, filters: Filters, message: str, hint: str) -> None:
        with pytest.raises(UsageError) as refused:
            self.sieve(filters, "a", "acme").check({"slack", "hubspot"})

        assert refused.value.message.startswith(message)
        assert hint in (refused.value.hint or "")
