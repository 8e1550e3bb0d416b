"""pyreqwest's transport: what its library alone does."""

from __future__ import annotations

import asyncio

import pytest
from pyreqwest.exceptions import ConnectError

from paragon_sync.paragon.transport import FailureKind, HttpRequest, TransportFailure
from paragon_sync.paragon.transport_pyreqwest import PyreqwestTransport
from tests.unit.paragon.loopback import Act, ok, serving


def test_a_header_that_is_no_text_leaves_the_others():
    async def run():
        async with serving(Act(ok(headers=["X-Odd: caf\xe9", "X-Plain: a"]))) as server:
            transport = PyreqwestTransport()
            response = await transport.send(HttpRequest(method="GET", url=server.url))
            await transport.aclose()
            return dict(response.headers)

    assert asyncio.run(run()) == {"content-length": "2", "x-odd": "\ufffd", "x-plain": "a"}


@pytest.mark.parametrize(
    ("causes", "kind", "message"),
    [
        (["tcp connect error"], FailureKind.REFUSED, "no connection to api.invalid:443: it can't be reached"),
        (
            ["tcp connect error", "No route to host (os error 113)"],
            FailureKind.REFUSED,
            "no connection to api.invalid:443: No route to host",
        ),
        (
            ["invalid peer certificate: certificate expired: verification time 1 (UNIX)"],
            FailureKind.TLS,
            "no secure connection to api.invalid: its certificate has expired",
        ),
        (
            ['invalid peer certificate: certificate not valid for name "api.invalid"'],
            FailureKind.TLS,
            "no secure connection to api.invalid: its certificate is for another host",
        ),
    ],
)
def test_a_connection_that_fails_says_why(causes, kind, message):
    class Failing:
        def request(self, *_):
            details = [{"message": cause} for cause in ["client error (Connect)", *causes]]
            raise ConnectError("connection error", {"causes": details})

    async def run():
        await PyreqwestTransport(client=Failing()).send(HttpRequest(method="GET", url="https://api.invalid/x"))

    with pytest.raises(TransportFailure) as caught:
        asyncio.run(run())
    assert (caught.value.kind, caught.value.message) == (kind, message)
