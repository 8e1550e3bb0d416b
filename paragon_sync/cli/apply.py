"""``paragon-sync apply``: a saved plan as it is, or manifests after their plan was shown and confirmed."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from paragon_sync.cli.beside import print_text
from paragon_sync.cli.options import (
    Canary,
    allow_option,
    catalog_option,
    environment_option,
    filter_options,
    format_option,
    paths_argument,
    project_option,
    quiet_option,
    run_options,
    stopping_options,
    view_option,
)
from paragon_sync.cli.stored import check_encrypted, open_plan, open_state
from paragon_sync.cli.target import Target
from paragon_sync.errors import EXIT_OK, ParagonSyncError, PlanFileError, UsageError
from paragon_sync.render.format import DEFAULT_NAME

if TYPE_CHECKING:
    from paragon_sync.store.planfile import PlanReader


@click.command()
@paths_argument
@project_option
@environment_option()
@filter_options
@catalog_option
@allow_option
@click.option("--yes", is_flag=True, help="Don't ask before applying manifests.")
@click.option("--digest", metavar="HEX", help="Apply only if the plan file has this digest, or one that starts so.")
@click.option(
    "--retry-conflicts",
    "retried",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Plan today's manifests for the users of that plan's run who ended in conflict, failed or blocked.",
)
@stopping_options
@run_options
@view_option
@quiet_option
@format_option("run")
def apply(
    paths: tuple[Path, ...],
    project_file: Path,
    environment: str,
    users: tuple[str, ...],
    integrations: tuple[str, ...],
    catalog: str,
    allowed: Mapping[str, int],
    yes: bool,
    digest: str | None,
    retried: Path | None,
    on_conflict: str,
    fail_fast: bool,
    canary: Canary | None,
    message: str | None,
    lock_timeout: int,
    full: bool | None,
    quiet: bool,
    output_format: str,
) -> int:
    """Apply a saved plan, or manifests.

    A single plan FILE, saved by "plan --out FILE", is applied as it is. PATHS are
    manifest files or folders (without any, the Project's own patterns): their
    plan is made and shown first, and applied once you say yes.
    """
    from paragon_sync.cli.connect import open_environment
    from paragon_sync.store.planfile import is_plan

    project, chosen = open_environment(project_file, environment)
    target = Target(
        project=project,
        environment=chosen,
        allowed=allowed,
        output_format=output_format,
        message=message,
        lock_timeout=lock_timeout,
        on_conflict=on_conflict,
        fail_fast=fail_fast,
        canary=canary,
        full=full,
        quiet=quiet,
    )
    if digest is not None and not re.fullmatch(r"[0-9a-fA-F]{8,64}", digest):
        raise UsageError(f'"{digest}" is no digest', hint="at least the eight hexadecimal digits that plan showed")
    if any(is_plan(path) for path in paths):
        if len(paths) > 1 or users or integrations or retried:
            raise UsageError("a saved plan is applied alone, and whole", hint="filters are given to plan")
        return _apply_saved(paths[0], digest, target)
    if digest is not None:
        raise UsageError("--digest goes with a saved plan", hint="paragon-sync plan --out FILE saves one")

    from paragon_sync.cli.planning import make_plan_file, question

    if canary is not None and not sys.stdin.isatty():
        raise UsageError(
            "--canary needs a saved plan where there is no terminal to ask on", hint="paragon-sync plan --out FILE"
        )
    only = None if retried is None else _users_to_retry(retried, target)
    if only is not None and not only:
        print_text("Nothing to retry: every operation of that plan's run ended well.")
        return EXIT_OK
    asked = question(project, chosen, paths, users, integrations, catalog, allowed, only)
    with tempfile.TemporaryDirectory(prefix="paragon-sync-") as folder:
        file = Path(folder) / "plan"
        make_plan_file(asked, file, quiet=quiet)
        reader = open_plan(file)
    with reader:  # its file has no name any more: nothing is left of it, whatever ends the run
        return _show_and_apply(reader, target, yes=yes)


def _users_to_retry(plan: Path, target: Target) -> frozenset[str]:
    from paragon_sync.run.apply.retrying import users_to_retry

    with open_plan(plan) as reader, open_state(target.project) as store:
        return users_to_retry(reader, store)


def _apply_saved(file: Path, digest: str | None, target: Target) -> int:
    from paragon_sync.cli.connect import connected
    from paragon_sync.store.planfile import likely_operations

    with connected(target.project, target.environment) as connection:
        if target.canary is None:
            connection.loop.run(connection.client.expect(likely_operations(file)))
        from paragon_sync.cli.applying import apply_and_tell  # while those start who are needed for many users

        with open_plan(file) as reader:
            _check_digest(reader, digest)
            check_encrypted(reader, target.allowed)
            with open_state(target.project, create=True) as store:
                return apply_and_tell(reader, store, target, connection)


def _show_and_apply(reader: PlanReader, target: Target, *, yes: bool) -> int:
    """Show the plan, on stderr where stdout is for a machine; ask, and apply it."""
    from paragon_sync.cli.applying import apply_and_tell
    from paragon_sync.cli.connect import connected
    from paragon_sync.cli.show import print_plan
    from paragon_sync.render.plan import View
    from paragon_sync.run.apply.admission import check_allowed

    for_machine = target.is_for_machine
    view = View(full=target.full)
    print_plan(reader, DEFAULT_NAME, view, saved=None, stream=sys.stderr if for_machine else sys.stdout)
    check_allowed(reader.header, target.allowed)
    if reader.count == 0 and not for_machine:
        return EXIT_OK
    print_text(err=for_machine)
    with open_state(target.project, create=True) as store:
        if reader.count and not yes:
            _ask(target.environment.name)
        with connected(target.project, target.environment) as connection:
            return apply_and_tell(reader, store, target, connection)


def _ask(environment: str) -> None:
    if not sys.stdin.isatty():
        raise ParagonSyncError(
            "nothing was applied: there is no terminal to ask on",
            hint="--yes applies without asking; in CI, save a plan, have it reviewed, and apply that file",
        )
    from paragon_sync.cli.applying import ask

    ask(f"Apply this to {environment}?", "nothing was applied")


def _check_digest(reader: PlanReader, digest: str | None) -> None:
    if digest is not None and not reader.digest.startswith(digest.lower()):
        raise PlanFileError(
            f"the plan's digest is {reader.digest[: len(digest)]}, not {digest}",
            hint="this is not the plan that was reviewed: make it again, and have that one reviewed",
        )
