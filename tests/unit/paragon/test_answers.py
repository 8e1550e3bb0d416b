"""What an answer means, and what the errors say about it."""

from __future__ import annotations

import pytest

from paragon_sync import jsonvalue
from paragon_sync.errors import AnswerError, ApiError, HostError, RefusedError
from paragon_sync.jsonvalue import Number, Repeated
from paragon_sync.paragon.answers import Call, failed, is_too_much, malformed, read_json, retry_after
from paragon_sync.paragon.transport import FailureKind, Headers, HttpResponse, TransportFailure

NOW = 1_800_000_000.0  # Fri, 15 Jan 2027 08:00:00 GMT
BASE = "https://api.useparagon.com"
CALL = Call(method="GET", path="/sdk/credentials", base=BASE, project="p-1", user="acme-corp")
PATCH = Call(method="PATCH", path="/sdk/credentials/c-1", base=BASE, project="p-1", user="acme-corp", credential="c-1")
API_HOST = f"is {BASE} the API host?"
HTML = {"Content-Type": "text/html; charset=utf-8"}


def answer(status, body: object = b"", **headers):
    content = body if isinstance(body, bytes) else jsonvalue.dumps(body).encode()
    return HttpResponse(
        status=status, headers=Headers((k.replace("_", "-"), v) for k, v in headers.items()), body=content
    )


def told(call, response) -> ApiError:
    with pytest.raises(ApiError) as caught:
        read_json(call, response, NOW)
    return caught.value


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": 1.0}', {"a": 1.0}),
        (b"18446744073709551617", 2**64 + 1),
        (b"1.10", Number("1.10")),
        (b'{"a": 1, "a": 2}', Repeated((("a", 1), ("a", 2)))),
        (b'\xef\xbb\xbf"\\ud800"', "\ud800"),
        (b"", None),
        (b" \n", None),
    ],
)
def test_a_good_answer_is_read_as_it_is(body, value):
    assert jsonvalue.equal(read_json(CALL, answer(200, body), NOW), value)


@pytest.mark.parametrize(
    ("response", "kind", "message", "hint", "transient"),
    [
        (
            answer(400, {"message": "Bad config", "code": "1234", "status": 400}),
            RefusedError,
            "400 Bad Request: Bad config",
            None,
            False,
        ),
        (
            answer(
                400,
                {
                    "message": [
                        {"constraints": {"isString": "a must be a string"}, "value": "hunter2", "children": []},
                        {
                            "children": [{"constraints": {"x": "b is wrong", "y": "b is long"}}],
                            "target": {"p": "hunter2"},
                        },
                        "c",
                        7,
                    ],
                    "code": 400,
                },
            ),
            RefusedError,
            "400 Bad Request: a must be a string; b is wrong; b is long; c",
            None,
            False,
        ),
        (
            answer(403, {"message": "Forbidden", "code": "7210", "status": 403}),
            RefusedError,
            "403 Forbidden: Forbidden",
            "the token lacks a permission (code 7210): look at the project's rules for user tokens",
            False,
        ),
        (
            answer(403, {"message": "No", "code": 7211}),
            RefusedError,
            "403 Forbidden: No",
            "may this user do that in project p-1?",
            False,
        ),
        (
            answer(403, b"<html><title>Blocked\n\x1b[31m!</title>", **HTML),
            RefusedError,
            '403 Forbidden (an HTML page "Blocked [31m!")',
            "not Paragon's own words: a firewall may have refused; lower limits.rate, or have this machine let through",
            True,
        ),
        (
            answer(403, {"message": "Forbidden"}),
            RefusedError,
            "403 Forbidden",
            "not Paragon's own words: a firewall may have refused; lower limits.rate, or have this machine let through",
            True,
        ),
        (
            answer(404, {"message": "Project not found", "code": "1", "status": 404}),
            RefusedError,
            "404 Not Found: Project not found",
            f"is p-1 the project id, and {BASE} the API host?",
            False,
        ),
        (
            answer(404, b"<!doctype html><p>?"),
            RefusedError,
            "404 Not Found (an HTML page)",
            f"is p-1 the project id, and {BASE} the API host?",
            False,
        ),
        (answer(409, b""), RefusedError, "409 Conflict", None, False),
        (answer(499, b"[]"), RefusedError, "499", None, False),
        (
            answer(429, b"slow down"),
            RefusedError,
            "429 Too Many Requests",
            "lower limits.rate or limits.concurrency",
            True,
        ),
        (
            answer(502, b"<h1>", **HTML),
            RefusedError,
            "502 Bad Gateway (an HTML page)",
            "the server failed: try again later",
            True,
        ),
        (
            answer(307, b"", Location="https://login.example.com/path?token=hunter2"),
            AnswerError,
            "307 Temporary Redirect: redirected to https://login.example.com, and redirects are not followed",
            API_HOST,
            False,
        ),
        (
            answer(302, b"", Location="/login"),
            AnswerError,
            "302 Found: redirected, and redirects are not followed",
            API_HOST,
            False,
        ),
        (
            answer(200, b"<html><head><title>Welcome</title>", **HTML),
            AnswerError,
            '200 OK, but not JSON (an HTML page "Welcome")',
            API_HOST,
            True,
        ),
        (
            answer(200, b'[{"id": "a'),
            AnswerError,
            "200 OK, but the JSON is broken or cut off",
            "try again; a proxy may cut answers off",
            True,
        ),
        (
            answer(200, b"\xff\xfe"),
            AnswerError,
            "200 OK, but the JSON is broken or cut off",
            "try again; a proxy may cut answers off",
            True,
        ),
    ],
)
def test_what_a_bad_answer_says(response, kind, message, hint, transient):
    error = told(CALL, response)
    assert type(error) is kind
    assert error.message == f"GET /sdk/credentials as user acme-corp: {message}"
    assert (error.hint, error.transient, error.status) == (hint, transient, response.status)
    assert "hunter2" not in error.message


