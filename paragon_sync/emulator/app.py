"""The application: which path is answered by which route, and the way from bytes to a call and back.

Middleware stands around the routes and can hold, change or drop any request without knowing them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.routing import Route as Path
from starlette.types import Receive, Scope, Send

from paragon_sync.emulator import admin, codec, routes_accounts, routes_project, routes_user
from paragon_sync.emulator.admin_guard import AdminGuard
from paragon_sync.emulator.calls import Answer, Call, Refusal, Route
from paragon_sync.emulator.codec import JsonObject
from paragon_sync.emulator.faults import FaultMiddleware
from paragon_sync.emulator.passage import PASSAGE, Passage
from paragon_sync.emulator.portal import Portal
from paragon_sync.emulator.recorder import RecordingMiddleware, read_content
from paragon_sync.emulator.site import Site
from paragon_sync.emulator.tokens import BadToken

_PROJECT: Final = "/projects/{project}"

ROUTES: Final[tuple[tuple[str, str, Route], ...]] = (
    ("GET", "/sdk/credentials", routes_user.list_credentials),
    ("PATCH", "/sdk/credentials/{credential}", routes_user.patch_credential),
    ("GET", "/sdk/credentials/{credential}", routes_user.get_credential),
    ("GET", "/sdk/me", routes_user.get_me),
    ("PATCH", "/sdk/me", routes_user.patch_me),
    ("POST", "/sdk/workflows/{workflow}", routes_user.switch_workflow),
    ("DELETE", "/sdk/workflows/{workflow}", routes_user.switch_workflow),
    ("POST", "/sdk/credentials/{credential}/configurations", routes_user.create_configuration),
    ("PATCH", "/sdk/credentials/{credential}/configurations", routes_user.patch_configuration),
    ("DELETE", "/sdk/credentials/{credential}/configurations", routes_user.delete_configuration),
    ("POST", "/sdk/credentials", routes_accounts.create_credential),
    ("POST", "/sdk/credentials/{credential}/complete-setup", routes_accounts.complete_setup),
    ("DELETE", "/sdk/integrations/{integration}", routes_accounts.disconnect),
    ("POST", "/sdk/resources/{resource}/connect", routes_accounts.connect_resource),
    ("GET", "/sdk/integrations", routes_project.list_integrations),
    ("GET", "/sdk/integrations/{type}", routes_project.get_integration),
    ("GET", "/sdk/metadata", routes_project.get_metadata),
    ("POST", "/sdk/actions", routes_project.field_options),
    ("GET", "/sdk/actions/oauth-nonce", routes_project.no_oauth),
    ("GET", "/sdk/actions/session-id/{key}", routes_project.session),
    ("DELETE", "/sdk/actions/session-id/{key}", routes_project.session),
    ("POST", "/sdk/triggers/{workflow}", routes_project.run_workflow),
    ("POST", "/sdk/events/trigger", routes_project.send_event),
    ("GET", "/triggers", routes_project.trigger_types),
    ("GET", "/sdk/projects/{id}", routes_project.get_project),
    ("*", "/sdk/proxy/{type}/{rest:path}", routes_project.request_third_party),
)
"""Below ``/projects/{project}``, the most used first."""

V2_ROUTES: Final[tuple[tuple[str, str, Route], ...]] = (
    ("POST", "/sdk/events/trigger", routes_project.send_event),
    ("GET", "/sdk/actions/build-oauth", routes_project.no_oauth),
)
"""Below ``/v2/projects/{project}``."""

_ANY: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


def build_app(site: Site, *, middleware: Sequence[Middleware] = ()) -> Starlette:
    """The ASGI application; ``middleware`` stands within CORS and the record of requests, around the routes."""
    portal = Portal(site)
    paths = [
        *_paths(site, portal, _PROJECT, ROUTES),
        *_paths(site, portal, "/v2" + _PROJECT, V2_ROUTES),
        *admin.paths(site, portal, _about(site)),
        Path("/ui", _portal_page),
    ]
    faulty = Middleware(FaultMiddleware, faults=site.faults, verifier=site.verifier)
    cors = Middleware(CORSMiddleware, allow_origins=["*"], allow_methods=[*_ANY], allow_headers=["*"])
    guard = Middleware(AdminGuard, hosts=site.admin_hosts)
    return Starlette(
        routes=paths,
        middleware=[guard, cors, Middleware(RecordingMiddleware, recorder=site.recorder), *middleware, faulty],
        exception_handlers={404: _unknown_path, 405: _unknown_path},
    )


def _about(site: Site) -> JsonObject:
    readings = site.readings
    return {
        "project": site.world.id,
        "replace": readings.replace,
        "metadata": readings.metadata,
        "patchSubscribes": readings.patch_subscribes,
    }


def _paths(site: Site, portal: Portal, prefix: str, routes: Iterable[tuple[str, str, Route]]) -> list[Path]:
    by_path: dict[str, dict[str, Route]] = {}
    for method, path, route in routes:
        by_path.setdefault(path, {}).update(dict.fromkeys(_ANY, route) if method == "*" else {method: route})
    return [
        Path(prefix + path, _Endpoint(site, portal, methods), methods=[*methods]) for path, methods in by_path.items()
    ]


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """One path as an ASGI application of its own: verifies the token, then asks the route."""

    site: Site
    portal: Portal
    methods: Mapping[str, Route]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        content = await read_content(receive)
        try:
            answer = self._answer(scope, headers, content)
        except Refusal as refusal:
            answer = Answer(refusal.to_json(), status=refusal.status)
        await _respond(answer)(scope, receive, send)

    def _answer(self, scope: Scope, headers: dict[str, str], content: bytes) -> Answer:
        site, path = self.site, scope["path_params"]
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        route = self.methods[method]
        if path["project"] != site.world.id:
            raise Refusal(404, "Project not found")
        try:
            user = site.verifier.user(headers.get("authorization", ""))
        except BadToken as error:
            if route is routes_user.get_me:
                return Answer({"authenticated": False})
            raise Refusal(401, f"Unauthorized: {error}") from None
        passage: Passage = scope[PASSAGE]
        passage.user, passage.handled = user, time.monotonic()
        refusal = codec.as_object(site.world.refusals.get(user))
        if refusal is not None:
            status = refusal.get("status")
            status = status if isinstance(status, int) else 403
            raise Refusal(status, str(refusal.get("message", "Forbidden")), str(refusal.get("code", "")))
        answer = route(
            Call(
                method=method,
                user=user,
                path=path,
                query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
                headers=headers,
                content=content,
                users=site.users,
                world=site.world,
                readings=site.readings,
                log=site.log,
                passage=passage,
            )
        )

        if self.portal.active and passage.who == "client" and route is routes_user.list_credentials:
            self.portal.noticed(user)
        return answer


def _respond(answer: Answer) -> Response:
    if answer.text is not None:
        return Response(answer.text, answer.status, media_type="text/html")
    return Response(codec.dumps(answer.body), answer.status, media_type="application/json")


async def _portal_page(_request: object) -> Response:
    """The page that the SDK loads in a frame at start; the emulator has no portal to show in it."""
    return _respond(Answer(text="<!doctype html><title>Portal</title>"))


async def _unknown_path(_request: object, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    message = "Method not allowed" if status == 405 else "Not found"  # noqa: PLR2004
    return _respond(Answer(Refusal(status, message).to_json(), status=status))
