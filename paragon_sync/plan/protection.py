"""Which changes of a plan touch what the policy protects. Knows names as the policy spells them, and no thresholds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from paragon_sync.model.catalog import Catalog
from paragon_sync.model.desired import Setting, WorkflowSetting
from paragon_sync.model.planned import Change, ConfigurationSubject, Operation
from paragon_sync.model.project import Protected
from paragon_sync.plan.names import BY_ID, Names, integration_type


def protected_changes(operations: Iterable[Operation], protected: Protected, catalog: Catalog) -> Iterator[str]:
    """For each change that is protected, what protects it: ``users acme-*``, ``slack``, ``slack "Channel"``."""
    for operation in operations:
        whole = _protection_of_all(operation, protected, catalog)
        for change in operation.changes:
            found = whole or _protection_of(change, operation, protected, catalog)
            if found is not None:
                yield found


def unknown_names(protected: Protected, catalog: Catalog) -> Iterator[str]:
    """Names in the policy that protect nothing, because the catalog doesn't know them, as sentences."""
    named = dict.fromkeys([*protected.integrations, *protected.settings])
    for integration in named:
        if not integration.startswith(BY_ID) and integration not in catalog.integrations:
            yield f'the policy protects integration "{integration}", which the catalog doesn\'t know'
    for integration, settings in protected.settings.items():
        known = catalog.integrations.get(integration)
        inputs = () if known is None else (*known.inputs, *(i for w in known.workflows for i in w.inputs))
        spelled = {name for one in inputs for name in (one.id, one.title)}
        for setting in settings:
            if known is not None and not setting.startswith(BY_ID) and setting not in spelled:
                yield f'the policy protects {integration} "{setting}", which the catalog doesn\'t know'


def _protection_of_all(operation: Operation, protected: Protected, catalog: Catalog) -> str | None:
    """What protects everything that the operation writes."""
    user = operation.user
    for glob in protected.users:
        if glob == user or fnmatchcase(user, glob):
            return f"users {glob}"
    if isinstance(operation.subject, ConfigurationSubject):
        integration = integration_type(catalog, operation.subject.integration)
        return integration if integration in protected.integrations else None
    return None


def _protection_of(change: Change, operation: Operation, protected: Protected, catalog: Catalog) -> str | None:
    target = change.target
    if not isinstance(operation.subject, ConfigurationSubject) or not isinstance(target, Setting | WorkflowSetting):
        return None
    integration = integration_type(catalog, operation.subject.integration)
    names = protected.settings.get(integration)
    if not names:
        return None
    label = Names(catalog.integrations.get(integration)).label(target)
    found = next((name for name in names if name in {target.input, f"{BY_ID}{target.input}", label}), None)
    return None if found is None else f'{integration} "{found}"'
