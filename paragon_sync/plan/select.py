"""Which accounts and which of their configurations each block reaches. Knows no value in them.

Credentials with ``dateDeleted`` don't count. What a block can't reach is a finding with the candidates, and the
block goes no further.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from paragon_sync.jsonvalue import JsonObject
from paragon_sync.model.catalog import Catalog
from paragon_sync.model.declared import AccountBy, Place
from paragon_sync.model.desired import DesiredBlock, DesiredDocument
from paragon_sync.model.live import Credential, LiveUser
from paragon_sync.model.planned import ConfigurationSubject, Finding, FindingKind
from paragon_sync.plan.names import integration_id
from paragon_sync.plan.shape import is_default

VALID: Final = "VALID"
_PENDING: Final = "PENDING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """One block where it has arrived, with what decides its rank among others.

    ``document`` and ``layer`` count from 0, layers from the weakest. ``specificity`` is how many of its two selectors
    name one thing instead of ``all``.
    """

    block: DesiredBlock
    source: str
    document: int
    layer: int

    @property
    def specificity(self) -> int:
        return int(self.block.account != "all") + int(self.block.configuration != "all")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """One configuration and every block that reaches it."""

    subject: ConfigurationSubject
    credential: Credential
    reaches: list[Reach] = field(default_factory=list)


def reaches_of(documents: Sequence[DesiredDocument]) -> list[Reach]:
    """Every block of every layer."""
    return [
        Reach(block=block, source=layer.source, document=number, layer=depth)
        for number, document in enumerate(documents)
        for depth, layer in enumerate(document.layers)
        for block in layer.blocks
    ]


def connected(live: LiveUser) -> list[Credential]:
    """The user's credentials that count."""
    return [credential for credential in live.credentials if not credential.deleted]


def select(
    documents: Sequence[DesiredDocument], live: LiveUser, catalog: Catalog
) -> tuple[list[Reached], list[Finding]]:
    """What is reached, in a stable order, and what isn't and why; equal findings are told once."""
    reached: dict[tuple[str, str | None], Reached] = {}
    findings: dict[tuple[FindingKind, str, str], Finding] = {}
    credentials = connected(live)
    for reach in sorted(reaches_of(documents), key=lambda r: (-r.layer, place_order(r.block.place))):
        wanted = integration_id(catalog, reach.block.integration)
        candidates = [credential for credential in credentials if credential.integration_id == wanted]
        for found in _resolve(reach.block, candidates, live.user):
            if isinstance(found, Finding):
                findings.setdefault((found.kind, reach.block.integration, found.message), found)
                continue
            subject, credential = found
            key = (subject.credential, subject.configuration)
            reached.setdefault(key, Reached(subject=subject, credential=credential)).reaches.append(reach)
    return sorted(reached.values(), key=lambda r: subject_order(r.subject)), list(findings.values())


def subject_order(subject: ConfigurationSubject) -> tuple[str, str, str, bool, str, str]:
    """The order in which a user's configurations are planned and shown: the default one before the others."""
    name = subject.name
    named = (name is not None, name or "", subject.configuration or "")
    return (subject.integration, subject.account, subject.credential, *named)


def place_order(place: Place) -> tuple[str, int, tuple[str, ...]]:
    """An order of places that doesn't depend on the order in which documents are given."""
    return (place.file, place.document, place.pointer)


_Found = tuple[ConfigurationSubject, Credential] | Finding


def _resolve(block: DesiredBlock, candidates: Sequence[Credential], user: str) -> Iterator[_Found]:
    for account in _accounts(block, candidates, user):
        if isinstance(account, Finding):
            yield account
        elif account.status != VALID:
            message = f"account {account.label} is {account.status}, not VALID: nothing can be set there"
            hint = "the account has to be connected again"
            yield _finding(FindingKind.NOT_VALID, block, user, message, hint)
        else:
            yield from _configurations(block, account, user)


def _accounts(block: DesiredBlock, candidates: Sequence[Credential], user: str) -> Iterator[Credential | Finding]:
    selector = block.account
    if not candidates:
        message = "not connected"
        yield _finding(FindingKind.NOT_CONNECTED, block, user, message, "the user connects the account first")
    elif selector == "all":
        valid = [credential for credential in candidates if credential.status == VALID]
        yield from valid or candidates
    elif isinstance(selector, AccountBy):
        matching = [credential for credential in candidates if _answers_to(credential, selector)]
        if matching:
            yield from _the_one(block, matching, user)
        else:
            message = f"no account with {selector.field} {selector.value}"
            yield _finding(FindingKind.NO_SUCH_ACCOUNT, block, user, message, f"there is {_listed(candidates)}")
    else:
        yield from _the_one(block, candidates, user)


