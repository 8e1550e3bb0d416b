"""Writing documents: what is written reads back as exactly the same values, and people can read it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from paragon_sync.errors import JsonError
from paragon_sync.jsonvalue import Json, Number, Repeated, dumps, equal, loads
from paragon_sync.manifest import source
from paragon_sync.manifest.loader import iter_documents
from paragon_sync.manifest.secrets import SecretScope, literal
from paragon_sync.manifest.source import Parsed
from paragon_sync.manifest.writer import carriable, write_user
from paragon_sync.model.declared import User

AWKWARD = st.sampled_from(
    [
        *(
            "",
            " ",
            "yes",
            "No",
            "null",
            "~",
            "true",
            "007",
            "1_000",
            "1.10",
            "2001-01-01",
            "12:30",
            "a: b",
            "a #b",
            "#a",
        ),
        *(
            "- a",
            "-",
            "? a",
            "[a]",
            "{a}",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a",
            "'a",
            '"a',
            "a\\b",
            "<<",
            "=",
            "---",
            "...",
        ),
        *(
            "a\n",
            "a\nb",
            "a\n\n",
            "\na",
            " a\nb",
            "a\n b\n",
            "a \nb",
            "a\n\nb\n",
            "a\tb\n",
            "a\r\nb",
            "\n",
            "a\n---\nb",
        ),
        *(
            "é",
            "日本",
            "😀",
            "\ud800",
            "\udc00\ud800",
            "\x00",
            "\x85",
            "\u2028",
            "\ufeff",
            "\x7f",
            "k" * 1100,
            "é" * 999,
        ),
        *("{{ user }}", "$env", "a/b~c.d", "C:\\x", "it's", "x, y", "# a\nb"),
    ]
)
STRINGS = st.text(max_size=12) | AWKWARD | st.text(alphabet=" \n\t#:-ab\ud800é", max_size=12)
NUMBERS = st.integers() | st.integers(min_value=2**64) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | STRINGS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(STRINGS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(STRINGS, VALUES, min_size=1, max_size=5).map(lambda value: loads(dumps(value))))
def test_any_json_object_reads_back_as_the_same_values_in_the_same_order(document: Json) -> None:
    assert isinstance(document, dict)
    assert carriable(document)
    text = write_user(document)
    with TemporaryDirectory() as folder:
        file = Path(folder, "user.yaml")
        file.write_text(text, encoding="utf-8", newline="")
        (parsed,) = source.read(file)
    assert isinstance(parsed, Parsed)
    assert equal(document, parsed.value)
    assert dumps(document) == dumps(parsed.value)


@given(st.dictionaries(STRINGS, VALUES, max_size=3).map(lambda value: loads(dumps(value))))
def test_a_user_document_gives_back_the_values_it_was_written_with(metadata: Json) -> None:
    assert isinstance(metadata, dict)
    document: dict[str, Json] = {
        "apiVersion": "paragon-sync/v1",
        "kind": "User",
        "user": "acme",
        "metadata": {key: literal(value) for key, value in metadata.items()},
    }
    with TemporaryDirectory() as folder:
        file = Path(folder, "user.yaml")
        file.write_text(write_user(document), encoding="utf-8", newline="")
        (user,) = iter_documents([file], SecretScope(folder=Path(folder)))
    assert isinstance(user, User)
    assert equal(metadata, user.content.sections["metadata"])


def test_people_can_read_what_is_written() -> None:
    document: dict[str, Json] = {
        "kind": "User",
        "user": "acme-corp",
        "metadata": {
            "Name": "Älpha & Söhne 😀",
            "plan": None,
            "seats": 2**70,
            "zip": "01067",
            "on": "yes",
            "empty": {},
        },
        "integrations": {
            "custom.acme": [
                {
                    "account": {"externalId": "crm main"},
                    "settings": {
                        "Text": "one\n  two\n\nthree\n",
                        "Tail": "one\ntwo",
                        "Mix": [1.0, [True, []], {"a": ""}],
                    },
                    "unset": ["Legacy token", "id:5f0e"],
                }
            ]
        },
    }
    assert write_user(document) == (
        """\
kind: User
user: acme-corp
metadata:
  Name: "Älpha & Söhne 😀"
  plan: null
  seats: 1180591620717411303424
  zip: "01067"
  "on": "yes"
  empty: {}
integrations:
  custom.acme:
    - account:
        externalId: crm main
      settings:
        Text: |
          one
            two

          three
        Tail: |-
          one
          two
        Mix:
          - 1.0
          - - true
            - []
          - a: ""
      unset:
        - Legacy token
        - "id:5f0e"
"""
    )


@pytest.mark.parametrize(
    "value",
    [
        Number("1.10"),
        Repeated((("a", 1), ("a", 2))),
        [{"a": Number("-0")}],
        float("inf"),
        float("nan"),
        "\ud83d\ude00",
        {"\ud83d\ude00": 1},
    ],
)
def test_what_yaml_cannot_carry_is_not_written(value: Json) -> None:
    assert not carriable(value)
    with pytest.raises(JsonError, match="YAML can't carry"):
        write_user({"a": value})


def test_nesting_without_end_is_not_written() -> None:
    deep: Json = None
    for _ in range(95):
        deep = [deep]
    assert not carriable(deep)
    assert not carriable({"a": deep})


@pytest.mark.parametrize("text", ["a\u202eb", "a\nb\u2066c", "\u200bx", "a\U000e0041b", "\ue000", "\x7f", "\x9b31m"])
def test_what_nobody_sees_is_escaped_and_reads_back(text: str) -> None:
    written = write_user({"a": text})

    assert all(character.isprintable() or character == "\n" for character in written), ascii(written)
    assert yaml.safe_load(written) == {"a": text}


@pytest.mark.parametrize("text", ["\u3000\u65e5\u672c", "a\u00a0b"])
def test_blanks_that_are_seen_stay(text: str) -> None:
    assert write_user({"a": text}) == f'a: "{text}"\n'
