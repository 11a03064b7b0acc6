"""One task as the caller gave it, with the checks that every task type shares."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from headrace.engine.tasks import Arithmetic, Filter, Map, MapAll, Mask, Merge, Truncate, Validate
from headrace.flow.faults import Faults, listed, shown
from headrace.flow.operators import operators_of
from headrace.flow.rules import Rule

if TYPE_CHECKING:
    from headrace.model.types import Task

_WHOLE_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_OPERATOR: Final = "connectorOperator"


@dataclass
class Gathered:
    """What the tasks read so far mean; the numbers beside names are the tasks' indices."""

    projections: list[tuple[int, tuple[str, ...]]] = field(default_factory=list[tuple[int, tuple[str, ...]]])
    filters: list[Filter] = field(default_factory=list[Filter])
    validates: list[Validate] = field(default_factory=list[Validate])
    masks: list[Mask] = field(default_factory=list[Mask])
    truncates: list[Truncate] = field(default_factory=list[Truncate])
    merges: list[Merge] = field(default_factory=list[Merge])
    arithmetics: list[Arithmetic] = field(default_factory=list[Arithmetic])
    maps: list[Map] = field(default_factory=list[Map])
    map_alls: list[MapAll] = field(default_factory=list[MapAll])
    partitions: list[tuple[int, tuple[str, ...]]] = field(default_factory=list[tuple[int, tuple[str, ...]]])
    passthroughs: list[int] = field(default_factory=list[int])


@dataclass(frozen=True)
class Given:
    """The task at `index` of a flow whose source is a `source` (a connectorType)."""

    index: int
    task: Task
    source: str
    faults: Faults

    def fault(self, rule: Rule, what: str, instead: str, member: str = "") -> None:
        """Say what is wrong with this task, and what to write instead; see Faults.task."""
        self.faults.task(rule, self.index, self.task["taskType"], what, instead, member=member)

    @property
    def fields(self) -> tuple[str, ...]:
        """sourceFields, without the empty names that Terraform users write for "none"."""
        return tuple(name for name in self.task["sourceFields"] if name)

    @property
    def operator(self) -> str | None:
        """The one value set in connectorOperator; its key doesn't matter."""
        values = self._operators()
        return values[0] if values else None

    def _operators(self) -> tuple[str, ...]:
        return tuple(str(value) for value in self.task.get("connectorOperator", {}).values())

    def expect_one_operator_at_most(self) -> None:
        """Add a fault if connectorOperator has several values; the first counts from here on."""
        values = self._operators()
        if len(values) > 1:
            what = f"connectorOperator has {len(values)} values ({', '.join(values)})"
            self.fault(Rule.OPERATOR, what, "write exactly one", _OPERATOR)

    def operator_among(self, choices: Sequence[str]) -> str | None:
        """The operator, if it is one of `choices` and the source has it; a fault and None otherwise."""
        supported = [choice for choice in choices if choice in operators_of(self.source)]
        advice = f"write {listed(supported)}" if supported else f"{self.source} sources have none: remove the task"
        operator = self.operator
        if operator in supported:
            return operator
        if operator is None:
            what = "it has no connectorOperator"
        elif operator in choices:
            what = f"the operator {operator} is not supported for {self.source} sources"
        else:
            what = f"the operator {operator} is not valid for {self.task['taskType']} tasks"
        self.fault(Rule.OPERATOR, what, advice, _OPERATOR)
        return None

    def expect_no_op(self) -> None:
        """Add a fault unless the operator is NO_OP or absent (some sources' lists lack NO_OP)."""
        if self.operator not in {None, "NO_OP"}:
            what = f"the operator {self.operator} is not valid for {self.task['taskType']} tasks"
            self.fault(Rule.OPERATOR, what, "write NO_OP or none", _OPERATOR)

    def one_field(self) -> str | None:
        """The only name in sourceFields; a fault and None if there are none or several."""
        fields = self.fields
        if len(fields) == 1:
            return fields[0]
        self.fault(Rule.SOURCE_FIELDS, f"sourceFields has {_counted(fields)}", "write exactly one", "sourceFields")
        return None

    def expect_fields(self, least: int) -> None:
        """Add a fault if sourceFields has fewer than `least` names."""
        if len(self.fields) < least:
            what = f"sourceFields has {_counted(self.fields)}"
            self.fault(Rule.SOURCE_FIELDS, what, f"write at least {least}", "sourceFields")

    def destination(self) -> str | None:
        """destinationField; a fault and None if it is absent or empty."""
        name = self.task.get("destinationField")
        if not name:
            self.fault(
                Rule.DESTINATION_FIELD,
                "it has no destinationField",
                "write the name of the field to make",
                "destinationField",
            )
        return name or None

    def property(self, name: str) -> str | None:
        """A task property, None where it is absent."""
        properties: dict[Any, str] = dict(self.task.get("taskProperties", {}))
        return properties.get(name)

    def required(self, name: str, advice: str) -> str | None:
        """A task property; a fault and None where it is absent."""
        value = self.property(name)
        if value is None:
            self.fault(Rule.TASK_PROPERTY, f"taskProperties has no {name}", advice, "taskProperties")
        return value

    def word(self, name: str, choices: Collection[str]) -> str | None:
        """A task property that is one of `choices`, in any case; a fault and None otherwise."""
        advice = f"write {listed(sorted(choices))}"
        value = self.required(name, advice)
        found = next((choice for choice in choices if value and choice.lower() == value.lower()), None)
        if value is not None and found is None:
            self.fault(Rule.TASK_PROPERTY, f"{name} is {shown(value)}", advice, f"taskProperties.{name}")
        return found

    def whole_number(self, name: str, *, most: int) -> int | None:
        """A task property as a number from 0 to `most`; a fault and None if it is another thing."""
        value = self.property(name)
        if value is None:
            return None
        if _WHOLE_NUMBER.fullmatch(value.strip()) is None or int(value) > most:
            advice = f"write a whole number from 0 to {most}"
            self.fault(Rule.TASK_PROPERTY, f"{name} is {shown(value)}", advice, f"taskProperties.{name}")
            return None
        return int(value)

    def names(self, property_name: str) -> tuple[str, ...] | None:
        """A task property as a list of field names: JSON list text or a comma list.

        None where the property is absent, and, with a fault, where it is neither.
        """
        value = self.property(property_name)
        if value is None:
            return None
        names = names_of(value)
        if names is None:
            self.fault(
                Rule.TASK_PROPERTY,
                f"{property_name} is {shown(value)}",
                'write a JSON list of field names, such as ["a","b"]',
                f"taskProperties.{property_name}",
            )
        return names


def names_of(given: str) -> tuple[str, ...] | None:
    """The field names that a task property lists, as JSON or with commas between them; None if it does neither."""
    text = given.strip()
    if not text.startswith(("[", "{")):
        return tuple(name for part in text.split(",") if (name := part.strip()))
    return _json_names(text)


def _json_names(text: str) -> tuple[str, ...] | None:
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if value == {}:
        return ()
    if not isinstance(value, list):
        return None
    items = cast("list[Any]", value)
    return tuple(items) if all(isinstance(item, str) for item in items) else None


def _counted(fields: Sequence[str]) -> str:
    if not fields:
        return "no field"
    if len(fields) == 1:
        return f"one field ({shown(fields[0])})"
    return f"{len(fields)} fields ({', '.join(shown(name) for name in fields[:5])}{', …' if len(fields) > 5 else ''})"
