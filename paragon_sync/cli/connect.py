"""Opens what a command works with: the Project file, the environment's API, the signing key, an emulator of its own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from paragon_sync.cli.beside import say
from paragon_sync.cli.loop import Loop
from paragon_sync.errors import SigningKeyError, UsageError
from paragon_sync.manifest.project import load_project
from paragon_sync.model.project import Environment, Limits, Project, SecretRef
from paragon_sync.model.similar_names import did_you_mean
from paragon_sync.paragon.client import Client
from paragon_sync.paragon.rate import Limiter
from paragon_sync.paragon.signing.key import SigningKey, read_key
from paragon_sync.paragon.signing.signer import Signer

EMULATOR = "emulator:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where an environment's API is: base URL or on-premise host, and project id; and the key to sign with."""

    host: str
    project: str
    signing_key: SigningKey


@dataclass(frozen=True, slots=True)
class Connection:
    """A client, and the loop that everything on it runs in."""

    client: Client
    loop: Loop


def open_environment(project_file: Path, environment: str) -> tuple[Project, Environment]:
    """The Project and one of its environments; a name that isn't there is a :class:`UsageError` with the candidates."""
    project = load_project(project_file)
    check_environment(project, project_file, environment)
    return project, project.environments[environment]


def check_environment(project: Project, project_file: Path, environment: str) -> None:
    """Raises :class:`UsageError` with the candidates for an environment that isn't in the Project file."""
    if environment in project.environments:
        return
    names = list(project.environments)
    hint = did_you_mean(environment, names) or f"there are {', '.join(names)}"
    raise UsageError(f'{project_file} has no environment "{environment}"', hint=hint)


@contextmanager
def endpoint_of(project: Project, environment: Environment) -> Iterator[Endpoint]:
    """Where to send requests; for ``emulator:PATH`` the emulator runs as long as the context lasts."""
    if environment.host.startswith(EMULATOR):
        from paragon_sync.emulator import embedded

        with embedded(project.folder / environment.host.removeprefix(EMULATOR)) as emulator:
            key = read_key(emulator.signing_key.read_text("ascii"))
            yield Endpoint(host=emulator.url, project=emulator.project, signing_key=key)
        return
    if environment.project is None or environment.signing_key is None:
        raise UsageError(f'environment "{environment.name}" needs both project and signingKey', hint=str(project.file))
    key = _signing_key(environment.name, environment.signing_key, project.folder)
    yield Endpoint(host=environment.host, project=environment.project, signing_key=key)


@asynccontextmanager
async def connect(endpoint: Endpoint, limits: Limits) -> AsyncIterator[Client]:
    """A client whose connections are closed at the end."""
    from paragon_sync.paragon.host import api_base
    from paragon_sync.paragon.transport_factory import make_transport

    client = Client(
        make_transport(api_base(endpoint.host), limits.concurrency),
        host=endpoint.host,
        project=endpoint.project,
        signer=Signer(endpoint.signing_key, endpoint.project),
        limiter=Limiter(concurrency=limits.concurrency, rate=limits.rate),
        notice=say,
    )
    try:
        yield client
    finally:
        await client.aclose()


@contextmanager
def connected(project: Project, environment: Environment) -> Iterator[Connection]:
    """A client for a command that has several things to do with it, and others in between."""
    with endpoint_of(project, environment) as endpoint, Loop() as loop:
        opened = AsyncExitStack()
        client = loop.run(opened.enter_async_context(connect(endpoint, project.limits)))
        try:
            yield Connection(client, loop)
        finally:
            loop.run(opened.aclose())


def _signing_key(environment: str, reference: SecretRef, folder: Path) -> SigningKey:
    """The key; it names its own source and needs no entry under ``secrets``. Errors say where it was looked for."""
    if reference.kind == "env":
        text, missing = os.environ.get(reference.name), f"the variable {reference.name} is not set"
        source = f"the variable {reference.name}"
    else:
        path = folder / reference.name
        source = str(path)
        try:
            text, missing = path.read_text("ascii"), ""
        except (OSError, ValueError) as error:
            text, missing = None, f"{path} can't be read ({getattr(error, 'strerror', None) or 'it is no text'})"
    if text is None:
        raise SigningKeyError(
            f'the signing key of "{environment}" is missing: {missing}',
            hint="it is the private key that the Paragon dashboard showed when it was created",
        )
    try:
        return read_key(text)
    except SigningKeyError as error:
        raise SigningKeyError(f"{source}: {error.message}", hint=error.hint) from None
