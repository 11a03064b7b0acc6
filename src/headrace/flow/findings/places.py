"""Where objects are read from and written to, and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from headrace.flow.endpoints import SOURCES_OF_RECORDS
from headrace.flow.faults import Place, shown
from headrace.flow.findings.finding import Finding
from headrace.flow.findings.seen import Seen
from headrace.flow.rules import Rule

_SCHEDULED: Final[Place] = ("triggerConfig", "triggerProperties", "Scheduled")


def of_places(seen: Seen) -> Iterator[Finding]:
    """What is to be said of buckets and prefixes."""
    source, side = seen.source, seen.destination
    if source.properties.get("bucketPrefix", "").startswith("/"):
        what = "no key begins with a slash where AppFlow lists a bucket, so nothing is found"
        yield Finding(
            "warning", Rule.LEADING_SLASH, source.at("bucketPrefix"), what, "write it without the first slash"
        )
    if side is not None and side.properties.get("bucketPrefix", "").startswith("/"):
        what = "the slash at the beginning makes a first folder without a name"
        yield Finding("warning", Rule.LEADING_SLASH, side.at("bucketPrefix"), what, "write it without the first slash")
    if side is None or (source.connector_type, side.connector_type) != ("S3", "S3"):
        return
    prefix = side.properties.get("bucketPrefix", "")
    begin = f"{prefix}{'/' if prefix and not prefix.endswith('/') else ''}{seen.document['flowName']}/"
    is_same = side.properties.get("bucketName") == source.properties.get("bucketName")
    if is_same and source.properties and begin.startswith(source.properties.get("bucketPrefix", "")):
        what = f"the flow reads what it writes: {shown(begin)} lies below the bucketPrefix of the source"
        instead = "write another bucket or bucketPrefix for the destination, or a longer one for the source"
        yield Finding("warning", Rule.OWN_OUTPUT, side.at("bucketPrefix"), what, instead)


def of_times(seen: Seen) -> Iterator[Finding]:
    """What is to be said of schedules, as seen from now."""
    schedule, now_s = seen.schedule, seen.now.timestamp()
    end_s, start_s = schedule.get("scheduleEndTime"), schedule.get("scheduleStartTime")
    if end_s is not None and end_s < now_s:
        what = f"the schedule ended at {_instant(end_s)}, so the flow never runs"
        yield Finding("warning", Rule.NEVER_RUNS, (*_SCHEDULED, "scheduleEndTime"), what, "write a later end")
    elif start_s is not None and start_s < now_s:
        what = (
            f"the schedule began at {_instant(start_s)}; AppFlow wants a start in the future, headrace goes on from it"
        )
        yield Finding("note", Rule.PAST_START, (*_SCHEDULED, "scheduleStartTime"), what, "write a later start")
    if schedule.get("timezone", "UTC") not in {"UTC", "Etc/UTC", "Z"}:
        what = "the time zone is a label: schedules are computed in UTC, in AppFlow and here"
        yield Finding("note", Rule.TIME_ZONE, (*_SCHEDULED, "timezone"), what, "write the times in UTC")
    if schedule.get("dataPullMode") == "Incremental" and "firstExecutionFrom" not in schedule:
        what = "the first run reads the 30 days before it"
        instead = "write firstExecutionFrom for an earlier or later beginning"
        yield Finding("note", Rule.FIRST_WINDOW, (*_SCHEDULED, "dataPullMode"), what, instead)
    yield from _once_only(seen)


def _once_only(seen: Seen) -> Iterator[Finding]:
    config = seen.document["sourceFlowConfig"]
    if seen.source.connector_type not in SOURCES_OF_RECORDS or not config.get("incrementalPullConfig"):
        return
    if seen.trigger == "Scheduled" and seen.schedule.get("dataPullMode", "Complete") == "Complete":
        what = "dataPullMode is not Incremental, so incrementalPullConfig counts for windows that are asked for alone"
        instead = "write dataPullMode Incremental"
        yield Finding("note", Rule.UNUSED_MEMBER, ("sourceFlowConfig", "incrementalPullConfig"), what, instead)


def _instant(epoch_s: float) -> str:
    try:
        return datetime.fromtimestamp(epoch_s, UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return str(epoch_s)
