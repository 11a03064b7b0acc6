"""Frozen values with typed members: what inputs, outputs and everything in them are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, ClassVar, Generic, NoReturn, Self, TypeVar, cast

from headrace.client.errors import InvalidInput
from headrace.client.kinds import Faults, kind_of


class Member:
    """A member: its name in Python and on the wire, its kind, and its flags.

    `r` it is required, `x` its value is a secret, `p` it stands in the path, `q` in the query.
    """

    def __init__(self, name: str, wire: str, kind: str, flags: str = "") -> None:
        self.name = name
        self.wire = wire
        self.kind = kind
        self.flags = flags


class Structure:
    """A frozen value; members that were not given are None."""

    _members_: ClassVar[tuple[Member, ...]] = ()
    # The members as the generated modules have them.
    _table_: ClassVar[tuple[tuple[str, ...], ...]] = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._members_ = tuple(Member(*row) for row in cls._table_)

    def __init__(self, **members: Any) -> None:
        faults: Faults = []
        values = self._checked(members, f"{type(self).__name__}.", faults)
        if faults:
            raise InvalidInput("; ".join(faults))
        self.__dict__.update(values)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Make one of a document with the API's own names. Raises InvalidInput, which names every fault."""
        faults: Faults = []
        found = cls.taken_from(document, cls.__name__, faults)
        if faults:
            raise InvalidInput("; ".join(faults))
        return found

    def to_document(self) -> dict[str, Any]:
        """The document with the API's own names; members that are None are left out."""
        return {member.wire: kind_of(member.kind).write(value) for member, value in self._given()}

    def replace(self, **changes: Any) -> Self:
        """The same with other members; None takes one out. Raises InvalidInput."""
        return type(self)(**{**{member.name: value for member, value in self._given()}, **changes})

    @classmethod
    def taken_from(cls, document: Mapping[str, Any], place: str, faults: Faults) -> Self:
        """Make one of a document; what is wrong with it goes to the faults."""
        names = {member.wire: member.name for member in cls._members_}
        for key in document.keys() - names.keys():
            faults.append(f"{place} has no member {key!r}{_hint(str(key), names)}")
        members = {names[key]: value for key, value in document.items() if key in names}
        return cls._made(cls._checked(members, f"{place}.", faults, is_document=True))

    @classmethod
    def read(cls, value: Any) -> Self:
        """Make one of a part of an answer; members that the model lacks are left out. Raises ValueError."""
        if not isinstance(value, dict):
            raise ValueError(f"there is a {type(value).__name__} where an object belongs")  # noqa: TRY004 (see kinds)
        document = cast("dict[str, Any]", value)
        found = dict.fromkeys((member.name for member in cls._members_), None)
        for member in cls._members_:
            part = document.get(member.wire)
            if part is not None:
                found[member.name] = kind_of(member.kind).read(part)
        return cls._made(found)

    @classmethod
    def _checked(
        cls, members: Mapping[str, Any], place: str, faults: Faults, *, is_document: bool = False
    ) -> dict[str, Any]:
        values: dict[str, Any] = dict.fromkeys((member.name for member in cls._members_), None)
        for name in members.keys() - values.keys():
            faults.append(f"{place[:-1]} has no member {name!r}{_hint(name, values)}")
        for member in cls._members_:
            value = members.get(member.name)
            if value is not None:
                spelt = member.wire if is_document else member.name
                values[member.name] = kind_of(member.kind).take(value, f"{place}{spelt}", faults)
            elif "r" in member.flags:
                faults.append(cls._lacking(member, place, is_document=is_document))
        return values

    @classmethod
    def _lacking(cls, member: Member, place: str, *, is_document: bool) -> str:
        return f"{place}{member.wire if is_document else member.name} is required"

    @classmethod
    def _made(cls, values: Mapping[str, Any]) -> Self:
        found = object.__new__(cls)
        found.__dict__.update(values)
        return found

    def _given(self) -> Iterator[tuple[Member, Any]]:
        values = self.__dict__
        return ((member, values[member.name]) for member in self._members_ if values[member.name] is not None)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: make another one with .replace({name}=…)")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: make another one with .replace({name}=None)")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        mine, others = self.__dict__, other.__dict__
        return all(mine[member.name] == others[member.name] for member in self._members_)

    def __hash__(self) -> int:
        return hash((type(self), *(self.__dict__[member.name] for member in self._members_)))

    def __repr__(self) -> str:
        shown = (f"{member.name}={'***' if 'x' in member.flags else repr(value)}" for member, value in self._given())
        return f"{type(self).__name__}({', '.join(shown)})"


class OneOf(Structure):
    """A structure with a member for each connector, of which one is set."""

    @property
    def which(self) -> str | None:
        """The name of the member that is set; None where none is."""
        return next((member.name for member, _ in self._given()), None)

    @property
    def value(self) -> Any:
        """What the member that is set holds."""
        return next((value for _, value in self._given()), None)


class Output(Structure):
    """What an operation answers; `request_id` is the service's name for the call."""

    request_id: str | None
    # The member that holds what a page is about.
    _items_: ClassVar[str] = ""

    def __init__(self, *, request_id: str | None = None, **members: Any) -> None:
        super().__init__(**members)
        self.__dict__["request_id"] = request_id

    @classmethod
    def of(cls, document: Any, request_id: str | None) -> Self:
        """Make one of an answer. Raises ValueError."""
        found = cls.read({} if document is None else document)
        found.__dict__["request_id"] = request_id
        return found


O_co = TypeVar("O_co", bound=Output, covariant=True)


class Input(Structure, Generic[O_co]):
    """What an operation is asked, with what is known of the operation."""

    _operation_: ClassVar[str]
    _method_: ClassVar[str] = "POST"
    _path_: ClassVar[str]
    _output_: ClassVar[type[Output]]
    # The member that makes a second sending harmless; filled in where it is not given.
    _token_: ClassVar[str | None] = None
    # Whether a call that came to nothing may be sent again though the service may have done it.
    _is_repeatable_: ClassVar[bool] = False

    @classmethod
    def _lacking(cls, member: Member, place: str, *, is_document: bool) -> str:
        if is_document:
            return super()._lacking(member, place, is_document=True)
        return f"{place}{member.name} is required: pass {member.name}=…, or call .{member.name}(…) on the builder"


def _hint(given: str, names: Mapping[str, Any]) -> str:
    close = import_module("difflib").get_close_matches(given, names, 1)
    return f"; did you mean {close[0]!r}?" if close else f"; it has {', '.join(names) or 'none'}"
