"""The modules of src/headrace/client that are generated from the API's model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from client_shapes import Field, Shapes, quoted, snake
from client_words import ITEMS, MEMBERS, OPERATIONS

_HEAD = ("# ruff: noqa: E501", "# fmt: off")
_TOKEN = "idempotencyToken"
_READS = ("Describe", "List")


def modules(model: dict[str, Any], shapes: Shapes) -> Iterator[tuple[str, list[str]]]:
    """Each module's path below src/headrace/client, and its lines after the mark."""
    roots = [operation[side]["shape"] for operation in shapes.operations.values() for side in ("input", "output")]
    structures, enums = shapes.within(iter(roots))
    yield "enums.py", list(_enums(shapes, enums))
    yield "structures.py", list(_structures(shapes, structures))
    yield "api.py", list(_api(shapes))
    yield "types.py", list(_facade(shapes, structures, enums))
    for name in sorted(shapes.operations):
        yield f"operations/{snake(name)}.py", list(_operation(model, shapes, name))


def _enums(shapes: Shapes, names: list[str]) -> Iterator[str]:
    yield from _HEAD
    yield '"""The enumerations of the API."""'
    yield from ("", "from __future__ import annotations", "", "from typing import TYPE_CHECKING, ClassVar", "")
    yield "from headrace.client.choice import Choice"
    for name in names:
        values = shapes.values(name)
        yield from ("", "", f"class {name}(Choice):", f'    """A value of {name}."""', "", "    if TYPE_CHECKING:")
        yield from (f"        {python}: ClassVar[{name}]" for python, _ in values)
        yield f"    _named_ = ({', '.join(f'({quoted(python)}, {quoted(value)})' for python, value in values)},)"


def _structures(shapes: Shapes, names: list[str]) -> Iterator[str]:
    yield from _HEAD
    yield '"""The structures that inputs and outputs hold."""'
    yield from ("", "from __future__ import annotations", "", "from typing import TYPE_CHECKING", "")
    yield "from headrace.client.structure import OneOf, Structure"
    yield from _typing_imports({"Mapping", "Sequence", "datetime", "enums", "structures", "wire"})
    for name in names:
        fields, is_one_of = shapes.fields(name), shapes.is_one_of(name)
        says = f"{name}: one of its members is set." if is_one_of else f"{name} of the API."
        yield from ("", "", f"class {name}({'OneOf' if is_one_of else 'Structure'}):", f'    """{says}"""')
        yield from _typed(fields, f"def __init__(self{_parameters(fields)}) -> None: ...")
        yield from _table(fields)


def _typed(fields: list[Field], init: str) -> Iterator[str]:
    yield from ("", "    if TYPE_CHECKING:", f"        {init}")
    for field in fields:
        optional = "" if field.is_required else " | None"
        yield from ("        @property", f"        def {field.name}(self) -> {field.held}{optional}: ...")


def _parameters(fields: list[Field]) -> str:
    ordered = [f"{field.name}: {field.given}" for field in fields if field.is_required]
    ordered += [f"{field.name}: {field.given} | None = None" for field in fields if not field.is_required]
    return f", *, {', '.join(ordered)}" if ordered else ""


def _table(fields: list[Field]) -> Iterator[str]:
    if fields:
        yield "    _table_ = ("
        yield from (f"        {field.row}," for field in fields)
        yield "    )"


def _operation(model: dict[str, Any], shapes: Shapes, name: str) -> Iterator[str]:
    operation = shapes.operations[name]
    asked, answered = (shapes.fields(operation[side]["shape"]) for side in ("input", "output"))
    errors = sorted(error["shape"] for error in operation["errors"])
    members = [f"        {field.name}: {_given(field)}" for field in asked]
    item = next((field for field in answered if field.wire == ITEMS.get(name)), None)
    body = [
        *_output(name, answered),
        *_input(model, shapes, name, asked),
        *_setters(name, asked),
        *_builders(name, item),
    ]
    yield from _HEAD
    yield f'"""{name}: {_lower(OPERATIONS[name][0])}"""'
    yield from ("", "from __future__ import annotations", "", "from typing import TYPE_CHECKING", "")
    yield "from headrace import errors"
    yield "from headrace.client.builder import Setters"
    if item:
        yield "from headrace.client.paging import items, items_async, pages, pages_async"
    yield "from headrace.client.structure import Input, Output"
    yield from _typing_imports(set(re.findall(r"\w+", "\n".join((*body, *members)))) | {"TypedDict"})
    yield from ("", f"    class {name}Members(TypedDict, total=False):")
    yield from (f'        """What {snake(name)} may be given."""', *members)
    yield from ("", "", f"{name}Error = {' | '.join(f'errors.{error}' for error in errors)}")
    yield from body


