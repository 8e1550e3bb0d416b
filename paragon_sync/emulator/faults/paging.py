"""One page of a list instead of the whole list: the query chooses it, and the answer names the next one."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.types import Scope

from paragon_sync.emulator import codec
from paragon_sync.emulator.codec import Json
from paragon_sync.emulator.faults.answers import Sent, error_answer
from paragon_sync.emulator.faults.kinds import Pages

CURSOR: Final = "pageCursor"
"""The key of the query that holds the number of entries before the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A request for a list, as far as its pages depend on it: the URL without its query, and the query."""

    method: str
    url: str
    query: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, scope: Scope) -> Listing:
        """Read it from a request."""
        host = dict(scope["headers"]).get(b"host", b"127.0.0.1").decode("latin-1")
        raw: bytes = scope.get("raw_path") or scope["path"].encode("utf-8")
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        return cls(method=scope["method"], url=f"http://{host}{raw.decode('latin-1')}", query=tuple(query))

    def at(self, cursor: int) -> str:
        """Return the URL of the page after so many entries."""
        others = [(name, value) for name, value in self.query if name != CURSOR]
        return f"{self.url}?{urlencode([*others, (CURSOR, str(cursor))])}"


def page_of(fault: Pages, sent: Sent, asked: Listing) -> Sent:
    """Return the page that was asked for; any answer but a good one with a list stays as it is."""
    entries = _list(sent)
    if asked.method != "GET" or entries is None:
        return sent
    cursor = dict(asked.query).get(CURSOR, "0")
    if not re.fullmatch(r"[0-9]{1,9}", cursor):
        return error_answer(400, f"{CURSOR} must be one that an earlier page named")
    start, end = int(cursor), int(cursor) + fault.size
    following = end if end < len(entries) else None
    page = entries[start:end]
    if fault.form == "cursor":
        return replace(sent, body=codec.dumps({"records": page, "nextPageCursor": following}).encode("ascii"))
    links = [f'<{asked.at(0)}>; rel="first"']
    if following is not None:
        links.append(f'<{asked.at(following)}>; rel="next"')
    header = (b"link", ", ".join(links).encode("latin-1"))
    return replace(sent, body=codec.dumps(page).encode("ascii"), headers=[*sent.headers, header])


def _list(sent: Sent) -> list[Json] | None:
    if sent.status != 200:  # noqa: PLR2004
        return None
    try:
        answer = codec.loads(sent.body)
    except codec.Unreadable:
        return None
    return answer if isinstance(answer, list) else None