def _the_one(block: DesiredBlock, matching: Sequence[Credential], user: str) -> Iterator[Credential | Finding]:
    """The only valid one, else the only one."""
    valid = [credential for credential in matching if credential.status == VALID]
    chosen = valid or matching
    if len(chosen) > 1:
        message = f"{len(chosen)} accounts, and nothing says which"
        hint = f"name one with account: … (or all: true); there is {_listed(chosen)}"
        yield _finding(FindingKind.AMBIGUOUS_ACCOUNT, block, user, message, hint)
        return
    yield chosen[0]
    pending = [credential for credential in matching if credential.status == _PENDING and credential is not chosen[0]]
    if pending and chosen[0].status == VALID:
        message = f"left over from a connection that was not completed: {_listed(pending)}"
        yield _finding(FindingKind.PENDING_ACCOUNT, block, user, message, None)


def _answers_to(credential: Credential, selector: AccountBy) -> bool:
    match selector.field:
        case "externalId":
            return credential.external_id == selector.value
        case "providerId":
            return credential.provider_id == selector.value
        case "credentialId":
            return credential.id == selector.value


def _configurations(
    block: DesiredBlock, account: Credential, user: str
) -> Iterator[tuple[ConfigurationSubject, Credential] | Finding]:
    listed = account.raw.get("configurations")
    entries = account.current
    if listed is None or listed == []:
        if block.configuration in {"default", "all"}:
            yield subject_of(block.integration, account, None), account
        else:
            yield _no_such_configuration(block, account, user)
        return
    if not isinstance(listed, list) or any(not isinstance(e, dict) or not isinstance(e.get("id"), str) for e in listed):
        message = f"the configurations of account {account.label} are no list of objects with ids"
        yield _finding(FindingKind.AMBIGUOUS_SHAPE, block, user, message, None)
        return
    chosen = [entry for entry in entries if _is_chosen(block, account, entry)]
    if len(chosen) > 1 and block.configuration != "all":
        message = f"account {account.label} has {len(chosen)} configurations that are meant"
        yield _finding(FindingKind.AMBIGUOUS_SHAPE, block, user, message, f"there is {_named(account)}")
        return
    if not chosen:
        yield _no_such_configuration(block, account, user)
    for entry in chosen:
        yield subject_of(block.integration, account, entry), account


def _is_chosen(block: DesiredBlock, account: Credential, entry: JsonObject) -> bool:
    match block.configuration:
        case "all":
            return True
        case "default":
            return is_default(account, entry)
        case by:
            return entry.get(by.field) == by.value


def subject_of(integration: str, account: Credential, entry: JsonObject | None) -> ConfigurationSubject:
    """What an operation on this configuration of the account writes; ``entry`` is None in the documented shape."""
    credential, label = account.id, account.label
    if entry is None:
        return ConfigurationSubject(integration=integration, credential=credential, account=label)
    id_, external = str(entry["id"]), entry.get("externalId")
    name = None if is_default(account, entry) else external if isinstance(external, str) and external else id_
    return ConfigurationSubject(
        integration=integration, credential=credential, account=label, configuration=id_, name=name
    )


def _no_such_configuration(block: DesiredBlock, account: Credential, user: str) -> Finding:
    match block.configuration:
        case "default" | "all":
            wanted = "no default configuration"
        case by:
            wanted = f"no configuration with {by.field} {by.value}"
    message = f"account {account.label} has {wanted}"
    return _finding(FindingKind.NO_SUCH_CONFIGURATION, block, user, message, f"there is {_named(account)}")


def _finding(kind: FindingKind, block: DesiredBlock, user: str, message: str, hint: str | None) -> Finding:
    return Finding(kind=kind, user=user, message=message, integration=block.integration, place=block.place, hint=hint)


def _listed(credentials: Sequence[Credential]) -> str:
    """Candidates as one would select them; a status only where it isn't ``VALID``."""
    return ", ".join(sorted(_candidate(credential, credentials) for credential in credentials))


def _candidate(credential: Credential, among: Iterable[Credential]) -> str:
    external, provider = credential.external_id, credential.provider_id
    status = "" if credential.status == VALID else f" ({credential.status})"
    if external and sum(other.external_id == external for other in among) == 1:
        return f"externalId {external}{status}"
    if provider and sum(other.provider_id == provider for other in among) == 1:
        return f"providerId {provider}{status}"
    return f"credentialId {credential.id}{status}"


def _named(account: Credential) -> str:
    entries = account.current
    names = [_entry_name(account, entry) for entry in entries]
    return ", ".join(sorted(names)) or "the default one alone"


def _entry_name(account: Credential, entry: JsonObject) -> str:
    external = entry.get("externalId")
    name = f"externalId {external}" if isinstance(external, str) and external else f"id {entry['id']}"
    return name + (" (the default one)" if is_default(account, entry) else "")
