"""Errors of a split as values, and back: what is raised on one machine is raised again on another."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Mapping
from types import MappingProxyType

from headrace.engine.formats import UnreadableSource
from headrace.engine.results import DatasetDropped
from headrace.engine.split import EngineError
from headrace.engine.watch import Cancelled
from headrace.errors import HeadraceError, Retry, Stop
from headrace.runner.cluster.messages import ClusterAway, ClusterUnusable, Failure, Kind

# What says no more than its message; of an error that is several, the first.
_PLAIN: Mapping[Kind, type[HeadraceError]] = MappingProxyType(
    {
        "away": ClusterAway,
        "unusable": ClusterUnusable,
        "dropped": DatasetDropped,
        "cancelled": Cancelled,
        "engine": EngineError,
        "stop": Stop,
    }
)


class FailedElsewhere(Exception):
    """A fault of headrace itself on a node of the cluster, with the traceback from there."""


def failure_of(error: BaseException, node: str) -> Failure:
    """The error as a value; `node` is where it was raised."""
    for kind, plain in _PLAIN.items():
        if isinstance(error, plain):
            return Failure(kind, error.message)
    if isinstance(error, Retry):
        return Failure("retry", error.message, after_s=error.after_s)
    if isinstance(error, UnreadableSource):
        return Failure("unreadable", error.message, error.file)
    if isinstance(error, HeadraceError):
        return Failure("stop", error.message)
    if isinstance(error, OSError):
        return Failure("stop", f"{_words(error)} on the node {node}")
    return Failure("fault", type(error).__name__, "".join(traceback.format_exception(error)))


def error_of(failure: Failure) -> Exception:
    """The value as an error, to be raised where the split is waited for."""
    if failure.kind in _PLAIN:
        return _PLAIN[failure.kind](failure.message)
    if failure.kind == "retry":
        return Retry(failure.message, after_s=failure.after_s)
    if failure.kind == "unreadable":
        return UnreadableSource(failure.message, failure.detail)
    return FailedElsewhere(f"{failure.message}\n{failure.detail}")


def _words(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "No space left on the disk"
    return f"{error.strerror or type(error).__name__}{f': {error.filename}' if error.filename else ''}"
