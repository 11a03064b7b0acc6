"""What an execution's record says, in words that the API's pattern allows."""

from __future__ import annotations

import errno
import re

from headrace.errors import HeadraceError
from headrace.flow.plan import PlanFaults
from headrace.log import Log

# ExecutionMessage in the model: [\s\w/!@#+=.-]*, at most 2048 characters, Java's ASCII \w.
MOST_CHARACTERS = 2048

_DROPPED = re.compile(r"[\"'`()\[\]{}<>]")
_FORBIDDEN = re.compile(r"[^\s\w/!@#+=.\-]", re.ASCII)
_WORDS_OF_OS_ERRORS = {
    errno.ENOSPC: "No space left on the disk. Free some and start the flow again",
    errno.EDQUOT: "The disk quota is used up. Raise it and start the flow again",
    errno.EACCES: "Permission denied. Let the user who runs headrace read and write there",
    errno.EPERM: "Permission denied. Let the user who runs headrace read and write there",
    errno.EROFS: "The file system is read-only",
    errno.ENOENT: "No such file or folder",
}


def shown(text: str) -> str:
    """The text with every character that the API refuses replaced by the nearest that it allows."""
    text = text.replace("://", "//").replace("; ", " - ").replace(", ", " - ")
    text = re.sub(r":(?=\s|$)", " -", text).replace(":", "-")
    text = _FORBIDDEN.sub("_", _DROPPED.sub("", text).replace("…", "..."))
    return text[:MOST_CHARACTERS]


def of_failure(error: BaseException) -> str:
    """Why an execution failed, for its record; a fault of headrace itself is told without details."""
    if isinstance(error, PlanFaults):
        return error.worded("Start")
    if isinstance(error, HeadraceError):
        return error.message
    if isinstance(error, OSError):
        words = _WORDS_OF_OS_ERRORS.get(error.errno or 0, error.strerror or type(error).__name__)
        return f"{words}: {error.filename}" if error.filename else words
    return f"Internal failure of headrace: {type(error).__name__}. The log of the service has the details"


def is_expected(error: BaseException) -> bool:
    """Whether the failure is the flow's or the machine's, so that its message is all there is to tell."""
    return isinstance(error, HeadraceError | OSError)


def tell(log: Log, event: str, error: Exception) -> None:
    """Log what went wrong. A full disk comes up at every look until there is room: a line says it, no traceback."""
    if is_expected(error):
        log.error(event, reason=of_failure(error))
    else:
        log.failure(event, error)


def of_rejects(rejected: int, read: int, place: str) -> str:
    """That some records were rejected, and where they are kept."""
    return f"{rejected} of {read} records were rejected. They are kept with the reason of each at {place}"


def of_nothing_left(rejected: int, place: str) -> str:
    """That every record that should have been written was rejected."""
    were = "that were to be written were rejected"
    return f"All {rejected} records {were}. They are kept with the reason of each at {place}"


def of_first_refusal(place: str) -> str:
    """That the flow asked to fail on the first record that the destination refuses."""
    return (
        "The destination refused a record and failOnFirstDestinationError is true. "
        f"It is kept with the reason at {place}"
    )


def of_first_reject(place: str) -> str:
    """That the flow asked to fail on the first rejected record."""
    return (
        "A record was rejected and failOnFirstDestinationError is true - nothing was written. "
        f"It is kept with its reason at {place}"
    )