@pytest.mark.parametrize(
    ("date", "clock"),
    [
        ("Fri, 15 Jan 2027 08:00:30 GMT", ""),
        ("Fri, 15 Jan 2027 08:05:00 GMT", " This machine's clock is 300 s behind the server's."),
        ("Fri, 15 Jan 2027 07:55:00 GMT", " This machine's clock is 300 s ahead of the server's."),
        ("soon", ""),
    ],
)
def test_a_refused_token_points_at_key_project_and_clock(date, clock):
    error = told(CALL, answer(401, {"message": "jwt expired", "code": "1", "status": 401}, Date=date))
    assert error.message == "GET /sdk/credentials as user acme-corp: the user token was not accepted: jwt expired"
    assert error.hint == f"is the signing key the one of project p-1, and is {BASE} its API host?{clock}"
    assert (error.status, error.transient) == (401, False)


def test_a_write_names_its_credential():
    error = told(PATCH, answer(404, {"message": "Not found", "code": "9", "status": 404}))
    assert error.message == ("PATCH /sdk/credentials/c-1 as user acme-corp, credential c-1: 404 Not Found: Not found")
    assert error.hint == "was the account disconnected after it was read? Plan again"
    assert (error.method, error.path, error.user, error.credential, error.code) == (
        "PATCH",
        "/sdk/credentials/c-1",
        "acme-corp",
        "c-1",
        "9",
    )


@pytest.mark.parametrize(
    ("code", "text"),
    [("7210", "7210"), (7210, "7210"), (Number("7.0e1"), "7.0e1"), (True, None), (None, None), ([], None)],
)
def test_paragons_code_is_kept(code, text):
    assert told(CALL, answer(400, {"message": "x", "code": code, "status": 400})).code == text


@pytest.mark.parametrize("message", [None, 7, {"constraints": 7}, [], {}])
def test_a_message_of_another_shape_is_left_out(message):
    error = told(CALL, answer(400, {"message": message, "code": 1}))
    assert error.message == "GET /sdk/credentials as user acme-corp: 400 Bad Request"


def test_a_token_in_the_servers_words_is_taken_out():
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0aaaa.c2lnbmF0dXJl-_x"
    error = told(CALL, answer(400, {"message": f"bad token {token}!", "code": 1}))
    assert error.message.endswith("bad token (token)!")


def test_the_servers_words_are_cut_to_a_line():
    error = told(CALL, answer(400, {"message": "a\n\tb\x00c " + "x" * 1000, "code": 1}))
    said = error.message.split("Bad Request: ")[1]
    assert (said[:6], said[-2:], len(said)) == ("a b c ", "x…", 300)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        (" 1.5 ", 1.5),
        ("0", 0.0),
        ("Fri, 15 Jan 2027 08:00:10 GMT", 10.0),
        ("Fri, 15 Jan 2027 08:00:10 -0000", 10.0),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0.0),
        ("Friday, 15-Jan-27 08:00:10 GMT", 10.0),
        ("-1", None),
        ("soon", None),
        ("", None),
        ("Fri, 99 Jan 2027 08:00:10 GMT", None),
    ],
)
def test_retry_after_is_read_in_both_forms(text, seconds):
    assert retry_after(answer(429, Retry_After=text), NOW) == seconds


