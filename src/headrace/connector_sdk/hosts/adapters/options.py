"""What a tap or connector has to be told: from the JSON schema of its configuration to settings, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from headrace.connector_sdk.hosts.adapters.found import data_type
from headrace.connector_sdk.lambda_answers import as_list, as_object
from headrace.errors import Stop

Json = dict[str, Any]

# A whole configuration as one setting, or credential.
WHOLE = "config"
_SECRET_MARKS = ("airbyte_secret", "secret", "writeOnly")
_LONGEST_DESCRIPTION = 1000
# Structures within structures are settings of their own down to here, and JSON texts below.
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to be told; `path` is where it lies in the configuration.

    `default` None: none is known, or none is needed because the program knows it. `values` are all that it may be;
    none: anything of its type.
    """

    key: str
    path: tuple[str, ...]
    kind: str
    is_required: bool
    is_secret: bool
    label: str
    description: str | None
    default: Any
    values: tuple[str, ...]


@dataclass(frozen=True)
class Options:
    """All that a program has to be told; `is_known` False: it doesn't say, so anything is passed on."""

    every: tuple[Option, ...]
    is_known: bool = True

    @classmethod
    def of(cls, schema: Mapping[str, Any] | None) -> Options:
        """Those of a configuration's schema; None: there is none."""
        return cls((), is_known=False) if schema is None else cls(tuple(_options(schema, (), is_required=True)))

    def settings(self, given: Mapping[str, Any]) -> list[Json]:
        """The connector's runtime settings; `given` is told already, so none of it is required."""
        return [
            {
                "key": option.key,
                "dataType": option.kind,
                "required": self._is_needed(option, given),
                "label": option.label,
                "description": option.description,
                "scope": "CONNECTOR_PROFILE",
                "connectorSuppliedValueOptions": list(option.values) or None,
            }
            for option in self.every
            if not option.is_secret
        ]

    def parameters(self, given: Mapping[str, Any]) -> list[Json]:
        """What the connector's own way of authentication asks for."""
        if not self.is_known:
            return [_parameter(WHOLE, WHOLE, "The whole configuration as a JSON object.", is_required=False)]
        return [
            _parameter(option.key, option.label, option.description, is_required=self._is_needed(option, given))
            for option in self.every
            if option.is_secret
        ]

    def configuration(self, given: Mapping[str, Any], told: Mapping[str, str], *, has_defaults: bool) -> Json:
        """The configuration: what is `given`, then what a profile told, by key. Raises Stop for what can't be used.

        `has_defaults`: the program wants to hear its own defaults too.
        """
        made: Json = json.loads(json.dumps(given))
        if has_defaults:
            for option in self.every:
                if option.default is not None and len(option.path) == 1:
                    made.setdefault(option.path[0], option.default)
        known = {option.key: option for option in self.every}
        faults: list[str] = []
        for key, text in told.items():
            option = known.get(key)
            try:
                if key == WHOLE and option is None:
                    made |= _whole(text)
                else:
                    _put(made, option.path if option else (key,), _value(option.kind, text) if option else text)
            except ValueError as wanted:
                is_shown = option is not None and not option.is_secret
                faults.append(f"{key} is {repr(text[:100]) if is_shown else 'something else'}; write {wanted}")
        if faults:
            raise Stop(f"The settings can't be used: {'. '.join(faults)}.")
        return made

    def missing(self, configuration: Mapping[str, Any], *, is_secret: bool) -> list[str]:
        """The keys of what has to be told and is not."""
        return [
            option.key
            for option in self.every
            if option.is_secret is is_secret and self._is_needed(option, configuration)
        ]

    def secrets(self, configuration: Mapping[str, Any]) -> Iterator[str]:
        """The values in a configuration that nobody may say aloud: all of them, where nothing is known of them."""
        if not self.is_known:
            yield from texts(configuration)
        for option in self.every:
            if option.is_secret:
                yield from texts(_at(configuration, option.path))

    @staticmethod
    def _is_needed(option: Option, given: Mapping[str, Any]) -> bool:
        return option.is_required and option.default is None and _at(given, option.path) is None


def texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    match value:
        case str():
            yield value
        case dict():
            for each in cast("Json", value).values():
                yield from texts(each)
        case list():
            for each in cast("list[Any]", value):
                yield from texts(each)
        case _:
            return


def _options(schema: Mapping[str, Any], above: tuple[str, ...], *, is_required: bool) -> Iterator[Option]:
    variants = list(_variants(schema))
    seen: set[str] = set()
    for place, variant in enumerate(variants):
        # Of alternatives one is chosen, so what each requires is not required.
        required = as_list(variant, "required") if is_required and place == 0 else ()
        for name, given in (as_object(variant.get("properties")) or {}).items():
            if name not in seen:
                seen.add(name)
                own = (as_object(given) or {}) | _constants(variants, name)
                yield from _option(own, (*above, name), is_required=name in required)


def _variants(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The schema, and each of its alternatives."""
    yield schema
    for member in ("oneOf", "anyOf"):
        for each in as_list(schema, member) if isinstance(schema.get(member), list) else ():
            yield as_object(each) or {}


def _constants(variants: Sequence[Mapping[str, Any]], name: str) -> Json:
    """The values by which alternatives are told apart, as those that the member may have."""
    own = [as_object((as_object(variant.get("properties")) or {}).get(name)) or {} for variant in variants]
    values = [each["const"] for each in own if "const" in each]
    if not values:
        return {}
    return {"enum": values, "default": values[0]} if len(own) == 1 else {"enum": values}


def _option(schema: Json, path: tuple[str, ...], *, is_required: bool) -> Iterator[Option]:
    if len(path) < _DEEPEST and any(variant.get("properties") for variant in _variants(schema)):
        yield from _options(schema, path, is_required=is_required)
        return
    kind, _ = data_type(schema)
    yield Option(
        key=re.sub(r"\W", "_", "__".join(path)),
        path=path,
        kind="String" if kind in {"Date", "DateTime"} else kind,
        is_required=is_required,
        is_secret=any(schema.get(mark) is True for mark in _SECRET_MARKS) or schema.get("format") == "password",
        label=str(schema.get("title") or path[-1])[:128],
        description=str(schema["description"])[:_LONGEST_DESCRIPTION] if schema.get("description") else None,
        default=schema.get("default"),
        values=_values(schema),
    )


def _values(schema: Json) -> tuple[str, ...]:
    found = schema.get("enum")
    return tuple(str(each) for each in cast("list[Any]", found) if each is not None) if isinstance(found, list) else ()


def _parameter(key: str, label: str, description: str | None, *, is_required: bool) -> Json:
    return {
        "key": key,
        "required": is_required,
        "label": label,
        "description": description,
        "sensitiveField": True,
        "connectorSuppliedValues": None,
    }


def _value(kind: str, text: str) -> Any:
    """The value that a text stands for. Raises ValueError that says what it should be."""
    match kind:
        case "Short" | "Integer" | "Long" | "BigInteger":
            return _read(int, text, "a whole number")
        case "Float" | "Double" | "BigDecimal":
            return _read(float, text, "a number")
        case "Boolean":
            return _read({"true": True, "false": False}.__getitem__, text.lower(), "true or false")
        case "List":
            is_json = text.lstrip().startswith("[")
            return _read(json.loads, text, "a JSON list") if is_json else [each for each in text.split(",") if each]
        case "Struct" | "Map":
            return _whole(text)
        case _:
            return text


def _whole(text: str) -> Json:
    found = as_object(_read(json.loads, text, "a JSON object"))
    if found is None:
        raise ValueError("a JSON object")
    return found


def _read(read: Callable[[str], Any], text: str, wanted: str) -> Any:
    try:
        return read(text)
    except (ValueError, KeyError, RecursionError):
        raise ValueError(wanted) from None


def _put(made: Json, path: Sequence[str], value: Any) -> None:
    for name in path[:-1]:
        below = as_object(made.get(name))
        if below is None:
            below = made[name] = {}
        made = below
    made[path[-1]] = value


def _at(given: Mapping[str, Any], path: Sequence[str]) -> Any:
    found: Any = given
    for name in path:
        found = (as_object(found) or {}).get(name)
    return found
