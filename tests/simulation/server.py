"""A simulated Paragon: what it answers, and what it makes of a write. The network is another module's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from paragon_sync.paragon.transport import Headers, HttpRequest, HttpResponse
from tests.simulation.history import Exchange, UserHistory, Version
from tests.simulation.loop import Process
from tests.simulation.population import HOST, PROJECT
from tests.simulation.values import WORKFLOW_MAPS, State, text
from tests.simulation.weather import Climate

_ROOT: Final = f"{HOST}/projects/{PROJECT}"
_PAGE: Final = 1
_OF_THE_API: Final = ("id", "externalId", "isDefault")


def answer(status: int, body: Any, *headers: tuple[str, str]) -> HttpResponse:
    """Return a JSON answer."""
    return HttpResponse(status=status, headers=Headers(headers), body=json.dumps(body).encode())


def said(status: int, message: str, *headers: tuple[str, str]) -> HttpResponse:
    """Return an error in Paragon's form."""
    return answer(status, {"message": message, "code": "1", "status": status}, *headers)


class Server:
    """The project's users, each with a history."""

    def __init__(self, clock: Callable[[], float], climate: Climate) -> None:
        self.users: dict[str, UserHistory] = {}
        self.exchanges: list[Exchange] = []
        self._clock = clock
        self._climate = climate

    def begin(self, user: str, state: State) -> None:
        """Let a user be there from the start, with values as the server stores them."""
        self.users[user] = UserHistory()
        meta = self._stored(state["meta"])
        credentials = [self._normalized(one) for one in state["credentials"]]
        self.save(user, {"meta": meta, "credentials": credentials}, "start")

    def save(self, user: str, state: State, by: str | Exchange) -> int:
        """Replace a user's state and return its version's number."""
        return self.users[user].add(Version(self._clock(), by, state))

    def take(self, process: Process, request: HttpRequest) -> Exchange:
        """Write a request that leaves into the history."""
        parts = urlsplit(request.url)
        assert request.url.startswith(_ROOT), request.url
        path = parts.path.partition(f"/projects/{PROJECT}")[2]
        headers = {name.lower(): value for name, value in request.headers.items()}
        user = unquote(headers["authorization"].removeprefix("Bearer simulated."))
        exchange = Exchange(
            number=len(self.exchanges),
            process=process,
            user=user,
            method=request.method,
            path=path,
            query=parts.query,
            headers=headers,
            body=None if request.body is None else json.loads(request.body),
            resource=None,
            left=self._clock(),
        )
        if exchange.is_write:
            credential = headers.get("x-paragon-credential", "")
            is_meta = path == "/sdk/me"
            exchange.resource = ("meta",) if is_meta else (credential, headers.get("x-paragon-configuration-id", ""))
        self.exchanges.append(exchange)
        return exchange

    def read(self, exchange: Exchange) -> HttpResponse:
        """Answer a read from the state as it was ``lag`` seconds ago."""
        history = self.users[exchange.user]
        exchange.seen = history.at(exchange.shown_at) if exchange.lag else len(history.versions) - 1
        state = history.versions[exchange.seen].state
        match exchange.path:
            case "/sdk/credentials":
                return self._credentials(exchange, state)
            case "/sdk/me":
                me = {"authenticated": True, "userId": exchange.user, "meta": state["meta"], "integrations": {}}
                return answer(200, me)
            case _:
                return said(404, "no such path")

    def write(self, exchange: Exchange) -> HttpResponse:
        """Do what a write says."""
        before = self.users[exchange.user].now.state
        match exchange.method, exchange.path.split("/")[2:]:
            case "PATCH", ["me"]:
                after = self._with_metadata(before, exchange.body["meta"])
                response = answer(200, {"authenticated": True, "userId": exchange.user, "meta": after["meta"]})
            case "PATCH", ["credentials", id_]:
                after = self._with_config(before, id_, exchange)
                response = self._credential(after, id_)
            case "POST", ["workflows", workflow]:
                after = self._switched(before, exchange, workflow, on=True)
                response = answer(200, {})
            case "DELETE", ["workflows", workflow]:
                after = self._switched(before, exchange, workflow, on=False)
                response = answer(200, {})
            case _:
                return said(404, "no such path")
        exchange.made = self.save(exchange.user, after, exchange)
        return response

    def _credentials(self, exchange: Exchange, state: State) -> HttpResponse:
        listed = state["credentials"]
        if not self._climate.pages:
            exchange.shown = frozenset(one["id"] for one in listed)
            return answer(200, listed)
        first = int(parse_qs(exchange.query).get("pageCursor", ["0"])[0])
        page, after = listed[first : first + _PAGE], first + _PAGE
        exchange.shown = frozenset(one["id"] for one in page)
        if after >= len(listed):
            return answer(200, page)
        return answer(200, page, ("Link", f'<{_ROOT}/sdk/credentials?pageCursor={after}>; rel="next"'))

    def _credential(self, state: State, id_: str) -> HttpResponse:
        (found,) = (one for one in state["credentials"] if one["id"] == id_)
        return answer(200, {**found, "credential": found, "errors": []})

    def _with_metadata(self, state: State, sent: Mapping[str, Any]) -> State:
        meta = self._stored(sent)
        after = {**state, "meta": {**state["meta"], **meta} if self._climate.merges_metadata else meta}
        changed = text(after["meta"].get("plan")) != text(state["meta"].get("plan"))
        if changed and self._climate.permissions:
            after["credentials"] = [_without_permission(one) for one in after["credentials"]]
        return after

    def _with_config(self, state: State, id_: str, exchange: Exchange) -> State:
        sent = {key: self._section(key, value) for key, value in exchange.body["config"].items()}

        def written(config: Mapping[str, Any]) -> Mapping[str, Any]:
            return {**config, **sent} if self._climate.replaces_sections else sent

        return _in_configuration(state, id_, exchange.headers.get("x-paragon-configuration-id"), written)

    def _switched(self, state: State, exchange: Exchange, workflow: str, *, on: bool) -> State:
        configuration = exchange.headers.get("x-paragon-configuration-id")

        def written(config: Mapping[str, Any]) -> Mapping[str, Any]:
            usual = "workflowSettings" if configuration else "configuredWorkflows"
            name = next((one for one in WORKFLOW_MAPS if one in config), usual)
            entries = config.get(name, {})
            if workflow not in entries and not on:
                return config
            entry = {"settings": {}, **entries.get(workflow, {}), "enabled": on}
            return {**config, name: {**entries, workflow: entry}}

        return _in_configuration(state, exchange.headers["x-paragon-credential"], configuration, written)

    def _section(self, key: str, value: Any) -> Any:
        if key == "sharedSettings":
            return self._stored(value)
        if key in WORKFLOW_MAPS:
            return {
                workflow: {k: self._stored(v) if k == "settings" else v for k, v in entry.items()}
                for workflow, entry in value.items()
            }
        return value

    def _normalized(self, credential: Mapping[str, Any]) -> Mapping[str, Any]:
        def stored(config: Mapping[str, Any]) -> Mapping[str, Any]:
            return {key: self._section(key, value) for key, value in config.items()}

        if "configurations" not in credential:
            return {**credential, "config": stored(credential["config"])}
        return {**credential, "configurations": [stored(entry) for entry in credential["configurations"]]}

    def stored(self, value: Any) -> Any:
        """Return a setting's value as the server keeps it."""
        match self._climate.normalizer, value:
            case "lower", str():
                return value.lower()
            case "trim", str():
                return value.strip()
            case "sort", list():
                return sorted(value, key=text)
            case _, dict():
                return {key: self.stored(one) for key, one in value.items()}
            case _:
                return value

    def _stored(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {key: self.stored(value) for key, value in values.items()}


def _in_configuration(
    state: State, id_: str, configuration: str | None, written: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> State:
    """Return the state with one configuration of a credential replaced."""

    def changed(credential: Mapping[str, Any]) -> Mapping[str, Any]:
        if "configurations" not in credential:
            return {**credential, "config": written(credential["config"])}
        entries = [
            _kept(entry) | written({k: v for k, v in entry.items() if k not in _OF_THE_API})
            if entry["id"] == configuration or (configuration is None and entry["isDefault"])
            else entry
            for entry in credential["configurations"]
        ]
        return {**credential, "configurations": entries}

    credentials = [changed(one) if one["id"] == id_ else one for one in state["credentials"]]
    return {**state, "credentials": credentials}


def _kept(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: entry[key] for key in _OF_THE_API if key in entry}


def _without_permission(credential: Mapping[str, Any]) -> Mapping[str, Any]:
    """Switch off the workflows that another plan doesn't permit."""
    if "configurations" not in credential:
        return {**credential, "config": _switched_off(credential["config"])}
    return {**credential, "configurations": [_switched_off(entry) for entry in credential["configurations"]]}


def _switched_off(config: Mapping[str, Any]) -> Mapping[str, Any]:
    after = dict(config)
    for name in WORKFLOW_MAPS:
        entries = config.get(name, {})
        off = {id_: {**entry, "enabled": False} for id_, entry in entries.items() if entry.get("enabled") is True}
        if off:
            after[name] = {**entries, **off}
    return after