def _typing_imports(used: set[str]) -> Iterator[str]:
    """Imports for type checkers alone, of the names that are used."""
    yield from ("", "if TYPE_CHECKING:")
    sources = (
        ("collections.abc", "AsyncIterator Iterator Mapping Sequence"),
        ("datetime", "datetime"),
        ("typing", "Required Self TypedDict Unpack"),
        ("headrace.client", "enums structures"),
    )
    for module, names in sources:
        wanted = [name for name in names.split() if name in used]
        if wanted:
            yield f"    from {module} import {', '.join(wanted)}"
    if "wire" in used:
        yield "    from headrace.model import types as wire"


def _output(name: str, answered: list[Field]) -> Iterator[str]:
    yield from ("", "", f"class {name}Output(Output):", f'    """What {name} answers."""')
    fields = [field._replace(flags=field.flags.replace("r", "")) for field in answered]
    init = f"def __init__(self{_parameters(fields) or ', *'}, request_id: str | None = None) -> None: ..."
    yield from _typed(fields, init)
    yield from _table(fields)
    if name in ITEMS:
        yield f"    _items_ = {quoted(snake(ITEMS[name]))}"


def _given(field: Field) -> str:
    return f"Required[{field.given}]" if field.is_required else f"{field.given} | None"


def _input(model: dict[str, Any], shapes: Shapes, name: str, asked: list[Field]) -> Iterator[str]:
    operation = shapes.operations[name]
    members = model["shapes"][operation["input"]["shape"]]["members"]
    token = next((snake(wire) for wire, about in members.items() if about.get(_TOKEN)), None)
    yield from ("", "", f"class {name}Input(Input[{name}Output]):", f'    """What {name} is asked."""')
    yield from _typed(asked, f"def __init__(self, **members: Unpack[{name}Members]) -> None: ...")
    yield f"    _operation_ = {quoted(name)}"
    if operation["http"]["method"] != "POST":
        yield f"    _method_ = {quoted(operation['http']['method'])}"
    yield f"    _path_ = {quoted(operation['http']['requestUri'])}"
    yield f"    _output_ = {name}Output"
    if token:
        yield f"    _token_ = {quoted(token)}"
    if token or name.startswith(_READS):
        yield "    _is_repeatable_ = True"
    yield from _table(asked)


def _setters(name: str, asked: list[Field]) -> Iterator[str]:
    yield from ("", "", f"class {name}Setters(Setters[{name}Input]):")
    yield from (f'    """The members of {name}, one by one."""', "")
    yield f"    _input_ = {name}Input"
    for field in asked:
        says = MEMBERS[field.wire]
        yield from ("", f"    def {field.name}(self, value: {field.given}) -> Self:", f'        """{says}"""')
        yield f"        return self._set({quoted(field.name)}, value)"
        yield from ("", f"    def set_{field.name}(self, value: {field.given} | None) -> Self:")
        yield f'        """Set {field.name}, or with None take it out again."""'
        yield f"        return self._set({quoted(field.name)}, value, is_optional=True)"
        yield from ("", f"    def get_{field.name}(self) -> {field.held} | None:")
        yield f'        """What {field.name} was set to; None if it was not."""'
        yield f"        return self._get({quoted(field.name)})"


def _builders(name: str, item: Field | None) -> Iterator[str]:
    each = None if item is None else _item_of(item)
    for is_async, start, wait in ((False, "", ""), (True, "async ", "await ")):
        prefix, suffix = ("Async", "_async") if is_async else ("", "")
        says = "awaited" if is_async else "answered when `send` returns"
        yield from ("", "", f"class {prefix}{name}Builder({name}Setters):", f'    """A call of {name}, {says}."""', "")
        yield f"    {start}def send(self) -> {name}Output:"
        yield f'        """Make the call. Raises {name}Error, CallError."""'
        yield f"        return {wait}self._client.send(self.as_input())"
        if each:
            yield from ("", f"    def pages(self) -> {prefix}Iterator[{name}Output]:")
            yield '        """Every page, each asked for when it is wanted."""'
            yield f"        return pages{suffix}(self._client, self.as_input())"
            yield from ("", f"    def items(self) -> {prefix}Iterator[{each}]:")
            yield '        """What is on every page, one by one."""'
            yield f"        return items{suffix}(self._client, self.as_input())"


def _item_of(field: Field) -> str:
    """The type of what a listing lists: of the members of a list, or of the lists of a map."""
    found = re.search(r"tuple\[(.+), \.\.\.\]", field.held)
    if found is None:
        raise ValueError(f"{field.wire} is no list: name another member in ITEMS")
    return found[1]


