"""Keys are read once and checked; tokens carry the documented claims; nothing shows a key."""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
from base64 import b64encode
from functools import cache
from random import Random

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from paragon_sync.errors import SigningKeyError
from paragon_sync.paragon.signing.key import read_key
from paragon_sync.paragon.signing.signer import Signer
from paragon_sync.paragon.signing.tokens import Token, sign

NOW = 1_800_000_000.0


@cache
def rsa_key(bits=2048):
    return rsa.generate_private_key(65537, bits)


def pem(key, form=PrivateFormat.PKCS8, encryption=None):
    return key.private_bytes(Encoding.PEM, form, encryption or NoEncryption()).decode()


def certificate():
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a")])
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder(name, name, rsa_key().public_key(), 1, start, start + dt.timedelta(days=1))
    return builder.sign(rsa_key(), hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def public_key():
    return rsa_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


GOOD = {
    "PKCS#8": lambda: pem(rsa_key()),
    "PKCS#1": lambda: pem(rsa_key(), PrivateFormat.TraditionalOpenSSL),
    "literal newlines": lambda: pem(rsa_key()).replace("\n", "\\n"),
    "Windows newlines": lambda: pem(rsa_key()).replace("\n", "\r\n"),
    "literal Windows newlines": lambda: pem(rsa_key()).replace("\n", "\\r\\n"),
    "quoted": lambda: '"' + pem(rsa_key()).replace("\n", "\\n") + '"\n',
    "newlines lost": lambda: pem(rsa_key()).replace("\n", ""),
    "surrounded by space": lambda: "\n  " + pem(rsa_key()) + "\n\n",
}


@pytest.mark.parametrize("form", GOOD)
def test_a_key_is_read_in_every_form(form):
    assert read_key(GOOD[form]()).rsa.private_numbers() == rsa_key().private_numbers()


BAD = {
    "": (lambda: "", "the signing key is empty"),
    "space": (lambda: " \n", "the signing key is empty"),
    "text": (lambda: "hunter2", "the signing key is no PEM text, not an RSA private key"),
    "public key": (public_key, "the signing key is a public key, not an RSA private key"),
    "certificate": (certificate, "the signing key is a certificate, not an RSA private key"),
    "other PEM": (
        lambda: "-----BEGIN DH PARAMETERS-----\nAA==\n-----END DH PARAMETERS-----",
        "the signing key is a PEM text of another kind, not an RSA private key",
    ),
    "encrypted": (
        lambda: pem(rsa_key(), encryption=BestAvailableEncryption(b"x")),
        "the signing key is encrypted with a passphrase",
    ),
    "elliptic curve": (
        lambda: pem(ec.generate_private_key(ec.SECP256R1())),
        "the signing key is a private key of another kind than RSA",
    ),
    "short": (lambda: pem(rsa_key(1024)), "the signing key has 1024 bits; RS256 needs 2048 or more"),
    "cut off": (lambda: pem(rsa_key())[:300], "the signing key can't be read: its PEM is incomplete or damaged"),
    "damaged": (
        lambda: pem(rsa_key()).replace(pem(rsa_key())[100:120], "!" * 20),
        "the signing key can't be read: its PEM is incomplete or damaged",
    ),
    "not ASCII": (
        lambda: "-----BEGIN PRIVATE KEY-----\nä\ud800\n-----END PRIVATE KEY-----",
        "the signing key can't be read: its PEM is incomplete or damaged",
    ),
}


@pytest.mark.parametrize("form", BAD)
def test_what_is_no_key_is_told_and_never_shown(form):
    make, message = BAD[form]
    text = make()
    with pytest.raises(SigningKeyError) as caught:
        read_key(text)
    assert caught.value.message == message
    assert caught.value.hint
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("seed", range(10))
def test_a_key_with_a_wrong_bit_is_refused_or_signs_as_its_public_half_says(seed):
    whole = rsa_key().private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    chance, refused = Random(seed), 0
    for _ in range(40):
        spoilt = bytearray(whole)
        for _ in range(chance.choice((1, 1, 2, 8))):
            spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
        text = f"-----BEGIN RSA PRIVATE KEY-----\n{b64encode(spoilt).decode()}\n-----END RSA PRIVATE KEY-----\n"
        try:
            key = read_key(text)
        except SigningKeyError:
            refused += 1
        else:
            signed = sign(key, "p-1", "acme", int(NOW))
            options = {"verify_exp": False, "verify_iat": False}
            jwt.decode(signed, key.rsa.public_key(), ["RS256"], audience="useparagon.com/p-1", options=options)
    assert refused


def test_a_key_and_a_token_are_not_in_their_repr():
    assert repr(read_key(pem(rsa_key()))) == "SigningKey()"
    assert repr(Token(text="secret", expires=1.0)) == "Token(expires=1.0)"


def signer(clock=lambda: NOW):
    return Signer(read_key(pem(rsa_key())), "p-1", clock=clock)


def claims(token):
    options = {"verify_exp": False, "verify_iat": False}
    public = rsa_key().public_key()
    return jwt.decode(token.text, public, algorithms=["RS256"], audience="useparagon.com/p-1", options=options)


def test_a_token_carries_user_audience_and_an_hour_of_life():
    token = asyncio.run(signer().token("acme-corp"))
    assert claims(token) == {
        "sub": "acme-corp",
        "iat": 1_799_999_970,
        "exp": 1_800_003_570,
        "aud": "useparagon.com/p-1",
    }
    assert token.expires == 1_800_003_570
    assert jwt.get_unverified_header(token.text)["alg"] == "RS256"


@pytest.mark.parametrize("user", ["a b", "ü", "\ud800", '"', ""])
def test_any_user_id_is_carried(user):
    assert claims(asyncio.run(signer().token(user)))["sub"] == user


@pytest.mark.parametrize("user", ["acme-corp", "a b", "ü", "\ud800", '"', ""])
def test_a_token_is_what_pyjwt_would_make(user):
    made = {"sub": user, "iat": 1_799_999_970, "exp": 1_800_003_570, "aud": "useparagon.com/p-1"}
    assert asyncio.run(signer().token(user)).text == jwt.encode(made, rsa_key(), algorithm="RS256")


@pytest.mark.parametrize(("before", "usable"), [(61, True), (60, False), (0, False), (-1, False)])
def test_a_token_near_its_end_is_not_used(before, usable):
    assert Token(text="t", expires=NOW).usable(NOW - before) is usable


def test_many_at_once_each_get_their_own():
    async def run():
        one = signer()
        users = [f"user-{number}" for number in range(150)]
        return users, await asyncio.gather(*(one.token(user) for user in users))

    users, tokens = asyncio.run(run())
    assert [claims(token)["sub"] for token in tokens] == users


def test_one_who_stops_waiting_takes_nothing_from_the_others():
    async def run():
        one = signer()
        waiting = [asyncio.create_task(one.token(f"user-{number}")) for number in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        return await asyncio.gather(*waiting, return_exceptions=True)

    cancelled, *tokens = asyncio.run(run())
    assert isinstance(cancelled, asyncio.CancelledError)
    assert [claims(token)["sub"] for token in tokens] == ["user-1", "user-2"]


def test_an_error_while_signing_reaches_everyone():
    def broken():
        raise ZeroDivisionError

    async def run():
        one = signer(broken)
        return await asyncio.gather(one.token("a"), one.token("b"), return_exceptions=True)

    assert [type(result) for result in asyncio.run(run())] == [ZeroDivisionError] * 2


def signing_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("signing")]


def test_the_event_loop_runs_while_a_token_is_signed():
    signed_in = []

    class Key:
        @property
        def rsa(self):
            signed_in.append(threading.current_thread())
            return rsa_key()

    async def run():
        await Signer(Key(), "p-1", clock=lambda: NOW).token("a")

    asyncio.run(run())
    assert threading.main_thread() not in signed_in
    assert len(signed_in) == 1


def test_no_thread_outlives_its_signer():
    before = set(signing_threads())
    asyncio.run(signer().token("a"))
    for thread in set(signing_threads()) - before:
        thread.join(5)
    assert set(signing_threads()) <= before


def test_the_signers_clock_can_be_read():
    assert signer().clock() == NOW
