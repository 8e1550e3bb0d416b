from __future__ import annotations

import pytest

from paragon_sync.model.secrecy import holds_secret, names_secret


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "Password",
        "passWord",
        "passwd",
        "Pass phrase of passphrases",
        "secret",
        "clientSecret",
        "CLIENT_SECRET",
        "token",
        "Tokens",
        "TOKENs",
        "Token count",
        "accessToken",
        "accesstoken",
        "OAuthToken2",
        "apikey",
        "apiKey",
        "api_key",
        "API key",
        "x-api-key",
        "APIKeys",
        "private key",
        "PrivateKey",
        "access_key_id",
        "credential",
        "credentials",
        "Authorization",
        "bearer",
        "ｔｏｋｅｎ",
        "schlüssel/token",
    ],
)
def test_a_name_with_a_word_for_a_secret_is_secret(name: str) -> None:
    assert names_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Tokenizer",
        "secretary",
        "Channel",
        "key",
        "API",
        "keyboard api",
        "passwordless",
        "privately keyed",
        "トークン",
    ],
)
def test_other_names_are_not(name: str) -> None:
    assert not names_secret(name)


def test_a_value_holds_a_secret_where_any_key_inside_names_one() -> None:
    assert holds_secret({"a": [1, {"b": {"apiKey": None}}]})
    assert not holds_secret({"a": [1, {"b": {"channel": "token"}}]})
    assert not holds_secret("token")
