"""Certificates for servers on loopback."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

START = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
CENTURY_DAYS = 36500


@pytest.fixture
def certificate(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a certificate, which is its own authority, and its key into one file."""

    def make(address: str = "127.0.0.1", days: int = CENTURY_DAYS) -> Path:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
        made = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(START)
            .not_valid_after(START + dt.timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        form = serialization.PrivateFormat.PKCS8
        private = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        file = tmp_path / "loopback.pem"
        file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
        return file

    return make
