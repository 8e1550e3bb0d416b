"""Made-up customers for the benchmarks: a catalog, documents about users, and what is live of them.

The same number gives the same customer, whoever asks and however many there are. Knows no network.
"""

from __future__ import annotations

import json
import random
from array import array
from pathlib import Path
from typing import Any

import yaml

from paragon_sync.model.catalog import Catalog, Input, Integration, Workflow

PROJECT = "38b1f170-0c43-4eae-9a04-ab85325d99f7"
CHANGED_EVERY = 100
"""One user in so many differs from what is declared."""
_IN_A_FILE = 200


def user_id(number: int) -> str:
    return f"customer-{number:07d}"


def catalog() -> Catalog:
    """Two integrations with two workflows each."""
    slack = Integration(
        type="slack",
        id="95bedc9f-6a22-4855-b08d-e68dc073ad91",
        inputs=(
            _input("channel", "Channel", "TEXT_NO_VARS"),
            _input("interval", "Sync interval", "NUMBER"),
            _input("mentions", "Mention people", "BOOLEAN_INPUT"),
            _input("frequency", "Frequency", "ENUM", "hourly", "daily", "weekly"),
        ),
        workflows=(
            _workflow("3eb95154-3c7b-413c-bf14-ba367d95b53f", "Send Slack Notification"),
            _workflow("5f0a7d62-9f3c-4a4e-8a6b-0d2f6a1c7e55", "Weekly digest", _input("day", "Day", "TEXT_NO_VARS")),
        ),
    )
    salesforce = Integration(
        type="salesforce",
        id="c4f2b7ae-57e0-4f53-9a57-2a1a5f2f4f0e",
        inputs=(_input("region", "Region", "TEXT_NO_VARS"), _input("object", "Object", "TEXT_NO_VARS")),
        workflows=(
            _workflow("8d6f8a0c-1c52-4d3b-b2c2-9a7f1f0e6b11", "Sync contacts", _input("batch", "Batch size", "NUMBER")),
            _workflow("b7e3c1d4-2a90-4c8f-8f5e-3d7c9b6a5e22", "Sync deals"),
        ),
    )
    integrations = {"slack": slack, "salesforce": salesforce}
    return Catalog(project=PROJECT, pulled="2026-03-14T10:15:02+00:00", origin="benchmark", integrations=integrations)


def document(number: int) -> dict[str, Any]:
    """A document of an ordinary size: 24 lines of YAML."""
    return {
        "apiVersion": "paragon-sync/v1",
        "kind": "User",
        "user": user_id(number),
        "integrations": {
            "slack": {
                "settings": {"Channel": f"C{number:08d}", "Sync interval": 15 + number % 4, "Mention people": True},
                "defaults": {"Frequency": "daily"},
                "workflows": {
                    "Send Slack Notification": True,
                    "Weekly digest": {"enabled": True, "settings": {"Day": "monday"}},
                },
            },
            "salesforce": {
                "settings": {"Region": ("eu", "us", "apac")[number % 3], "Object": "Account"},
                "workflows": {"Sync contacts": {"enabled": number % 2 == 0, "settings": {"Batch size": 200}}},
            },
        },
    }


def second_document(number: int) -> dict[str, Any]:
    """What another team asks of the same user: a workflow of its own, and a setting that both want so."""
    return {
        "apiVersion": "paragon-sync/v1",
        "kind": "User",
        "user": user_id(number),
        "integrations": {"salesforce": {"settings": {"Object": "Account"}, "workflows": {"Sync deals": True}}},
    }


