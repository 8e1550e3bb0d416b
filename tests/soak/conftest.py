"""What the soak tests share."""

from tests.benches import signing_key

__all__ = ["signing_key"]
