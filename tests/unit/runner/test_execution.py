"""An execution from its queue entry to its settled record, on a real store."""

from __future__ import annotations

import errno
import io
from typing import Any

from headrace.engine.results import Counts, SplitOrder
from headrace.errors import Retry, Stop
from headrace.log import Log
from headrace.model.states import State
from headrace.runner.retries import ATTEMPTS
from tests.unit.runner.rig import TWO_SPLITS, Rig, document


def raising(error: Exception) -> Any:
    def fail(*_: Any) -> None:
        raise error

    return fail


def failing_once(error: Exception) -> Any:
    left = iter([error])

    def fail(*_: Any) -> None:
        if next_one := next(left, None):
            raise next_one

    return fail


def failed(rig: Rig, flow: dict[str, Any] | None = None, **changes: Any) -> str:
    """The message of a run that must fail and leave nothing visible and nothing behind."""
    execution = rig.run(flow, **changes)
    assert execution.state is State.FAILED
    assert rig.objects.output() == {}
    assert rig.left_over() == []
    assert execution.message is not None
    return execution.message


def test_a_run_reads_its_source_and_writes_its_destination(rig: Rig) -> None:
    execution = rig.run()

    assert execution.state is State.DONE
    assert execution.message is None
    assert rig.objects.output() == {"orders/e1-00000.json": "a\nb\n"}
    assert rig.counts() == Counts(records_read=2, records_written=2, bytes_read=2, bytes_written=4)
    assert rig.left_over() == []


def test_the_engine_gets_the_plan_and_what_names_are_made_of(rig: Rig) -> None:
    execution = rig.run()

    (split,) = rig.engine.seen
    assert (split.input, split.output.bucket, split.number) == ("csv", "lake", 0)
    assert (split.naming.flow_name, split.naming.execution_id, split.naming.schema_version) == ("orders", "e1", 1)
    assert int(split.naming.started_at.timestamp() * 1000) == execution.started_ms


def test_no_files_are_a_success_without_an_object(rig: Rig) -> None:
    rig.objects.objects.clear()

    execution = rig.run()

    assert execution.state is State.DONE
    assert rig.objects.objects == {}
    assert rig.counts() == Counts()


def test_no_records_are_a_success_without_an_object(rig: Rig) -> None:
    rig.objects.objects["raw", "in/1"] = ""

    assert rig.run().state is State.DONE
    assert rig.objects.output() == {}


def test_records_that_a_task_drops_are_counted(rig: Rig) -> None:
    rig.objects.objects["raw", "in/1"] = "drop 1\ndrop 2\n"

    assert rig.run().state is State.DONE
    assert rig.counts().dropped == {0: 2}
    assert rig.objects.output() == {}


def test_some_rejected_records_are_kept_and_told(rig: Rig) -> None:
    rig.objects.objects["raw", "in/1"] = "a\nbad 1\nbad 2\n"

    execution = rig.run()

    assert execution.state is State.DONE
    assert "2 of 3 records were rejected" in str(execution.message)
    assert rig.kept_rejects() == {"orders/e1/1.json": "bad 1\nbad 2\n"}
    assert rig.objects.output() == {"orders/e1-00000.json": "a\n"}


def test_rejected_records_go_to_the_bucket_that_the_flow_names(rig: Rig) -> None:
    rig.objects.objects["raw", "in/1"] = "a\nbad\n"

    execution = rig.run(document(bucketName="errors", bucketPrefix="why"))

    assert rig.objects.output("errors") == {"why/orders/e1/1.json": "bad\n"}
    assert rig.kept_rejects() == {}
    assert "s3//errors/why/orders/e1/" in str(execution.message)


def test_all_records_rejected_is_a_failure(rig: Rig) -> None:
    rig.objects.objects["raw", "in/1"] = "bad 1\nbad 2\n"

    assert "All 2 records" in failed(rig)
    assert rig.kept_rejects() == {"orders/e1/1.json": "bad 1\nbad 2\n"}
    assert rig.counts().balanced


def test_a_flow_may_fail_on_the_first_rejected_record(rig: Rig) -> None:
    rig.objects.objects["raw", "in/1"] = "a\nbad\n"

    assert "failOnFirstDestinationError" in failed(rig, document(failOnFirstDestinationError=True))
    assert rig.kept_rejects() == {"orders/e1/1.json": "bad\n"}
    assert rig.counts().bytes_written == 0


def test_an_error_bucket_that_can_not_be_written_fails_the_run_before_any_output(rig: Rig) -> None:
    rig.objects.objects["raw", "in/1"] = "a\nbad\n"

    def refuse(bucket: str) -> None:
        if bucket == "errors":
            raise Stop("access to s3://errors is denied")

    rig.objects.on_publish = refuse

    assert "denied" in failed(rig, document(bucketName="errors"))


def test_rejects_of_a_failed_run_stay_here_when_their_bucket_can_not_be_written(rig: Rig) -> None:
    rig.objects.objects["raw", "in/1"] = "bad\n"
    rig.objects.on_publish = raising(Stop("access denied"))

    assert "All 1 records" in failed(rig, document(bucketName="errors"))
    assert rig.kept_rejects() == {"orders/e1/1.json": "bad\n"}


def test_a_record_that_may_not_be_dropped_ends_the_run(rig: Rig) -> None:
    rig.objects.objects["raw", "in/1"] = "a\ndataset\n"

    assert "VALIDATE_NON_NULL" in failed(rig)


