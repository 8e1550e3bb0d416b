"""The pages of a list: what an answer says of a next one, and the call that follows it. Sends nothing.

Whether and how the API pages its lists is not documented. With a part of a list, the only account that it shows may be
the wrong one. So a ``Link`` to the same host and path is followed, and anything else that says that there is more is an
error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Final, TypeAlias
from urllib.parse import parse_qsl, quote, unquote, urljoin, urlsplit

from paragon_sync.errors import AnswerError
from paragon_sync.jsonvalue import Json, JsonObject
from paragon_sync.paragon import answers
from paragon_sync.paragon.answers import Call
from paragon_sync.paragon.host import normalize_host
from paragon_sync.paragon.transport import HttpResponse

MAX_PAGES: Final = 100
"""Pages of one list that are read."""

_MAX_SHOWN_CHARACTERS: Final = 120
_TARGET: Final = re.compile(r"<([^<>]*)>")
_PARAMETER: Final = re.compile(r'\s*;\s*([^\s;,="<>]+)(?:\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;,"<>]*))?')
_BETWEEN: Final = re.compile(r"[\s,]*")
_NONE: Final = frozenset({"", '""', "null", "none", "nil", "undefined", "false"})
_TOKENS: Final = "includeaccountauth"

_SaysMore: TypeAlias = Callable[[str, int, int], bool]
"""Whether a header's value says that there is more than so many entries on so many pages."""


def _is_cursor(value: str, _entries: int, _pages: int) -> bool:
    return value.lower() not in _NONE


def _is_true(value: str, _entries: int, _pages: int) -> bool:
    return value.lower() not in _NONE | {"0", "no"}


def _counts_more_entries(value: str, entries: int, _pages: int) -> bool:
    return value.isascii() and value.isdigit() and int(value[:18]) > entries


def _counts_more_pages(value: str, _entries: int, pages: int) -> bool:
    return value.isascii() and value.isdigit() and int(value[:18]) > pages


def _is_part_of_range(value: str, _entries: int, _pages: int) -> bool:
    found = re.fullmatch(r"\S+ [0-9]{1,18}-([0-9]{1,18})/([0-9]{1,18})", value)
    return found is not None and int(found[1]) + 1 < int(found[2])


def _spellings(*names: str) -> Iterator[str]:
    for name in names:
        for spelling in (name, name.replace("-", "")):
            yield from (spelling, f"x-{spelling}", f"x-pagination-{spelling}")


_CURSORS: Final = (
    "next",
    "next-cursor",
    "next-link",
    "next-page",
    "next-page-cursor",
    "next-page-token",
    "next-token",
    "next-url",
    "continuation-token",
)
_FLAGS: Final = ("has-more", "has-next", "has-next-page")
_HEADERS: Final[Mapping[str, _SaysMore]] = {
    **dict.fromkeys(_spellings(*_CURSORS), _is_cursor),
    **dict.fromkeys(_spellings(*_FLAGS), _is_true),
    **dict.fromkeys(_spellings("total", "total-count", "total-items", "total-results"), _counts_more_entries),
    **dict.fromkeys(_spellings("total-pages", "page-count"), _counts_more_pages),
    "content-range": _is_part_of_range,
}
"""The headers by which servers say that a list has more entries, by lower-case name."""
_LOOKED_AT: Final = frozenset({"link", *_HEADERS})
_KEYS: Final = frozenset(name.replace("-", "") for name in (*_CURSORS, *_FLAGS)) | {"odatanextlink"}
"""The keys by which bodies do, in lower case and as letters alone."""


def is_whole(response: HttpResponse) -> bool:
    """Return whether nothing in the status and the headers of an answer is about further pages."""
    return response.status != HTTPStatus.PARTIAL_CONTENT and _LOOKED_AT.isdisjoint(response.headers)


class Pages:
    """Collects the entries of one list, page by page."""

    def __init__(self, call: Call) -> None:
        self.entries: list[JsonObject] = []
        self._first = self._call = call
        self._queries = {""}
        self._page_of: dict[str, int] = {}

    def add(self, entries: Sequence[JsonObject], response: HttpResponse) -> Call | None:
        """Add the entries of the page that was read last; return the call for the next page, None after the last.

        Raises :class:`AnswerError` where more is announced and can't be followed, and for an entry of an earlier page.
        """
        self.entries += entries
        following = self._following(response)
        if following is not None or self._call.page > 1:
            self._check_unique(entries)
        if following is not None:
            self._call = following
        return following

    def _following(self, response: HttpResponse) -> Call | None:
        if response.status == HTTPStatus.PARTIAL_CONTENT:
            raise _error(self._call, "206 Partial Content: that is a part of the list")
        if _LOOKED_AT.isdisjoint(response.headers):
            return None
        query = _next_query(self._call, response.headers.get("link", ""))
        if query is None:
            self._check_whole(response.headers)
            return None
        if query in self._queries:
            raise _error(self._call, "the Link to the next page leads back to a page that was read")
        if self._call.page >= MAX_PAGES:
            raise _error(self._call, f"the list has more than {MAX_PAGES} pages")
        self._queries.add(query)
        return self._first._replace(path=f"{self._first.path}?{query}", page=self._call.page + 1)

    def _check_whole(self, headers: Mapping[str, str]) -> None:
        """Raise for a header that says that the entries so far aren't all."""
        for name in headers:
            says_more = _HEADERS.get(name)
            if says_more is not None and says_more(headers[name].strip(), len(self.entries), self._call.page):
                raise _error(self._call, f"the header {name} says that the list has more entries")

    def _check_unique(self, entries: Sequence[JsonObject]) -> None:
        """Raise for an entry that an earlier page had; two of one page are left to the caller."""
        page = self._call.page
        for entry in entries:
            found = entry.get("id")
            if isinstance(found, str) and (earlier := self._page_of.setdefault(found, page)) != page:
                raise _error(
                    self._call, f"the entry {found!r} was on page {earlier} too; the list changed, or it repeats"
                )


