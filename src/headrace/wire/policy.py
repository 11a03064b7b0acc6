"""IAM-style policies: who may do what to which resource."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeGuard

from headrace.errors import SettingsError

Decision = Literal["allowed", "denied", "unmentioned"]
_VERSIONS = ("2012-10-17", "2008-10-17")
_STATEMENT_KEYS = frozenset({"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource"})
_POLICY_KEYS = frozenset({"Version", "Id", "Statement"})


class Patterns(NamedTuple):
    """Texts with the wildcards `*` and `?`; with `is_negated`, all that match none of them are meant."""

    regexes: tuple[re.Pattern[str], ...]
    is_negated: bool

    def cover(self, text: str) -> bool:
        """Whether the text is meant."""
        return any(regex.fullmatch(text) for regex in self.regexes) != self.is_negated


class Statement(NamedTuple):
    """One rule."""

    is_allow: bool
    actions: Patterns
    resources: Patterns


class Policy(NamedTuple):
    """The rules of one access key."""

    statements: tuple[Statement, ...]

    def decide(self, action: str, resource: str) -> Decision:
        """An explicit deny wins over any allow; what no statement mentions is not allowed either."""
        applying = [
            statement
            for statement in self.statements
            if statement.actions.cover(action) and statement.resources.cover(resource)
        ]
        if any(not statement.is_allow for statement in applying):
            return "denied"
        return "allowed" if applying else "unmentioned"


def parse_policy(document: object) -> Policy:
    """Read a policy document; raises SettingsError with one line for each of its faults."""
    faults: list[str] = []
    statements = tuple(
        _statement(f"Statement {number}", given, faults)
        for number, given in enumerate(_statements(document, faults), 1)
    )
    if faults:
        raise SettingsError("\n".join(faults))
    return Policy(statements)


def _statements(document: object, faults: list[str]) -> Sequence[object]:
    if not _is_object(document):
        faults.append("A policy must be a JSON object with Version and Statement")
        return ()
    faults.extend(
        f"The policy has {key!r}: allowed are {_spelt(_POLICY_KEYS)}" for key in document.keys() - _POLICY_KEYS
    )
    if document.get("Version", _VERSIONS[0]) not in _VERSIONS:
        faults.append(f"Version is {document['Version']!r}: allowed are {', '.join(_VERSIONS)}")
    given = document.get("Statement")
    statements = given if _is_array(given) else [given]
    if given is None or not statements:
        faults.append("The policy has no Statement, so it would allow nothing: write at least one")
        return ()
    return statements


def _statement(where: str, given: object, faults: list[str]) -> Statement:
    if not _is_object(given):
        faults.append(f"{where} must be a JSON object")
        return Statement(False, Patterns((), False), Patterns((), False))  # noqa: FBT003 - discarded with the fault
    faults.extend(_refused_key(where, key) for key in sorted(given.keys() - _STATEMENT_KEYS))
    effect = given.get("Effect")
    if effect not in {"Allow", "Deny"}:
        faults.append(f"{where}: Effect is {effect!r}: allowed are Allow, Deny")
    return Statement(
        is_allow=effect == "Allow",
        actions=_patterns(where, "Action", given, faults),
        resources=_patterns(where, "Resource", given, faults),
    )


def _refused_key(where: str, key: str) -> str:
    if key == "Condition":
        return f"{where} has a Condition, which headrace does not evaluate: leave it out, or narrow Action and Resource"
    if key in {"Principal", "NotPrincipal"}:
        return f"{where} has {key}: the policy of an access key speaks of that key only, leave it out"
    return f"{where} has {key!r}: allowed are {_spelt(_STATEMENT_KEYS)}"


def _patterns(where: str, key: str, given: Mapping[str, Any], faults: list[str]) -> Patterns:
    present = [name for name in (key, f"Not{key}") if name in given]
    if len(present) != 1:
        faults.append(f"{where} must have either {key} or Not{key}")
        return Patterns((), is_negated=False)
    name = present[0]
    texts = given[name] if _is_array(given[name]) else [given[name]]
    if not texts or not all(isinstance(text, str) and text for text in texts):
        faults.append(f"{where}: {name} must be text or a list of texts, none empty")
        return Patterns((), is_negated=False)
    faults.extend(f"{where}: {name} {fault}" for text in texts for fault in _pattern_faults(key, text))
    return Patterns(tuple(_regex(text, key) for text in texts), is_negated=name != key)


def _pattern_faults(key: str, text: str) -> list[str]:
    faults: list[str] = []
    if key == "Action" and text != "*" and not re.fullmatch(r"[\w*?-]+:[\w*?]+", text, re.ASCII):
        faults.append(f"{text!r} is not of the form appflow:StartFlow")
    if key == "Resource" and text != "*" and not text.startswith(("arn:", "*", "?")):
        faults.append(f"{text!r} is neither an ARN nor *")
    if "${" in text:
        faults.append(f"{text!r} holds a policy variable, which headrace does not evaluate")
    return faults


def _regex(pattern: str, key: str) -> re.Pattern[str]:
    """The wildcards as a regular expression that takes linear time; actions match in any case."""
    head, *rest = ["".join("." if sign == "?" else re.escape(sign) for sign in part) for part in pattern.split("*")]
    middle = "".join(f"(?>.*?{part})" for part in rest[:-1] if part)
    tail = f".*{rest[-1]}" if rest else ""
    return re.compile(head + middle + tail, re.DOTALL | (re.IGNORECASE if key == "Action" else re.NOFLAG))


def _spelt(keys: frozenset[str]) -> str:
    return ", ".join(sorted(keys))


def _is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping)


def _is_array(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, (list, tuple))