def test_a_bucket_that_can_not_be_listed_ends_the_run(rig: Rig) -> None:
    rig.objects.on_list = raising(Stop("There is no bucket raw"))

    assert failed(rig) == "There is no bucket raw"


def test_a_file_that_vanished_since_it_was_listed_ends_the_run(rig: Rig) -> None:
    rig.objects.on_fetch = rig.objects.objects.clear

    assert "s3//raw/in/1 is gone" in failed(rig)


def test_a_run_that_can_not_write_all_its_objects_leaves_none(rig: Rig) -> None:
    rig.objects.objects.update(TWO_SPLITS)
    refusal = raising(Stop("Access is denied. Choose another bucket."))
    rig.objects.on_publish = lambda bucket: refusal() if rig.objects.output() else None

    assert failed(rig) == "Access is denied. Choose another bucket."
    assert len(rig.objects.published) == 1
    assert rig.objects.output() == {}


def test_a_run_that_can_not_take_back_what_it_wrote_says_so(rig: Rig) -> None:
    rig.objects.on_publish = raising(Stop("Access is denied. Choose another bucket."))
    rig.objects.on_remove = raising(Stop("Access is denied."))

    message = failed(rig)

    assert message == "Access is denied. Choose another bucket. Some objects of this execution may have been written"


def test_a_full_disk_ends_the_run_in_words(rig: Rig) -> None:
    rig.engine.on_split = raising(OSError(errno.ENOSPC, "No space left on device", "/data/staging/x"))

    assert "No space left on the disk" in failed(rig)


def test_a_disk_that_is_full_when_rejects_are_kept_still_settles(rig: Rig) -> None:
    rig.objects.objects["raw", "in/1"] = "bad\n"
    (rig.data / "rejects").write_text("in the way")

    assert "All 1 records" in failed(rig)


def test_a_document_that_can_not_be_planned_any_more_ends_the_run(rig: Rig) -> None:
    flow = document()
    flow["tasks"] = [{"taskType": "Truncate", "sourceFields": ["a"], "taskProperties": {"TRUNCATE_LENGTH": "x"}}]

    assert "Start Flow request failed" in failed(rig, flow)


def test_a_document_that_lacks_what_it_must_have_ends_the_run(rig: Rig) -> None:
    flow = document()
    del flow["sourceFlowConfig"]

    assert "Internal failure of headrace" in failed(rig, flow)


def test_a_connector_that_is_not_there_ends_the_run(rig: Rig) -> None:
    rig.connectors.absent = "There is no connector Salesforce here"

    assert failed(rig) == "There is no connector Salesforce here"


def test_an_engine_that_breaks_down_ends_the_run_and_its_traceback_is_logged(rig: Rig) -> None:
    stream = io.StringIO()
    rig.log = Log(stream)
    rig.engine.on_split = raising(RuntimeError("segment 7 is broken"))

    assert "RuntimeError" in failed(rig)
    assert "segment 7 is broken" in stream.getvalue()
    assert "Traceback" in stream.getvalue()


def test_counts_that_do_not_add_up_end_the_run(rig: Rig) -> None:
    rig.engine.lie = Counts(records_read=1)

    assert "do not add up" in failed(rig)


def test_a_connector_that_asks_for_it_is_called_again(rig: Rig) -> None:
    rig.objects.on_list = failing_once(Retry("busy"))
    rig.objects.on_fetch = failing_once(Retry("busy", after_s=3))
    rig.objects.on_publish = failing_once(Retry("busy"))

    assert rig.run().state is State.DONE
    assert rig.waited_s == [0.5, 3, 0.5]
    assert rig.objects.output() == {"orders/e1-00000.json": "a\nb\n"}


def test_a_connector_that_keeps_asking_ends_the_run(rig: Rig) -> None:
    rig.objects.on_list = raising(Retry("too many requests"))

    assert failed(rig) == "too many requests"
    assert len(rig.waited_s) == ATTEMPTS - 1


def test_a_failed_run_does_not_stop_the_worker(rig: Rig) -> None:
    rig.engine.on_split = failing_once(RuntimeError("once"))
    rig.queue("e1")
    with rig.work():
        assert rig.settled("e1").state is State.FAILED
        rig.queue("e2")
        assert rig.settled("e2").state is State.DONE


def test_several_splits_give_one_output_each(rig: Rig) -> None:
    rig.objects.objects |= {("raw", f"in/{number:04d}"): f"{number}\n" for number in range(300)}

    assert rig.run().state is State.DONE
    assert [split.number for split in rig.engine.seen] == [0, 1]
    assert sorted(rig.objects.output()) == ["orders/e1-00000.json", "orders/e1-00001.json"]
    assert rig.counts().records_read == 302
    assert [len(split.document["files"]) for split in rig.splits()] == [256, 45]


def test_splits_after_the_first_reject_are_not_run_when_the_flow_fails_on_it(rig: Rig) -> None:
    rig.objects.objects |= {("raw", f"in/{number:04d}"): "bad\n" for number in range(300)}
    seen: list[SplitOrder] = []
    rig.engine.on_split = seen.append

    assert "failOnFirstDestinationError" in failed(rig, document(failOnFirstDestinationError=True))
    assert len(seen) == 1