def not_a_list(call: Call, answer: Json) -> AnswerError:
    """Return the error for an answer that must be a list and isn't: a page in an object, or another API's answer."""
    key = _key_that_says_more(answer)
    if key is None:
        return answers.malformed(call, "the answer is not a list")
    return _error(call, f"the answer is a page of a list, which {key!r} says, and not the list")


def parse_links(text: str) -> list[tuple[str, dict[str, str]]]:
    """Return the target and the parameters of each link in a header ``Link`` (RFC 8288).

    Names of parameters are in lower case; of a repeated one the first counts. Raises :class:`ValueError`.
    """
    links: list[tuple[str, dict[str, str]]] = []
    at = _end(_BETWEEN.match(text))
    while at < len(text):
        target = _TARGET.match(text, at)
        if target is None:
            raise ValueError("no target of a Link")
        at, parameters = target.end(), dict[str, str]()
        while (parameter := _PARAMETER.match(text, at)) is not None:
            at = parameter.end()
            parameters.setdefault(parameter[1].lower(), _unquoted(parameter[2] or ""))
        links.append((target[1], parameters))
        gap = _BETWEEN.match(text, at)
        if _end(gap) < len(text) and "," not in text[at : _end(gap)]:
            raise ValueError("no comma between Links")
        at = _end(gap)
    return links


def _next_query(call: Call, link: str) -> str | None:
    """Return the query of the next page, which a ``Link`` names; None where there is no such one."""
    try:
        found = {_checked(call, *one) for one in parse_links(link) if "next" in one[1].get("rel", "").lower().split()}
    except ValueError:
        if "next" not in link.lower() and "\ufffd" not in link:
            return None
        raise _error(call, "the header Link can't be read") from None
    if len(found) > 1:
        raise _error(call, "two Links lead to different next pages")
    return found.pop() if found else None


def _checked(call: Call, reference: str, parameters: Mapping[str, str]) -> str:
    """Return the query of a link that may be followed; :class:`ValueError` where it can't be read."""
    if re.search(r"[^\x21-\x7e]", reference):
        raise ValueError("characters that no URL holds")
    url = f"{call.base}/projects/{quote(call.project, safe='', errors='surrogatepass')}{call.path}"
    here, there = urlsplit(url), urlsplit(urljoin(url, reference))
    if urlsplit(urljoin(url, parameters.get("anchor", "")))[:4] != here[:4]:
        raise _error(call, "the Link to the next page is that of another resource")
    host = f"{there.scheme}://{there.netloc.rpartition('@')[2]}"
    if "@" in there.netloc or normalize_host(host) != normalize_host(f"{here.scheme}://{here.netloc}"):
        raise _error(call, f"the Link to the next page leads to the host {_shown(host)}")
    if [*map(unquote, there.path.split("/"))] != [*map(unquote, here.path.split("/"))]:
        raise _error(call, f"the Link to the next page leads to the path {_shown(there.path)}")
    if any(name.lower() == _TOKENS for name, _ in parse_qsl(there.query, keep_blank_values=True)):
        raise _error(call, "the Link to the next page asks for the accounts' tokens")
    return there.query


def _key_that_says_more(answer: Json) -> str | None:
    """Return the key, of the object or of one inside it, whose value names or announces another page."""
    if not isinstance(answer, dict):
        return None
    for part in (answer, *answer.values()):
        for key, value in part.items() if isinstance(part, dict) else ():
            if value and re.sub(r"[^a-z]", "", key.lower()) in _KEYS:
                return key
    return None


def _error(call: Call, what: str) -> AnswerError:
    """Return the error for a list of which only a part can be read."""
    hint = (
        'only a header Link with rel="next" to the same host and path is followed, and nothing is done with a part of a'
        f" list; is {call.base} the API host, or does a gateway change its answers?"
    )
    return call.error(AnswerError, what, hint=hint)


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def _shown(text: str) -> str:
    return repr(text[:_MAX_SHOWN_CHARACTERS])


def _end(found: re.Match[str] | None) -> int:
    return 0 if found is None else found.end()
