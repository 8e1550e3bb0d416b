"""Owns the lock file: the catalog that manifests were written against, for people to review. Knows no manifest.

Pretty JSON in one order whatever the API's own, so that a change of the project is a readable diff.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, TypeVar

from paragon_sync import jsonvalue
from paragon_sync.errors import CatalogError, JsonError
from paragon_sync.jsonvalue import Json, JsonObject
from paragon_sync.model.catalog import Catalog, Input, Integration, Workflow
from paragon_sync.part_file import PartFile, remove_leftovers

FORMAT: Final = 1

_T = TypeVar("_T")


def lock_path(folder: Path, environment: str) -> Path:
    """Where the lock file of an environment is: beside the Project file."""
    safe = re.sub(r"[^\w.-]", "_", environment)
    return folder / f"catalog.{safe}.lock.json"


def read_lock(path: Path) -> Catalog | None:
    """The locked catalog, or None where there is no lock file; raises :class:`CatalogError` for a broken one."""
    try:
        document = jsonvalue.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CatalogError(f"{path}: can't be read: {error.strerror}") from None
    except JsonError:
        raise _unreadable(path, "it is not JSON") from None
    if not isinstance(document, dict):
        raise _unreadable(path, "it is not an object")
    version = document.get("format")
    if not isinstance(version, int) or version > FORMAT:
        raise CatalogError(
            f"{path}: the lock file has the format {jsonvalue.dumps(version)}, and this version reads {FORMAT}",
            hint="use a newer paragon-sync, or `paragon-sync catalog pull` to write it anew",
        )
    try:
        return _catalog(document)
    except (KeyError, TypeError) as error:
        raise _unreadable(path, f"something is missing or of a wrong type ({error})") from None


def lock_text(catalog: Catalog) -> str:
    """What stands in a lock file of this catalog."""
    return jsonvalue.dumps(_document(catalog), indent=2) + "\n"


def write_lock(path: Path, catalog: Catalog) -> None:
    """Write the lock file in one step: whoever reads it sees the old one or the new one whole."""
    text = lock_text(catalog)
    try:
        remove_leftovers(path.parent)
        with PartFile(path) as part:
            part.write(text.encode("ascii"))
            part.path.chmod(0o644)
            part.publish()
    except OSError as error:
        raise CatalogError(f"{path}: can't be written: {error.strerror}") from None


def differences(locked: Catalog, pulled: Catalog, used_types: Iterable[str]) -> list[str]:
    """What of the integrations in use is not as it was locked, one line for each entry; empty when nothing differs."""
    lines = []
    if locked.project != pulled.project:
        lines.append(f"project: {locked.project} in the lock, {pulled.project} now")
    for kind in sorted(used_types):
        before, after = locked.integrations.get(kind), pulled.integrations.get(kind)
        if before is not None and after is not None:
            lines.extend(f"{kind}: {line}" for line in _integration_differences(before, after))
        elif before is not None:
            lines.append(f"{kind}: in the lock, and not in the project (or not for those who were asked)")
        elif after is not None:
            lines.append(f"{kind}: new in the project, and not in the lock")
    return lines


def _integration_differences(before: Integration, after: Integration) -> Iterator[str]:
    if before.id != after.id:
        yield f"its id is {before.id} in the lock, {after.id} now"
    yield from _input_differences(before.inputs, after.inputs, "")
    workflows = {workflow.id: workflow for workflow in after.workflows}
    for workflow in before.workflows:
        if workflow.id in workflows:
            yield from _workflow_differences(workflow, workflows[workflow.id])
        else:
            yield f'workflow "{workflow.description}" ({workflow.id}): in the lock, and gone now'
    locked = {workflow.id for workflow in before.workflows}
    for workflow in after.workflows:
        if workflow.id not in locked:
            yield f'workflow "{workflow.description}" ({workflow.id}): new, and not in the lock'


def _workflow_differences(before: Workflow, after: Workflow) -> Iterator[str]:
    where = f'workflow "{before.description}" ({before.id})'
    if before.description != after.description:
        yield f'{where}: its description is now "{after.description}"'
    if before.default_enabled != after.default_enabled:
        then, now = _text(before.default_enabled), _text(after.default_enabled)
        yield f"{where}: defaultEnabled is {then} in the lock, {now} now"
    yield from _input_differences(before.inputs, after.inputs, f"{where}, ")


def _input_differences(before: Iterable[Input], after: Iterable[Input], where: str) -> Iterator[str]:
    locked, found = {i.id: i for i in before}, {i.id: i for i in after}
    for id_, definition in locked.items():
        name = f'{where}setting "{definition.title}" ({id_})'
        if id_ not in found:
            yield f"{name}: in the lock, and gone now"
            continue
        now, then = _input_document(found[id_]), _input_document(definition)
        for key in [*then, *(key for key in now if key not in then)]:
            if not jsonvalue.equal(then.get(key), now.get(key)):
                yield f"{name}: {key} is {_text(then.get(key))} in the lock, {_text(now.get(key))} now"
    for id_, definition in found.items():
        if id_ not in locked:
            yield f'{where}setting "{definition.title}" ({id_}): new, and not in the lock'


def _text(value: Json) -> str:
    return "absent" if value is None else jsonvalue.dumps(value)


def _document(catalog: Catalog) -> JsonObject:
    integrations = catalog.integrations
    return {
        "format": FORMAT,
        "project": catalog.project,
        "origin": catalog.origin,
        "pulled": catalog.pulled,
        "integrations": {kind: _integration_document(integrations[kind]) for kind in sorted(integrations)},
    }


def _integration_document(integration: Integration) -> JsonObject:
    return {
        "id": integration.id,
        "inputs": _input_documents(integration.inputs),
        "workflows": [
            {
                "id": workflow.id,
                "description": workflow.description,
                "defaultEnabled": workflow.default_enabled,
                "inputs": _input_documents(workflow.inputs),
            }
            for workflow in sorted(integration.workflows, key=lambda workflow: workflow.id)
        ],
    }


def _input_documents(inputs: Iterable[Input]) -> list[Json]:
    return [_input_document(definition) for definition in sorted(inputs, key=lambda definition: definition.id)]


def _input_document(definition: Input) -> JsonObject:
    document: JsonObject = {
        "id": definition.id,
        "title": definition.title,
        "type": definition.type,
        "required": definition.required,
    }
    return document if definition.values is None else document | {"values": list[Json](definition.values)}


def _catalog(document: JsonObject) -> Catalog:
    integrations = _member(document, "integrations", dict)
    return Catalog(
        project=_member(document, "project", str),
        origin=_member(document, "origin", str),
        pulled=_member(document, "pulled", str),
        integrations={kind: _read_integration(kind, _checked(entry)) for kind, entry in integrations.items()},
    )


def _read_integration(kind: str, entry: JsonObject) -> Integration:
    return Integration(
        type=kind,
        id=_member(entry, "id", str),
        inputs=_read_inputs(entry),
        workflows=tuple(
            Workflow(
                id=_member(workflow, "id", str),
                description=_member(workflow, "description", str),
                default_enabled=_member(workflow, "defaultEnabled", bool),
                inputs=_read_inputs(workflow),
            )
            for workflow in map(_checked, _member(entry, "workflows", list))
        ),
    )


def _read_inputs(entry: JsonObject) -> tuple[Input, ...]:
    return tuple(
        Input(
            id=_member(item, "id", str),
            title=_member(item, "title", str),
            type=_member(item, "type", str),
            required=_member(item, "required", bool),
            values=tuple(map(str, _member(item, "values", list))) if "values" in item else None,
        )
        for item in map(_checked, _member(entry, "inputs", list))
    )


def _checked(value: Json) -> JsonObject:
    if not isinstance(value, dict):
        raise TypeError("an entry is not an object")
    return value


def _member(entry: JsonObject, name: str, kind: type[_T]) -> _T:
    value = entry[name]
    if not isinstance(value, kind):
        raise TypeError(f'"{name}"')
    return value


def _unreadable(path: Path, why: str) -> CatalogError:
    return CatalogError(
        f"{path}: the lock file can't be read: {why}",
        hint="take it from version control, or write it anew with `paragon-sync catalog pull`",
    )
