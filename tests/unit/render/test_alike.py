from __future__ import annotations

import tracemalloc
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from paragon_sync.jsonvalue import ABSENT, Number
from paragon_sync.model.planned import Change, ConfigurationSubject, Detail, Effect, Outline
from paragon_sync.render import alike
from paragon_sync.render.alike import AlikeChanges, ChangeTally, TextTally, form_of
from tests import nouns
from tests.nouns import change, configuration, metadata, outline_of, switch


def groups_of(outlines: Iterable[Outline]) -> list[AlikeChanges]:
    tally = ChangeTally()
    assert len(list(tally.counting(outlines))) >= 0
    return tally.groups()


def users(number: int, changed: Change, *, name: str = "u") -> list[Outline]:
    return [outline_of(configuration(f"{name}{index}", changed)) for index in range(number)]


def told(group: AlikeChanges) -> tuple[object, ...]:
    return (group.users, group.change.label, group.befores, group.afters, group.counted)


def test_what_does_the_same_is_one_group_and_that_to_most_users_comes_first() -> None:
    groups = groups_of([*users(2, change("Interval", 20, 30)), *users(3, change("Interval", 15, 30), name="v")])
    assert [(g.users, g.change.before, g.change.after, g.samples, g.integration) for g in groups] == [
        (3, 15, 30, ("v0", "v1", "v2"), "slack"),
        (2, 20, 30, ("u0", "u1"), "slack"),
    ]


def test_what_differs_in_type_effect_place_or_reason_is_not_the_same() -> None:
    other = ConfigurationSubject(integration="hubspot", credential="c", account="a")
    changes = [
        change("Interval", 1, 2),
        change("Interval", 1, Number("2.0")),
        change("Interval", True, 2),  # noqa: FBT003 - a value
        change("Interval", ABSENT, 2),
        change("Interval", None, 2),
        change("Interval", 1, ABSENT),
        change("Interval", 1, 2, workflow="Digest"),
        switch("Interval", before=1, after=2),
    ]
    outlines = [outline_of(configuration(f"u{n}", one)) for n, one in enumerate(changes)]
    elsewhere = [outline_of(configuration("v", changes[0], subject=other)), outline_of(metadata("w", changes[0]))]
    assert [g.users for g in groups_of([*outlines, *elsewhere])] == [1] * 10


def test_a_user_with_two_accounts_counts_once() -> None:
    second = ConfigurationSubject(integration="slack", credential="c2", account="T0002")
    one = change("Interval", 15, 30)
    outlines = [outline_of(configuration("acme", one)), outline_of(configuration("acme", one, subject=second))]
    assert [(g.users, g.samples) for g in groups_of(outlines)] == [(1, ("acme",))]


def test_the_same_users_have_the_same_fingerprint() -> None:
    both = [outline_of(configuration(f"u{n}", change("A", 1, 2), change("B", 1, 2))) for n in range(3)]
    other = users(3, change("C", 1, 2), name="v")
    a, b, c = groups_of([*both, *other])
    assert a.fingerprint == b.fingerprint != c.fingerprint


def test_values_that_differ_for_everybody_are_counted_instead() -> None:
    outlines = [outline_of(configuration(f"u{n}", change("Channel", f"C{n}", f"D{n}"))) for n in range(100)]
    assert [told(g) for g in groups_of(outlines)] == [(100, "Channel", 100, 100, True)]


def test_few_values_are_told_one_by_one_and_many_that_end_the_same_together() -> None:
    few = [outline_of(configuration(f"u{n}", change("Interval", n, 30))) for n in range(5)]
    assert [told(g) for g in groups_of(few)] == [(1, "Interval", 1, 1, True)] * 5
    many = [outline_of(configuration(f"u{n}", change("Interval", n, 30))) for n in range(40)]
    assert [told(g) for g in groups_of(many)] == [(40, "Interval", 40, 1, True)]


def test_what_is_usual_stands_by_itself_and_the_rest_is_folded() -> None:
    usual = users(90, change("Interval", 15, 30))
    ending = [outline_of(configuration(f"v{n}", change("Interval", n + 100, 30))) for n in range(10)]
    rest = [outline_of(configuration(f"w{n}", change("Interval", n, n + 1))) for n in range(8)]
    assert [told(g) for g in groups_of([*usual, *ending, *rest])] == [
        (90, "Interval", 1, 1, True),
        (10, "Interval", 10, 1, True),
        (8, "Interval", 8, 8, True),
    ]


def test_more_values_than_can_be_held_are_not_counted_and_nobody_is_lost() -> None:
    number = alike.MOST_VALUES + 500
    outlines = [outline_of(configuration(f"u{n}", change("Channel", "C", f"D{n}"))) for n in range(number)]
    assert [told(g) for g in groups_of(outlines)] == [(number, "Channel", 1, number, False)]
    number += alike.MOST_VALUES
    outlines = [outline_of(configuration(f"u{n}", change("Channel", "C", f"D{n}"))) for n in range(number)]
    (group,) = groups_of(outlines)
    assert told(group) == (number, "Channel", 1, 2 * alike.MOST_VALUES, False)
    assert (group.more_befores, group.more_afters) == (True, True)


