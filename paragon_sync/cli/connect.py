"""Opens what a command works with: the Project file, the environment's API, the signing key, an emulator of its own."""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

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
    for warning in _warnings(environment, project.folder):
        say(f"warning: {warning}")
    yield Endpoint(host=environment.host, project=environment.project, signing_key=key)


@asynccontextmanager
async def connect(endpoint: Endpoint, limits: Limits) -> AsyncIterator[Client]:
    """A client whose connections are closed at the end."""
    from paragon_sync.paragon.controller import MAX_CONCURRENCY
    from paragon_sync.paragon.host import api_base
    from paragon_sync.paragon.transport_factory import make_transport

    client = Client(
        make_transport(api_base(endpoint.host), limits.concurrency or MAX_CONCURRENCY),
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


def _warnings(environment: Environment, folder: Path) -> Iterator[str]:
    """Return what exposes an environment's tokens: a remote host without TLS, a key that every user can read."""
    url = urlsplit(environment.host)
    if url.scheme == "http" and not _is_loopback(url.hostname or ""):
        yield f"tokens are sent to {url.hostname} without encryption: use https://"
    reference = environment.signing_key
    if reference is not None and reference.kind == "file":
        path = folder / reference.name
        with suppress(OSError):
            if path.stat().st_mode & stat.S_IROTH:
                yield f"every user of this machine can read the signing key {path}: chmod 600 {path}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


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
