"""What a test asks and tells the emulator itself, beside the API. Without a token."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from paragon_sync.emulator import codec
from paragon_sync.emulator.codec import Json, JsonObject
from paragon_sync.emulator.faults import Faultiness, Faults, parse_faults, to_json
from paragon_sync.emulator.portal import Portal, read_habits
from paragon_sync.emulator.records import Unfit
from paragon_sync.emulator.site import Site
from paragon_sync.emulator.state import Users
from paragon_sync.emulator.writes import destroyed


def user_view(users: Users, user: str) -> dict[str, Json]:
    """The full state of a user: its id, metadata, credentials, subscriptions and resources."""
    return {"id": user, **users.read(user).to_json()}


def paths(site: Site, portal: Portal, about: JsonObject) -> list[Route]:
    """The admin endpoints; ``about`` is what the emulator says of itself."""

    async def itself(_request: Request) -> Response:
        return _json(about)

    async def names(_request: Request) -> Response:
        return _json([*site.users.names()])

    async def user(request: Request) -> Response:
        return _json(user_view(site.users, request.path_params["user"]))

    return [
        Route("/__emulator", itself),
        *_logs(site),
        Route("/__emulator/faults", _Faults(site.faults).answer, methods=["GET", "PUT", "DELETE"]),
        Route("/__emulator/portal", _Portal(portal).answer, methods=["GET", "PUT", "DELETE"]),
        Route("/__emulator/users", names),
        Route("/__emulator/users/{user:path}", user),
    ]


def _logs(site: Site) -> list[Route]:
    async def requests(request: Request) -> Response:
        if request.method == "DELETE":
            site.recorder.forget()
        return _json(site.recorder.to_json())

    async def writes(request: Request) -> Response:
        if request.method == "DELETE":
            site.log.forget()
        after = request.query_params.get("after", "0")
        states = request.query_params.get("states") == "true"
        if not after.isdecimal():
            return _json({"message": "after must be the sequence number of a write"}, 400)
        return _json([write.to_json(states=states) for write in site.log.writes(after=int(after))])

    async def lost(_request: Request) -> Response:
        return _json([one.to_json() for one in destroyed(site.log.writes())])

    return [
        Route("/__emulator/requests", requests, methods=["GET", "DELETE"]),
        Route("/__emulator/writes", writes, methods=["GET", "DELETE"]),
        Route("/__emulator/destroyed", lost),
    ]


class _Faults:
    """The endpoint at which faults are set."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    async def answer(self, request: Request) -> Response:
        faults = self._faults
        if request.method == "PUT":
            try:
                faults.set(parse_faults(codec.loads(await request.body()), "faults"))
            except (codec.Unreadable, Unfit) as error:
                return _json({"message": str(error)}, 400)
        elif request.method == "DELETE":
            faults.set(Faultiness())
        return _json({**to_json(faults.given), "happened": [*faults.counts()]})


class _Portal:
    """The endpoint at which the portal user is started and stopped."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    async def answer(self, request: Request) -> Response:
        portal = self._portal
        if request.method == "PUT":
            content = await request.body()
            try:
                portal.start(read_habits(codec.loads(content or b"{}")))
            except (codec.Unreadable, Unfit) as error:
                return _json({"message": str(error)}, 400)
        elif request.method == "DELETE":
            portal.stop()
        return _json(portal.to_json())


def _json(value: Json, status: int = 200) -> Response:
    return Response(codec.dumps(value), status, media_type="application/json")
