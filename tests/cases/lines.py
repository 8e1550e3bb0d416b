"""What ``plan`` and its errors say, as the lines of ``plan.txt`` and ``errors.txt``. Runs nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from paragon_sync.jsonvalue import Json, JsonObject, dumps

from .case import as_object

SIGNS = {"add": "+", "change": "~", "remove": "-"}
TOLD_BY_THEIR_SIGN = ("settings", "metadata", "workflows", "unset")
GAP = "…"


def plan_lines(plan: JsonObject, expected: Sequence[str], exit_code: int) -> list[str]:
    """Every line that the plan amounts to; a finding takes the words of the expected line that it fulfils."""
    lines: list[str] = []
    for operation in _objects(plan["operations"]):
        lines += [f"{_subject(operation)} {_change(change)}" for change in _objects(operation["changes"])]
    for finding in _objects(plan["findings"]):
        head = " ".join(str(finding.get(key) or "-") for key in ("severity", "user", "integration", "kind"))
        place = ":".join(str(finding.get(key)) for key in ("file", "line", "column"))
        lines.append(_in_words(f"finding {head} {place}", _text(finding), expected))
    lines += [f"refused {refusal['knob']}" for refusal in _objects(plan["refusals"])]
    lines.append(_users(as_object(plan["counts"])))
    if exit_code:
        lines.append(f"exit {exit_code}")
    return lines


def problem_lines(stderr: str, expected: Sequence[str]) -> list[str]:
    """``file:line:column:`` of each problem, and the words of the expected line that it fulfils."""
    problems: list[tuple[str, str]] = []
    for line in stderr.splitlines():
        if found := re.match(r"(\S+:\d+:\d+:)(.*)", line):
            problems.append((found[1], found[2].strip()))
        elif problems and line.startswith(" "):
            problems[-1] = (problems[-1][0], f"{problems[-1][1]} {line.strip()}")
        elif line.strip():
            problems.append(("", line))
    return [_in_words(head, text, expected) for head, text in problems]


def later_lines(lines: Sequence[str]) -> list[str]:
    """What the next ``plan`` is to say where this one has been applied: the same findings, and nothing to do."""
    found = re.search(r"^users: (\d+) changed, (\d+) as declared, (\d+) left out$", "\n".join(lines), re.MULTILINE)
    assert found, "plan.txt has no line that counts the users"
    changed, same, left_out = (int(number) for number in found.groups())
    findings = [line for line in lines if line.startswith("finding ")]
    refused = [line for line in lines if line.startswith("refused findings=")]
    users = f"users: 0 changed, {changed + same} as declared, {left_out} left out"
    return [*findings, *refused, users, *(["exit 4"] if refused else [])]


def _subject(operation: JsonObject) -> str:
    if operation["kind"] == "metadata":
        return f"{operation['user']} metadata"
    name = operation.get("configurationName")
    account = f"{operation['account']}/{name}" if name else operation["account"]
    return f"{operation['user']} {operation['integration']} {account}"


def _change(change: JsonObject) -> str:
    origin = "" if change["origin"] in TOLD_BY_THEIR_SIGN else f" [{change['origin']}]"
    return f"{SIGNS[str(change['effect'])]} {change['pointer']} {_values(change)}{origin}"


def _values(change: JsonObject) -> str:
    if change["secret"]:
        assert not {"before", "after"} & change.keys(), "a secret's values are in the plan's JSON"
        return "(secret)"
    return " → ".join(dumps(change[key]) for key in ("before", "after") if key in change)


def _users(counts: JsonObject) -> str:
    return f"users: {counts['changed']} changed, {counts['unchanged']} as declared, {counts['leftOut']} left out"


def _in_words(head: str, text: str, expected: Sequence[str]) -> str:
    for line in expected:
        if line == head or (line.startswith(f"{head} ") and _stand_in(text, line.removeprefix(head).split(GAP))):
            return line
    return f"{head} {GAP} {text}" if text else head


def _stand_in(text: str, words: Sequence[str]) -> bool:
    """Whether the text holds all the words, in this order."""
    at = 0
    for word in words:
        found = text.find(word.strip(), at)
        if found < 0:
            return False
        at = found + len(word.strip())
    return True


def _text(finding: JsonObject) -> str:
    return f"{finding['message']} {finding.get('hint') or ''}".strip()


def _objects(value: Json) -> list[JsonObject]:
    assert isinstance(value, list)
    return [as_object(item) for item in value]
