"""The calls made as one user: what is sent, what comes back, and which are tried again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import cache

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from paragon_sync import __version__, jsonvalue
from paragon_sync.errors import AnswerError, ApiError, HostError, JsonError, RefusedError
from paragon_sync.jsonvalue import Number, Repeated
from paragon_sync.model.live import Credential
from paragon_sync.model.planned import DisableWorkflow, EnableWorkflow, PatchConfig, PatchMeta
from paragon_sync.paragon.client import Client, Me
from paragon_sync.paragon.rate import Limiter
from paragon_sync.paragon.retry import Retrying, RetryPolicy
from paragon_sync.paragon.signing.key import read_key
from paragon_sync.paragon.signing.signer import Signer
from paragon_sync.paragon.transport import FailureKind, Headers, HttpRequest, HttpResponse, TransportFailure

BASE = "https://api.useparagon.com/projects/p-1"
CREDENTIAL = {"id": "c-1", "integrationId": "i-1", "config": {"a": 1}}


@cache
def key():
    return rsa.generate_private_key(65537, 2048)


class Recorded:
    """A transport that gives answers written down beforehand."""

    def __init__(self, *answers: HttpResponse | TransportFailure) -> None:
        self.answers = list(answers)
        self.requests: list[HttpRequest] = []
        self.closed = False
        self.passing: Callable[[float], None] = lambda _: None

    async def send(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, TransportFailure):
            if answer.kind is FailureKind.TIMED_OUT:
                self.passing(request.timeout)
            raise answer
        return answer

    async def aclose(self) -> None:
        self.closed = True


class World:
    """A client over recorded answers, with a clock that stands still but for what is slept."""

    def __init__(
        self,
        *answers: HttpResponse | TransportFailure,
        host="https://api.useparagon.com",
        project="p-1",
        concurrency=16,
    ) -> None:
        self.now = 1_800_000_000.0
        self.transport = Recorded(*answers)
        self.transport.passing = self.pass_
        self.notices: list[str] = []
        pem = key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        self.client = Client(
            self.transport,
            host=host,
            project=project,
            signer=Signer(read_key(pem), project, clock=lambda: self.now),
            limiter=Limiter(concurrency=concurrency, clock=lambda: self.now),
            retrying=Retrying(sleep=self.sleep, chance=lambda: 1.0, clock=lambda: self.now),
            timeout=12.0,
            monotonic=lambda: self.now - 1_000_000_000,
            notice=self.notices.append,
        )
        self.session = self.client.user("acme-corp")

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    def pass_(self, seconds: float) -> None:
        self.now += seconds

    @property
    def tokens(self) -> list[str]:
        return [request.headers["Authorization"].removeprefix("Bearer ") for request in self.transport.requests]


def reply(body: object, status=200, **headers) -> HttpResponse:
    content = body if isinstance(body, bytes) else jsonvalue.dumps(body).encode()
    return HttpResponse(status=status, headers=Headers(headers.items()), body=content)


LOST = TransportFailure(FailureKind.LOST, "the connection was lost")
REFUSED = reply({"message": "jwt malformed", "code": "1", "status": 401}, 401)


def test_credentials_come_back_as_the_api_gave_them():
    body = b'[{"id": "c-1", "config": {"a": 1.10, "b": {"x": 1, "x": 2}}}, {"id": "c-2", "dateDeleted": "2026"}]'
    world = World(reply(body))
    assert asyncio.run(world.session.credentials()) == (
        Credential({"id": "c-1", "config": {"a": Number("1.10"), "b": Repeated((("x", 1), ("x", 2)))}}),
        Credential({"id": "c-2", "dateDeleted": "2026"}),
    )


def test_a_read_is_sent_as_the_user_and_without_a_body():
    world = World(reply([]))
    asyncio.run(world.session.credentials())
    [request] = world.transport.requests
    assert (request.method, request.url, request.body) == ("GET", f"{BASE}/sdk/credentials", None)
    assert request.timeout == 12.0
    assert {name: value for name, value in request.headers.items() if name != "Authorization"} == {
        "Accept": "application/json",
        "User-Agent": f"paragon-sync/{__version__}",
    }
    claims = jwt.decode(world.tokens[0], options={"verify_signature": False})
    assert (claims["sub"], claims["aud"]) == ("acme-corp", "useparagon.com/p-1")


@pytest.mark.parametrize(
    ("host", "project", "url"),
    [
        ("acme.paragon.so", "p-1", "https://zeus.acme.paragon.so/projects/p-1/sdk/integrations"),
        ("http://127.0.0.1:8700/", "a/../b", "http://127.0.0.1:8700/projects/a%2F..%2Fb/sdk/integrations"),
    ],
)
def test_host_and_project_make_the_url(host, project, url):
    world = World(reply([]), host=host, project=project)
    assert asyncio.run(world.session.integrations()) == []
    assert world.transport.requests[0].url == url


@pytest.mark.parametrize(
    ("body", "meta"),
    [
        ({"authenticated": True, "meta": {"plan": "pro"}}, {"plan": "pro"}),
        ({"authenticated": True, "meta": None}, {}),
        ({"authenticated": True}, {}),
    ],
)
def test_me_gives_the_metadata_and_everything_else(body, meta):
    assert asyncio.run(World(reply(body)).session.me()) == Me(raw=body, meta=meta)


def test_integrations_are_a_list_of_objects():
    world = World(reply([{"type": "slack"}]))
    assert asyncio.run(world.session.integrations()) == [{"type": "slack"}]


@pytest.mark.parametrize(
    ("call", "body", "message"),
    [
        ("credentials", b'{"data": []}', "the answer is not a list"),
        ("credentials", b"", "the answer is not a list"),
        ("credentials", b"[7]", "entry 1 of the answer is not an object"),
        (
            "credentials",
            b'[{"id": "a"}, {"a": 1, "a": 2}]',
            "entry 2 of the answer has the key 'a' twice, and can't be carried",
        ),
        ("credentials", b'[{"config": {}}]', "a credential without an id"),
        ("credentials", b'[{"id": "a"}, {"id": "b"}, {"id": "a"}]', "two credentials with the id 'a'"),
        (
            "credentials",
            b'[{"id": "a", "configurations": [{"id": "g"}, {}, {"id": null}, {"id": null}, {"id": "g"}]}]',
            "two configurations with the id 'g'",
        ),
        ("me", b"[]", "the answer is not an object"),
        ("me", b'{"meta": []}', "the metadata is not an object"),
        ("me", b'{"meta": {"a": 1, "a": 1}}', "the metadata has the key 'a' twice, and can't be carried"),
        ("integrations", b'"x"', "the answer is not a list"),
    ],
)
def test_json_of_another_shape_is_an_error_at_once(call, body, message):
    world = World(reply(body))
    with pytest.raises(AnswerError) as caught:
        asyncio.run(getattr(world.session, call)())
    assert caught.value.message == f"GET /sdk/{call} as user acme-corp: {message}"


@pytest.mark.parametrize(
    "answer",
    [
        LOST,
        reply(b"", 429),
        reply(b"", 503),
        reply(b"<html>", 200),
        reply(b"[1,", 200),
        reply(b"Blocked", 403),
    ],
)
def test_a_read_is_tried_again(answer):
    world = World(answer, answer, reply([CREDENTIAL]))
    assert asyncio.run(world.session.credentials()) == (Credential(CREDENTIAL),)
    assert world.now == 1_800_000_000.0 + 0.5 + 1.0


@pytest.mark.parametrize(
    "answer",
    [
        reply({"message": "no", "code": 1}, 400),
        reply({"message": "no", "code": 1}, 403),
        reply({"message": "no", "code": 1}, 404),
        reply(b"", 302),
        TransportFailure(FailureKind.TLS, "no"),
    ],
)
def test_another_bad_answer_is_not_asked_for_again(answer):
    world = World(answer)
    with pytest.raises(ApiError):
        asyncio.run(world.session.credentials())


@pytest.mark.parametrize("header", ["20", "Fri, 15 Jan 2027 08:00:20 GMT"])
def test_retry_after_is_waited_for(header):
    world = World(reply(b"", 429, **{"Retry-After": header}), reply([]))
    asyncio.run(world.session.credentials())
    assert world.now == 1_800_000_000.0 + 20 + 0.5


def test_patience_ends_before_the_attempts_do():
    world = World(*[reply(b"", 429, **{"Retry-After": "100"})] * 5, reply([]))
    world.client.retrying = Retrying(
        RetryPolicy(attempts=50, patience=250), sleep=world.sleep, chance=lambda: 0.0, clock=lambda: world.now
    )
    with pytest.raises(RefusedError, match="429 Too Many Requests"):
        asyncio.run(world.session.credentials())
    assert (len(world.transport.requests), world.now) == (3, 1_800_000_000.0 + 200)


@pytest.mark.parametrize(
    ("answer", "refusals"),
    [
        (reply(b"", 429), 1),
        (reply(b"Blocked", 403), 1),
        (reply(b"", 503), 1),
        (reply({"message": "no", "code": 1}, 403), 0),
        (reply({"message": "no", "code": 1}, 404), 0),
        (REFUSED, 0),
        (reply(b"<html>", 200), 0),
        (LOST, 0),
        (TransportFailure(FailureKind.TIMED_OUT, "no whole answer"), 0),
    ],
)
def test_the_pace_follows_what_the_server_refuses(answer, refusals):
    world = World(answer)
    with pytest.raises(ApiError):
        asyncio.run(world.session.send(PatchMeta(meta={})))
    pace = world.client.pace
    assert (pace.refusals, pace.rate is not None) == (refusals, refusals > 0)


def test_what_one_user_is_asked_to_wait_is_waited_by_all():
    world = World(reply(b"", 429, **{"Retry-After": "60"}), reply([]))

    async def run():
        with pytest.raises(RefusedError):
            await world.session.send(PatchMeta(meta={}))
        other = asyncio.create_task(world.client.user("globex").credentials())
        done, _ = await asyncio.wait({other}, timeout=0.05)
        other.cancel()
        return done

    assert asyncio.run(run()) == set()
    assert len(world.transport.requests) == 1
    assert world.client.pace.paused == 0  # nothing of the 60 s is over yet


def test_a_read_ends_with_its_last_error():
    world = World(*[LOST] * 5)
    with pytest.raises(HostError, match="the connection was lost"):
        asyncio.run(world.session.credentials())
    assert world.transport.answers == []


class TestSilence:
    """A host that accepts connections and answers nothing."""

    SILENT = TransportFailure(FailureKind.TIMED_OUT, "no whole answer within 12 s")

    def test_who_never_answered_has_two_chances_and_that_is_said(self):
        world = World(*[self.SILENT] * 9)
        began = world.now
        with pytest.raises(HostError, match="no whole answer within 12 s"):
            asyncio.run(world.session.credentials())
        assert len(world.transport.requests) == 2
        assert world.now - began < 30
        assert world.notices == ["https://api.useparagon.com has not answered for 12 s: trying once more"]

    def test_those_who_come_later_have_one(self):
        world = World(*[self.SILENT] * 9)
        for _ in range(2):
            with pytest.raises(HostError):
                asyncio.run(world.session.credentials())
        assert len(world.transport.requests) == 3
        assert len(world.notices) == 1

    @pytest.mark.parametrize("answer", [reply([]), reply(b"<html>", 503)])
    def test_who_has_answered_once_has_all_of_them(self, answer):
        world = World(answer, *[self.SILENT] * 3, reply([]))
        asyncio.run(world.client.user("other").credentials())
        if len(world.transport.requests) == 1:
            asyncio.run(world.session.credentials())
        assert world.transport.answers == []
        assert world.notices == []


def test_reads_in_an_open_window_go_before_others():
    order: list[str] = []

    async def ask(world: World) -> None:
        busy = asyncio.Event()

        async def send(request: HttpRequest) -> HttpResponse:
            claims = jwt.decode(request.headers["Authorization"].split()[1], options={"verify_signature": False})
            order.append(claims["sub"])
            await busy.wait()
            return reply([])

        world.transport.send = send
        sessions = [world.client.user(name) for name in ("first", "second", "hurried")]
        sessions[2].hurried = True
        tasks = []
        for session in sessions:
            tasks.append(asyncio.create_task(session.credentials()))
            await asyncio.sleep(0.05)  # until its token is signed and it waits
        busy.set()
        await asyncio.gather(*tasks)

    world = World(concurrency=1)
    asyncio.run(ask(world))
    assert order == ["first", "hurried", "second"]


def test_one_token_serves_all_calls_of_a_session():
    world = World(reply([]), reply({"meta": {}}), reply({}))

    async def run():
        await world.session.credentials()
        await world.session.me()
        await world.session.send(PatchMeta(meta={}))

    asyncio.run(run())
    assert len(set(world.tokens)) == 1


def test_a_token_is_made_anew_before_it_ends():
    world = World(reply([]), reply([]))

    async def run():
        await world.session.credentials()
        world.now += 3510
        await world.session.credentials()

    asyncio.run(run())
    assert len(set(world.tokens)) == 2


def test_a_token_that_ends_while_its_request_waits_is_made_anew():
    world = World(reply([]), reply([]))
    world.client = Client(
        world.transport,
        host="https://api.useparagon.com",
        project="p-1",
        signer=world.client.signer,
        limiter=(limiter := Limiter(concurrency=1, clock=lambda: world.now)),
    )

    async def run():
        session = world.client.user("acme-corp")
        await session.credentials()
        async with limiter.slot():
            waiting = asyncio.create_task(session.credentials())
            await asyncio.sleep(0.01)
            world.now += 3600
        await waiting

    asyncio.run(run())
    first, second = (jwt.decode(token, options={"verify_signature": False}) for token in world.tokens)
    assert second["exp"] - first["exp"] == 3600


@pytest.mark.parametrize("refused", [REFUSED, reply({"authenticated": False})])
def test_a_token_that_is_not_accepted_is_made_anew_once(refused):
    world = World(refused, reply({"authenticated": True, "meta": {"a": 1}}))

    async def run():
        first = asyncio.create_task(world.session.me())
        world.now += 1
        return await first

    assert asyncio.run(run()).meta == {"a": 1}
    assert len(world.tokens) == 2


@pytest.mark.parametrize("refused", [REFUSED, reply({"authenticated": False})])
def test_a_second_refusal_is_told(refused):
    world = World(refused, refused)
    with pytest.raises(RefusedError) as caught:
        asyncio.run(world.session.me())
    assert "the user token was not accepted" in caught.value.message
    assert "is the signing key the one of project p-1" in (caught.value.hint or "")
    assert all(token not in f"{caught.value} {caught.value.hint}" for token in world.tokens)


def test_renewal_and_retries_go_together():
    world = World(LOST, REFUSED, LOST, reply([]))
    assert asyncio.run(world.session.credentials()) == ()
    world = World(REFUSED, LOST, REFUSED)
    with pytest.raises(RefusedError):
        asyncio.run(world.session.credentials())


@pytest.mark.parametrize(
    ("request_", "url", "headers", "body"),
    [
        (
            PatchConfig(
                credential="c-1", configuration=None, config={"n": Number("1.10"), "s": "\ud800", "b": 2**64 + 1}
            ),
            "/sdk/credentials/c-1",
            {"X-Paragon-Credential": "c-1"},
            b'{"config":{"n":1.10,"s":"\\ud800","b":18446744073709551617}}',
        ),
        (
            PatchConfig(credential="c/1", configuration="g-1", config={}),
            "/sdk/credentials/c%2F1",
            {"X-Paragon-Credential": "c/1", "X-Paragon-Configuration-Id": "g-1"},
            b'{"config":{}}',
        ),
        (PatchMeta(meta={"Name": "Ä"}), "/sdk/me", {}, b'{"meta":{"Name":"\\u00c4"}}'),
    ],
)
def test_a_payload_is_sent_whole(request_, url, headers, body):
    world = World(reply({"id": "c-1"}))
    asyncio.run(world.session.send(request_))
    [request] = world.transport.requests
    assert (request.method, request.url, request.body) == ("PATCH", BASE + url, body)
    sent = {name: value for name, value in request.headers.items() if name.startswith(("X-", "Content-"))}
    assert sent == headers | {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("request_", "method", "url", "headers"),
    [
        (
            EnableWorkflow(credential="c/1", configuration="g-1", workflow="w/1"),
            "POST",
            "/sdk/workflows/w%2F1",
            {"X-Paragon-Credential": "c/1", "X-Paragon-Configuration-Id": "g-1"},
        ),
        (
            DisableWorkflow(credential="c-1", configuration=None, workflow="w-1"),
            "DELETE",
            "/sdk/workflows/w-1",
            {"X-Paragon-Credential": "c-1"},
        ),
    ],
)
def test_a_workflow_is_switched_without_a_body(request_, method, url, headers):
    world = World(reply(b""))
    asyncio.run(world.session.send(request_))
    [request] = world.transport.requests
    assert (request.method, request.url, request.body) == (method, BASE + url, None)
    assert {name: value for name, value in request.headers.items() if name.startswith(("X-", "Content-"))} == headers


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"credential": {}, "errors": ["workflow w-1 failed", {"code": 7}]}, ("workflow w-1 failed", '{"code":7}')),
        ({"id": "c-1", "errors": []}, ()),
        ({"id": "c-1", "errors": "none"}, ()),
        ([], ()),
        (b"", ()),
    ],
)
def test_errors_in_a_good_answer_come_back(body, errors):
    world = World(reply(body))
    assert asyncio.run(world.session.send(PatchMeta(meta={}))).errors == errors


def test_a_write_tells_when_it_was_sent_and_answered():
    world = World(reply({}))
    sent = asyncio.run(world.session.send(PatchMeta(meta={})))
    assert (sent.started.wall, sent.started.monotonic) == (1_800_000_000.0, 800_000_000.0)
    assert (sent.answered.wall, sent.answered.monotonic) == (1_800_000_000.0, 800_000_000.0)


@pytest.mark.parametrize("answer", [LOST, reply(b"", 503), REFUSED, reply(b"<html>", 200), reply(b"", 403)])
def test_a_write_is_sent_once(answer):
    world = World(answer, reply({}))
    with pytest.raises(ApiError) as caught:
        asyncio.run(world.session.send(PatchConfig(credential="c-1", configuration=None, config={})))
    assert len(world.transport.requests) == 1
    assert (caught.value.user, caught.value.credential, caught.value.method) == ("acme-corp", "c-1", "PATCH")
    assert caught.value.path == "/sdk/credentials/c-1"


@pytest.mark.parametrize("refused", [REFUSED, reply({"authenticated": False})])
def test_a_write_whose_token_was_not_accepted_was_not_done_and_the_next_attempt_has_a_new_one(refused):
    world = World(refused, reply([]))

    async def run():
        with pytest.raises(RefusedError) as caught:
            await world.session.send(PatchMeta(meta={}))
        world.now += 1
        await world.session.credentials()
        return caught.value

    error = asyncio.run(run())
    assert (error.status, error.maybe_done, error.transient) == (401, False, False)
    assert len(set(world.tokens)) == 2


def test_what_json_can_not_carry_is_not_sent():
    world = World()
    config = {"a": Repeated((("x", 1), ("x", 2)))}
    with pytest.raises(JsonError):
        asyncio.run(world.session.send(PatchConfig(credential="c-1", configuration=None, config=config)))
    assert world.transport.requests == []


def test_closing_the_client_closes_its_transport():
    world = World()
    asyncio.run(world.client.aclose())
    assert world.transport.closed


def test_the_log_holds_method_path_status_and_time_and_nothing_secret(caplog):
    world = World(LOST, REFUSED, reply([{"id": "c-1", "config": {"password": "hunter2"}}]), reply({}))

    async def run():
        await world.session.credentials()
        await world.session.send(PatchMeta(meta={"password": "hunter2"}))

    with caplog.at_level(logging.DEBUG):
        asyncio.run(run())
    ours = [record.getMessage() for record in caplog.records if record.name == "paragon_sync.http"]
    assert ours == [
        "GET /sdk/credentials lost 0 ms",
        "GET /sdk/credentials 401 0 ms",
        "GET /sdk/credentials 200 0 ms",
        "PATCH /sdk/me 200 0 ms",
    ]
    assert "hunter2" not in caplog.text
    assert all(token not in caplog.text for token in world.tokens)
