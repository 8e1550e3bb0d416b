"""What a test asks the emulator itself, beside the API: what it served and what it holds. Without a token."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from paragon_sync.emulator import codec
from paragon_sync.emulator.codec import Json, JsonObject
from paragon_sync.emulator.faults import Faultiness, Faults, Faulty, parse_faults, to_json
from paragon_sync.emulator.recorder import Recorder
from paragon_sync.emulator.state import Users


def user_view(users: Users, user: str) -> dict[str, Json]:
    """The full state of a user: its id, metadata, credentials, subscriptions and resources."""
    return {"id": user, **users.read(user).to_json()}


def paths(users: Users, recorder: Recorder, faults: Faults, about: JsonObject) -> list[Route]:
    """The admin endpoints; ``about`` is what the emulator says of itself."""

    async def itself(_request: Request) -> Response:
        return _json(about)

    async def requests(_request: Request) -> Response:
        return _json(recorder.to_json())

    async def names(_request: Request) -> Response:
        return _json([*users.names()])

    async def user(request: Request) -> Response:
        return _json(user_view(users, request.path_params["user"]))

    async def fault_rules(request: Request) -> Response:
        if request.method == "PUT":
            try:
                faults.set(parse_faults(codec.loads(await request.body()), "faults"))
            except (codec.Unreadable, Faulty) as error:
                return _json({"message": str(error)}, 400)
        elif request.method == "DELETE":
            faults.set(Faultiness())
        return _json({**to_json(faults.given), "happened": [*faults.counts()]})

    return [
        Route("/__emulator", itself),
        Route("/__emulator/faults", fault_rules, methods=["GET", "PUT", "DELETE"]),
        Route("/__emulator/requests", requests),
        Route("/__emulator/users", names),
        Route("/__emulator/users/{user:path}", user),
    ]


def _json(value: Json, status: int = 200) -> Response:
    return Response(codec.dumps(value), status, media_type="application/json")
