"""Which transport is chosen when a command starts."""

from __future__ import annotations

import subprocess
import sys

import pytest

from paragon_sync.paragon.transport_factory import make_transport
from paragon_sync.paragon.transport_httpx import HttpxTransport
from paragon_sync.paragon.transport_pyreqwest import PyreqwestTransport

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir")
API = "https://api.example.com"


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_pyreqwest_is_the_usual_one():
    assert isinstance(make_transport(API, 4), PyreqwestTransport)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HTTPS_PROXY", "http://127.0.0.1:9"),
        ("ALL_PROXY", "127.0.0.1:9"),
        ("SSL_CERT_FILE", "authority.pem"),
        ("SSL_CERT_DIR", "/etc/ssl/certs"),
    ],
)
def test_httpx_is_chosen_for_a_proxy_or_an_authority(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    assert isinstance(make_transport(API, 4), HttpxTransport)


@pytest.mark.parametrize(
    ("variable", "value", "base"),
    [
        ("HTTP_PROXY", "http://127.0.0.1:9", API),
        ("ALL_PROXY", "http://127.0.0.1:9", "http://127.0.0.1:8000"),
        ("ALL_PROXY", "http://127.0.0.1:9", "http://localhost:8000"),
        ("SSL_CERT_DIR", "/etc/ssl/certs", "http://127.0.0.1:8000"),
    ],
)
def test_pyreqwest_is_chosen_where_the_environment_names_nothing_for_the_host(monkeypatch, variable, value, base):
    monkeypatch.setenv(variable, value)
    assert isinstance(make_transport(base, 4), PyreqwestTransport)


def test_a_host_in_no_proxy_is_reached_directly(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "api.example.com")
    assert isinstance(make_transport(API, 4), PyreqwestTransport)


def test_httpx_is_chosen_where_pyreqwest_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "paragon_sync.paragon.transport_pyreqwest", None)
    assert isinstance(make_transport(API, 4), HttpxTransport)


def test_httpx_is_chosen_where_the_machine_has_no_certificates(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", "/dev/null")
    monkeypatch.setenv("SSL_CERT_DIR", "/nonexistent")
    assert isinstance(make_transport("http://127.0.0.1:8000", 4), HttpxTransport)


def test_httpx_is_not_loaded_unless_it_is_chosen():
    script = (
        "import sys; from paragon_sync.paragon.transport_factory import make_transport;"
        "print(type(make_transport('http://127.0.0.1:1', 4)).__name__, 'httpx' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["PyreqwestTransport", "False"]
