import pytest

from paragon_sync.jsonvalue import Json
from paragon_sync.model.declared import AccountBy, ConfigurationBy
from paragon_sync.model.live import Credential
from paragon_sync.model.planned import Finding, FindingKind
from paragon_sync.plan.select import select
from tests.unit.plan.build import CATALOG, BlockSpec, credential, document, user


def account(id_: str, status: str | None = "VALID", **more: Json) -> Credential:
    return credential({}, **({"id": id_, "providerId": None, "status": status} | more))


def reached(block: BlockSpec, *accounts: Credential) -> list[str]:
    found, _ = select([document(block)], user(*accounts), CATALOG)
    return [
        one.subject.credential + (f"/{one.subject.configuration}" if one.subject.configuration else "") for one in found
    ]


def findings(block: BlockSpec, *accounts: Credential) -> list[Finding]:
    return select([document(block)], user(*accounts), CATALOG)[1]


ANY = BlockSpec(settings={"channel": 1})
ALL = BlockSpec(settings={"channel": 1}, account="all")


def by(field: str, value: str) -> BlockSpec:
    assert field in {"externalId", "providerId", "credentialId"}
    return BlockSpec(account=AccountBy(field=field, value=value))


REACHED = {
    "the only valid one": (ANY, [account("a", "INVALID"), account("b")], ["b"]),
    "the only one": (ANY, [account("a")], ["a"]),
    "a missing status counts as valid": (ANY, [account("a", None)], ["a"]),
    "the valid one beside a pending leftover": (ANY, [account("a", "PENDING"), account("b")], ["b"]),
    "a deleted one doesn't count": (ANY, [account("a", dateDeleted="2024-01-01"), account("b")], ["b"]),
    "another integration's doesn't count": (ANY, [account("a", integrationId="int-salesforce"), account("b")], ["b"]),
    "all valid ones": (ALL, [account("a"), account("b", "INVALID"), account("c")], ["a", "c"]),
    "by external id": (by("externalId", "x"), [account("a", externalId="x"), account("b", externalId="y")], ["a"]),
    "by provider id": (by("providerId", "x"), [account("a", providerId="x"), account("b")], ["a"]),
    "by credential id": (by("credentialId", "b"), [account("a"), account("b")], ["b"]),
    "of several that answer, the only valid one": (
        by("providerId", "x"),
        [account("a", "PENDING", providerId="x"), account("b", providerId="x")],
        ["b"],
    ),
    "an integration that the catalog doesn't know, by id": (
        BlockSpec(integration="id:int-gone"),
        [account("a", integrationId="int-gone")],
        ["a"],
    ),
}


@pytest.mark.parametrize(("block", "accounts", "expected"), REACHED.values(), ids=REACHED)
def test_a_block_reaches(block: BlockSpec, accounts: list[Credential], expected: list[str]) -> None:
    assert expected == reached(block, *accounts)


MISSED = {
    "nothing connected": (ANY, [account("a", integrationId="int-salesforce")], FindingKind.NOT_CONNECTED, "not conn"),
    "two valid ones": (ANY, [account("a"), account("b")], FindingKind.AMBIGUOUS_ACCOUNT, "credentialId a, credentialI"),
    "two that are not valid": (
        ANY,
        [account("a", "PENDING"), account("b", "INVALID")],
        FindingKind.AMBIGUOUS_ACCOUNT,
        "credentialId a (PENDING), credentialId b (INVALID)",
    ),
    "candidates by the selector that tells them apart": (
        ANY,
        [account("a", externalId="x"), account("b", providerId="p"), account("c", providerId="p")],
        FindingKind.AMBIGUOUS_ACCOUNT,
        "credentialId b, credentialId c, externalId x",
    ),
    "the only one is not valid": (ANY, [account("a", "INVALID")], FindingKind.NOT_VALID, "a is INVALID"),
    "all, and none is valid": (ALL, [account("a", "PENDING")], FindingKind.NOT_VALID, "a is PENDING"),
    "the selected one is not valid": (
        by("credentialId", "a"),
        [account("a", "INVALID"), account("b")],
        FindingKind.NOT_VALID,
        "a is INVALID",
    ),
    "no account of that name": (
        by("externalId", "z"),
        [account("a", externalId="x"), account("b", providerId="p")],
        FindingKind.NO_SUCH_ACCOUNT,
        "externalId x, providerId p",
    ),
}


@pytest.mark.parametrize(("block", "accounts", "kind", "said"), MISSED.values(), ids=MISSED)
def test_a_block_misses(block: BlockSpec, accounts: list[Credential], kind: FindingKind, said: str) -> None:
    (finding,) = findings(block, *accounts)

    assert kind == finding.kind
    assert said in f"{finding.message} {finding.hint}"
    assert [] == reached(block, *accounts)


