"""Enumerations that may grow: text with names for the values known today."""

from __future__ import annotations

from typing import ClassVar, Self


class Choice(str):
    """A value of an enumeration, and text at the same time: `status == "Active"` holds.

    A value that the service has learnt since is kept as it came; `is_known` tells it from the others.
    """

    __slots__ = ()
    _named_: ClassVar[tuple[tuple[str, str], ...]] = ()

    def __init_subclass__(cls) -> None:
        for name, value in cls._named_:
            setattr(cls, name, cls(value))

    @property
    def is_known(self) -> bool:
        """Whether the API's model that the client was made of has this value."""
        return any(self == value for _, value in self._named_)

    @classmethod
    def known(cls) -> tuple[Self, ...]:
        """The values of the API's model, in its order."""
        return tuple(cls(value) for _, value in cls._named_)

    @classmethod
    def spelt(cls) -> str:
        """The values as a message lists them."""
        return ", ".join(value for _, value in cls._named_)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __str__(self) -> str:
        return str.__str__(self)
