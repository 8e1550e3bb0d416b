"""Reads one user's live state: the same reading for plan, apply and export, and nothing that isn't managed."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from paragon_sync.errors import AnswerError
from paragon_sync.jsonvalue import Json, JsonObject, equal
from paragon_sync.model.live import Credential, LiveUser
from paragon_sync.model.moment import age_seconds, earlier
from paragon_sync.paragon.client import UserSession


async def read_user(session: UserSession, *, metadata: bool, configurations: Collection[str]) -> LiveUser:
    """The user's credentials, and metadata where asked for; ``configurations`` are ids or external ids to be found.

    GET /sdk/me is sent for metadata, and when the list of credentials doesn't show a configuration of that name. A user
    without any credential is not asked further: nothing is ever written for such a one.
    """
    credentials = await session.credentials()
    asked, answered = session.asked, session.answered
    hidden = [name for name in configurations if not shows(credentials, name)]
    if not credentials or not (metadata or hidden):
        return LiveUser(user=session.user, credentials=credentials, asked=asked, answered=answered)
    me = await session.me()
    if answered is not None and session.asked is not None and session.answered is not None:
        answered = earlier(session.answered, age_seconds(answered, session.asked))
    if hidden:
        credentials = with_configurations(credentials, me.raw)
    else:
        asked = session.asked
    meta = me.meta if metadata else None
    return LiveUser(user=session.user, credentials=credentials, meta=meta, asked=asked, answered=answered)


def shows(credentials: Iterable[Credential], name: str) -> bool:
    """Whether any of them has a configuration of this id or external id."""
    for credential in credentials:
        for entry in credential.configurations:
            if name in (entry.get("id"), entry.get("externalId")):
                return True
    return False


def with_configurations(credentials: Iterable[Credential], me: JsonObject) -> tuple[Credential, ...]:
    """The same credentials, with those configurations of GET /sdk/me that the list doesn't show.

    There a credential may stand under several integrations: all that it has anywhere counts. Raises
    :class:`AnswerError` where a configuration of one is told in two ways: nobody knows what a write would replace.
    """
    shown: dict[str, list[JsonObject]] = {}
    for credential in _credentials_of(me.get("integrations")):
        shown.setdefault(credential.id, []).extend(credential.configurations)
    return tuple(_joined(credential, shown.get(credential.id, [])) for credential in credentials)


def _joined(credential: Credential, shown: Iterable[JsonObject]) -> Credential:
    listed = credential.configurations
    known = [entry.get("id") for entry in listed]
    hidden: list[JsonObject] = []
    for entry in shown:
        if entry.get("id") in known:
            continue
        same = next((other for other in hidden if other.get("id") == entry.get("id")), None)
        if same is None:
            hidden.append(entry)
        elif not equal(same, entry):
            raise AnswerError(
                f"the configuration {entry.get('id')!r} of credential {credential.id} is told in two ways",
                method="GET",
                path="/sdk/me",
                credential=credential.id,
                hint="nothing is planned or written for this user while that is so",
            )
    return Credential(credential.raw | {"configurations": list[Json]([*listed, *hidden])}) if hidden else credential


def _credentials_of(integrations: Json) -> Iterable[Credential]:
    for integration in integrations.values() if isinstance(integrations, dict) else ():
        found = integration.get("allCredentials") if isinstance(integration, dict) else None
        yield from (Credential(raw) for raw in found or () if isinstance(raw, dict)) if isinstance(found, list) else ()
