"""The Project file → its noun. Knows neither manifests nor what the settings are used for; reads no secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from paragon_sync.errors import ManifestError, Problem
from paragon_sync.jsonvalue import Json, JsonObject, Pointer
from paragon_sync.manifest import schema, source
from paragon_sync.manifest.source import Parsed
from paragon_sync.model.declared import Fault, Place
from paragon_sync.model.planned import FindingKind, Severity
from paragon_sync.model.project import (
    READ_BACK_SECONDS,
    Environment,
    Limits,
    Policy,
    Project,
    Protected,
    SecretRef,
)
from paragon_sync.model.thresholds import THRESHOLDS, Threshold, ThresholdRule

_EMULATOR: Final = "emulator:"
_BARE_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?")
_HOST_FORMS: Final = "an https:// or http:// URL without a path, an on-premise host's bare name, or emulator:PATH"


def load_project(file: Path) -> Project:
    """Read a Project file. Raises :class:`ManifestError` with everything that is wrong in it."""
    if not file.exists():
        hint = "run it in the folder of your paragon.yaml, or name the Project file with -c FILE"
        raise ManifestError([Problem(message="there is no such file", file=str(file), line=1, column=1, hint=hint)])
    parsed: list[Parsed] = []
    problems: list[Problem] = []
    for item in source.read(file):
        if isinstance(item, Problem):
            problems.append(item)
        else:
            parsed.append(item)
    for item in parsed:
        faults = (fault for fault in _check(item) if fault.place.pointer not in item.broken)
        problems.extend(source.problems(faults))
    if problems:
        raise ManifestError(sorted(problems, key=lambda problem: (problem.line, problem.column)))
    return _project(file, _object(parsed[0].value))


def _check(parsed: Parsed) -> Iterator[Fault]:
    if parsed.place.document > 0:
        yield Fault(message="a Project file holds one document", place=parsed.place)
        return
    document = _object(parsed.value)
    kind = document.get("kind")
    if kind is not None and kind != "Project":
        hint = "name the Project file with -c"
        yield Fault(message="this isn't a Project file", place=_at(parsed.place, ("kind",)), hint=hint)
        return
    for fault in schema.check("project", parsed.value, parsed.place):
        yield _reworded(fault)
    for name, environment in _object(document.get("environments")).items():
        yield from _environment_faults(_object(environment), _at(parsed.place, ("environments", name)))


def _reworded(fault: Fault) -> Fault:
    if fault.place.pointer[-1:] == ("signingKey",):
        message = '"signingKey" must say where the key is: {$env: NAME} or {$file: path}'
        return Fault(message=message, place=fault.place, hint="a key itself never belongs into a file under Git")
    if fault.place.pointer[:1] == ("environments",) and fault.message.startswith('"project" can\'t'):
        return replace(fault, hint="letters, digits and . _ ~ - only")
    if fault.place.pointer[:1] == ("policy",) and fault.place.pointer[-1] in {rule.name for rule in THRESHOLDS}:
        return replace(fault, hint="write a number such as 10, or a share such as 30%")
    return fault


def _environment_faults(environment: JsonObject, place: Place) -> Iterator[Fault]:
    host = environment.get("host")
    if not isinstance(host, str) or not host:
        return
    at = _at(place, ("host",))
    if host.startswith(_EMULATOR):
        if host == _EMULATOR:
            yield Fault(message="emulator: needs a folder", place=at, hint="such as emulator:demo")
        if environment.get("protected") is True:
            yield Fault(message="an emulator can't be a protected environment", place=at, hint="remove protected")
        return
    if (problem := _host_problem(host)) is not None:
        yield Fault(message=f"the host {problem}", place=at, hint=f"write {_HOST_FORMS}")
    for key in ("project", "signingKey"):
        if key not in environment:
            hint = "only with emulator: it may be left out"
            yield Fault(message=f'"{key}" is missing in "{place.pointer[-1]}"', place=place, hint=hint)


def _host_problem(host: str) -> str | None:
    """Why this is no host that requests can be sent to, or None."""
    if "://" not in host:
        return None if _BARE_HOST.fullmatch(host) else "isn't a host's name"
    try:
        url = urlsplit(host)
        port = url.port
    except ValueError:
        return "isn't a URL"
    if url.scheme not in {"http", "https"}:
        return "isn't an https:// or http:// URL"
    if not url.hostname or port == 0:
        return "names no host"
    if "@" in url.netloc:
        return "holds a user name or password"
    if url.path not in {"", "/"} or url.query or url.fragment or "?" in host or "#" in host:
        return "has a path or a query"
    return None


def _project(file: Path, document: JsonObject) -> Project:
    secrets, rosters = _object(document.get("secrets")), _object(document.get("rosters"))
    limits = _object(document.get("limits"))
    environments = _object(document["environments"])
    apply = _object(document.get("apply"))
    return Project(
        file=file,
        folder=file.parent,
        manifests=_texts(document["manifests"]),
        environments={name: _environment(name, _object(content)) for name, content in environments.items()},
        state=str(document.get("state", Project.__dataclass_fields__["state"].default)),
        secret_env=_texts(secrets.get("env")),
        secret_files=_texts(secrets.get("files")),
        roster_files=_texts(rosters.get("files")),
        roster_urls=_texts(rosters.get("urls")),
        limits=Limits(
            rate=_float(limits.get("rate")),
            concurrency=_int(limits["concurrency"], 0) if "concurrency" in limits else None,
        ),
        policy=_policy(_object(document.get("policy"))),
        enablement="endpoint" if apply.get("enablement") == "endpoint" else "config",
        read_back=_read_back(apply.get("readBack")),
    )


def _environment(name: str, content: JsonObject) -> Environment:
    key = _object(content.get("signingKey"))
    signing_key = None
    if "$env" in key:
        signing_key = SecretRef(kind="env", name=str(key["$env"]))
    elif "$file" in key:
        signing_key = SecretRef(kind="file", name=str(key["$file"]))
    project = content.get("project")
    host = str(content["host"])
    return Environment(
        name=name,
        host=host if host.startswith(_EMULATOR) else host.removesuffix("/"),
        project=project if isinstance(project, str) else None,
        signing_key=signing_key,
        catalog_users=_texts(_object(content.get("catalog")).get("users")),
        protected=content.get("protected") is True,
    )


def _policy(content: JsonObject, rules: Iterable[ThresholdRule] = THRESHOLDS) -> Policy:
    default = Policy()
    findings: Mapping[FindingKind, Severity] = {
        kind: Severity(str(content[kind])) for kind in FindingKind if kind in content
    }
    return Policy(
        thresholds={rule.name: _threshold(content[rule.name]) for rule in rules if rule.name in content},
        minimum_population=_int(content.get("minimumPopulation"), default.minimum_population),
        protected=_protected(_object(content.get("protected"))),
        findings=findings,
    )


def _protected(content: JsonObject) -> Protected:
    return Protected(
        users=_texts(content.get("users")),
        integrations=_texts(content.get("integrations")),
        settings={integration: _texts(names) for integration, names in _object(content.get("settings")).items()},
    )


def _threshold(value: Json) -> Threshold:
    if isinstance(value, str):
        return Threshold(share=float(value.removesuffix("%")) / 100)
    return Threshold(number=_int(value, 0))


def _read_back(value: Json) -> tuple[float, ...]:
    if not isinstance(value, list):
        return READ_BACK_SECONDS
    return tuple(float(item) for item in value if isinstance(item, int | float))


def _float(value: Json) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _int(value: Json, default: int) -> int:
    return int(value) if isinstance(value, int | float) else default


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _at(place: Place, pointer: Pointer) -> Place:
    return Place(file=place.file, document=place.document, pointer=(*place.pointer, *pointer))
