"""Where a command's requests go, and with which key."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from paragon_sync.cli.connect import endpoint_of
from paragon_sync.errors import UsageError
from paragon_sync.model.project import Environment, Project, SecretRef

PEM = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PROJECT = Project(file=Path("paragon.yaml"), folder=Path(), manifests=(), environments={})


@pytest.mark.parametrize(
    "environment",
    [
        Environment(name="test", host="https://api.useparagon.com", signing_key=SecretRef(kind="env", name="KEY")),
        Environment(name="test", host="https://api.useparagon.com", project="p"),
    ],
    ids=["no project", "no key"],
)
def test_only_an_emulator_does_without_project_and_key(environment: Environment) -> None:
    message = 'environment "test" needs both project and signingKey'
    with pytest.raises(UsageError, match=message), endpoint_of(PROJECT, environment):
        pass


@pytest.mark.parametrize(
    ("host", "mode", "warnings"),
    [
        ("https://api.useparagon.com", 0o600, []),
        ("http://127.0.0.1:8000", 0o600, []),
        ("http://[::1]:8000", 0o640, []),
        ("http://localhost:8000", 0o400, []),
        ("paragon.acme.example", 0o600, []),
        ("http://paragon.acme.example", 0o600, ["tokens are sent to paragon.acme.example without encryption"]),
        ("http://10.0.0.7:8000", 0o600, ["tokens are sent to 10.0.0.7 without encryption"]),
        ("https://api.useparagon.com", 0o644, ["every user of this machine can read the signing key"]),
    ],
)
def test_what_exposes_tokens_is_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], host: str, mode: int, warnings: list[str]
) -> None:
    key = tmp_path / "key.pem"
    key.write_text(PEM, "ascii")
    key.chmod(mode)
    project = Project(file=tmp_path / "paragon.yaml", folder=tmp_path, manifests=(), environments={})
    reference = SecretRef(kind="file", name="key.pem")

    with endpoint_of(project, Environment(name="test", host=host, project="p", signing_key=reference)):
        pass

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(warnings)
    assert all(line.startswith(f"warning: {warning}") for line, warning in zip(lines, warnings, strict=True))
