"""Owns the signing key: how it is read, and whether it is one. Never part of a message.

Takes it as text: where it is kept is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from paragon_sync.errors import SigningKeyError

_LEAST_BITS: Final = 2048
_HINT: Final = "the signing key is the RSA private key (PEM) that the Paragon dashboard showed when it was created"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that was read and checked once; never shown."""

    rsa: RSAPrivateKey = field(repr=False)


def read_key(text: str) -> SigningKey:
    r"""The key in a PEM text (PKCS#1 or PKCS#8), with newlines or with a literal ``\n`` for each.

    Raises :class:`SigningKeyError` for anything but an unencrypted RSA private key of at least 2048 bits.
    """
    pem = text.replace("\\r", "").replace("\\n", "\n").strip().strip("\"'").strip()
    if not pem:
        raise SigningKeyError("the signing key is empty", hint=_HINT)
    if (wrong := _other_kind(pem)) is not None:
        raise SigningKeyError(f"the signing key is {wrong}, not an RSA private key", hint=_HINT)
    try:  # not by the library's own check: whether its numbers are primes takes as long as 100 signatures
        key = load_pem_private_key(pem.encode(), password=None, unsafe_skip_rsa_key_validation=True)
    except TypeError:
        raise SigningKeyError("the signing key is encrypted with a passphrase", hint="give it decrypted") from None
    except (ValueError, UnsupportedAlgorithm):
        raise _damaged() from None
    if not isinstance(key, RSAPrivateKey):
        raise SigningKeyError("the signing key is a private key of another kind than RSA", hint=_HINT)
    if key.key_size < _LEAST_BITS:
        raise SigningKeyError(f"the signing key has {key.key_size} bits; RS256 needs {_LEAST_BITS} or more", hint=_HINT)
    if not _signs(key):
        raise _damaged()
    return SigningKey(key)


def _damaged() -> SigningKeyError:
    return SigningKeyError(
        "the signing key can't be read: its PEM is incomplete or damaged",
        hint="copy it whole, from -----BEGIN to -----END, with its line breaks or a literal \\n for each",
    )


def _signs(key: RSAPrivateKey) -> bool:
    """Whether its public half verifies what its private half signs, which is all that is wanted of it."""
    padding, digest = PKCS1v15(), SHA256()
    try:
        key.public_key().verify(key.sign(b"", padding, digest), b"", padding, digest)
    except (ValueError, InvalidSignature):
        return False
    return True


def _other_kind(pem: str) -> str | None:
    """What the text is, where it is plainly no private key at all."""
    first = pem.splitlines()[0]
    if not first.startswith("-----BEGIN "):
        return "no PEM text"
    if "CERTIFICATE" in first:
        return "a certificate"
    if "PUBLIC KEY" in first:
        return "a public key"
    if "PRIVATE KEY" not in first:
        return "a PEM text of another kind"
    return None
