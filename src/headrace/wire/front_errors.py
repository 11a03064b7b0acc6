"""Errors of the front end: what AWS answers before AppFlow itself is asked."""

from __future__ import annotations

from typing import ClassVar

from headrace.errors import HeadraceError


class FrontError(HeadraceError):
    """A request that reaches no operation; the class name is the wire name.

    Statuses are those of the common errors in the AppFlow API Reference where it lists the error.
    """

    status: ClassVar[int] = 400


class SerializationException(FrontError):
    """The request can't be read."""


class UnknownOperationException(FrontError):
    """No operation lies at this path."""

    status: ClassVar[int] = 404


class MethodNotAllowedException(FrontError):
    """The path is an operation's, the method is not."""

    status: ClassVar[int] = 405


class RequestTimeoutException(FrontError):
    """The declared body did not arrive."""

    status: ClassVar[int] = 408


class RequestEntityTooLargeException(FrontError):
    """The body is longer than the limit."""

    status: ClassVar[int] = 413


class IncompleteSignatureException(FrontError):
    """The credentials of the request are not of the form that Signature Version 4 asks for."""


class MissingAuthenticationTokenException(FrontError):
    """The request carries no credentials."""

    status: ClassVar[int] = 403


class UnrecognizedClientException(FrontError):
    """No such access key."""

    status: ClassVar[int] = 403


class InvalidSignatureException(FrontError):
    """The signature is not the one that the access key makes of this request, or is out of its time."""

    status: ClassVar[int] = 403
