"""Whose token it is, and which tokens are refused."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import jwt
import pytest

from paragon_sync.emulator.tokens import BadToken, Verifier, new_key, write_key
from paragon_sync.errors import EmulatorError
from tests.unit.emulator.client import token

EXPIRED = {"iat": 1_000, "exp": 2_000}


@pytest.fixture(scope="module")
def verifier(signing_key: Path) -> Verifier:
    return Verifier(signing_key.read_text("ascii"), "p1")


@pytest.mark.parametrize(
    "claims",
    [{}, {"aud": "useparagon.com/p1"}, {"aud": ["other", "useparagon.com/p1"]}, {"iat": None}],
    ids=["no audience", "audience", "audiences", "no iat"],
)
def test_a_good_token_names_its_user(verifier: Verifier, signing_key: Path, claims: dict[str, Any]) -> None:
    header = f"Bearer {token(signing_key, 'ü/1', **claims)}"
    assert verifier.user(header) == "ü/1"
    assert verifier.user(header) == "ü/1"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        (EXPIRED, "expired"),
        ({"exp": None}, "exp"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "names no user"),
        ({"sub": 7}, "string"),
        ({"aud": "useparagon.com/p2"}, "Audience"),
        ({"iat": 9_999_999_999, "exp": 9_999_999_999}, "not yet valid"),
    ],
)
def test_a_bad_claim_is_refused(verifier: Verifier, signing_key: Path, claims: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadToken, match=reason):
        verifier.user(f"Bearer {token(signing_key, 'u', **claims)}")


@pytest.mark.parametrize("header", ["", "Bearer ", "Basic eA==", "Bearer nonsense"])
def test_what_is_no_token_is_refused(verifier: Verifier, header: str) -> None:
    with pytest.raises(BadToken):
        verifier.user(header)


def test_a_token_of_another_key_is_refused(verifier: Verifier, tmp_path: Path) -> None:
    other = write_key(new_key(), tmp_path / "other.pem")
    with pytest.raises(BadToken, match=r"[Ss]ignature"):
        verifier.user(f"Bearer {token(other, 'u')}")


def test_another_algorithm_is_refused(verifier: Verifier) -> None:
    forged = jwt.encode({"sub": "u", "exp": int(time.time()) + 60}, "x" * 40, "HS256")
    with pytest.raises(BadToken):
        verifier.user(f"Bearer {forged}")


def test_a_remembered_token_expires_all_the_same(signing_key: Path) -> None:
    moments = [time.time()]
    verifier = Verifier(signing_key.read_text("ascii"), "p1", clock=lambda: moments[-1])
    header = f"Bearer {token(signing_key, 'u')}"
    verifier.user(header)
    moments.append(time.time() + 301)
    with pytest.raises(BadToken, match="expired"):
        verifier.user(header)


def test_the_memory_of_tokens_is_bounded(signing_key: Path) -> None:
    verifier = Verifier(signing_key.read_text("ascii"), "p1", remember=1)
    for user in ("a", "b", "a"):
        assert verifier.user(f"Bearer {token(signing_key, user)}") == user


@pytest.mark.parametrize("pem", ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_key_that_is_none_is_refused(pem: str) -> None:
    with pytest.raises(EmulatorError, match="signing key"):
        Verifier(pem, "p1")


def test_a_key_that_is_not_rsa_is_refused() -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(EmulatorError, match="not an RSA"):
        Verifier(pem.decode(), "p1")


def test_a_key_file_can_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text("older")
    path.chmod(0o644)
    assert write_key("newer", path).stat().st_mode & 0o777 == 0o600
    assert path.read_text() == "newer"