def test_pending_leftovers_beside_a_valid_one_are_told() -> None:
    (finding,) = findings(ANY, account("a", "PENDING"), account("b"))

    assert FindingKind.PENDING_ACCOUNT == finding.kind
    assert "credentialId a (PENDING)" in finding.message


def test_a_valid_one_beside_an_invalid_one_needs_no_word() -> None:
    assert [] == findings(ANY, account("a", "INVALID"), account("b"))


def test_the_same_finding_of_several_layers_is_told_once_at_the_strongest() -> None:
    profile = document(ANY, file="profile.yaml").layers[0]

    _, found = select([document(ANY, profiles=[profile])], user(account("a", integrationId="x")), CATALOG)

    assert ["a.yaml"] == [finding.place.file for finding in found if finding.place]


def test_blocks_that_reach_one_configuration_are_joined() -> None:
    (one,), _ = select([document(ANY, ALL, by("credentialId", "a"))], user(account("a")), CATALOG)

    assert [1, 2, 2] == sorted(reach.specificity for reach in one.reaches)


ENTRIES: list[Json] = [
    {"id": "default", "isDefault": True, "externalId": None},
    {"id": "b", "isDefault": False, "externalId": "team-b"},
    {"id": "gone", "isDefault": False, "externalId": "team-c", "dateDeleted": "2024-01-01"},
]


def configuration(**field: str) -> BlockSpec:
    ((name, value),) = field.items()
    assert name in {"externalId", "id"}
    return BlockSpec(configuration=ConfigurationBy(field=name, value=value))


CONFIGURATIONS = {
    "the default one": (BlockSpec(), ENTRIES, ["a/default"]),
    "by external id": (configuration(externalId="team-b"), ENTRIES, ["a/b"]),
    "by id": (configuration(id="b"), ENTRIES, ["a/b"]),
    "the default one by id": (configuration(id="default"), ENTRIES, ["a/default"]),
    "all, the default one first": (BlockSpec(configuration="all"), ENTRIES, ["a/default", "a/b"]),
    "the only one, where none is marked": (BlockSpec(), [{"id": "x"}], ["a/x"]),
    "the documented shape": (BlockSpec(), [], ["a"]),
    "all of the documented shape": (BlockSpec(configuration="all"), None, ["a"]),
}


@pytest.mark.parametrize(("block", "entries", "expected"), CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_a_block_reaches_configurations(block: BlockSpec, entries: Json, expected: list[str]) -> None:
    assert expected == reached(block, account("a", configurations=entries))


MISSED_CONFIGURATIONS = {
    "no such external id": (
        configuration(externalId="team-z"),
        ENTRIES,
        FindingKind.NO_SUCH_CONFIGURATION,
        "externalId team-b, id default (the default one)",
    ),
    "a deleted one": (configuration(id="gone"), ENTRIES, FindingKind.NO_SUCH_CONFIGURATION, "id gone"),
    "named, and the documented shape has none": (
        configuration(id="b"),
        None,
        FindingKind.NO_SUCH_CONFIGURATION,
        "the default one alone",
    ),
    "none is the default one": (
        BlockSpec(),
        [{"id": "x", "isDefault": False}],
        FindingKind.NO_SUCH_CONFIGURATION,
        "no default configuration",
    ),
    "all of none": (
        BlockSpec(configuration="all"),
        [{"id": "x", "dateDeleted": "2024-01-01"}],
        FindingKind.NO_SUCH_CONFIGURATION,
        "no default configuration",
    ),
    "two are the default one": (
        BlockSpec(),
        [{"id": "x", "isDefault": True}, {"id": "y", "isDefault": True}],
        FindingKind.AMBIGUOUS_SHAPE,
        "2 configurations",
    ),
    "no list": (BlockSpec(), {"a": 1}, FindingKind.AMBIGUOUS_SHAPE, "no list of objects with ids"),
    "an entry without an id": (BlockSpec(), [{"isDefault": True}], FindingKind.AMBIGUOUS_SHAPE, "no list of objects"),
    "an entry that is no object": (BlockSpec(), [None], FindingKind.AMBIGUOUS_SHAPE, "no list of objects"),
}


@pytest.mark.parametrize(
    ("block", "entries", "kind", "said"), MISSED_CONFIGURATIONS.values(), ids=MISSED_CONFIGURATIONS
)
def test_a_block_misses_configurations(block: BlockSpec, entries: Json, kind: FindingKind, said: str) -> None:
    (finding,) = findings(block, account("a", configurations=entries))

    assert kind == finding.kind
    assert said in f"{finding.message} {finding.hint}"


def test_only_other_configurations_than_the_default_one_have_a_name() -> None:
    entries: list[Json] = [*ENTRIES, {"id": "d", "isDefault": False}]
    found, _ = select([document(BlockSpec(configuration="all"))], user(account("a", configurations=entries)), CATALOG)

    assert [None, "d", "team-b"] == [one.subject.name for one in found]