def test_retry_after_gets_into_the_error():
    assert told(CALL, answer(503, Retry_After="7")).retry_after == 7.0


def test_an_answer_that_is_too_long_concerns_its_user_alone():
    error = failed(PATCH, TransportFailure(FailureKind.TOO_LARGE, "it is long"))
    assert isinstance(error, AnswerError)
    assert (error.transient, error.user, error.maybe_done) == (False, "acme-corp", True)


@pytest.mark.parametrize(
    ("kind", "transient"),
    [
        (FailureKind.UNKNOWN_HOST, False),
        (FailureKind.REFUSED, True),
        (FailureKind.TLS, False),
        (FailureKind.PROXY, True),
        (FailureKind.NOT_CONNECTED, True),
        (FailureKind.TIMED_OUT, True),
        (FailureKind.LOST, True),
        (FailureKind.GARBLED, True),
        (FailureKind.INVALID, False),
    ],
)
def test_a_failure_names_the_call_and_says_what_to_do(kind, transient):
    error = failed(PATCH, TransportFailure(kind, "it broke"))
    assert isinstance(error, HostError)
    assert error.message == "PATCH /sdk/credentials/c-1 as user acme-corp, credential c-1: it broke"
    assert (error.transient, error.user, error.credential) == (transient, "acme-corp", "c-1")
    assert error.hint
    assert "{" not in error.hint


OWN_403 = {"message": "Forbidden", "code": "1", "status": 403}


@pytest.mark.parametrize(
    ("response", "maybe_done"),
    [
        (answer(500, {"message": "Oops", "code": "1", "status": 500}), True),
        (answer(502), True),
        (answer(503, Retry_After="7"), True),
        (answer(200, b"<html>"), True),
        (answer(200, b'{"id": "c'), True),
        (answer(302), True),
        (answer(429), False),
        (answer(401, {"message": "no", "code": "1", "status": 401}), False),
        (answer(403, OWN_403), False),
        (answer(403, b"Blocked"), False),
        (answer(400, {"message": "no", "code": "1"}), False),
        (answer(404), False),
        (answer(409), False),
        (answer(413), False),
    ],
)
def test_a_write_may_have_been_done_unless_the_answer_says_no(response, maybe_done):
    assert told(PATCH, response).maybe_done is maybe_done


@pytest.mark.parametrize(
    ("kind", "maybe_done"),
    [
        (FailureKind.TIMED_OUT, True),
        (FailureKind.LOST, True),
        (FailureKind.GARBLED, True),
        (FailureKind.UNKNOWN_HOST, False),
        (FailureKind.REFUSED, False),
        (FailureKind.TLS, False),
        (FailureKind.PROXY, False),
        (FailureKind.NOT_CONNECTED, False),
        (FailureKind.INVALID, False),
    ],
)
def test_a_write_may_have_been_done_unless_it_never_left(kind, maybe_done):
    assert failed(PATCH, TransportFailure(kind, "it broke")).maybe_done is maybe_done


@pytest.mark.parametrize(
    ("response", "too_much"),
    [
        (answer(429, {"message": "Too many", "code": "1", "status": 429}), True),
        (answer(403, b"<html><title>Blocked</title>"), True),
        (answer(403), True),
        (answer(403, OWN_403), False),
        (answer(500), True),
        (answer(504), True),
        (answer(404), False),
        (answer(401), False),
        (answer(200, []), False),
    ],
)
def test_what_means_that_the_server_is_asked_too_much(response, too_much):
    assert is_too_much(response) is too_much


def test_every_failure_has_a_hint():
    assert all(failed(CALL, TransportFailure(kind, "x")).hint for kind in FailureKind)


def test_json_of_another_shape_is_told():
    error = malformed(CALL, "the answer is not a list")
    assert error.message == "GET /sdk/credentials as user acme-corp: the answer is not a list"
    assert error.hint == f"is {BASE} the API host, and p-1 the project id?"


def test_a_user_id_can_not_break_the_line():
    call = Call(method="GET", path="/sdk/me", base=BASE, project="p", user="a\n\x1b[2Jb")
    assert str(call) == "GET /sdk/me as user a [2Jb"