def credentials(number: int) -> list[dict[str, Any]]:
    """What GET /sdk/credentials answers: one account as documented, one in the current shape.

    Every :data:`CHANGED_EVERY`-th user has another channel than its document asks for.
    """
    slack, salesforce = catalog_ids()
    channel = "C-old" if number % CHANGED_EVERY == 0 else f"C{number:08d}"
    documented = {
        "sharedSettings": {
            "channel": channel,
            "interval": 15 + number % 4,
            "mentions": True,
            "frequency": "weekly",
            "greeting": "Hi {{first_name}}",
        },
        "configuredWorkflows": {
            "3eb95154-3c7b-413c-bf14-ba367d95b53f": {"enabled": True, "settings": {}},
            "5f0a7d62-9f3c-4a4e-8a6b-0d2f6a1c7e55": {"enabled": True, "settings": {"day": "monday"}},
        },
    }
    current = {
        "id": f"g-{number}",
        "connectCredentialId": f"s-{number}",
        "isDefault": True,
        "sharedSettings": {"region": ("eu", "us", "apac")[number % 3], "object": "Account", "owner": "0051x"},
        "workflowSettings": {
            "8d6f8a0c-1c52-4d3b-b2c2-9a7f1f0e6b11": {"enabled": number % 2 == 0, "settings": {"batch": 200}},
            "b7e3c1d4-2a90-4c8f-8f5e-3d7c9b6a5e22": {"enabled": True, "settings": {}},
        },
        "configMeta": {},
    }
    return [
        _credential(f"c-{number}", slack, f"T{number:08d}", config=documented),
        _credential(f"s-{number}", salesforce, f"00D{number:08d}", configurations=[current]),
    ]


def credentials_text(number: int) -> bytes:
    """The body of that answer."""
    return json.dumps(credentials(number), separators=(",", ":")).encode()


def catalog_ids() -> tuple[str, str]:
    """The ids of Slack and Salesforce in the catalog."""
    return "95bedc9f-6a22-4855-b08d-e68dc073ad91", "c4f2b7ae-57e0-4f53-9a57-2a1a5f2f4f0e"


def _credential(identity: str, integration: str, provider: str, **more: Any) -> dict[str, Any]:
    return {
        "id": identity,
        "dateCreated": "2024-03-24T12:19:21.511Z",
        "dateUpdated": "2024-03-24T12:19:28.512Z",
        "dateDeleted": None,
        "projectId": PROJECT,
        "integrationId": integration,
        "personaId": f"p-{identity}",
        "status": "VALID",
        "providerId": provider,
        **more,
    }


def _input(id_: str, title: str, kind: str, *values: str) -> Input:
    return Input(id=id_, title=title, type=kind, values=values or None)


def _workflow(id_: str, description: str, *inputs: Input) -> Workflow:
    return Workflow(id=id_, description=description, inputs=inputs)


def write_yaml(folder: Path, users: int) -> list[Path]:
    """One document for each user as YAML, 200 in a file."""
    files = []
    for first in range(0, users, _IN_A_FILE):
        files.append(folder / f"users-{first:07d}.yaml")
        texts = (_yaml(document(number)) for number in range(first, min(first + _IN_A_FILE, users)))
        files[-1].write_text("---\n".join(texts))
    return files


def write_ndjson(folder: Path, users: int) -> list[Path]:
    """The same as NDJSON, in one file."""
    file = folder / "users.ndjson"
    with file.open("w") as lines:
        lines.writelines(_line(document(number)) for number in range(users))
    return [file]


def write_shuffled(folder: Path, users: int) -> list[Path]:
    """Two documents for each user as NDJSON, in any order."""
    file, numbers = folder / "users.ndjson", array("l", range(2 * users))
    random.Random(4).shuffle(numbers)  # noqa: S311 - the same order each time
    with file.open("w") as lines:
        for number in numbers:
            user, second = divmod(number, 2)
            lines.write(_line(second_document(user) if second else document(user)))
    return [file]


def write_live(folder: Path, users: int) -> None:
    """What is live of them, in their order."""
    with (folder / "live.ndjson").open("wb") as lines:
        lines.writelines(credentials_text(number) + b"\n" for number in range(users))


def _yaml(value: dict[str, Any]) -> str:
    return yaml.dump(value, Dumper=yaml.CSafeDumper, sort_keys=False)


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":")) + "\n"
