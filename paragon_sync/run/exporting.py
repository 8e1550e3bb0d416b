"""Turns one user's live state into a document that, planned, changes nothing. Writes no file.

What a manifest must not or can't hold – secrets, values that YAML would change – stands under ``keep``, by name alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from paragon_sync.catalog.titles import Titles
from paragon_sync.jsonvalue import Json, JsonObject
from paragon_sync.manifest.secrets import literal
from paragon_sync.manifest.writer import carriable
from paragon_sync.model.catalog import Catalog, Input
from paragon_sync.model.live import Credential, LiveUser
from paragon_sync.model.secrecy import holds_secret, names_secret
from paragon_sync.paragon.client import Client
from paragon_sync.plan.shape import Shape, is_default, shape_of
from paragon_sync.run.fetching import shows, with_configurations

API_VERSION: Final = "paragon-sync/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """One user's document, and what of the live state it doesn't hold, for people.

    ``configurations`` are the ids and external ids that it names.
    """

    user: str
    document: JsonObject
    left_out: tuple[str, ...]
    configurations: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Export:
    """The export of one user while it is being made."""

    catalog: Catalog
    titles: Titles
    passwords: frozenset[str]
    exact: bool
    left_out: list[str] = field(default_factory=list)
    configurations: set[str] = field(default_factory=set)


async def export_user(client: Client, user: str, catalog: Catalog, *, exact: bool = False) -> Exported | None:
    """Read the user and write the document; None for a user without any credential, who may be a mistyped one.

    The document is of what planning it will see: GET /sdk/me may show configurations that the list of credentials
    leaves out, and they are looked for only where a document names one.
    """
    session = client.user(user)
    listed = await session.credentials()
    if all(credential.deleted for credential in listed):
        return None
    me = await session.me()
    whole = LiveUser(user=user, credentials=with_configurations(listed, me.raw), meta=me.meta)
    exported = document_of(whole, catalog, exact=exact)
    if all(shows(listed, name) for name in exported.configurations):
        return document_of(replace(whole, credentials=listed), catalog, exact=exact)
    return exported


def document_of(live: LiveUser, catalog: Catalog, *, exact: bool) -> Exported:
    """The document for this user. With ``exact``, what it doesn't name would be removed."""
    export = _Export(catalog=catalog, titles=Titles(catalog), passwords=_passwords(catalog), exact=exact)
    document: JsonObject = {"apiVersion": API_VERSION, "kind": "User", "user": live.user}
    metadata = _metadata(export, live.meta or {})
    if metadata:
        document["metadata"] = metadata
    integrations = _integrations(export, [credential for credential in live.credentials if not credential.deleted])
    if integrations:
        document["integrations"] = integrations
    return Exported(
        user=live.user,
        document=document,
        left_out=tuple(export.left_out),
        configurations=frozenset(export.configurations),
    )


def _metadata(export: _Export, meta: JsonObject) -> JsonObject:
    written: JsonObject = {}
    for key, value in meta.items():
        if _is_secret(key, value) or not carriable(key) or not carriable(value):
            export.left_out.append(f"metadata {key}: {_why(key, value)}")
        else:
            written[key] = literal(value)
    return written


def _integrations(export: _Export, credentials: Sequence[Credential]) -> JsonObject:
    written: JsonObject = {}
    for kind in sorted({export.catalog.type_of(c.integration_id) or "" for c in credentials}):
        accounts = [c for c in credentials if (export.catalog.type_of(c.integration_id) or "") == kind]
        if not kind:
            export.left_out.extend(f"account {c.label}: the catalog doesn't know its integration" for c in accounts)
            continue
        valid = [account for account in accounts if account.status == "VALID"]
        export.left_out.extend(f"{kind} account {a.label}: it is {a.status}" for a in accounts if a not in valid)
        blocks = [block for account in valid for block in _account(export, kind, account, valid)]
        if blocks:
            written[kind] = blocks[0] if len(blocks) == 1 else list[Json](blocks)
    return written


