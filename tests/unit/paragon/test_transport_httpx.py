"""The default transport takes proxies and authorities from the environment, and no exception of a library leaves it."""

from __future__ import annotations

import asyncio
import datetime as dt
import errno
import ipaddress
import ssl
from types import SimpleNamespace

import aiohttp
import httpx
import pytest
from aiohttp.client_reqrep import ConnectionKey
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from paragon_sync.paragon.transport import FailureKind, HttpRequest, TransportFailure
from paragon_sync.paragon.transport_httpx import HttpxTransport, failure_of
from tests.unit.paragon.loopback import Act, ok, serving

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def certificate(tmp_path):
    """A certificate for 127.0.0.1 that is its own authority, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=36500))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "loopback.pem"
    form = serialization.PrivateFormat.PKCS8
    private = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


async def send(url):
    transport = HttpxTransport()
    try:
        return await transport.send(HttpRequest(method="GET", url=url, timeout=5))
    except TransportFailure as failure:
        return failure
    finally:
        await transport.aclose()


async def send_over_tls(certificate):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    async with serving(Act(ok(b"[]"), close=True), tls=context) as server:
        return await send(server.url)


def test_an_authority_of_ones_own_is_taken_from_the_environment(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert asyncio.run(send_over_tls(certificate)).body == b"[]"


def test_a_certificate_of_nobody_known_is_refused(certificate):
    failure = asyncio.run(send_over_tls(certificate))
    assert failure.kind is FailureKind.TLS
    assert "self-signed certificate" in failure.message


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_an_authority_that_can_not_be_read_is_told(tmp_path, monkeypatch, text):
    file = tmp_path / "authority.pem"
    if text is not None:
        file.write_text(text)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    failure = asyncio.run(send("https://127.0.0.1:1/"))
    assert failure.kind is FailureKind.TLS
    assert "SSL_CERT_FILE" in failure.message


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize("scheme", ["", "http://"])
def test_a_proxy_is_taken_from_the_environment(monkeypatch, variable, scheme):
    async def run():
        async with serving(Act(ok(b"[]"), close=True)) as proxy:
            monkeypatch.setenv(variable, scheme + proxy.url.removeprefix("http://"))
            return await send("http://paragon.invalid/x"), proxy.requests

    answer, requests = asyncio.run(run())
    assert answer.body == b"[]"
    assert requests[0].startswith(b"GET http://paragon.invalid/x HTTP/1.1\r\n")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_is_never_proxied(monkeypatch, host):
    async def run():
        monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
        async with serving(Act(ok(b"[]"), close=True)) as server:
            return await send(server.url.replace("127.0.0.1", host))

    assert asyncio.run(run()).body == b"[]"


@pytest.mark.parametrize(
    ("proxy", "message"),
    [
        ("http://127.0.0.1:1", "the proxy can't be reached"),
        ("socks5://127.0.0.1:1080", "socks5 proxies are not supported"),
        ("ftp://user:hunter2@x:99999", "the proxy that the environment names can't be used"),
    ],
)
def test_a_proxy_that_does_not_work_is_told_without_its_password(monkeypatch, proxy, message):
    monkeypatch.setenv("HTTP_PROXY", proxy)
    failure = asyncio.run(send("http://paragon.invalid/x"))
    assert (failure.kind, failure.message) == (FailureKind.PROXY, message)


def test_a_host_in_no_proxy_is_asked_directly(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "paragon.invalid")
    assert asyncio.run(send("http://paragon.invalid/x")).kind is FailureKind.UNKNOWN_HOST


def _key(host="api.invalid", port=443):
    return ConnectionKey(host, port, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None)


REQUEST = SimpleNamespace(real_url="https://api.invalid/x")


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (
            aiohttp.ClientConnectorDNSError(_key(), OSError(-2, "Name or service not known")),
            FailureKind.UNKNOWN_HOST,
            "the host name api.invalid is not known",
        ),
        (
            aiohttp.ClientConnectorError(_key(), OSError(errno.EHOSTUNREACH, "anything")),
            FailureKind.REFUSED,
            "no connection to api.invalid:443: No route to host",
        ),
        (
            aiohttp.ClientConnectorError(_key(), OSError("anything")),
            FailureKind.REFUSED,
            "no connection to api.invalid:443: no way there",
        ),
        (
            aiohttp.ClientConnectorSSLError(_key(), OSError("anything")),
            FailureKind.TLS,
            "no secure connection to api.invalid: the handshake failed",
        ),
        (
            aiohttp.ClientConnectorCertificateError(_key(), ssl.SSLCertVerificationError("anything")),
            FailureKind.TLS,
            "no secure connection to api.invalid: the handshake failed",
        ),
        (aiohttp.ConnectionTimeoutError(), FailureKind.NOT_CONNECTED, "no connection within 10 s"),
        (
            aiohttp.ClientHttpProxyError(REQUEST, (), status=407, message="Proxy Authentication Required"),
            FailureKind.PROXY,
            "the proxy refused: 407 Proxy Authentication Required",
        ),
        (httpx.ReadError("anything"), FailureKind.LOST, "the connection was lost"),
    ],
)
def test_failures_say_what_happened(error, kind, message):
    failure = failure_of(error)
    assert (failure.kind, failure.message) == (kind, message)


def test_what_the_library_was_told_counts_more_than_what_it_made_of_it():
    error = httpx.ConnectTimeout("anything")
    error.__cause__ = aiohttp.ServerDisconnectedError()
    assert failure_of(error).kind is FailureKind.LOST
