"""What these tests share."""

from tests.benches import signing_key, start

__all__ = ["signing_key", "start"]
