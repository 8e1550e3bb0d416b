"""Shows the main job on a copy of this folder: validate, plan, apply, plan again, and what was left untouched.

The commands run as they would in a shell; the emulator's states before and after are compared here, byte for byte.
Ends with 1 when something is left to do, or when a value that the plan doesn't name has changed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from paragon_sync.emulator import embedded
from paragon_sync.model.secrecy import names_secret

HERE = Path(__file__).parent
COMMAND = Path(sys.executable).parent / "paragon-sync"
# In CI a plan is saved encrypted or not at all; this one holds nobody's values.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "CI"}
COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ
PATH_WIDTH, VALUE_WIDTH = 50, 26
SUBJECT = ("user", "integration", "account", "configurationName")
IDENTITY = {"id", "externalId", "isDefault"}  # what a configuration has beside its config

Pointer = tuple[str, ...]


class NumberText(str):
    """A number as it is written: 1.0 stays apart from 1."""

    __slots__ = ()


class Failed(Exception):
    """The demo didn't show what it promises."""


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="paragon-sync-demo-") as folder:
        copy = Path(folder) / "quickstart"
        shutil.copytree(HERE, copy, ignore=shutil.ignore_patterns(".*", "__pycache__", "demo.py"))
        tell("A local Paragon is started, and seeded from emulator/fixture.yaml.")
        before = states(copy)
        print(f"{len(before)} users of an order desk for small shops.\n")
        tell("Are the manifests right? Names and types are checked against the catalog.")
        run(copy, "validate -e local")
        tell("What would change? Nothing is written yet; the plan is saved.")
        run(copy, "plan -e local --out first.plan")
        tell("Apply exactly that plan: each user is read again, written and read back.")
        run(copy, "apply first.plan -e local")
        tell("Plan again. It would end with exit code 2 if anything were left to do.")
        run(copy, "plan -e local --detailed-exitcode")
        plan = json.loads(output(copy, "show first.plan --format json"))
        tell("Each write replaced a whole config. What no manifest names is still there:")
        compare(before, states(copy), plan)


def tell(text: str) -> None:
    print(f"\033[36m# {text}\033[0m" if COLOUR else f"# {text}", flush=True)


def run(folder: Path, arguments: str) -> None:
    """Run a command for all to see."""
    line = f"$ paragon-sync {arguments}"
    print(f"\033[1m{line}\033[0m" if COLOUR else line, flush=True)
    ended = subprocess.run([COMMAND, *arguments.split()], cwd=folder, env=ENVIRONMENT, check=False)
    if ended.returncode != 0:
        raise Failed(f"paragon-sync {arguments} ended with {ended.returncode}")
    print(flush=True)


def output(folder: Path, arguments: str) -> str:
    """Run a command silently."""
    ended = subprocess.run(
        [COMMAND, *arguments.split()], cwd=folder, env=ENVIRONMENT, check=True, stdout=subprocess.PIPE, text=True
    )
    return ended.stdout


def states(folder: Path) -> dict[str, str]:
    """Every user's full state, as the emulator's own text."""
    with embedded(folder / "emulator") as emulator:
        return {user: emulator.user_text(user) for user in emulator.users()}


def compare(before: dict[str, str], after: dict[str, str], plan: Any) -> None:
    """Print what each write carried; raise if anything beside the planned values has changed."""
    written: dict[str, list[Any]] = {}
    for operation in plan["operations"]:
        written.setdefault(operation["user"], []).append(operation)
    others = (before.keys() | after.keys()) - written.keys()
    wrong = [user for user in others if before.get(user) != after.get(user)]
    for user, operations in written.items():
        old, new = read(before[user]), read(after[user])
        planned = {
            (*place(old, operation), *parts(change["pointer"]))
            for operation in operations
            for change in operation["changes"]
        }
        wrong += [f"{user} {pointer(at)}" for at in differences(old, new, planned)]
        for operation in operations:
            show(operation, old, planned)
    if wrong:
        raise Failed("changed, and not in the plan: " + ", ".join(sorted(wrong)))
    kept, writes = plan["counts"]["kept"], len(plan["operations"])
    print(f"\n{kept} unmanaged values in {writes} writes, and {len(others)} other users: not a byte differs.")


def show(operation: Any, state: Any, planned: set[Pointer]) -> None:
    print(" · ".join(operation[key] for key in SUBJECT if key in operation))
    at = place(state, operation)
    for path, text in untouched(follow(state, at), at, planned):
        print(f"  {pointer(path[len(at) :]):{PATH_WIDTH}}  {text}")


def read(text: str) -> Any:
    state = json.loads(text, parse_int=NumberText, parse_float=NumberText)
    if dump(state) != text:
        raise Failed("a state could not be read exactly")
    return state


def dump(value: Any) -> str:
    if isinstance(value, NumberText):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{dump(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(dump, value)) + "]"
    return json.dumps(value)


def differences(old: Any, new: Any, planned: set[Pointer], at: Pointer = ()) -> Iterator[Pointer]:
    """Where the texts differ and the plan doesn't say so; keys that changed places count too."""
    if at in planned:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        if [key for key in old if key in new] != [key for key in new if key in old]:
            yield at
        for key in {**old, **new}:
            below = (*at, key)
            if key in old and key in new:
                yield from differences(old[key], new[key], planned, below)
            elif not (below in planned or (key in new and any(p[: len(below)] == below for p in planned))):
                yield below
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, items in enumerate(zip(old, new, strict=True)):
            yield from differences(*items, planned, (*at, str(index)))
    elif dump(old) != dump(new):
        yield at


def place(state: Any, operation: Any) -> Pointer:
    """Where what an operation writes stands in the user's state."""
    if operation["kind"] == "metadata":
        return ("meta",)
    index = next(i for i, c in enumerate(state["credentials"]) if c["id"] == operation["credential"])
    at = ("credentials", str(index))
    if "configuration" not in operation:
        return (*at, "config")
    entries = state["credentials"][index]["configurations"]
    return (*at, "configurations", str(next(i for i, e in enumerate(entries) if e["id"] == operation["configuration"])))


def untouched(value: Any, at: Pointer, planned: set[Pointer]) -> Iterator[tuple[Pointer, str]]:
    """The values below that no change names: whole where they fit in their column."""
    if at in planned or (at[-1] in IDENTITY and at[-3] == "configurations"):
        return
    text = "(secret)" if names_secret(at[-1]) else dump(value)
    holds_planned = any(changed[: len(at)] == at for changed in planned)
    if isinstance(value, dict) and (holds_planned or len(text) > VALUE_WIDTH):
        for key, item in value.items():
            yield from untouched(item, (*at, key), planned)
    else:
        yield at, text


def follow(value: Any, at: Pointer) -> Any:
    for part in at:
        value = value[int(part) if isinstance(value, list) else part]
    return value


def parts(pointer: str) -> Pointer:
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def pointer(at: Pointer) -> str:
    """A JSON Pointer for people: of a long id, the start."""
    short = (re.sub(r"^([0-9a-f]{8})-[0-9a-f-]{27}$", r"\1…", part) for part in at)
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in short)


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"The demo failed: {failure}")
