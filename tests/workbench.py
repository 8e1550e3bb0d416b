"""A Project folder, an emulator behind it, and the commands run in it; between the two, a server that can misbehave.

What tests of whole commands share. Asserts of every command that it shows no traceback.
"""

from __future__ import annotations

import base64
import http.client
import json
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from paragon_sync.emulator import Emulator, codec
from paragon_sync.emulator.state import UserState
from tests.cases.command import Command, Ended, run_process
from tests.gate import gate_at

CATALOG_FILE = Path(__file__).parent / "cases" / "catalog.json"
READER = "catalog-reader"
WRITES = ("PATCH", "POST", "PUT", "DELETE")


def account(credential: str = "c1", *, integration: str = "int-slack", **more: Any) -> dict[str, Any]:
    """A connected account; ``more`` are its other keys, ``config`` among them."""
    return {"id": credential, "integrationId": integration, "providerId": f"T-{credential}"} | more


def user(*accounts: dict[str, Any], **meta: Any) -> dict[str, Any]:
    """A user as fixtures have them."""
    return {"meta": meta, "credentials": list(accounts)}


def world(users: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A fixture with the catalog of the cases."""
    catalog: dict[str, Any] = json.loads(CATALOG_FILE.read_text("utf-8"))
    return catalog | {"users": dict(users)} | more


@dataclass(frozen=True, kw_only=True)
class Workbench:
    """A folder with a Project file; ``command`` runs paragon-sync in it."""

    folder: Path
    project_id: str
    key: Path
    command: Command = run_process
    variables: dict[str, str] = field(default_factory=dict)

    @classmethod
    def at(cls, folder: Path, emulator: Emulator, command: Command = run_process) -> Workbench:
        """A folder whose environment ``test`` is the emulator."""
        bench = cls(folder=folder, project_id=emulator.project, key=emulator.signing_key, command=command)
        bench.project(emulator.url)
        return bench

    def project(self, host: str, *, environment: Mapping[str, Any] | None = None, **more: Any) -> None:
        """Write the Project file; a key of ``environment`` that is None is left out."""
        test: dict[str, Any] = {
            "host": host,
            "project": self.project_id,
            "signingKey": {"$file": str(self.key)},
            "catalog": {"users": [READER]},
        }
        content = {
            "apiVersion": "paragon-sync/v1",
            "kind": "Project",
            "manifests": ["users.yaml"],
            "environments": {"test": {k: v for k, v in (test | dict(environment or {})).items() if v is not None}},
        }
        more["apply"] = {"readBack": []} | more.get("apply", {})
        self.write("paragon.yaml", yaml.safe_dump(content | more, sort_keys=False))

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def users(self, **documents: Mapping[str, Any]) -> Path:
        """Write ``users.yaml`` with a document for each user; ``_`` in a name stands for ``-``."""
        head = {"apiVersion": "paragon-sync/v1", "kind": "User"}
        listed = [head | {"user": name.replace("_", "-")} | dict(more) for name, more in documents.items()]
        return self.write("users.yaml", yaml.safe_dump_all(listed, sort_keys=False, explicit_start=True))

    def run(self, *arguments: str, environment: bool = True) -> Ended:
        """Run a command, for the environment ``test`` unless told otherwise."""
        chosen = [*arguments, *(["-e", "test"] if environment else [])]
        ended = self.command(chosen, self.folder, self.variables)
        assert "Traceback" not in ended.out + ended.err, ended.err
        assert "internal error" not in ended.err, ended.err
        return ended

    def plan(self, *arguments: str) -> dict[str, Any]:
        """Run ``plan``, which must not fail, and read its JSON."""
        ended = self.run("plan", "--format", "json", *arguments)
        assert ended.code in {0, 2, 4}, ended.err
        return as_json(ended.out)

    def apply(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """Run ``apply --yes``, which must end with this code, and read its JSON."""
        ended = self.run("apply", "--yes", "--format", "json", *arguments)
        assert ended.code == code, ended.out + ended.err
        return as_json(ended.out)


def as_json(text: str) -> dict[str, Any]:
    found = json.loads(text)
    assert isinstance(found, dict)
    return found


def hold(emulator: Emulator, name: str, state: Mapping[str, Any]) -> None:
    """Let the emulator hold something else of a user: somebody changed it meanwhile."""
    subscriptions: dict[str, Any] = {"subscriptions": {}, "resources": []}
    emulator.site.users.write(name, UserState.from_json(codec.from_python(subscriptions | dict(state))))


def held(emulator: Emulator, name: str) -> dict[str, Any]:
    """What the emulator holds of a user: metadata and credentials."""
    state = as_json(emulator.user_text(name))
    return {"meta": state["meta"], "credentials": state["credentials"]}


def writes(emulator: Emulator) -> list[str]:
    """What was written to the emulator: user, method and path from ``/sdk`` on."""
    return [f"{one['user']} {one['method']} {_path(one)}" for one in requests(emulator) if one["method"] in WRITES]


def requests(emulator: Emulator) -> list[dict[str, Any]]:
    return [one for one in emulator.requests() if isinstance(one, dict)]


def _path(request: Mapping[str, Any]) -> str:
    return "/sdk" + str(request["path"]).partition("/sdk")[2]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request on its way to the emulator; ``path`` from ``/sdk`` on."""

    method: str
    path: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def user(self) -> str:
        """Whose token it carries."""
        claims = self.headers["authorization"].split(".")[1]
        found: str = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"]
        return found


@dataclass(frozen=True, kw_only=True)
class Answered:
    """An answer on its way back; no status means that the connection ends without one."""

    status: int | None = 200
    body: bytes = b""
    type: str = "application/json"
    date: str | None = None
    link: str | None = None

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def as_answer(value: Any, status: int = 200) -> Answered:
    return Answered(status=status, body=json.dumps(value).encode())


Forward = Callable[[Asked], Answered]
Act = Callable[[Asked, Forward], Answered]


@contextmanager
def between(emulator: Emulator, act: Act) -> Iterator[str]:
    """A server in front of the emulator, which asks ``act`` what to do with each request; gives its URL.

    That is the emulator's own where it is behind a gate.
    """
    gate = gate_at(emulator.url)
    to = urlsplit(emulator.url).netloc if gate is None else f"127.0.0.1:{gate.port}"

    def forward(asked: Asked) -> Answered:
        connection = http.client.HTTPConnection(to, timeout=30)
        connection.request(asked.method, asked.target, asked.body or None, asked.headers)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return Answered(status=response.status, body=body, type=response.headers["content-type"])

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items() if name.lower() != "host"}
            path = "/sdk" + self.path.partition("/sdk")[2]
            answer = act(Asked(method=self.command, path=path, target=self.path, headers=headers, body=body), forward)
            if answer.status is None:
                self.close_connection = True
                return
            self.send_response_only(answer.status)
            self.send_header("date", answer.date or self.date_time_string())
            self.send_header("content-type", answer.type)
            if answer.link is not None:
                self.send_header("link", answer.link)
            self.send_header("content-length", str(len(answer.body)))
            with suppress(ConnectionError):  # a command that ends doesn't wait for its answers
                self.end_headers()
                self.wfile.write(answer.body)

        do_GET = do_PATCH = do_POST = do_DELETE = handle_any  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            if not isinstance(sys.exception(), ConnectionError):  # a command that ends resets its connections
                super().handle_error(request, client_address)

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        if gate is None:
            yield f"http://127.0.0.1:{server.server_address[1]}"
            return
        with gate.leading_to(server.server_address[1]):
            yield gate.url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
