"""How a configuration (or the metadata) is taken from what is live to what it shall be: the requests, in their order.

Knows shapes and requests; nothing of documents, and nothing of why a value changes.

    through ``config``     one PATCH with everything
    through the endpoint   DELETE of each workflow that goes off; PATCH, where more than that differs, in which every
                           ``enabled`` stands as it is live then, and a new entry is off; POST of each that goes on
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import assert_never

from paragon_sync.jsonvalue import ABSENT, JsonObject, assign, equal, lookup
from paragon_sync.model.desired import WorkflowEnabled
from paragon_sync.model.planned import (
    ConfigurationSubject,
    DisableWorkflow,
    Enablement,
    EnableWorkflow,
    MetadataSubject,
    PatchConfig,
    PatchMeta,
    Request,
    Subject,
    Value,
)
from paragon_sync.plan.shape import WORKFLOW_MAPS, Shape


def requests_of(subject: Subject, shape: Shape, payload: JsonObject, enablement: Enablement) -> tuple[Request, ...]:
    """The writes that make the subject, which is live as ``shape``, look like the payload."""
    match subject:
        case MetadataSubject():
            return (PatchMeta(meta=payload),)
        case ConfigurationSubject() if enablement == "endpoint":
            return tuple(_apart(subject, shape, payload))
        case ConfigurationSubject(credential=credential, configuration=configuration):
            return (PatchConfig(credential=credential, configuration=configuration, config=payload),)
        case _:
            assert_never(subject)


def newly_enabled(before: JsonObject, after: JsonObject) -> int:
    """How many workflows are on in the second configuration and not in the first, whatever name their map has."""
    return len(_on(after) - _on(before))


def _on(config: JsonObject) -> set[str]:
    maps = (config.get(name) for name in WORKFLOW_MAPS)
    return {
        workflow
        for entries in maps
        if isinstance(entries, dict)
        for workflow, entry in entries.items()
        if isinstance(entry, dict) and entry.get("enabled") is True
    }


def final_payload(before: JsonObject, requests: Iterable[Request]) -> JsonObject:
    """What :func:`requests_of` was given: how ``before`` looks once the requests are done."""
    payload = before
    for request in requests:
        match request:
            case PatchConfig(config=whole) | PatchMeta(meta=whole):
                payload = whole
            case EnableWorkflow(workflow=workflow):
                payload = _switched(payload, workflow, enabled=True)
            case DisableWorkflow(workflow=workflow):
                payload = _switched(payload, workflow, enabled=False)
            case _:
                assert_never(request)
    return payload


def _apart(subject: ConfigurationSubject, shape: Shape, payload: JsonObject) -> Iterator[Request]:
    """Workflows apart from settings. None is enabled before its settings are there."""
    credential, configuration = subject.credential, subject.configuration
    after = replace(shape, payload=payload)
    settled, config = shape.payload, payload
    on: list[str] = []
    for workflow in {**shape.workflows(), **after.workflows()}:
        was, shall = shape.read(WorkflowEnabled(workflow)), after.read(WorkflowEnabled(workflow))
        if equal(was, shall):
            continue
        if shall is True:
            on.append(workflow)
            config = _put(after, config, workflow, enabled=was if shape.has_entry(workflow) else False)
        elif was is True or (shall is False and shape.has_entry(workflow)):
            settled = _put(shape, settled, workflow, enabled=False)
            yield DisableWorkflow(credential=credential, configuration=configuration, workflow=workflow)
    if not equal(config, settled):
        yield PatchConfig(credential=credential, configuration=configuration, config=config)
    for workflow in on:
        yield EnableWorkflow(credential=credential, configuration=configuration, workflow=workflow)


def _put(shape: Shape, payload: JsonObject, workflow: str, *, enabled: Value) -> JsonObject:
    for pointer in shape.pointers(WorkflowEnabled(workflow)):
        payload = assign(payload, pointer, enabled)
    return payload


def _switched(payload: JsonObject, workflow: str, *, enabled: bool) -> JsonObject:
    for name in WORKFLOW_MAPS:
        if lookup(payload, (name, workflow)) is not ABSENT:
            payload = assign(payload, (name, workflow, "enabled"), enabled)
    return payload