def test_what_ends_alike_is_told_so_however_many_values_there_were() -> None:
    outlines = [outline_of(configuration(f"u{n}", change("Channel", f"C{n}", "new"))) for n in range(3000)]
    outlines += [outline_of(configuration(f"v{n}", change("Channel", f"E{n}", f"F{n % 5}"))) for n in range(1000)]
    groups = groups_of(outlines)
    assert [told(group) for group in groups] == [
        (3000, "Channel", alike.MOST_VALUES, 1, False),
        *((200, "Channel", 0, 1, False),) * 5,
    ]
    assert [group.change.after for group in groups] == ["new", "F0", "F1", "F2", "F3", "F4"]
    assert {group.more_afters for group in groups} == {False}


def test_the_same_done_inside_different_values_is_alike() -> None:
    outlines = [
        outline_of(
            configuration(
                f"u{n}",
                change(
                    "Mapping",
                    {"old": n, "other": n},
                    {"new": n},
                    details=(
                        Detail(pointer=("new",), before=ABSENT, after=n),
                        Detail(pointer=("old",), before=n, after=ABSENT),
                        Detail(pointer=("other",), before="x", after=ABSENT),
                    ),
                ),
            )
        )
        for n in range(60)
    ]
    groups = groups_of(outlines)
    assert [(group.inside, group.change.effect, *told(group)[2:4]) for group in groups] == [
        (("new",), Effect.ADD, 1, 60),
        (("old",), Effect.REMOVE, 60, 1),
        (("other",), Effect.REMOVE, 1, 1),
    ]


def test_long_values_are_not_held() -> None:
    outlines = [outline_of(configuration(f"u{n}", change("Mapping", "x" * 5000, ABSENT))) for n in range(7)]
    (group,) = groups_of(outlines)
    assert told(group) == (7, "Mapping", 0, 1, False)
    assert (group.change.before, group.change.after) == (None, ABSENT)


def test_more_kinds_than_can_be_held_are_counted_as_changes() -> None:
    tally = ChangeTally()
    for number in range(alike.MOST_KINDS + 7):
        tally.add(outline_of(configuration("acme", change(f"S{number}", 1, 2))))
    assert (len(tally.groups()), tally.unsorted, tally.changes) == (alike.MOST_KINDS, 7, alike.MOST_KINDS + 7)


def test_secrets_are_not_told_apart() -> None:
    outlines = [
        outline_of(configuration(f"u{n}", change("Password", f"old {n}", f"new {n}", secret=n % 2 == 0)))
        for n in range(30)
    ]
    assert [(g.users, g.change.before, g.change.after) for g in groups_of(outlines)] == [
        (30, "(secret)", "(secret, changed)")
    ]


def test_memory_does_not_grow_with_the_users() -> None:
    def peak(number: int) -> int:
        tally = ChangeTally()
        tracemalloc.start()
        for index in range(number):
            tally.add(outline_of(configuration(f"user-{index}", change("Channel", f"C{index}", f"D{index}"))))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(12_000) < 1.2 * peak(3_000)


@given(st.lists(nouns.OPERATIONS, max_size=8))
def test_every_change_is_in_a_group(operations: list[nouns.Operation]) -> None:
    outlines = [outline_of(operation) for operation in operations]
    groups = groups_of(outlines)
    changed = {outline.user for outline in outlines if outline.changes}
    assert {user for group in groups for user in group.samples} <= changed
    assert {change.label for outline in outlines for change in outline.changes} == {g.change.label for g in groups}


def test_texts_are_grouped_by_what_they_say() -> None:
    tally = TextTally[str]()
    for number in range(3):
        tally.add("slack", f"u{number}", "not connected", "connect it")
    tally.add("hubspot", "u0", "not connected", "connect it")
    assert [(g.key, g.text, g.hint, g.times, g.users, g.samples) for g in tally.groups()] == [
        ("slack", "not connected", "connect it", 3, 3, ("u0", "u1", "u2")),
        ("hubspot", "not connected", "connect it", 1, 1, ("u0",)),
    ]
    assert tally.times == {"slack": 3, "hubspot": 1}


def test_texts_that_differ_in_ids_alone_are_one_once_they_are_many() -> None:
    tally = TextTally[str]()
    for number in range(40):
        tally.add("slack", f"u{number}", f'2 accounts: "T{number}", "Acme {number}"', f"choose T{number}")
    for text in ('"Day" is required', '"Hour" is required'):
        tally.add("slack", "v", text, "give it")
    assert [(g.text, g.hint, g.users) for g in tally.groups()] == [
        ("2 accounts: …, …", None, 40),
        ('"Day" is required', "give it", 1),
        ('"Hour" is required', "give it", 1),
    ]


def test_more_forms_of_texts_than_can_be_held_are_counted() -> None:
    tally = TextTally[int]()
    for number in range(alike.MOST_KINDS + 3):
        tally.add(number, "acme", "text")
    assert (len(tally.groups()), tally.unsorted) == (alike.MOST_KINDS, 3)


def test_the_form_of_a_message_has_no_ids_in_it() -> None:
    assert form_of('credential 00da4146-7ac4 has "Acme Corp" in users/acme.yaml:7:3') == "credential … has … in …"
