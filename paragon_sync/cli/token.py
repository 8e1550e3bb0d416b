"""``paragon-sync token``: a user token, for curl."""

from __future__ import annotations

from pathlib import Path

import click

from paragon_sync.cli.beside import print_text
from paragon_sync.cli.loop import run_async
from paragon_sync.cli.options import environment_option, project_option


@click.command()
@click.argument("user", metavar="USER")
@project_option
@environment_option()
def token(user: str, project_file: Path, environment: str) -> None:
    """Print a token that acts as USER for one hour.

    Whoever has it can read and change everything of that user:

        curl -H "Authorization: Bearer $(paragon-sync token USER -e ENV)" ...
    """
    from paragon_sync.cli.connect import endpoint_of, open_environment
    from paragon_sync.paragon.signing.signer import Signer

    project, chosen = open_environment(project_file, environment)
    with endpoint_of(project, chosen) as endpoint:
        signer = Signer(endpoint.signing_key, endpoint.project)
    print_text(run_async(signer.token(user)).text)
