"""What may stand as an environment's host."""

from __future__ import annotations

import pytest

from paragon_sync.errors import ParagonSyncError
from paragon_sync.paragon.host import api_base, normalize_host


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("https://api.useparagon.com", "https://api.useparagon.com"),
        ("https://api.useparagon.com/", "https://api.useparagon.com"),
        ("http://127.0.0.1:8700", "http://127.0.0.1:8700"),
        ("http://[::1]:8700/", "http://[::1]:8700"),
        ("https://gateway.acme.com/paragon/", "https://gateway.acme.com/paragon"),
        ("acme.paragon.so", "https://zeus.acme.paragon.so"),
        ("acme.paragon.so:8443", "https://zeus.acme.paragon.so:8443"),
        ("useparagon.com", "https://zeus.useparagon.com"),
        ("zeus.acme.paragon.so", "https://zeus.acme.paragon.so"),
        ("api.useparagon.com", "https://api.useparagon.com"),
    ],
)
def test_the_base_follows_from_the_host(host, base):
    assert api_base(host) == base


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost",
        "localhost:8700",
        "127.0.0.1",
        "acme.paragon.so/path",
        "acme.paragon.so:port",
        "acme..so",
        "-acme.so",
        "a b.so",
        "acme.so\n",
        "ftp://acme.so",
        "https://",
        "https://acme.so:port",
        "https://acme.so:0",
        "https://[::1",
        "https://a b.so",
        "https://acme.so/?x=1",
        "https://acme.so/#x",
        "https://user:hunter2@acme.so",
        "https://user@acme.so",
    ],
)
def test_anything_else_is_told_without_a_password(host):
    with pytest.raises(ParagonSyncError) as caught:
        api_base(host)
    assert "hunter2" not in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("host", "normalized"),
    [
        ("https://api.useparagon.com", "https://api.useparagon.com"),
        ("https://zeus.useparagon.com/", "https://api.useparagon.com"),
        ("HTTPS://Zeus.UseParagon.com:443//", "https://api.useparagon.com"),
        ("https://api.useparagon.com.", "https://api.useparagon.com"),
        ("useparagon.com", "https://api.useparagon.com"),
        ("zeus.useparagon.com", "https://api.useparagon.com"),
        ("http://zeus.useparagon.com", "http://api.useparagon.com"),
        ("https://zeus.useparagon.com:8443", "https://api.useparagon.com:8443"),
        ("https://hermes.useparagon.com", "https://hermes.useparagon.com"),
        ("acme.paragon.so", "https://zeus.acme.paragon.so"),
        ("ACME.paragon.so:443", "https://zeus.acme.paragon.so"),
        ("acme.paragon.so:8443", "https://zeus.acme.paragon.so:8443"),
        ("https://api.acme.paragon.so", "https://api.acme.paragon.so"),
        ("http://gateway.acme.com:80/Paragon/", "http://gateway.acme.com/Paragon"),
        ("http://gateway.acme.com:443", "http://gateway.acme.com:443"),
        ("http://127.0.0.1:8700/", "http://127.0.0.1:8700"),
        ("http://[0:0:0:0:0:0:0:1]:8700", "http://[::1]:8700"),
        ("emulator:quickstart", "emulator"),
        ("emulator:../other/place", "emulator"),
        ("emulator", "emulator"),
        ("emulator.acme.com", "https://zeus.emulator.acme.com"),
        ("not a host", "not a host"),
        ("", ""),
    ],
)
def test_a_host_has_one_form_in_which_it_is_compared(host, normalized):
    assert normalize_host(host) == normalized
    assert normalize_host(normalized) == normalized
