"""Which names speak of secrets. A leaf: knows words, and nothing of values, catalogs or plans.

Word by word, so that ``Tokenizer`` and ``Secretary`` are no secrets; when in doubt a name counts as secret
(``Token count``), because a masked number costs less than a printed password.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from functools import lru_cache
from typing import Final

from paragon_sync.jsonvalue import Json

_RUN: Final = re.compile(r"[A-Za-z]+")
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SECRETS: Final = ("password", "passwd", "passphrase", "secret", "token", "credential", "authorization", "bearer")
_KEYS: Final = ("apikey", "privatekey", "accesskey", "signingkey", "secretkey")
_ENDINGS: Final = tuple(word + plural for word in (*_SECRETS, *_KEYS) for plural in ("", "s"))
_PAIRS: Final = frozenset(word + plural for word in (*_KEYS, "password") for plural in ("", "s"))


@lru_cache(maxsize=4096)
def names_secret(name: str) -> bool:
    """Whether a value of this name (a title, an id, a key) is to be treated as a secret.

    Words are told apart by anything that is no letter, and by camel case; a word that ends in one of ours counts
    (``accesstoken``).
    """
    plain = unicodedata.normalize("NFKC", name)
    if any(run.lower().endswith(_ENDINGS) for run in _RUN.findall(plain)):
        return True
    words = [word.lower() for word in _WORD.findall(plain)]
    pairs = (first + second for first, second in itertools.pairwise(words))
    return any(word.endswith(_ENDINGS) for word in words) or any(pair in _PAIRS for pair in pairs)


def holds_secret(value: Json) -> bool:
    """Whether any key inside the value names a secret."""
    match value:
        case dict():
            return any(names_secret(key) or holds_secret(item) for key, item in value.items())
        case list():
            return any(holds_secret(item) for item in value)
        case _:
            return False
