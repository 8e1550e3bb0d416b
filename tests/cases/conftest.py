"""The flag that rewrites expected files, and what all cases share: one signing key, one way to run a command."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

UPDATE = "--update-cases"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        UPDATE, action="store_true", help="rewrite the expected files of tests/cases from what happens now"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption(UPDATE, default=False) and os.environ.get("CI"):
        raise pytest.UsageError(f"{UPDATE} is refused in CI: expected files are written by hand and reviewed")


@pytest.fixture(scope="session")
def signing_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One key for all emulators, because making one takes longer than most cases."""
    from paragon_sync.emulator import running

    path = tmp_path_factory.mktemp("keys") / "signing-key.pem"
    with running() as emulator:
        path.write_bytes(emulator.signing_key.read_bytes())
    path.chmod(0o600)
    return path


@pytest.fixture
def updating(request: pytest.FixtureRequest) -> bool:
    """Whether expected files are to be rewritten."""
    return bool(request.config.getoption(UPDATE, default=False))
