"""Rollouts: the document, and what its templates make of a row. Whether a row is quick or not, it says the same."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paragon_sync.jsonvalue import Json, Number, equal
from paragon_sync.manifest import source
from paragon_sync.manifest.filling import Filling
from paragon_sync.manifest.rollout import column_faults, rollout_of
from paragon_sync.manifest.roster import Row
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.manifest.source import Parsed
from paragon_sync.model.declared import Fault, FileRoster, Rollout, SlotMarker, SqlRoster

HEAD = "apiVersion: paragon-sync/v1\nkind: Rollout\nname: all\n"
SCOPE = SecretScope(folder=Path(), env=frozenset({"TOKEN"}), environ={"TOKEN": "s3cret"})


def parse(folder: Path, text: str, users: str = "{csv: eu.csv}") -> Parsed:
    file = folder / "rollout.yaml"
    file.write_text(f"{HEAD}users: {users}\n{textwrap.dedent(text)}")
    (parsed,) = source.read(file)
    assert isinstance(parsed, Parsed)
    return parsed


def rollout(folder: Path, text: str, users: str = "{csv: eu.csv}") -> Rollout:
    parsed = parse(folder, text, users)
    assert isinstance(parsed.value, dict)
    found, faults = rollout_of(parsed.value, parsed.place, SCOPE)
    assert faults == []
    assert found is not None
    return found


def slots(found: Rollout) -> dict[str, str]:
    return {"/".join(slot.pointer): slot.kind for slot in found.slots or ()}


def test_what_rows_fill_are_its_slots(tmp_path: Path) -> None:
    found = rollout(
        tmp_path,
        """
        metadata: {plan: "{{ row.plan }}", fixed: 1}
        integrations:
          slack:
            - account: {externalId: "{{ row.account }}"}
              configuration: "{{ row.team }}"
              settings: {Channel: C1, Map: {a: [x, "{{ user }}"], b: {$env: TOKEN}}}
              defaults: {Frequency: "{{ row.frequency }}"}
              workflows:
                Alerts: "{{ row.alerts == 'yes' }}"
                Digest: {enabled: "{{ row.alerts == 'no' }}", settings: {Day: "{{ row.day }}"}}
        """,
    )
    assert slots(found) == {
        "metadata/plan": "value",
        "integrations/slack/0/account/externalId": "text",
        "integrations/slack/0/configuration": "text",
        "integrations/slack/0/settings/Map": "value",
        "integrations/slack/0/defaults/Frequency": "value",
        "integrations/slack/0/workflows/Alerts": "switch",
        "integrations/slack/0/workflows/Digest/enabled": "switch",
        "integrations/slack/0/workflows/Digest/settings/Day": "value",
    }


@pytest.mark.parametrize(
    "text",
    [
        'integrations: {slack: {unset: ["{{ row.gone }}"]}}',
        'integrations: {slack: {exact: "{{ row.all }}"}}',
        'integrations: {slack: "{{ row.slack }}"}',
        'integrations: {slack: {settings: "{{ row.settings }}"}}',
        'metadata: {plan: "{{ row | length }}"}',
        'integrations: {slack: {account: "{{ row.account }}"}}',
        'integrations: {slack: {blank: ["{{ row.blank }}"]}}',
    ],
)
def test_a_template_that_decides_more_than_a_value_leaves_no_slots(tmp_path: Path, text: str) -> None:
    assert rollout(tmp_path, text).slots is None


@pytest.mark.parametrize(
    ("text", "users", "secret"),
    [
        ('metadata: {a: "{{ row.code }}"}', "{csv: a, secret: [code]}", True),
        ("metadata: {a: \"x {{ row['code'] }}\"}", "{csv: a, secret: [code]}", True),
        ('metadata: {a: ["{{ row.code }}"]}', "{csv: a, secret: [code]}", True),
        ('metadata: {a: "{{ row.api_key }}"}', "{csv: a}", True),
        ('metadata: {a: "{{ row.plan }}"}', "{csv: a, secret: [code]}", False),
        ('metadata: {a: "{{ row.items() | list }}"}', "{csv: a, secret: [code]}", True),
        ('metadata: {a: "{{ row.items() | list }}"}', "{csv: a}", False),
    ],
)
def test_what_a_secret_column_makes_is_secret(tmp_path: Path, text: str, users: str, *, secret: bool) -> None:
    assert rollout(tmp_path, text, users).content.secret == ({("metadata", "a")} if secret else set())


def test_a_column_that_speaks_of_a_secret_is_one_for_who_looks_at_the_whole_row(tmp_path: Path) -> None:
    found = rollout(tmp_path, 'metadata: {a: "{{ row.values() | join }}"}')
    content, faults = Filling(found, SCOPE).carefully(Row("acme", 2, {"user": "acme", "password": "p"}))
    assert faults == []
    assert content.secret == {("metadata", "a")}


def test_columns_that_are_not_there_are_told_once(tmp_path: Path) -> None:
    text = (
        'where: row.pan == "x" and row.items() and row.user\nmetadata: {a: "{{ row.b }} {{ row.c }}", d: "{{ row.e }}"}'
    )
    faults = list(column_faults(rollout(tmp_path, text), {"user": "", "b": "", "plan": ""}))
    assert [
        (("metadata", "a"), 'there is no column "c" in the row'),
        (("metadata", "d"), 'there is no column "e" in the row'),
        (("where",), 'there is no column "pan" in the row'),
    ] == sorted((fault.place.pointer, fault.message) for fault in faults)


ROW: dict[str, Json] = {"user": "acme", "plan": "pro", "on": True, "n": 3, "exact": Number("1.10"), "none": None}


@pytest.mark.parametrize(
    ("where", "answer"),
    [
        ('row.plan == "pro"', True),
        ('row.plan != "pro"', False),
        ("row.on", True),
        ("user == row.user and row.n > 2", True),
        ('row.plan in ["free", "pro"]', True),
        ("row.none is none", True),
        ("row.exact > 1 and row.exact < 1.2", True),
    ],
)
def test_where_tells_whether_a_row_is_wanted(tmp_path: Path, where: str, *, answer: bool) -> None:
    found = rollout(tmp_path, f"where: {where}")
    assert Filling(found, SCOPE).wanted(Row("acme", 2, ROW)) is answer


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("row.plan", "where must give true or false, and gives text"),
        ("row.none", "where must give true or false, and gives null"),
        ("row.n", "where must give true or false, and gives a number"),
        ("row.n > row.plan", "where can't be evaluated: '>' not supported"),
        ("row.nothing", 'there is no column "nothing" in the row'),
        ("row.code > 3", "it fails on a secret, whose value isn't shown"),
    ],
)
def test_an_answer_of_where_that_is_none_is_told_at_the_row(tmp_path: Path, where: str, message: str) -> None:
    found = rollout(tmp_path, f"where: {where}", "{csv: eu.csv, secret: [code]}")
    fault = Filling(found, SCOPE).wanted(Row("acme", 7, {**ROW, "code": "s3cret"}))
    assert isinstance(fault, Fault)
    assert message in fault.message
    assert ("eu.csv", 7) == (fault.place.file, fault.place.line)
    assert fault.other is not None
    assert ("where",) == fault.other.pointer


def test_a_querys_row_has_a_number_and_no_place(tmp_path: Path) -> None:
    found = rollout(tmp_path, "where: row.plan", "{sql: SELECT 1, url: 'sqlite:///x'}")
    assert isinstance(found.roster, SqlRoster)
    fault = Filling(found, SCOPE).wanted(Row("acme", 7, ROW))
    assert isinstance(fault, Fault)
    assert (("where",), "row 7 of the query", None) == (fault.place.pointer, fault.place.row, fault.other)


def test_what_csv_has_as_text_is_no_boolean(tmp_path: Path) -> None:
    found = rollout(tmp_path, 'integrations: {slack: {workflows: {Alerts: "{{ row.on }}"}}}')
    assert isinstance(found.roster, FileRoster)
    row = Row("acme", 2, {"user": "acme", "on": "true"})
    assert Filling(found, SCOPE).fill(row) is None
    (fault,) = Filling(found, SCOPE).carefully(row)[1]
    assert '"Alerts" must be true or false' in fault.message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"$env": "TOKEN"}', {"$env": "TOKEN"}),
        ('{"a": [{"$literal": 1}]}', {"a": [{"$literal": 1}]}),
    ],
)
def test_nothing_in_a_row_names_a_secret(tmp_path: Path, text: str, value: Json) -> None:
    found = rollout(tmp_path, 'metadata: {a: "{{ row.x }}", b: [{c: "{{ row.x }}"}]}')
    values: dict[str, Json] = {"user": "acme", "x": value}
    content, faults = Filling(found, SCOPE).carefully(Row("acme", 2, values))
    assert faults == []
    assert {"a": value, "b": [{"c": value}]} == content.sections["metadata"], text
    assert (value, [{"c": value}]) == Filling(found, SCOPE).fill(Row("acme", 2, values))


VALUE = (
    "{{ row.a }}",
    "{{ user }}",
    "{{row['b']}}",
    "x{{ row.a }}",
    "{{ row.a }}{{ row.b }}",
    "{{ row.a == row.b }}",
    "{{ row.a + 1 }}",
    "{{ row.items }}",
    "{% if row.a %}y{% endif %}",
    "{# c #}",
    "{{ row.keys }}",
)
TEXT = ("{{ user }}", "x{{ row.b }}", "{{ row.a }}")
SWITCH = ("{{ row.a == row.b }}", "{{ user != 'acme' }}", "{{ row.b }}")
TEXTS = st.tuples(*(st.sampled_from(kind) for kind in (VALUE, VALUE, TEXT, TEXT, VALUE, VALUE, SWITCH, SWITCH)))
BODY = """
metadata: {{m: {0}, n: [1, {{o: {1}}}]}}
integrations:
  slack:
    account: {{externalId: {2}}}
    configuration: {3}
    settings: {{s: {4}, fixed: 1, t: {{$env: TOKEN}}}}
    defaults: {{d: {{in: [{5}, {{$literal: {{$env: X}}}}]}}}}
    workflows:
      w: {6}
      v: {{enabled: {7}, settings: {{x: {0}}}}}
