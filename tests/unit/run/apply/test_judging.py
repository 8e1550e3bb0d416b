"""What a read-back says of a write: cases that take two attempts."""

from __future__ import annotations

from paragon_sync.jsonvalue import JsonObject, dumps
from paragon_sync.model.desired import Setting
from paragon_sync.model.outcome import Failed, Unknown
from paragon_sync.model.planned import ConfigurationSubject, Managed, Operation, Origin, PatchConfig
from paragon_sync.plan.rebase import ToSend
from paragon_sync.run.apply import judging
from paragon_sync.run.apply.judging import Context, Written
from tests.unit.plan.build import credential, user

SUBJECT = ConfigurationSubject(integration="slack", credential="cred-1", account="T1")
CHANNEL = Managed(
    target=Setting("channel"), label="channel", desired="C2", base="C1", origin=Origin.SETTINGS, source="users.yaml"
)


def config(channel: str, **more: str) -> JsonObject:
    return {"sharedSettings": {"channel": channel, **more}}


def sent(pre_image: JsonObject, after: JsonObject) -> ToSend:
    request = PatchConfig(credential="cred-1", configuration=None, config=after)
    return ToSend(requests=(request,), pre_image=pre_image)


def judged(first: JsonObject, last: JsonObject, read_back: JsonObject) -> judging.Judgment:
    """Judge a write that was answered well, after an attempt in doubt, by a read-back."""
    after = config("C2", **{k: v for k, v in last["sharedSettings"].items() if k != "channel"})  # type: ignore[union-attr]
    operation = Operation(
        user="acme", subject=SUBJECT, base=first, requests=sent(first, after).requests, managed=(CHANNEL,), changes=()
    )
    written = Written(
        sent=sent(last, after),
        first=sent(first, config("C2", note="mine")),
        answers=(dumps({"id": "cred-1", "config": after}).encode(),),
    )
    return judging.verified(operation, written, user(credential(read_back)), Context())


def test_an_older_state_may_lack_what_the_user_removed_between_two_attempts() -> None:
    first, last = config("C1", note="mine"), config("C1")

    judgment = judged(first, last, read_back=last)

    assert judgment.may_lag
    assert Unknown(reason="answered as written, read back as before: channel") == judgment.outcome


def test_a_state_without_what_the_last_write_carried_is_no_older_one() -> None:
    first = config("C1", note="mine")

    outcome = judged(first, first, read_back=config("C1")).outcome

    assert isinstance(outcome, Failed)
    assert ("lost? /sharedSettings/note",) == outcome.alarms
