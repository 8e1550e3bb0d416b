"""Where the vendor's package is and how it gets there: fetched by npm into a cache outside the repository."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

VERSION = "2.4.0"
PACKAGE = f"@useparagon/connect@{VERSION}"
CACHE = Path(__file__).parents[2] / ".cache" / "sdk" / VERSION
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
    with tempfile.TemporaryDirectory(dir=CACHE.parent) as name:
        _install(npm, Path(name))
        # Several processes may fetch it at once: the first one's is taken.
        with contextlib.suppress(OSError):
            (Path(name) / "node_modules").rename(CACHE / "node_modules")
    if not SCRIPT.is_file():
        raise Missing(f"{PACKAGE} has no {SCRIPT.relative_to(CACHE)}: remove {CACHE} and try again")
    return SCRIPT


def _install(npm: str, folder: Path) -> None:
    arguments = ["--prefix", ".", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--fetch-retries=1"]
    command = [npm, "install", *arguments, PACKAGE]
    try:
        subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=True)
    except subprocess.TimeoutExpired:
        raise Missing(f"npm could not fetch {PACKAGE} within two minutes") from None
    except subprocess.CalledProcessError as failed:
        why = failed.stderr.strip().partition("\n")[0]
        raise Missing(f"npm could not fetch {PACKAGE} ({why}): npm view {PACKAGE} tells more") from None


def chromium() -> str:
    """The browser; ``PARAGON_SYNC_CHROMIUM`` names one that stands elsewhere."""
    names = [os.environ.get("PARAGON_SYNC_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    for name in names:
        if name and (found := shutil.which(name)):
            return found
    raise Missing("no Chromium is installed: install chromium, or name one in PARAGON_SYNC_CHROMIUM")


if __name__ == "__main__":
    print(sdk_script())  # noqa: T201
