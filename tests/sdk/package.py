"""Where the vendor's package is and how it gets there: fetched by npm into a cache outside the repository."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

VERSION = "2.4.0"
PACKAGE = f"@useparagon/connect@{VERSION}"
CACHE = Path(__file__).parents[2] / ".cache" / "sdk"
SCRIPT = CACHE / "node_modules" / "@useparagon" / "connect" / "dist" / "src" / "index.js"


class Missing(Exception):
    """Something that the browser tests need is not here; the message says how to get it."""


def sdk_script() -> Path:
    """The SDK as one script, fetched when it isn't here yet."""
    if SCRIPT.is_file():
        return SCRIPT
    npm = shutil.which("npm")
    if npm is None:
        raise Missing("npm is not installed: install Node.js with npm to run the tests of the SDK in a browser")
    CACHE.mkdir(parents=True, exist_ok=True)
    arguments = ["--prefix", ".", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save"]
    done = subprocess.run(
        [npm, "install", *arguments, PACKAGE], cwd=CACHE, capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode != 0 or not SCRIPT.is_file():
        raise Missing(f"npm could not fetch {PACKAGE}: {done.stderr.strip()[-300:]}")
    return SCRIPT


def chromium() -> str:
    """The browser; ``PARAGON_SYNC_CHROMIUM`` names one that stands elsewhere."""
    names = [os.environ.get("PARAGON_SYNC_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    for name in names:
        if name and (found := shutil.which(name)):
            return found
    raise Missing("no Chromium is installed: install chromium, or name one in PARAGON_SYNC_CHROMIUM")


if __name__ == "__main__":
    print(sdk_script())  # noqa: T201
