import itertools

import pytest

from paragon_sync.model.declared import Place
from paragon_sync.model.desired import Default, Intent, Release, Set, Setting, Unset
from paragon_sync.plan.own import Contradiction, Ruling, Word, among, rule, same_intent
from tests.unit.plan.build import claim


def word(intent: Intent, file: str = "a.yaml", *, document: int = 0, layer: int = 0, specificity: int = 2) -> Word:
    place = Place(file=file)
    return Word(
        claim=claim(Setting("channel"), intent, place),
        source=file,
        document=document,
        layer=layer,
        specificity=specificity,
    )


DECIDED = {
    "a later profile wins": ([word(Set(1), "p1"), word(Set(2), "p2", layer=1)], Set(2)),
    "the document wins over its profile": ([word(Set(1), "p"), word(Set(2), layer=1)], Set(2)),
    "the document's default wins over its profile's setting": (
        [word(Set(1), "p"), word(Default(2), layer=1)],
        Default(2),
    ),
    "the document unsets what its profile sets": ([word(Set(1), "p"), word(Unset(), layer=1)], Unset()),
    "the specific selector wins over all": ([word(Set(1), specificity=1), word(Set(2))], Set(2)),
    "the document's all wins over its profile's specific selector": (
        [word(Set(1), "p"), word(Set(2), layer=1, specificity=1)],
        Set(2),
    ),
    "equal settings of two documents are fine": ([word(Set([1])), word(Set([1]), "b.yaml", document=1)], Set([1])),
    "equal defaults of two documents are fine": (
        [word(Default(1, (None, ""))), word(Default(1, ("", None)), "b.yaml", document=1)],
        Default(1, (None, "")),
    ),
    "two documents may unset the same": ([word(Unset()), word(Unset(), "b.yaml", document=1)], Unset()),
    "settings win over defaults of another document": (
        [word(Default(1)), word(Set(2), "b.yaml", document=1)],
        Set(2),
    ),
    "settings win over defaults of the same document": ([word(Default(1)), word(Set(2), "b.yaml")], Set(2)),
    "each document speaks with its strongest layer": (
        [word(Set(1), "p"), word(Set(2), layer=1), word(Set(2), "b.yaml", document=1)],
        Set(2),
    ),
    "specificity counts within a document alone": (
        [word(Set(1), specificity=1), word(Set(1), "b.yaml", document=1)],
        Set(1),
    ),
    "the document releases what its profile sets": ([word(Set(1), "p"), word(Release(), layer=1)], Release()),
    "a release is silent where another document speaks": (
        [word(Set(1), "p"), word(Release(), layer=1), word(Set(2), "b.yaml", document=1)],
        Set(2),
    ),
    "the profile of another document is not released": (
        [word(Release(), layer=1), word(Default(2), "p", document=1)],
        Default(2),
    ),
    "the specific selector is released from all": ([word(Set(1), specificity=1), word(Release())], Release()),
    "the specific selector wins over the release of all": ([word(Release(), specificity=1), word(Set(1))], Set(1)),
    "two documents may release the same": (
        [word(Set(1), "p"), word(Release(), layer=1), word(Release(), "b.yaml", document=1)],
        Release(),
    ),
}


@pytest.mark.parametrize(("words", "winner"), DECIDED.values(), ids=DECIDED)
def test_one_word_decides(words: list[Word], winner: Intent) -> None:
    for order in itertools.permutations(words):
        ruling = rule(order)

        assert isinstance(ruling, Ruling)
        assert same_intent(winner, ruling.winner.claim.intent)
        assert len(words) - 1 == len(ruling.losers)


CONTRADICTIONS = {
    "different settings": (Set(1), Set(2), "set here, and differently elsewhere"),
    "settings that differ by type": (Set(1), Set(value=True), "set here, and differently elsewhere"),
    "settings that differ by number text": (Set(1), Set(1.0), "set here, and differently elsewhere"),
    "different defaults": (Default(1), Default(2), "given a default here, and differently elsewhere"),
    "defaults with different blanks": (Default(1), Default(1, (None,)), "given a default here, and differently"),
    "unset after settings": (Set(1), Unset(), "unset here, and set elsewhere"),
    "unset before defaults": (Unset(), Default(1), "given a default here, and unset elsewhere"),
}


@pytest.mark.parametrize(("first", "second", "said"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_contradictions_name_both_places(first: Intent, second: Intent, said: str) -> None:
    words = [word(first), word(second, "b.yaml", document=1)]

    for order in (words, words[::-1]):
        found = rule(order)

        assert isinstance(found, Contradiction)
        assert ("b.yaml", "a.yaml") == (found.place.file, found.other.file)
        assert found.place.of_key
        assert found.other.of_key
        assert said in found.message


def test_contradictions_arise_within_one_layer_too() -> None:
    assert isinstance(rule([word(Set(1)), word(Set(2), "a2")]), Contradiction)


@pytest.mark.parametrize("intent", [Set(1), Default(1), Unset()], ids=repr)
def test_one_layer_can_not_release_what_it_has_another_word_on(intent: Intent) -> None:
    found = rule([word(Release()), word(intent, "a2"), word(Set(2), "b.yaml", document=1)])

    assert isinstance(found, Contradiction)
    assert ("a2", "a.yaml") == (found.place.file, found.other.file)
    assert found.message.endswith("and released elsewhere")


def test_a_released_value_is_secret_if_any_word_on_it_was() -> None:
    profile = Word(claim=claim(Setting("x"), Set(1), Place(file="p"), secret=True), source="p", document=0, layer=0)
    release = Word(claim=claim(Setting("x"), Release(), Place(file="a")), source="a", document=0, layer=1)

    ruling = rule([profile, release])

    assert isinstance(ruling, Ruling)
    assert (True, True) == (ruling.released, ruling.secret)


def test_a_value_is_secret_if_any_equal_word_says_so() -> None:
    secret = Word(claim=claim(Setting("x"), Set(1), Place(file="b"), secret=True), source="b", document=1, layer=0)

    ruling = rule([Word(claim=claim(Setting("x"), Set(1), Place(file="a")), source="a", document=0, layer=0), secret])

    assert isinstance(ruling, Ruling)
    assert ruling.secret


def test_losers_say_which_rule_put_them_behind() -> None:
    words = [
        word(Set(0), "profile"),
        word(Set(1), layer=1, specificity=1),
        word(Set(2), "a2", layer=1),
        word(Default(3), "b.yaml", document=1),
        word(Set(2), "c.yaml", document=2),
    ]

    ruling = rule(words)

    assert isinstance(ruling, Ruling)
    assert {
        "profile": "a.yaml stands above it",
        "a.yaml": "a specific selector wins over all: true",
        "b.yaml": "settings win over defaults",
        "c.yaml": "the same as a2",
    } == {loser.source: why for loser, why in ruling.losers}


def test_a_release_that_another_document_decides_against_is_told() -> None:
    ruling = rule([word(Set(0), "profile"), word(Release(), layer=1), word(Set(2), "b.yaml", document=1)])

    assert isinstance(ruling, Ruling)
    assert {
        "profile": "a.yaml stands above it",
        "a.yaml": "its document is silent",
    } == {loser.source: why for loser, why in ruling.losers}


def test_words_of_different_kinds_are_not_the_same() -> None:
    assert not same_intent(Set(1), Default(1))


def test_a_value_is_among_others_by_json_equality() -> None:
    assert among(1, [True, 1])
    assert not among(1, [True, 1.0])
