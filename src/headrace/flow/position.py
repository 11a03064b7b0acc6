"""What the position of an incremental flow is a position in."""

from __future__ import annotations

import json

from headrace.flow.plan import Plan


def source_of(plan: Plan) -> str | None:
    """What the bookmarks of the plan are of; None: it keeps none, for it reads everything each time."""
    reading = plan.reading
    if reading is None or plan.trigger.trigger_type != "Scheduled" or plan.trigger.pull_mode != "Incremental":
        return None
    settings = sorted(reading.settings.items())
    return json.dumps([plan.source.connector_type, reading.profile, reading.entity, settings])
