"""What ``where`` sees of one configuration as ``live``: by title or id, noting which values it has read.

Knows one configuration as the steps so far have left it; nothing of expressions and of what they are for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from paragon_sync.jsonvalue import ABSENT, computable
from paragon_sync.model.desired import Setting, WorkflowEnabled, WorkflowSetting
from paragon_sync.model.live import Credential
from paragon_sync.model.migration import Vocabulary
from paragon_sync.model.planned import ConfigurationSubject, Value
from paragon_sync.plan.names import BY_ID
from paragon_sync.plan.shape import is_default

_Target: TypeAlias = Setting | WorkflowEnabled | WorkflowSetting
Reader: TypeAlias = Callable[[_Target], Value]


def live_view(
    credential: Credential, subject: ConfigurationSubject, vocabulary: Vocabulary, read: Reader
) -> Mapping[str, object]:
    """``read`` is asked for each value that is looked at; of a workflow, ``enabled`` is what it gives, else false."""
    entry = next((one for one in credential.current if one.get("id") == subject.configuration), None)
    return {
        "settings": _Settings(vocabulary.settings, lambda id_: read(Setting(id_))),
        "workflows": _Workflows(vocabulary, read),
        "account": {
            "credentialId": credential.id,
            "externalId": credential.external_id,
            "providerId": credential.provider_id,
        },
        "status": credential.status,
        "configuration": {
            "id": subject.configuration,
            "externalId": None if entry is None else entry.get("externalId"),
            "default": entry is None or is_default(credential, entry),
        },
    }


class _Named:
    """Things that are looked up by name: a title, an id, or ``id:…``.

    Public attributes there are none: an expression would find them instead of a thing of that name.
    """

    __slots__ = ("_ids", "_what")

    def __init__(self, ids: Mapping[str, str], what: str) -> None:
        self._ids = ids
        self._what = what

    def _id(self, name: object) -> str:
        if isinstance(name, str) and name.startswith(BY_ID):
            return name.removeprefix(BY_ID)
        found = self._ids.get(name) if isinstance(name, str) else None
        if found is None:
            raise ValueError(f'there is no {self._what} "{name}"')
        return found


class _Settings(_Named):
    """Values by setting; one that isn't there is a :class:`KeyError`, which expressions take for undefined."""

    __slots__ = ("_read",)

    def __init__(self, ids: Mapping[str, str], read: Callable[[str], Value]) -> None:
        super().__init__(ids, "setting")
        self._read = read

    def __getitem__(self, name: object) -> object:
        value = self._read(self._id(name))
        if value is ABSENT:
            raise KeyError(name)
        return computable(value)

    def __contains__(self, name: object) -> bool:
        return self._read(self._id(name)) is not ABSENT

    __iter__ = None


class _Workflows(_Named):
    """Workflows, whether they have an entry or not."""

    __slots__ = ("_read", "_vocabulary")

    def __init__(self, vocabulary: Vocabulary, read: Reader) -> None:
        super().__init__(vocabulary.workflows, "workflow")
        self._vocabulary = vocabulary
        self._read = read

    def __getitem__(self, name: object) -> object:
        return _Workflow(self._id(name), self._vocabulary, self._read)

    __iter__ = None


class _Workflow:
    __slots__ = ("_id", "_read", "_vocabulary")

    def __init__(self, id_: str, vocabulary: Vocabulary, read: Reader) -> None:
        self._id = id_
        self._vocabulary = vocabulary
        self._read = read

    def __getitem__(self, name: object) -> object:
        match name:
            case "enabled":
                return self._read(WorkflowEnabled(self._id)) is True
            case "settings":
                ids = self._vocabulary.workflow_settings.get(self._id, {})
                return _Settings(ids, lambda id_: self._read(WorkflowSetting(self._id, id_)))
            case _:
                raise ValueError(f'a workflow has "enabled" and "settings", and no "{name}"')

    __iter__ = None
