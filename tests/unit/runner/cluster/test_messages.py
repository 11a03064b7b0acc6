"""What goes to the nodes of a cluster, and how errors come back."""

from __future__ import annotations

import errno
import pickle
from pathlib import Path

import pytest

from headrace.engine.formats import UnreadableSource
from headrace.engine.results import DatasetDropped
from headrace.engine.split import EngineError
from headrace.engine.watch import Cancelled
from headrace.errors import HeadraceError, Refused, Retry, Stop
from headrace.runner.cluster.failures import FailedElsewhere, error_of, failure_of
from headrace.runner.cluster.messages import ClusterAway, ClusterUnusable, Surroundings, mark
from headrace.settings import Settings

ERRORS = [
    Retry("slow down", after_s=3.0),
    Stop("no such object"),
    UnreadableSource("s3://raw/1 is torn", "s3://raw/1"),
    DatasetDropped("tasks[0] Validate"),
    Cancelled("stopped"),
    EngineError("out of memory"),
    ClusterAway("gone"),
    ClusterUnusable("another headrace"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_comes_back_as_what_it_was(error: HeadraceError) -> None:
    found = error_of(pickle.loads(pickle.dumps(failure_of(error, "n1"))))

    assert (type(found), str(found), vars(found)) == (type(error), str(error), vars(error))


def test_errors_that_only_end_a_run_come_back_as_that() -> None:
    assert isinstance(error_of(failure_of(Refused("bad keys"), "n1")), Stop)
    assert isinstance(error_of(failure_of(HeadraceError("odd"), "n1")), Stop)


def test_a_full_disk_names_the_node() -> None:
    full = failure_of(OSError(errno.ENOSPC, "No space left on device"), "n1")

    assert str(error_of(full)) == "No space left on the disk on the node n1"


def test_a_fault_of_headrace_itself_comes_with_the_traceback_from_there() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        divmod(1, 0)
    found = error_of(failure_of(caught.value, "n1"))

    assert isinstance(found, FailedElsewhere)
    assert "test_a_fault_of_headrace_itself" in str(found)


def surroundings(**environment: str) -> Surroundings:
    return Surroundings.of(Settings(data=Path("/d"), s3_endpoint="http://s3", buckets={"a": "s3://b"}), environment)


def test_nodes_get_what_clients_of_stores_read_and_nothing_else(tmp_path: Path) -> None:
    given = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AZURE_STORAGE_ACCOUNT_NAME": "z"}

    sent = surroundings(HEADRACE_KEY="sealed", PATH="/bin", HOME=str(tmp_path), **given)

    assert dict(sent.environment) == {**given, "AWS_SESSION_TOKEN": ""}
    assert sent.settings == Settings(data=Path("/d"), s3_endpoint="http://s3", buckets={"a": "s3://b"})
    assert "'s'" not in repr(sent)
    assert pickle.loads(pickle.dumps(sent)).environment == sent.environment


def test_keys_of_a_profile_of_this_machine_are_looked_up_here(tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    file.write_text("[lake]\naws_access_key_id = k\naws_secret_access_key = s\n", encoding="utf-8")

    sent = surroundings(AWS_PROFILE="lake", AWS_SHARED_CREDENTIALS_FILE=str(file))

    assert (sent.environment["AWS_ACCESS_KEY_ID"], sent.environment["AWS_SECRET_ACCESS_KEY"]) == ("k", "s")
    assert "AWS_PROFILE" not in sent.environment


def test_a_node_without_keys_from_here_keeps_its_own(tmp_path: Path) -> None:
    own = {"AWS_ACCESS_KEY_ID": "own", "AWS_SECRET_ACCESS_KEY": "own", "AWS_SESSION_TOKEN": "own", "TZ": "UTC"}
    keys = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}

    assert surroundings(HOME=str(tmp_path)).within(own) == own
    assert surroundings(HOME=str(tmp_path), **keys).within(own) == {**keys, "AWS_SESSION_TOKEN": "", "TZ": "UTC"}


def test_a_folder_has_a_mark_that_another_one_has_not(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()

    assert mark(str(tmp_path / "a")) == mark(str(tmp_path / "a")) != mark(str(tmp_path))
    assert mark(str(tmp_path / "b")) is None
