"""How large the soak tests are: one knob for all of them. CI runs a tenth, ``make soak`` the whole."""

from __future__ import annotations

import os
from typing import Final

SIZE: Final = float(os.environ.get("PARAGON_SYNC_SOAK", "0.1"))
SEED: Final = int(os.environ.get("PARAGON_SYNC_SOAK_SEED", "1"))
"""What every choice of these tests follows; failures name it."""

AGAIN: Final = f"PARAGON_SYNC_SOAK={SIZE:g} PARAGON_SYNC_SOAK_SEED={SEED}"
"""What a failing test says to be run again as it was."""


def scaled(full: int, least: int = 1) -> int:
    """So many at this size, where the whole is ``full``."""
    return max(least, round(full * SIZE))
