"""What an execution's record says."""

from __future__ import annotations

import errno
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import Stop
from headrace.flow.plan import PlanFaults
from headrace.runner import messages

# From the model: the pattern of ExecutionMessage, read as Java reads it.
ALLOWED = re.compile(r"[\s\w/!@#+=.-]*", re.ASCII)


@given(st.text(max_size=3000))
def test_every_text_becomes_one_that_the_api_allows(text: str) -> None:
    message = messages.shown(text)

    assert ALLOWED.fullmatch(message)
    assert len(message) <= 2048


@pytest.mark.parametrize(
    "text, message",
    [
        ("3 of 10 records were rejected.", "3 of 10 records were rejected."),
        ("s3://raw/in/1.csv is gone: it was listed", "s3//raw/in/1.csv is gone - it was listed"),
        (
            "Start Flow request failed: [Task Validation Error: tasks[0] (Map): 'x', y]",
            "Start Flow request failed - Task Validation Error - tasks0 Map - x - y",
        ),
        ("at 12:30:05; then", "at 12-30-05 - then"),
        ("größe €", "gr__e _"),
    ],
)
def test_a_text_stays_readable(text: str, message: str) -> None:
    assert messages.shown(text) == message


def test_a_plan_that_can_not_be_made_is_told_with_every_fault() -> None:
    assert messages.of_failure(PlanFaults(["one", "two"])) == "Start Flow request failed: [one, two]"


def test_what_a_connector_says_is_told_as_it_is() -> None:
    assert messages.of_failure(Stop("no such bucket")) == "no such bucket"


@pytest.mark.parametrize(
    "number, words",
    [
        (errno.ENOSPC, "No space left on the disk"),
        (errno.EACCES, "Permission denied"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_a_failing_disk_is_told_in_words(number: int, words: str) -> None:
    assert words in messages.of_failure(OSError(number, "Input/output error", "/data/x"))
    assert "/data/x" in messages.of_failure(OSError(number, "Input/output error", "/data/x"))


def test_a_fault_of_headrace_is_told_without_its_details() -> None:
    message = messages.of_failure(ValueError("password=hunter2"))

    assert "ValueError" in message
    assert "hunter2" not in message
