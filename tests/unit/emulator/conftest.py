"""One signing key for the whole session: making one takes longer than most tests."""

from pathlib import Path

import pytest

from paragon_sync.emulator.tokens import new_key, write_key


@pytest.fixture(scope="session")
def signing_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_key(new_key(), tmp_path_factory.mktemp("key") / "key.pem")