"""
VALUES: st.SearchStrategy[Json] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([1.5, Number("1.10"), "", "all", "acme", "\ud800", "a" * 20_001, 10**1001, {"$env": "TOKEN"}, [1]]),
    st.text(max_size=5),
)


@given(texts=TEXTS, a=VALUES, b=VALUES, items=VALUES)
def test_a_row_that_is_filled_quickly_says_what_it_says_carefully(
    tmp_path_factory: pytest.TempPathFactory, texts: tuple[str, ...], a: Json, b: Json, items: Json
) -> None:
    body = BODY.format(*(f'"{text}"' for text in texts))
    found = rollout(tmp_path_factory.getbasetemp(), body)
    filling = Filling(found, SCOPE)
    row = Row("acme", 2, {"user": "acme", "a": a, "b": b, "items": items})

    quick = filling.fill(row)
    content, faults = filling.carefully(row)

    if found.slots is None:
        assert quick is None
    elif quick is None:
        assert faults or content.sections["integrations"]["slack"]["configuration"] == "all"
    else:
        assert faults == []
        for section in ("metadata", "integrations"):
            assert equal(_filled(found.content.sections[section], quick), content.sections[section])
        assert found.content.secret == content.secret


def _filled(part: Json, values: tuple[Json, ...]) -> Json:
    """The part with the values in its slots."""
    match part:
        case SlotMarker(number=number):
            return values[number]
        case dict():
            return {key: _filled(item, values) for key, item in part.items()}
        case _:
            return part
