"""One parsed document → its noun: the grammar of blocks, settings and workflows. Knows neither files nor catalogs.

Values that the schema has refused are stepped over here, so that one pass finds everything that is wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal

from paragon_sync.jsonvalue import Json, JsonObject, Pointer
from paragon_sync.manifest import schema, secrets
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.model.declared import (
    Account,
    AccountBy,
    Block,
    Configuration,
    ConfigurationBy,
    Declared,
    Fault,
    Fragment,
    Place,
    Profile,
    Settings,
    Slot,
    User,
    WorkflowBlock,
)


class Builder:
    """Builds the noun of one document; ``faults`` are what is wrong with it beyond its schema.

    ``secret`` are the places whose value a template makes from a secret, ``templates`` those where one stands that
    each row evaluates; ``slots`` are the values that these are in.
    """

    def __init__(
        self,
        place: Place,
        scope: SecretScope,
        secret: frozenset[Pointer] = frozenset(),
        templates: frozenset[Pointer] = frozenset(),
    ) -> None:
        self._place = place
        self._scope = scope
        self._secret = secret
        self._templates = templates
        self._releases = True
        self.slots: list[Slot] = []
        self.faults: list[Fault] = []

    def user(self, document: JsonObject) -> User:
        """A User document."""
        user = _text(document.get("user"))
        if any("\ud800" <= char <= "\udfff" for char in user):
            self._fault(("user",), "the user id holds half a character (a lone surrogate)")
        return User(user=user, place=self._place, fragment=self.fragment(document), profiles=self.profiles(document))

    def profiles(self, document: JsonObject) -> tuple[str, ...]:
        """The names of the profiles that the document starts from."""
        return tuple(self._names(document, ("profiles",)))

    def profile(self, document: JsonObject) -> Profile:
        """A Profile document."""
        self._releases = False
        return Profile(name=_text(document.get("name")), place=self._place, fragment=self.fragment(document))

    def fragment(self, document: JsonObject) -> Fragment:
        """Metadata and blocks of a document of any kind that has them."""
        blocks: list[Block] = []
        for integration, content in _object(document.get("integrations")).items():
            at: Pointer = ("integrations", integration)
            if isinstance(content, list):
                items = enumerate(content)
                blocks.extend(self._block(integration, _object(item), (*at, str(index))) for index, item in items)
            else:
                blocks.append(self._block(integration, _object(content), at))
        metadata = self._declared(document, ("metadata",))
        release = self._names(document, ("release",))
        self._apart("release", release, metadata=metadata)
        return Fragment(metadata=metadata, release=release, blocks=tuple(blocks))

    def _block(self, integration: str, block: JsonObject, at: Pointer) -> Block:
        workflows = {
            name: self._workflow(content, (*at, "workflows", name))
            for name, content in _object(block.get("workflows")).items()
        }
        for key in ("account", "configuration"):
            self._selector(block.get(key), (*at, key))
        return Block(
            integration=integration,
            place=self._key(at),
            account=account_of(_object(block.get("account"))),
            configuration=configuration_of(block.get("configuration")),
            settings=self._settings(block, at),
            workflows=workflows,
        )

    def _workflow(self, content: Json, at: Pointer) -> WorkflowBlock:
        place = self._key(at)
        if isinstance(content, bool) or at in self._templates:
            return WorkflowBlock(place=place, enabled=self._switch(content, at))
        workflow = _object(content)
        enabled = self._switch(workflow["enabled"], (*at, "enabled")) if "enabled" in workflow else None
        return WorkflowBlock(place=place, enabled=enabled, settings=self._settings(workflow, at))

    def _switch(self, value: Json, at: Pointer) -> Declared:
        return Declared(value=value, place=self._at(at), template=self._is_slot(value, at, "switch"))

    def _selector(self, selector: Json, at: Pointer) -> None:
        self._is_slot(selector, at, "text")
        for key, value in _object(selector).items():
            self._is_slot(value, (*at, key), "text")

    def _settings(self, level: JsonObject, at: Pointer) -> Settings:
        settings = self._declared(level, (*at, "settings"))
        defaults = self._declared(level, (*at, "defaults"))
        unset = self._names(level, (*at, "unset"))
        release = self._names(level, (*at, "release"))
        self._apart("unset", unset, settings=settings, defaults=defaults)
        self._apart("release", release, settings=settings, defaults=defaults, unset=unset)
        if "release" in level and not self._releases:
            place = self._key((*at, "release"))
            self.faults.append(Fault(message=schema.NOTHING_TO_RELEASE, place=place, hint=schema.WHERE_TO_RELEASE))
        blank = level.get("blank")
        return Settings(
            settings=settings,
            defaults=defaults,
            unset=unset,
            keep=self._names(level, (*at, "keep")),
            release=release,
            blank=tuple(blank) if isinstance(blank, list) else (),
            exact=level.get("exact") is True,
        )

    def _apart(self, section: str, names: Mapping[str, Place], **others: Collection[str]) -> None:
        for name, place in names.items():
            for other, declared in others.items():
                if name in declared:
                    self._fault(place.pointer, f'"{name}" is under {section} and under {other}', "keep one of them")

    def _declared(self, level: JsonObject, at: Pointer) -> Mapping[str, Declared]:
        return {name: self._value(value, (*at, name)) for name, value in _object(level.get(at[-1])).items()}

    def _value(self, value: Json, at: Pointer) -> Declared:
        resolved = secrets.resolve(value, self._scope)
        for refused in resolved.refused:
            self._fault((*at, *refused.pointer), refused.message, refused.hint)
        secret = resolved.secret or bool(_below(at, self._secret))
        template = self._is_slot(resolved.value, at, "value")
        return Declared(value=resolved.value, place=self._at(at), secret=secret, template=template)

    def _is_slot(self, value: Json, at: Pointer, kind: Literal["value", "text", "switch"]) -> bool:
        """Whether rows fill this value; then it is a slot. Only a ``value`` may have templates deeper down."""
        inside = _below(at, self._templates)
        if not inside or (kind != "value" and inside != {()}):
            return False
        self.slots.append(Slot(pointer=at, value=value, templates=inside, kind=kind))
        return True

    def _names(self, level: JsonObject, at: Pointer) -> Mapping[str, Place]:
        names = level.get(at[-1])
        items: Iterable[Json] = names if isinstance(names, list) else ()
        return {name: self._at((*at, str(index))) for index, name in enumerate(items) if isinstance(name, str)}

    def _at(self, pointer: Pointer) -> Place:
        return Place(file=self._place.file, document=self._place.document, pointer=pointer)

    def _key(self, pointer: Pointer) -> Place:
        return Place(file=self._place.file, document=self._place.document, pointer=pointer, of_key=True)

    def _fault(self, pointer: Pointer, message: str, hint: str | None = None) -> None:
        self.faults.append(Fault(message=message, place=self._at(pointer), hint=hint))


def _below(at: Pointer, pointers: Iterable[Pointer]) -> frozenset[Pointer]:
    """Those that lead to ``at`` or into it, relative to it."""
    return frozenset(pointer[len(at) :] for pointer in pointers if pointer[: len(at)] == at)


def account_of(account: JsonObject) -> Account:
    if account.get("all") is True:
        return "all"
    if "externalId" in account:
        return AccountBy(field="externalId", value=_text(account["externalId"]))
    if "providerId" in account:
        return AccountBy(field="providerId", value=_text(account["providerId"]))
    if "credentialId" in account:
        return AccountBy(field="credentialId", value=_text(account["credentialId"]))
    return "only"


def configuration_of(configuration: Json) -> Configuration:
    if configuration is None:
        return "default"
    if configuration == "all":
        return "all"
    named = _object(configuration)
    if "id" in named:
        return ConfigurationBy(field="id", value=_text(named["id"]))
    return ConfigurationBy(field="externalId", value=_text(named.get("externalId", configuration)))


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