def _account(export: _Export, kind: str, account: Credential, valid: Sequence[Credential]) -> Iterable[JsonObject]:
    selector: JsonObject = {} if len(valid) == 1 else {"account": _account_selector(account, valid)}
    listed = account.raw.get("configurations")
    if listed is None or listed == []:
        yield from _block(export, kind, shape_of(account, None), selector)
        return
    entries = account.current
    if not isinstance(listed, list) or not entries or not all(_has_id(entry) for entry in listed):
        export.left_out.append(f"{kind} account {account.label}: its configurations are no list of objects with ids")
        return
    defaults = [entry for entry in entries if is_default(account, entry)]
    for entry in entries:
        is_the_default = len(defaults) == 1 and defaults[0] is entry
        named = selector if is_the_default else selector | _configuration(export, entry, entries)
        yield from _block(export, kind, shape_of(account, str(entry["id"])), named)


def _has_id(entry: Json) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("id"), str)


def _account_selector(account: Credential, valid: Sequence[Credential]) -> JsonObject:
    choices: list[tuple[str, Callable[[Credential], str | None]]] = [
        ("externalId", lambda c: c.external_id),
        ("providerId", lambda c: c.provider_id),
    ]
    for name, value_of in choices:
        value = value_of(account)
        if value and [value_of(other) for other in valid].count(value) == 1:
            return {name: value}
    return {"credentialId": account.id}


def _configuration(export: _Export, entry: JsonObject, entries: Sequence[JsonObject]) -> JsonObject:
    external = entry.get("externalId")
    others = [other.get("externalId") for other in entries if other is not entry]
    by_name = isinstance(external, str) and external not in ("", "all") and external not in others
    name = str(external if by_name else entry["id"])
    export.configurations.add(name)
    return {"configuration": name if by_name else {"id": name}}


def _block(export: _Export, kind: str, shape: Shape, selector: JsonObject) -> Iterable[JsonObject]:
    if shape.ambiguous is not None:
        export.left_out.append(f"{kind}: {shape.ambiguous}")
        return
    values = {id_: (export.titles.setting(kind, id_, value), value) for id_, value in shape.settings().items()}
    block: JsonObject = {**selector, **_settings(export, values)}
    if export.exact:
        block["exact"] = True
    workflows: JsonObject = {}
    for id_, entry in shape.workflows().items():
        if isinstance(entry, dict):
            workflows[export.titles.workflow(kind, id_)] = _workflow(export, kind, id_, entry)
    if workflows:
        block["workflows"] = workflows
    yield block


def _workflow(export: _Export, kind: str, workflow: str, entry: JsonObject) -> Json:
    live = entry.get("settings")
    settings = live if isinstance(live, dict) else {}
    name_of = export.titles.workflow_setting
    values = {id_: (name_of(kind, workflow, id_, value), value) for id_, value in settings.items()}
    enabled = entry.get("enabled")
    written: JsonObject = {"enabled": enabled} if isinstance(enabled, bool) else {}
    written |= _settings(export, values)
    if export.exact:
        written["exact"] = True
    return enabled if isinstance(enabled, bool) and list(written) == ["enabled"] else written


def _settings(export: _Export, values: dict[str, tuple[str, Json]]) -> JsonObject:
    """``settings`` and ``keep`` for values by id, each with the name to write."""
    settings: JsonObject = {}
    keep: list[Json] = []
    for id_, (name, value) in values.items():
        secret = id_ in export.passwords or _is_secret(name, value) or names_secret(id_)
        if secret or not carriable(value):
            keep.append(name)
            export.left_out.append(f"setting {name}: {'a secret' if secret else _why(name, value)}")
        else:
            settings[name] = literal(value)
    written: JsonObject = {}
    if settings:
        written["settings"] = settings
    if keep:
        written["keep"] = keep
    return written


def _is_secret(name: str, value: Json) -> bool:
    return names_secret(name) or holds_secret(value)


def _why(name: str, value: Json) -> str:
    return "a secret" if _is_secret(name, value) else "YAML can't carry it exactly"


def _passwords(catalog: Catalog) -> frozenset[str]:
    inputs: list[Input] = []
    for integration in catalog.integrations.values():
        inputs += [*integration.inputs, *(i for workflow in integration.workflows for i in workflow.inputs)]
    return frozenset(definition.id for definition in inputs if definition.type == "PASSWORD")
