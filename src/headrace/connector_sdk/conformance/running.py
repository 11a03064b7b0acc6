"""The whole suite over one connector."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from headrace.connector_sdk.conformance.bench import Bench, FaultError, NotApplicableError
from headrace.connector_sdk.conformance.describing import DESCRIBING
from headrace.connector_sdk.conformance.reading import READING
from headrace.connector_sdk.conformance.refusing import REFUSING, keeps_secrets
from headrace.connector_sdk.conformance.subject import Subject
from headrace.connector_sdk.conformance.verdicts import Check, Result
from headrace.connector_sdk.conformance.writing import WRITING
from headrace.errors import ConnectorError

# Writing comes before reading: nothing changes under the reader, and what was written is there to be read. What was
# said all along is looked at last.
CHECKS: tuple[Check, ...] = tuple(map(Check, (*DESCRIBING, *REFUSING, *WRITING, *READING, keeps_secrets)))


def conformance(subject: Subject, checks: Iterable[Check] = CHECKS) -> Iterator[Result]:
    """The results, one after the other as they come."""
    bench = Bench(subject)
    return (run_check(check, bench) for check in checks)


def run_check(check: Check, bench: Bench) -> Result:
    """The result of one check; whatever the connector raises is a fault of it."""
    try:
        check.run(bench)
    except FaultError as error:
        return Result(check, "failed", error.message)
    except NotApplicableError as error:
        return Result(check, "not applicable", error.message)
    except ConnectorError as error:
        return Result(check, "failed", f"{type(error).__name__}: {error.message}")
    except Exception as error:  # Boundary: other people's code, which may raise anything
        return Result(check, "failed", f"it raised {type(error).__name__}: {error}")
    return Result(check, "passed")
