"""Fixtures: what a YAML or JSON file gives, and what is said of one that can't be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from paragon_sync.emulator import codec
from paragon_sync.emulator.fixtures import Fixture, load_yaml, read_fixture
from paragon_sync.emulator.world import FEATURES
from paragon_sync.errors import EmulatorError

ODD = r"""{"big":18446744073709551617,"one":1.0,"int":1,"true":true,"lone":"\ud800","a/b~.c":[1,1.0,true,null],"":{}}"""


def read(tmp_path: Path, text: str, name: str = "fixture.json") -> Fixture:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return read_fixture(path)


@pytest.mark.parametrize("name", ["fixture.json", "fixture.yaml"])
def test_values_stay_as_they_are_written(tmp_path: Path, name: str) -> None:
    read_from = read(tmp_path, f'{{"users": {{"u": {{"meta": {ODD}}}}}}}', name)
    assert codec.dumps(read_from.users["u"].meta) == ODD


def test_a_json_fixture_may_hold_an_object_that_names_a_key_twice(tmp_path: Path) -> None:
    config = '{"sharedSettings":{"a":1,"a":2}}'
    text = f'{{"users":{{"u":{{"credentials":[{{"id":"c","integrationId":"i","config":{config}}}]}}}}}}'
    assert codec.dumps(read(tmp_path, text).users["u"].credentials[0]["config"]) == config


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[1, -0, 1.10, 1e5, 1E+05]", "[1,-0,1.10,1e5,1E+05]"),
        ("[007, 1_000, 12:30, .inf, 0x1F, 0o7, +1, 1.]", '["007","1_000","12:30",".inf","0x1F","0o7","+1","1."]'),
        ("[true, false, True, yes, on]", '[true,false,"True","yes","on"]'),
        ("{a: null, b: ~, c: , d: Null}", '{"a":null,"b":null,"c":null,"d":"Null"}'),
        ("[2021-03-24, 2021-03-24T12:19:21.511Z]", '["2021-03-24","2021-03-24T12:19:21.511Z"]'),
        ("1: one\ntrue: two\n", '{"1":"one","true":"two"}'),
        ("a: &x {b: 1}\nc: *x\n", '{"a":{"b":1},"c":{"b":1}}'),
        ("<<: {a: 1}\n", '{"<<":{"a":1}}'),
        (r'["\ud800"]', r'["\ud800"]'),
        ("", "null"),
    ],
)
def test_only_the_words_of_json_are_no_strings_in_yaml(text: str, value: str) -> None:
    assert codec.dumps(load_yaml(text)) == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\na: 2\n", "the key 'a' stands here twice.*line 2"),
        ("? [a]\n: 1\n", "a key must be a string"),
        ("!!timestamp 2021-03-24", "timestamp.* has no meaning here.*line 1"),
        ("a: [\n", "line 2"),
        ("a: &x [*x]\n", "recursive"),
    ],
)
def test_yaml_that_is_refused_says_where(text: str, problem: str) -> None:
    with pytest.raises(codec.Unreadable, match=problem):
        load_yaml(text)


CREDENTIAL = '{"id":"c","integrationId":"i"}'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "can't be read"),
        ("[1]", "the fixture must be an object"),
        ('{"user": {}}', "user is not a key of a fixture; it may hold project, integrations, users"),
        ('{"project": 1}', "project must be an object"),
        ('{"project": {"id": 7}}', "project.id must be a string"),
        ('{"integrations": {}}', "integrations must be an array"),
        ('{"integrations": [{"type": "slack"}]}', r"integrations\[0\].id must be a string"),
        ('{"integrations": [{"id": "i"}]}', r"integrations\[0\].type must be a string"),
        ('{"users": []}', "users must be an object"),
        ('{"users": {"u": {}, "u": {}}}', "users names 'u' twice"),
        ('{"users": {"u": []}}', "users.u must be an object"),
        ('{"users": {"u": {"metadata": {}}}}', "users.u.metadata is not known"),
        ('{"users": {"u": {"meta": []}}}', "users.u.meta must be an object"),
        ('{"users": {"u": {"credentials": [1]}}}', r"users.u.credentials\[0\] must be an object"),
        ('{"users": {"u": {"credentials": [{"id": ""}]}}}', r"credentials\[0\].id must be a string that isn't empty"),
        ('{"users": {"u": {"credentials": [{"id": "c"}]}}}', r"credentials\[0\].integrationId must be"),
        (f'{{"users": {{"u": {{"credentials": [{CREDENTIAL}, {CREDENTIAL}]}}}}}}', "credentials.1..id repeats 'c'"),
        (
            '{"users": {"u": {"credentials": [{"id": "c", "integrationId": "i", "configurations": [{}]}]}}}',
            r"configurations\[0\].id must be a string",
        ),
        ('{"listConfigurations": "some"}', "listConfigurations must be all, default or none"),
        ('{"signingKey": "nowhere.pem"}', "signingKey is neither a PEM nor a readable file"),
    ],
)
def test_a_bad_fixture_is_refused_saying_what_and_where(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(EmulatorError, match=problem) as raised:
        read(tmp_path, text)
    assert str(tmp_path / "fixture.json") in str(raised.value)


def test_a_fixture_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmulatorError, match=r"nowhere\.yaml: the fixture can't be read: No such file"):
        read_fixture(tmp_path / "nowhere.yaml")


def test_a_fixture_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "fixture.yaml").write_bytes(b"\xff\xfea")
    with pytest.raises(EmulatorError, match="can't be read"):
        read_fixture(tmp_path / "fixture.yaml")


def test_a_fixture_built_in_python_is_checked_too() -> None:
    with pytest.raises(EmulatorError, match="bytes is not a JSON value"):
        read_fixture({"users": {"u": {"meta": {"a": b"x"}}}})


def test_without_a_project_one_is_made_that_may_use_everything() -> None:
    world = read_fixture(None).world
    assert world.project["accessibleFeatures"] == [*FEATURES]
    assert read_fixture({}, project="kept").world.id == "kept"
    assert read_fixture({"project": {"id": "own"}}, project="kept").world.id == "own"


def test_the_signing_key_is_a_pem_or_a_file_beside_the_fixture(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("-----BEGIN X-----\n")
    assert read(tmp_path, '{"signingKey": "key.pem"}').signing_key == "-----BEGIN X-----\n"
    assert read(tmp_path, r'{"signingKey": "-----BEGIN X-----\\n"}').signing_key == "-----BEGIN X-----\n"
    assert read(tmp_path, "{}").signing_key is None


def test_what_is_enabled_counts_as_subscribed_unless_the_fixture_says_otherwise() -> None:
    enabled = {"on": {"enabled": True}, "off": {"enabled": False}}
    credentials = [
        {"id": "old", "integrationId": "i", "config": {"configuredWorkflows": enabled}},
        {"id": "new", "integrationId": "i", "configurations": [{"id": "x", "workflowSettings": enabled}, {"id": "y"}]},
        {"id": "bare", "integrationId": "i"},
    ]
    users = read_fixture({"users": {"u": {"credentials": credentials}, "v": {"subscriptions": {}}}}).users
    assert users["u"].subscriptions == {"old": {"default": {"on": True}}, "new": {"x": {"on": True}}}
    assert users["v"].subscriptions == {}
