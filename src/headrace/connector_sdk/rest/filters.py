"""Conditions as parameters, so that an application sends less; what can't be said is left to the engine.

A filter may let more records through than the conditions do, never fewer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from headrace.connector_sdk.declaring import DataType
from headrace.connector_sdk.records import Condition, ConditionKind, ConditionOperator
from headrace.connector_sdk.rest.bounds import NO_BOUNDS, Form, bounds, written

Conditions = Sequence[Condition]
Types = Mapping[str, DataType]

_NAME = re.compile(r"[\w.$/-]+")
_NUMBERS = ("Integer", "Long", "Short", "BigInteger", "Float", "Double", "BigDecimal")
# How fields of these types are compared by an application. A flow may compare otherwise, a text as a number.
_KINDS: Mapping[DataType | None, ConditionKind] = {
    "String": "text",
    "Boolean": "boolean",
    "Date": "instant",
    "DateTime": "instant",
    **dict.fromkeys(_NUMBERS, "number"),
}


class Filter(Protocol):
    """One way in which an application can be asked for less."""

    def params(self, conditions: Conditions, types: Types) -> Mapping[str, str]:
        """The parameters that say of the conditions what they can; `types` are those of the fields, where known."""
        ...


@dataclass(frozen=True, slots=True)
class Span:
    """A field's bounds as parameters of their own, oldest and latest.

    `is_exclusive`: the application does not let the bounds themselves in. Days are those of UTC.
    """

    field: str
    low: str | None = None
    high: str | None = None
    form: Form = "iso"
    is_exclusive: bool = False

    def params(self, conditions: Conditions, types: Types) -> Mapping[str, str]:  # noqa: ARG002 (said by the form)
        """See Filter."""
        kind = "number" if self.form == "number" else "instant"
        found = [
            each
            for one in conditions
            if one.field == self.field and one.kind == kind and (each := bounds(one)) is not None
        ]
        low = max((each.low for each in found if each.low is not None), default=None)
        high = min((each.high for each in found if each.high is not None), default=None)
        said: dict[str, str] = {}
        for param, bound, is_upper in ((self.low, low, False), (self.high, high, True)):
            if param is not None and bound is not None:
                text = written(bound, self.form, is_upper=is_upper, is_exclusive=self.is_exclusive)
                said |= {} if text is None else {param: text}
        return said


@dataclass(frozen=True, slots=True)
class Equal:
    """A field's value as a parameter; several values are joined by `join`, None: the application takes one only.

    `kind` is how the application compares.
    """

    field: str
    param: str
    kind: ConditionKind = "text"
    join: str | None = None

    def params(self, conditions: Conditions, types: Types) -> Mapping[str, str]:  # noqa: ARG002 (said by `kind`)
        """See Filter."""
        for each in conditions:
            if each.field == self.field and each.operator == "EQUAL_TO" and each.kind == self.kind:
                if len(each.values) == 1:
                    return {self.param: each.values[0]}
                if self.join is not None and not any(self.join in value for value in each.values):
                    return {self.param: self.join.join(each.values)}
        return {}


@dataclass(frozen=True, slots=True)
class Contain:
    """A part of a field's text as a parameter; only where the application finds every text that has it."""

    field: str
    param: str

    def params(self, conditions: Conditions, types: Types) -> Mapping[str, str]:  # noqa: ARG002 (texts only)
        """See Filter."""
        for each in conditions:
            if each.field == self.field and each.operator == "CONTAINS" and len(each.values) == 1:
                return {self.param: each.values[0]}
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """All conditions as one parameter in a language of the application's own; on fields of known types only.

    `says` has a template for each operator, "{field} eq {value}". `literals` says how values are written, "'{value}'"
    for texts; `escapes` what is put in place of what in texts, in this order. `form` is that of instants; days of
    fields that hold days. `whole` is the parameter's text around "{conditions}", `none` its text where there are none,
    empty: it is left out.
    """

    param: str
    says: Mapping[ConditionOperator, str]
    both: str = " and "
    either: str = " or "
    literals: Mapping[ConditionKind, str] = field(default_factory=lambda: {"text": "'{value}'"})
    escapes: Mapping[str, str] = field(default_factory=lambda: {"'": "''"})
    form: Form = "iso"
    whole: str = "{conditions}"
    none: str = ""

    def params(self, conditions: Conditions, types: Types) -> Mapping[str, str]:
        """See Filter."""
        asked = [each for each in conditions if _KINDS.get(types.get(each.field)) == each.kind]
        parts = [said for each in asked if _NAME.fullmatch(each.field) and (said := self._said(each, types))]
        if parts:
            return {self.param: self.whole.replace("{conditions}", self.both.join(dict.fromkeys(parts)))}
        return {self.param: self.none} if self.none else {}

    def _said(self, condition: Condition, types: Types) -> str | None:
        if condition.kind == "instant" or condition.operator not in {"EQUAL_TO", "CONTAINS"}:
            return self._bounded(condition, "day" if types[condition.field] == "Date" else self.form)
        found = [self._compared(condition, each) for each in condition.values]
        said = [each for each in found if each is not None]
        # Any of the values may be met, so one that can't be said takes all of them with it.
        if not said or len(said) < len(found):
            return None
        return said[0] if len(said) == 1 else f"({self.either.join(said)})"

    def _bounded(self, condition: Condition, form: Form) -> str | None:
        found = bounds(condition) or NO_BOUNDS
        form = "number" if condition.kind == "number" else form
        low = None if found.low is None else written(found.low, form, is_upper=False)
        high = None if found.high is None else written(found.high, form, is_upper=True)
        ends = {"GREATER_THAN_OR_EQUAL_TO": low, "LESS_THAN_OR_EQUAL_TO": high}
        parts = [
            self._filled(template, condition, bound)
            for operator, template in self.says.items()
            if (bound := ends.get(operator)) is not None
        ]
        return self.both.join(parts) or None

    def _compared(self, condition: Condition, value: str) -> str | None:
        template = self.says.get(condition.operator)
        if template is None or not value.isprintable():
            return None
        for what, instead in self.escapes.items() if condition.kind == "text" else ():
            value = value.replace(what, instead)
        return self._filled(template, condition, value)

    def _filled(self, template: str, condition: Condition, value: str) -> str:
        literal = self.literals.get(condition.kind, "{value}").replace("{value}", value)
        return template.replace("{field}", condition.field).replace("{value}", literal)
