"""octoDNS, with zone files of as many bytes as our manifests: what its planning from YAML to YAML takes.

octoDNS comes from PyPI, into an environment of its own under ``.cache/``; it is no dependency of ours.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import venv
from pathlib import Path

from benchmarks.comparing import Reading

TOP = Path(__file__).parents[1]
HOME = TOP / ".cache" / "octodns"
ZONES = 100
CHANGED_EVERY = 100
"""One record in so many differs."""


def install() -> Path:
    """The command that plans; installed when it is first asked for."""
    command = HOME / "bin" / "octodns-sync"
    if not command.exists():
        venv.create(HOME, with_pip=True)
        subprocess.run([HOME / "bin" / "pip", "install", "--quiet", "octodns==1.22.0"], check=True)
    return command


def version() -> str:
    """Which octoDNS it is, and which PyYAML it reads with."""
    code = "from importlib.metadata import version as v; print('octoDNS', v('octodns') + ', PyYAML', v('pyyaml'))"
    done = subprocess.run([HOME / "bin" / "python", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def write(folder: Path, size: int) -> int:
    """Zone files of about ``size`` bytes in all, as they shall be and as they are; how many bytes it came to."""
    total = 0
    for zone in range(ZONES):
        name, written, number = f"zone-{zone:03d}.example.yaml", 0, 0
        with _new(folder / "desired" / name) as desired, _new(folder / "live" / name) as live:
            desired.write("---\n")
            live.write("---\n")
            while written < size / ZONES:
                text = _records(number, "192.0.2")
                written += desired.write(text)
                live.write(_records(number, "198.51.100") if number % (CHANGED_EVERY // 2) == 0 else text)
                number += 1
        total += written + 4
    config = {
        "manager": {"max_workers": 2},
        "providers": {
            side: {"class": "octodns.provider.yaml.YamlProvider", "directory": str(folder / side)}
            for side in ("desired", "live")
        },
        "zones": {"*": {"sources": ["desired"], "targets": ["live"]}},
    }
    (folder / "config.yaml").write_text(json.dumps(config))
    return total


def plan(folder: Path, size: int) -> Reading:
    """Plan all zones without applying anything: bytes of the zone files that shall be, a second."""
    began = time.perf_counter()
    command = [HOME / "bin" / "octodns-sync", "--config-file", folder / "config.yaml", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    if done.returncode or "Update" not in done.stdout + done.stderr:
        sys.exit(f"octodns-sync ended with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return Reading(value=size / seconds / 1e6, unit="MB/s", notes={"seconds": seconds})


def _new(file: Path):  # noqa: ANN202 - an open text file
    file.parent.mkdir(parents=True, exist_ok=True)
    return file.open("w", encoding="utf-8")


def _records(number: int, network: str) -> str:
    """Two records of the types that zones mostly have; names come in the order that octoDNS asks for."""
    a, b = number % 250 + 1, number // 250 % 250 + 1
    return (
        f"r-{number:06d}a:\n  ttl: 300\n  type: A\n  values:\n  - {network}.{a}\n  - {network}.{b + 2}\n"
        f"r-{number:06d}c:\n  ttl: 300\n  type: CNAME\n  value: www-{number:06d}.example.com.\n"
    )
