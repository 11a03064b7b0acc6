"""Whatever is rejected, and however often it is run again: each record is sent once, and the counts add up."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.model.states import State
from tests.standins.application import to_records
from tests.unit.runner.record_runs import flow, runs
from tests.unit.runner.test_rejected import AS_NUMBER, AS_TEXT, KEEP_ID, kept, retried

VALUES = st.sampled_from(["1", "x", 'a "b"', "é\u2028", "", None, 1.10, {"deep": [1]}])
FATES = st.sampled_from(["taken", "refused", "refused twice"])


@settings(max_examples=8, deadline=None)
@given(drawn=st.lists(st.tuples(VALUES, FATES), min_size=1, max_size=12))
def test_every_record_arrives_once_over_a_run_and_its_retries(drawn: list[tuple[object, str]]) -> None:
    fates = {number: fate for number, (_, fate) in enumerate(drawn)}
    wanted = [{"id": number, "n": value} for number, (value, _) in enumerate(drawn)]
    with TemporaryDirectory() as folder, runs(Path(folder)) as made:
        made.put(*(json.dumps(record) for record in wanted))
        made.erp.refuse = lambda record: None if fates[record["id"]] == "taken" else "not yet"
        # Casts reject some before the destination sees them.
        made.run(flow(KEEP_ID, AS_NUMBER, destination=to_records()))
        made.erp.refuse = lambda record: "not yet" if fates[record["id"]] == "refused twice" else None
        by_text = flow(KEEP_ID, AS_TEXT, destination=to_records())
        left = "e1"
        for attempt in ("e2", "e3"):
            if kept(made, left):
                execution = retried(made, by_text, of=left, by=attempt)
                assert execution.state in {State.DONE, State.FAILED}, execution.message
                assert made.rig.counts(attempt).balanced
                assert made.rig.counts(attempt).records_read == len(kept(made, left))
                left = attempt
            made.erp.refuse = lambda record: None
        assert sorted(record["id"] for record in made.erp.records) == sorted(fates)
