"""Lists in pages: which answers are followed, and which ones say that there is more and can't be followed."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import jwt
import pytest

from paragon_sync.errors import AnswerError, RefusedError
from paragon_sync.model.live import Credential
from paragon_sync.paragon.pages import MAX_PAGES, parse_links
from paragon_sync.paragon.transport import HttpResponse, TransportFailure
from tests.unit.paragon.test_client import BASE, LOST, REFUSED, World, reply

URL = f"{BASE}/sdk/credentials"


def page(*ids: str, link: str | None = None, **headers: str) -> HttpResponse:
    """An answer with these credentials."""
    return reply([{"id": one} for one in ids], **({} if link is None else {"Link": link}), **headers)


def next_link(query: str) -> str:
    return f'<{URL}?{query}>; rel="next"'


def read(*answers: HttpResponse | TransportFailure, **where: str) -> tuple[World, list[str]]:
    """Read the credentials; the world, and the ids that were found."""
    world = World(*answers, **where)
    found = asyncio.run(world.session.credentials())
    assert world.transport.answers == []
    return world, [one.id for one in found]


def refuse(*answers: HttpResponse, call: str = "credentials") -> AnswerError:
    """Read a list, which must fail without another request; the error."""
    world = World(*answers)
    with pytest.raises(AnswerError) as caught:
        asyncio.run(getattr(world.session, call)())
    assert world.transport.answers == []
    assert 'rel="next" to the same host and path' in (caught.value.hint or "")
    assert (caught.value.path, caught.value.transient) == (f"/sdk/{call}", False)
    return caught.value


def queries(world: World) -> list[str]:
    return [request.url.partition("?")[2] for request in world.transport.requests]


@pytest.mark.parametrize(
    "link",
    [
        f'<{URL}?cursor=2>; rel="next"',
        f"<{URL}?cursor=2>; rel=next",
        f'<{URL}?cursor=2>;REL="NEXT"',
        f'<{URL}?cursor=2>; title="a, b; rel=last \\"x\\""; rel="prev next"',
        f'<{URL}?cursor=1>; rel="first", <{URL}?cursor=2>; rel="next", <{URL}?cursor=9>; rel="last"',
        f"<{URL}?cursor=2>; rel=next, <{URL}?cursor=2#top>; rel=next",
        f' , <{URL}?cursor=2> ; rel = "next" ,',
        '</projects/p-1/sdk/credentials?cursor=2>; rel="next"',
        '<credentials?cursor=2>; rel="next"',
        '<?cursor=2>; rel="next"',
        '<../sdk/./credentials?cursor=2>; rel="next"',
        '<//api.useparagon.com/projects/p-1/sdk/credentials?cursor=2>; rel="next"',
        '<https://API.UseParagon.com:443/projects/p-1/sdk/credentials?cursor=2>; rel="next"',
        '<https://zeus.useparagon.com/projects/p-1/sdk/credentials?cursor=2>; rel="next"',
        '<https://api.useparagon.com/projects/%70-1/sdk/credentials?cursor=2>; rel="next"',
        f'<{URL}?cursor=2>; rel="next"; anchor="{URL}"',
    ],
)
def test_a_link_to_the_same_host_and_path_is_followed(link):
    world, found = read(page("a", link=link), page("b"))
    assert found == ["a", "b"]
    assert [request.url for request in world.transport.requests] == [URL, f"{URL}?cursor=2"]


@pytest.mark.parametrize("name", ["Link", "link", "LINK"])
def test_the_header_is_found_in_any_case(name):
    _, found = read(reply([{"id": "a"}], **{name: next_link("x=1")}), page("b"))
    assert found == ["a", "b"]


@pytest.mark.parametrize(
    "link",
    [
        f'<{URL}?cursor=0>; rel="prev"',
        f'<{URL}?cursor=0>; rel="first", <{URL}?cursor=9>; rel="last"',
        '<https://docs.useparagon.com/api>; rel="help"; title="next steps"',
        "</style.css>; rel=preload; as=style; crossorigin",
        f'<{URL}?cursor=2>; title="next"',
        f'<{URL}?cursor=2>; rel="prev"; rel="next"',
        "style.css",
        "",
    ],
)
def test_another_link_names_no_page(link):
    _, found = read(page("a", link=link))
    assert found == ["a"]


def test_each_page_is_a_request_of_its_own_as_the_same_user():
    world, found = read(
        page("a", link=next_link("x=1")),
        LOST,
        LOST,
        page("b", link='<?x=2&y=%2F>; rel="next"'),
        REFUSED,
        page("c"),
    )
    assert found == ["a", "b", "c"]
    assert queries(world) == ["", "x=1", "x=1", "x=1", "x=2&y=%2F", "x=2&y=%2F"]
    assert world.now == 1_800_000_000.0 + 0.5 + 1.0
    claims = [jwt.decode(token, options={"verify_signature": False}) for token in world.tokens]
    assert {one["sub"] for one in claims} == {"acme-corp"}


def test_a_page_is_asked_for_at_the_host_of_the_environment_below_its_path():
    link = '<http://127.0.0.1:8700/paragon/projects/a%2fb/sdk/credentials?x=1>; rel="next"'
    world, _ = read(page("a", link=link), page("b"), host="http://127.0.0.1:8700/paragon/", project="a/b")
    assert world.transport.requests[1].url == "http://127.0.0.1:8700/paragon/projects/a%2Fb/sdk/credentials?x=1"


def test_the_read_began_with_its_first_page():
    world = World(page("a", link=next_link("x=1")), LOST, page("b"))
    asyncio.run(world.session.credentials())
    assert world.now > 1_800_000_000.0
    assert world.session.asked is not None
    assert world.session.asked.wall == 1_800_000_000.0


def test_an_empty_page_may_have_a_next_one():
    _, found = read(page(link=next_link("x=1")), page("a"))
    assert found == ["a"]


def test_an_integration_of_a_later_page_is_found():
    answers = reply([{"id": "i", "type": "slack"}], Link='<?x=1>; rel="next"'), reply([{"id": "j", "type": "hubspot"}])
    found = asyncio.run(World(*answers).session.integrations())
    assert [one["type"] for one in found] == ["slack", "hubspot"]


@pytest.mark.parametrize(
    ("link", "message"),
    [
        (
            '<https://hermes.useparagon.com/projects/p-1/sdk/credentials?x=1>; rel="next"',
            "the Link to the next page leads to the host 'https://hermes.useparagon.com'",
        ),
        (
            '<http://api.useparagon.com/projects/p-1/sdk/credentials?x=1>; rel="next"',
            "the Link to the next page leads to the host 'http://api.useparagon.com'",
        ),
        (
            '<https://api.useparagon.com:8443/projects/p-1/sdk/credentials?x=1>; rel="next"',
            "the Link to the next page leads to the host 'https://api.useparagon.com:8443'",
        ),
        (
            '<https://acme:hunter2@api.useparagon.com/projects/p-1/sdk/credentials?x=1>; rel="next"',
            "the Link to the next page leads to the host 'https://api.useparagon.com'",
        ),
        (
            '<https://api.useparagon.com/v2/projects/p-1/sdk/credentials?x=1>; rel="next"',
            "the Link to the next page leads to the path '/v2/projects/p-1/sdk/credentials'",
        ),
        (
            '<https://api.useparagon.com/projects/p-2/sdk/credentials?x=1>; rel="next"',
            "the Link to the next page leads to the path '/projects/p-2/sdk/credentials'",
        ),
        ('</sdk/credentials?x=1>; rel="next"', "the Link to the next page leads to the path '/sdk/credentials'"),
        ('<mailto:a@b.c>; rel="next"', "the Link to the next page leads to the host 'mailto://'"),
        (f'<{URL}?x=1>; rel="next", <{URL}?x=2>; rel="next"', "two Links lead to different next pages"),
        (f'<{URL}?x=1>; rel="next"; anchor="/other"', "the Link to the next page is that of another resource"),
        (f'{URL}?x=1; rel="next"', "the header Link can't be read"),
        (f'<{URL}?x=1; rel="next"', "the header Link can't be read"),
        (f'<{URL}?x=1>; rel="next', "the header Link can't be read"),
        ('<?x=é>; rel="next"', "the header Link can't be read"),
        ('<?x=a b>; rel="next"', "the header Link can't be read"),
        ('<https://[::1/?x=1>; rel="next"', "the header Link can't be read"),
        ("\ufffd", "the header Link can't be read"),
        ('<?includeAccountAuth=true&x=1>; rel="next"', "the Link to the next page asks for the accounts' tokens"),
        (f'<{URL}>; rel="next"', "the Link to the next page leads back to a page that was read"),
        ('<>; rel="next"', "the Link to the next page leads back to a page that was read"),
    ],
)
def test_a_link_that_is_not_followed_is_an_error(link, message):
    error = refuse(page("a", link=link))
    assert error.message == f"GET /sdk/credentials as user acme-corp: {message}"
    assert "hunter2" not in error.message


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({"X-Next-Page": "2"}, "x-next-page"),
        ({"X-Next-Page-Cursor": "abc"}, "x-next-page-cursor"),
        ({"nextPageCursor": "abc"}, "nextpagecursor"),
        ({"Next-Cursor": "0"}, "next-cursor"),
        ({"X-Has-More": "True"}, "x-has-more"),
        ({"X-Pagination-Has-Next": "1"}, "x-pagination-has-next"),
        ({"X-Total-Count": "2"}, "x-total-count"),
        ({"X-Total-Pages": "2"}, "x-total-pages"),
        ({"Content-Range": "items 0-0/2"}, "content-range"),
        ({"Link": f'<{URL}?x=0>; rel="prev"', "X-Next-Page": "2"}, "x-next-page"),
    ],
)
@pytest.mark.parametrize("call", ["credentials", "integrations"])
def test_a_header_that_says_that_there_is_more_is_an_error(headers, name, call):
    error = refuse(reply([{"id": "a"}], **headers), call=call)
    assert error.message == f"GET /sdk/{call} as user acme-corp: the header {name} says that the list has more entries"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Next-Page": ""},
        {"X-Next-Cursor": "null"},
        {"X-Has-More": "false"},
        {"X-Has-More": "0"},
        {"X-Total-Count": "1"},
        {"X-Total-Count": "many"},
        {"X-Total-Pages": "1"},
        {"Content-Range": "items 0-0/1"},
        {"Content-Range": "items 0-0/*"},
    ],
)
def test_a_header_that_says_that_this_is_all_is_none(headers):
    _, found = read(page("a", **headers))
    assert found == ["a"]


def test_totals_count_all_pages():
    totals = {"X-Total-Count": "2", "X-Total-Pages": "2"}
    _, found = read(page("a", link=next_link("x=1"), **totals), page("b", **totals))
    assert found == ["a", "b"]
    error = refuse(page("a", link=next_link("x=1")), page("b", **{"X-Total-Count": "3"}))
    assert error.message == (
        "GET /sdk/credentials, page 2, as user acme-corp: the header x-total-count says that the list has more entries"
    )


def test_a_partial_answer_is_an_error():
    error = refuse(reply([{"id": "a"}], 206, Link=next_link("x=1")))
    assert error.message.endswith("206 Partial Content: that is a part of the list")


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({"records": [{"id": "a"}], "nextPageCursor": 2}, "nextPageCursor"),
        ({"data": [], "next_page_token": "x"}, "next_page_token"),
        ({"data": [], "nextLink": "https://x"}, "nextLink"),
        ({"value": [], "@odata.nextLink": "https://x"}, "@odata.nextLink"),
        ({"data": [], "hasMore": True}, "hasMore"),
        ({"data": [], "has_more": True, "next": None}, "has_more"),
        ({"data": [], "pageInfo": {"hasNextPage": True}}, "hasNextPage"),
        ({"data": [], "_links": {"next": {"href": "/x"}}}, "next"),
    ],
)
@pytest.mark.parametrize("call", ["credentials", "integrations"])
def test_a_body_that_says_that_there_is_more_is_an_error(body, key, call):
    error = refuse(reply(body), call=call)
    assert error.message == (
        f"GET /sdk/{call} as user acme-corp: the answer is a page of a list, which {key!r} says, and not the list"
    )


@pytest.mark.parametrize("body", [{"records": [{"id": "a"}], "nextPageCursor": None}, {"data": []}, 7, None])
def test_a_body_that_is_no_list_is_another_error(body):
    with pytest.raises(AnswerError, match="the answer is not a list"):
        asyncio.run(World(reply(body)).session.credentials())


@pytest.mark.parametrize("call", ["credentials", "integrations"])
def test_an_entry_of_two_pages_is_an_error(call):
    error = refuse(page("a", "b", link='<?x=1>; rel="next"'), page("c", "a", link='<?x=2>; rel="next"'), call=call)
    assert error.message == (
        f"GET /sdk/{call}, page 2, as user acme-corp: the entry 'a' was on page 1 too; the list changed, or it repeats"
    )


def test_pages_that_lead_back_are_an_error():
    links = [next_link(f"x={number}") for number in (1, 2, 1)]
    error = refuse(*(page(f"c-{number}", link=link) for number, link in enumerate(links)))
    assert error.message == (
        "GET /sdk/credentials, page 3, as user acme-corp: the Link to the next page leads back to a page that was read"
    )


def test_pages_without_an_end_are_an_error():
    error = refuse(*(page(link=next_link(f"x={number}")) for number in range(1, MAX_PAGES + 1)))
    assert error.message.endswith(f"page {MAX_PAGES}, as user acme-corp: the list has more than {MAX_PAGES} pages")


def test_the_error_of_a_later_page_names_the_page_and_not_its_cursor():
    world = World(page("a", link=next_link("cursor=hunter2")), reply({"message": "no", "code": 1}, 400))
    with pytest.raises(RefusedError) as caught:
        asyncio.run(world.session.credentials())
    assert caught.value.message == "GET /sdk/credentials, page 2, as user acme-corp: 400 Bad Request: no"
    assert caught.value.path == "/sdk/credentials"


def test_two_credentials_of_one_page_are_the_same_error_as_ever():
    with pytest.raises(AnswerError, match="two credentials with the id 'a'"):
        asyncio.run(World(page("a", "a")).session.credentials())


def test_one_page_is_read_as_ever():
    world = World(page("a"))
    assert asyncio.run(world.session.credentials()) == (Credential({"id": "a"}),)
    assert len(world.transport.requests) == 1


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("", []),
        ("<a>", [("a", {})]),
        ('<a,b;c>; rel="x"; Title=y', [("a,b;c", {"rel": "x", "title": "y"})]),
        ('<a>; rel="q\\"uo,ted"; flag, <b>;rel=', [("a", {"rel": 'q"uo,ted', "flag": ""}), ("b", {"rel": ""})]),
        ("<a>; rel=one; rel=two", [("a", {"rel": "one"})]),
    ],
)
def test_links_are_read(text, links):
    assert parse_links(text) == links


@pytest.mark.parametrize("text", ["a", "<a", "<a> rel=next", '<a>; rel="x', "<a>; rel=x y", "<a> <b>"])
def test_what_is_no_link_can_not_be_read(text):
    with pytest.raises(ValueError, match="Link"):
        parse_links(text)


def test_reading_a_hostile_header_takes_no_time():
    for text in ("<a>" + "; " * 30_000, '<a>; rel="' + "\\" * 60_000, "<a>" + " " * 60_000, "<" * 60_000):
        with suppress(ValueError):
            parse_links(text)


def test_the_docs_name_the_bound():
    text = (Path(__file__).parents[3] / "docs" / "safety.md").read_text("utf-8")
    assert f"{MAX_PAGES} pages" in text