def _api(shapes: Shapes) -> Iterator[str]:
    names = sorted(shapes.operations)
    yield from _HEAD
    yield '"""The two clients: a method for each operation."""'
    yield from ("", "from __future__ import annotations", "", "from typing import TYPE_CHECKING, Any, overload", "")
    yield "from headrace.client.calling import AsyncCaller, Caller"
    yield from ("", "if TYPE_CHECKING:", "    from collections.abc import Coroutine")
    yield from ("    from typing import Unpack", "")
    for name in names:
        imported = f"Async{name}Builder, {name}Builder, {name}Members, {name}Output"
        yield f"    from headrace.client.operations.{snake(name)} import {imported}"
    for prefix, base, says in (
        ("", "Caller", "that waits for its answers; may be used by several threads at once"),
        ("Async", "AsyncCaller", "whose answers are awaited; for the coroutines of one event loop"),
    ):
        yield from ("", "", f"class {prefix}Client({base}):")
        yield f'    """A client of AppFlow\'s API, of headrace or AWS, {says}.'
        yield from ("", "    An operation's method without members begins a builder, with members it makes the call.")
        yield '    """'
        for name in names:
            answer = f"Coroutine[Any, Any, {name}Output]" if prefix else f"{name}Output"
            needs_some = any(field.is_required for field in shapes.fields(shapes.operations[name]["input"]["shape"]))
            yield from _method(name, f"{prefix}{name}Builder", answer, needs_some=needs_some)


def _method(name: str, builder: str, answer: str, *, needs_some: bool) -> Iterator[str]:
    method = snake(name)
    # Without members both overloads fit where none is required; the first one counts, as when it runs.
    ignored = "" if needs_some else "  # pyright: ignore[reportOverlappingOverload]"
    yield from ("", "    @overload", f"    def {method}(self) -> {builder}: ...{ignored}", "    @overload")
    yield f"    def {method}(self, **members: Unpack[{name}Members]) -> {answer}: ..."
    yield f"    def {method}(self, **members: Any) -> Any:"
    yield f'        """{OPERATIONS[name][0]}"""'
    yield f"        return self._call({quoted(method)}, {quoted(name)}, members)"


def _facade(shapes: Shapes, structures: list[str], enums: list[str]) -> Iterator[str]:
    names = sorted(shapes.operations)
    suffixes = ("Error", "Input", "Output", "Builder", "Setters")
    yield from _HEAD
    yield '"""Every type of the API in one place; each is loaded when it is first asked for."""'
    yield from ("", "from __future__ import annotations", "", "from importlib import import_module")
    yield from ("from typing import TYPE_CHECKING, Any", "", "if TYPE_CHECKING:")
    yield from (f"    from headrace.client.enums import {name} as {name}" for name in enums)
    for name in names:
        parts = (*(f"{name}{suffix}" for suffix in suffixes), f"Async{name}Builder")
        imported = ", ".join(f"{part} as {part}" for part in parts)
        yield f"    from headrace.client.operations.{snake(name)} import {imported}"
    yield from (f"    from headrace.client.structures import {name} as {name}" for name in structures)
    yield from ("", f"_ENUMS = frozenset(({', '.join(map(quoted, enums))}))")
    yield f"_STRUCTURES = frozenset(({', '.join(map(quoted, structures))}))"
    yield "_OPERATIONS = {"
    yield from (f"    {quoted(name)}: {quoted(snake(name))}," for name in names)
    yield "}"
    yield f"_SUFFIXES = ({', '.join(map(quoted, suffixes))})"
    yield from ("", "", "def __getattr__(name: str) -> Any:")
    yield "    found = _module(name)"
    yield "    if found is None:"
    yield '        raise AttributeError(f"The API has no type {name!r}")'
    yield '    return getattr(import_module(f"headrace.client.{found}"), name)'
    yield from ("", "", "def __dir__() -> list[str]:")
    yield '    built = {f"{name}{suffix}" for name in _OPERATIONS for suffix in _SUFFIXES}'
    yield '    return sorted({*_ENUMS, *_STRUCTURES, *built, *(f"Async{name}Builder" for name in _OPERATIONS)})'
    yield from ("", "", "def _module(name: str) -> str | None:")
    yield "    if name in _ENUMS or name in _STRUCTURES:"
    yield '        return "enums" if name in _ENUMS else "structures"'
    yield '    plain = name.removeprefix("Async") if name.endswith("Builder") else name'
    yield "    cut = (plain.removesuffix(suffix) for suffix in _SUFFIXES if plain.endswith(suffix))"
    yield "    operation = next((each for each in cut if each in _OPERATIONS), None)"
    yield '    return None if operation is None else f"operations.{_OPERATIONS[operation]}"'


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]
