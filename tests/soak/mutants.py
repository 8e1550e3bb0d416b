"""Spoils text: bytes, JSON structure, YAML structure. Each mutant follows from its random source alone."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import yaml

DEEP: Final = 400
TOKENS: Final[tuple[bytes, ...]] = (
    *(
        b"\x00",
        b"\xff",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        b"\xe2\x80\xa8",
        b"\xc2\x85",
        b"\x1b[31m",
        b"\r",
        b"\t",
        b"\n\n",
    ),
    *(
        b"{{",
        b"}}",
        b"{%",
        b"%",
        b"&a ",
        b"*a",
        b"<<: ",
        b"!!python/object:os.system ",
        b"! ",
        b"? ",
        b"- ",
        b": ",
        b"#",
    ),
    *(b"|\n", b">-\n", b"'", b'"', b"\\", b"\\ud800", b"---\n", b"...\n", b"{", b"}", b"[", b"]", b",", b"null", b"~"),
    *(b".inf", b"NaN", b"1e999", b"-0", b"1.10", b"0x1f", b"12:30", b"9" * 5000, b"[" * DEEP, b'{"a":' * DEEP, b"true"),
    *(
        b"$env",
        b"{$env: HOME}",
        b"{$file: ../../etc/passwd}",
        b"{$literal: 1}",
        "\u202e\U0001f468\u200d\u0660".encode(),
    ),
)
RAW: Final[tuple[str, ...]] = (
    *("null", "true", "false", "0", "-0", "1.0", "1e400", "-1E-7", "9" * 5000, "18446744073709551617", '""', '" "'),
    *('"\\ud800"', '"\\u0000"', '"\\u202e"', '"\\ud83d\\ude00"', '"' + "x" * 20000 + '"', "[]", "{}", "[[]]", "[null]"),
    *('{"":null}', '{"a":1,"a":2}', '{"__proto__":{}}', "[" * DEEP + "]" * DEEP, '{"a":' * 240 + "1" + "}" * 240),
    *(
        '"VALID"',
        '"PENDING"',
        '"INVALID"',
        '"c-0"',
        '"g-0"',
        '"2021-03-24T12:19:21.511Z"',
        '{"id":"g-0"}',
        '[{"id":7}]',
    ),
)
"""Values as JSON text, so that what no Python value is can be among them."""
ODD: Final[tuple[Any, ...]] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1.5,
        10**30,
        "",
        " ",
        "null",
        "~",
        "007",
        "1.10",
        "{{ 1 }}",
        "{% for %}",
        "id:",
        "id:x",
    ),
    *(
        "\u202e",
        "\u2028",
        "é" * 300,
        "Channel",
        "channel",
        "all",
        "*",
        [],
        {},
        [[]],
        [None],
        {"": ""},
        {"a": {"b": None}},
    ),
    *({"$env": "HOME"}, {"$env": "NOPE"}, {"$file": "/etc/passwd"}, {"$literal": {"$env": 1}}, {"$env": 1, "b": 2}),
    *({"enabled": True}, {"enabled": None, "settings": []}, ["x"] * 200, {str(n): n for n in range(200)}),
)
KEYS: Final = (
    "",
    " ",
    "user",
    "settings",
    "$env",
    "id:",
    "id:x",
    "workflows",
    "é",
    "\u202e",
    "null",
    "true",
    "1",
    "x" * 500,
)

_KEY: Final = re.compile(r'"((?:[^"\\]|\\.){0,40})":')

Mutant = Callable[[random.Random, str], bytes]


def spoil_bytes(chance: random.Random, text: bytes) -> bytes:
    """A few bytes changed, cut out, doubled, moved, or put in."""
    spoiled = bytearray(text)
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(len(spoiled) + 1)
        end = min(len(spoiled), at + chance.choice((1, 1, 3, 20, 200)))
        match chance.randrange(6):
            case 0:
                spoiled[at:end] = b""
            case 1:
                spoiled[at:at] = spoiled[at:end]
            case 2:
                spoiled[at:end] = bytes(chance.randrange(256) for _ in range(end - at))
            case 3:
                to = chance.randrange(len(spoiled) + 1)
                spoiled[to:to] = spoiled[at:end]
            case 4 if chance.random() < 0.2:
                del spoiled[at:]
            case _:
                spoiled[at:at] = chance.choice(TOKENS)
    return bytes(spoiled)


def spoil_json(chance: random.Random, text: str) -> str:
    """Another structure: values of other types, missing, doubled and renamed keys, all as JSON text."""
    value: Any = json.loads(text)
    raws: list[str] = []

    def odd() -> str:
        raws.append(chance.choice(RAW))
        return f"<raw {len(raws) - 1}>"

    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        value = _changed(chance, value, odd)
    written = json.dumps(value)
    for number, raw in enumerate(raws):
        written = written.replace(f'"<raw {number}>"', raw)
    if chance.random() < 0.1 and (found := list(_KEY.finditer(written))):
        key = chance.choice(found)
        written = f'{written[: key.start()]}"{key[1]}":{chance.choice(RAW)},{written[key.start() :]}'
    return written


def spoil_documents(chance: random.Random, documents: Sequence[Any]) -> bytes:
    """Documents of another structure, as YAML or as NDJSON."""
    changed = copy.deepcopy(list(documents))
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        changed = _changed(chance, changed, lambda: copy.deepcopy(chance.choice(ODD)))
    listed = changed if isinstance(changed, list) else [changed]
    return as_ndjson(chance, listed) if chance.random() < 0.5 else as_yaml(chance, listed)


def as_yaml(chance: random.Random, documents: Sequence[Any]) -> bytes:
    flow = chance.choice((None, False, True))
    text: str = yaml.safe_dump_all(documents, explicit_start=True, default_flow_style=flow, allow_unicode=True)
    return text.encode("utf-8", "replace")


def as_ndjson(chance: random.Random, documents: Sequence[Any]) -> bytes:
    ascii_only = chance.random() < 0.5
    return b"".join(json.dumps(one, ensure_ascii=ascii_only).encode("utf-8", "replace") + b"\n" for one in documents)


def _changed(chance: random.Random, value: Any, odd: Callable[[], Any]) -> Any:
    """The value with one thing in it changed; ``odd`` gives what is put in."""
    places = list(_places(value))
    if not places:
        return odd()
    holder, key = chance.choice(places)
    match chance.randrange(8):
        case 0 | 1 | 2:
            holder[key] = odd()
        case 3:
            del holder[key]
        case 4:
            other_holder, other_key = chance.choice(places)
            holder[key] = copy.deepcopy(other_holder[other_key])
        case 5 if isinstance(holder, list):
            holder.insert(chance.randrange(len(holder) + 1), copy.deepcopy(holder[key]))
        case 5 | 6 if isinstance(holder, dict):
            holder[chance.choice(KEYS)] = holder.pop(key) if chance.random() < 0.5 else odd()
        case 7 if len(places) > 5 and chance.random() < 0.1:
            return odd()
        case _:
            holder[key] = [holder[key]] if chance.random() < 0.5 else {"a": holder[key]}
    return value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield value, key
            yield from _places(item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield value, index
            yield from _places(item)
