from __future__ import annotations

import os
import subprocess
import sys
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from headrace.connector_sdk.contract import SourceFile
from headrace.connector_sdk.folder_bucket import FolderBucket
from headrace.connector_sdk.keys import UNFINISHED
from headrace.errors import Stop
from tests.standins.processes import PATIENCE_S, plain_environment
from tests.unit.connector_sdk.planted import bodies, keys, plant, staged


@pytest.fixture(name="bucket")
def embedded_bucket(tmp_path: Path) -> FolderBucket:
    bucket = FolderBucket("raw", tmp_path / "buckets" / "raw", makes_itself=True)
    bucket.folder.mkdir(parents=True)
    return bucket


# --- listing --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "prefix, expected",
    [
        ("", ["a/b/c.csv", "a/bc/d.csv", "flow/x.csv", "flow_source.csv", "z.csv"]),
        ("flow", ["flow/x.csv", "flow_source.csv"]),
        ("flow_", ["flow_source.csv"]),
        ("flow/", ["flow/x.csv"]),
        ("a/b", ["a/b/c.csv", "a/bc/d.csv"]),
        ("a/b/", ["a/b/c.csv"]),
        ("a/b/c.csv", ["a/b/c.csv"]),
        ("a/b/c.csv/", []),
        ("a/b/c.csv/x", []),
        ("nothing", []),
        ("FLOW", []),
    ],
)
def test_a_prefix_is_any_text_that_keys_begin_with(bucket: FolderBucket, prefix: str, expected: list[str]) -> None:
    plant(bucket.folder, dict.fromkeys(("z.csv", "a/bc/d.csv", "flow_source.csv", "a/b/c.csv", "flow/x.csv"), b"1"))
    assert keys(bucket.list(prefix)) == expected


def test_keys_are_sorted_by_code_point_and_not_folder_by_folder(bucket: FolderBucket) -> None:
    plant(bucket.folder, dict.fromkeys(("a/x", "a-b", "a.b", "a0", "B", "é", "Z/z", "😀", "ｚ"), b"1"))
    assert keys(bucket.list("")) == ["B", "Z/z", "a-b", "a.b", "a/x", "a0", "é", "ｚ", "😀"]


@pytest.mark.parametrize(
    "prefix", ["/", "/a.csv", "//a", "../raw/a", "x/../a", "./a", "a//b", "a\0b", "\udcff", "x" * 300]
)
def test_a_prefix_that_no_key_has_matches_nothing(bucket: FolderBucket, prefix: str) -> None:
    plant(bucket.folder, {"a.csv": b"1", "x/y": b"1", "a/b": b"1"})
    assert bucket.list(prefix) == ()
    assert bucket.list(f"{prefix}/deeper") == ()


def test_empty_files_folders_and_what_is_unfinished_are_no_objects(bucket: FolderBucket) -> None:
    plant(bucket.folder, {"in/empty.csv": b"", f"in/{UNFINISHED}1": b"half", "in/whole.csv": b"1"})
    (bucket.folder / "in" / "marker").mkdir()
    os.mkfifo(bucket.folder / "in" / "pipe")
    assert keys(bucket.list("")) == ["in/whole.csv"]
    assert bucket.list(f"in/{UNFINISHED}") == ()


def test_a_file_is_known_by_its_bucket_and_key(bucket: FolderBucket) -> None:
    plant(bucket.folder, {"in/a.csv": b"123"})
    os.utime(bucket.folder / "in/a.csv", ns=(0, 1_700_000_000_123_456_789))
    (file,) = bucket.list("in")
    assert (file.name, file.key, file.size_bytes, file.modified_ms) == (
        "s3://raw/in/a.csv",
        "in/a.csv",
        3,
        1_700_000_000_123,
    )
    assert SourceFile.from_document(file.to_document()) == file


def test_links_are_followed_and_loops_and_dangling_links_end_quietly(bucket: FolderBucket, tmp_path: Path) -> None:
    plant(tmp_path / "elsewhere", {"deep/b.csv": b"1"})
    plant(bucket.folder, {"in/a.csv": b"1"})
    (bucket.folder / "linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (bucket.folder / "in" / "up").symlink_to(bucket.folder, target_is_directory=True)
    (bucket.folder / "in" / "self").symlink_to(".", target_is_directory=True)
    (bucket.folder / "in" / "dangling.csv").symlink_to("nowhere")
    assert keys(bucket.list("")) == ["in/a.csv", "linked/deep/b.csv"]
    assert keys(bucket.list("in/")) == ["in/a.csv"]
    assert keys(bucket.list("linked/de")) == ["linked/deep/b.csv"]


def test_a_link_to_itself_ends_the_run_rather_than_passing_for_nothing(bucket: FolderBucket) -> None:
    (bucket.folder / "loop.csv").symlink_to("loop.csv")
    with pytest.raises(Stop, match=r"The bucket 'raw' can't be listed: .*loop\.csv"):
        bucket.list("")


def test_a_name_that_is_not_text_ends_the_run_only_where_it_is_wanted(bucket: FolderBucket) -> None:
    plant(bucket.folder, {"other/a.csv": b"1"})
    (bucket.folder / "in").mkdir()
    Path(os.fsdecode(os.fsencode(bucket.folder / "in") + b"/\xff.csv")).write_bytes(b"1")
    assert keys(bucket.list("other")) == ["other/a.csv"]
    with pytest.raises(Stop, match="not UTF-8"):
        bucket.list("in")


def test_a_folder_that_may_not_be_read_ends_the_run_rather_than_passing_for_empty(tmp_path: Path) -> None:
    # Root may read everything, so it becomes nobody first.
    script = (
        "import os; from pathlib import Path; from headrace.connector_sdk.folder_bucket import FolderBucket\n"
        "from headrace.errors import Stop\n"
        "if os.geteuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "try: FolderBucket('raw', Path(), makes_itself=False).list('')\n"
        "except Stop as error: print(error)\n"
    )
    plant(tmp_path, {"open/a.csv": b"1", "locked/a.csv": b"1"})
    tmp_path.chmod(0o755)
    (tmp_path / "locked").chmod(0)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    (tmp_path / "locked").chmod(0o700)
    assert "The bucket 'raw' can't be listed: [Errno 13] Permission denied" in done.stdout, done.stderr


def test_a_bucket_that_is_not_there_can_not_be_read(tmp_path: Path) -> None:
    bucket = FolderBucket("raw", tmp_path / "raw", makes_itself=True)
    with pytest.raises(Stop, match=r"The bucket 'raw' does not exist: .*/raw is no folder\. Make it\."):
        bucket.list("")


# --- reading --------------------------------------------------------------------------------------


def test_files_are_read_where_they_lie(bucket: FolderBucket, tmp_path: Path) -> None:
    plant(bucket.folder, {"b.csv": b"222", "a.csv": b"1"})
    files = bucket.list("")
    fetched = list(bucket.fetch(files, tmp_path / "scratch"))
    assert [(file.name, file.path, file.is_copy) for file in fetched] == [
        ("s3://raw/a.csv", bucket.folder / "a.csv", False),
        ("s3://raw/b.csv", bucket.folder / "b.csv", False),
    ]
    assert [bucket.head(file, 2) for file in files] == [b"1", b"22"]
    assert not (tmp_path / "scratch").exists()


def test_a_file_that_changed_since_it_was_listed_is_not_read(bucket: FolderBucket, tmp_path: Path) -> None:
    plant(bucket.folder, {"a.csv": b"1"})
    files = bucket.list("")
    plant(bucket.folder, {"a.csv": b"12"})
    with pytest.raises(Stop, match=r"s3://raw/a\.csv has changed since the run began"):
        list(bucket.fetch(files, tmp_path))
    with pytest.raises(Stop, match="has changed"):
        bucket.head(files[0], 1)


def test_another_file_of_the_same_size_and_time_is_another_file(bucket: FolderBucket, tmp_path: Path) -> None:
    plant(bucket.folder, {"a.csv": b"1", "b.csv": b"2"})
    for name in ("a.csv", "b.csv"):
        os.utime(bucket.folder / name, ns=(0, 1))
    files = bucket.list("a")
    (bucket.folder / "b.csv").replace(bucket.folder / "a.csv")
    with pytest.raises(Stop, match="has changed"):
        list(bucket.fetch(files, tmp_path))


def test_a_file_that_is_gone_since_it_was_listed_is_named(bucket: FolderBucket, tmp_path: Path) -> None:
    plant(bucket.folder, {"a.csv": b"1"})
    files = bucket.list("")
    (bucket.folder / "a.csv").unlink()
    with pytest.raises(Stop, match=r"s3://raw/a\.csv is gone since the run began"):
        list(bucket.fetch(files, tmp_path))
    with pytest.raises(Stop, match="is gone"):
        bucket.head(files[0], 1)


# --- publishing -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key",
    [
        "out/flow/2022-11-10T12:34:56.json",
        "Field=a%2Fb/x",
        "sp ace/#?&+*.csv",
        "é/李雷/😀",
        "new\nline",
        "n" * 255,
        "back\\slash",
        "...",
        "-rf",
        "~/x",
    ],
)
def test_a_published_file_is_listed_under_the_very_same_key(bucket: FolderBucket, tmp_path: Path, key: str) -> None:
    bucket.publish([staged(tmp_path / "staged", key, b"body")])
    files = bucket.list("")
    assert keys(files) == [key]
    assert bodies(bucket.fetch(files, tmp_path)) == [b"body"]


@pytest.mark.parametrize("key", ["../x", "a/../../x", "..", "a/.", "", "/", "//", "a\0b", "\udcff"])
def test_a_key_that_is_no_path_is_refused_before_anything_is_published(
    bucket: FolderBucket, tmp_path: Path, key: str
) -> None:
    files = [staged(tmp_path / "staged", "fine", b"1"), staged(tmp_path / "staged", key, b"1")]
    with pytest.raises(Stop, match="can't be an object of bucket 'raw'"):
        bucket.publish(files)
    assert bucket.list("") == ()


@pytest.mark.parametrize("key", ["/etc/x", "etc//x", "etc/x/"])
def test_empty_parts_of_a_key_fall_away_and_never_lead_out_of_the_bucket(
    bucket: FolderBucket, tmp_path: Path, key: str
) -> None:
    bucket.publish([staged(tmp_path / "staged", key, b"1")])
    assert keys(bucket.list("")) == ["etc/x"]


def test_a_name_longer_than_the_file_system_allows_is_refused(bucket: FolderBucket, tmp_path: Path) -> None:
    with pytest.raises(Stop, match=r"s3://raw/out/n+ can't be written: .*File name too long"):
        bucket.publish([staged(tmp_path / "staged", "out/" + "n" * 300, b"1")])


@pytest.mark.parametrize("key", ["taken/x", "folder"])
def test_a_key_that_is_both_file_and_folder_is_refused(bucket: FolderBucket, tmp_path: Path, key: str) -> None:
    plant(bucket.folder, {"taken": b"1", "folder/x": b"1"})
    with pytest.raises(Stop, match=f"s3://raw/{key} can't be written"):
        bucket.publish([staged(tmp_path / "staged", key, b"2")])
    assert keys(bucket.list("")) == ["folder/x", "taken"]
    assert not [name for _, _, names in os.walk(bucket.folder) for name in names if name.startswith(UNFINISHED)]


def test_what_a_killed_process_left_of_an_object_goes_once_the_object_is_whole(
    bucket: FolderBucket, tmp_path: Path
) -> None:
    program = """
import os, signal, sys
from pathlib import Path
from headrace.connector_sdk.folder_bucket import FolderBucket
from headrace.engine.results import StagedFile

def die(event, arguments):
    if event == "os.rename":
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(die)
FolderBucket("raw", Path(sys.argv[1]), makes_itself=True).publish([StagedFile(sys.argv[2], "out/a.csv", 1)])
"""
    file = staged(tmp_path / "staged", "out/a.csv", b"1")
    other = bucket.folder / "out" / f"{UNFINISHED}0000000000000000.1"
    plant(bucket.folder, {f"out/{other.name}": b"of another object"})
    command = [sys.executable, "-c", program, str(bucket.folder), file.path]
    subprocess.run(command, env=plain_environment(), timeout=PATIENCE_S, check=False)
    assert len(list((bucket.folder / "out").iterdir())) == 2

    bucket.publish([file])

    assert sorted((bucket.folder / "out").iterdir()) == [other, bucket.folder / "out" / "a.csv"]


def test_publishing_makes_an_embedded_bucket_and_refuses_a_mapped_one(tmp_path: Path) -> None:
    file = staged(tmp_path / "staged", "a/b/c", b"1")
    FolderBucket("new", tmp_path / "buckets" / "new", makes_itself=True).publish([file])
    assert (tmp_path / "buckets" / "new" / "a/b/c").read_bytes() == b"1"
    with pytest.raises(Stop, match="The bucket 'lake' does not exist"):
        FolderBucket("lake", tmp_path / "lake", makes_itself=False).publish([file])
    assert not (tmp_path / "lake").exists()


def test_publishing_twice_leaves_one_object_and_nothing_else(bucket: FolderBucket, tmp_path: Path) -> None:
    file = staged(tmp_path / "staged", "out/x", b"new")
    plant(bucket.folder, {"out/x": b"old"})
    bucket.publish([file])
    bucket.publish([file])
    assert [path.name for path in (bucket.folder / "out").iterdir()] == ["x"]
    assert (bucket.folder / "out" / "x").read_bytes() == b"new"


def test_an_object_outlives_its_staged_file_and_needs_no_second_room_on_disk(
    bucket: FolderBucket, tmp_path: Path
) -> None:
    file = staged(tmp_path / "staged", "x", b"body")
    bucket.publish([file])
    assert (bucket.folder / "x").stat().st_ino == Path(file.path).stat().st_ino
    Path(file.path).unlink()
    with (bucket.folder / "x").open("ab") as stream:
        stream.write(b", and more")
    assert (bucket.folder / "x").read_bytes() == b"body, and more"


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="no second file system here")
def test_publishing_to_another_file_system_copies(bucket: FolderBucket) -> None:
    with TemporaryDirectory(dir="/dev/shm") as shared:
        if Path(shared).stat().st_dev == bucket.folder.stat().st_dev:
            pytest.skip("no second file system here")
        file = staged(Path(shared) / "staged", "a/x", b"body" * 100_000)
        bucket.publish([file])
        bucket.publish([file])
        Path(file.path).write_bytes(b"changed later")
        assert (bucket.folder / "a/x").read_bytes() == b"body" * 100_000
        assert [path.name for path in (bucket.folder / "a").iterdir()] == ["x"]


def test_a_staged_file_that_is_gone_is_named_and_nothing_is_left(bucket: FolderBucket, tmp_path: Path) -> None:
    file = staged(tmp_path / "staged", "a/x", b"1")
    Path(file.path).unlink()
    with pytest.raises(Stop, match=r"s3://raw/a/x can't be written: .*No such file"):
        bucket.publish([file])
    assert list((bucket.folder / "a").iterdir()) == []


def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    # /proc refuses new files to everyone, root included.
    bucket = FolderBucket("fixed", Path("/proc/self"), makes_itself=False)
    with pytest.raises(Stop, match="s3://fixed/out/x can't be written"):
        bucket.publish([staged(tmp_path / "staged", "out/x", b"1")])


def test_objects_are_removed_whether_or_not_they_are_there(bucket: FolderBucket, tmp_path: Path) -> None:
    bucket.publish([staged(tmp_path / "staged", "out/a", b"1"), staged(tmp_path / "staged", "out/b", b"2")])

    bucket.remove(["out/a", "out/c", "nowhere/d"])

    assert [file.key for file in bucket.list("out/")] == ["out/b"]


def test_an_object_that_can_not_be_removed_is_named(bucket: FolderBucket, tmp_path: Path) -> None:
    bucket.publish([staged(tmp_path / "staged", "out/a/b", b"1")])

    with pytest.raises(Stop, match="s3://raw/out/a can't be removed"):
        bucket.remove(["out/a"])


@pytest.mark.parametrize("at, published", [(1, []), (3, []), (4, []), (5, ["out/1"]), (6, ["out/1", "out/2"])])
def test_what_speaks_against_an_object_keeps_it_and_the_next_ones_from_being_published(
    bucket: FolderBucket, tmp_path: Path, at: int, published: list[str]
) -> None:
    asked = count(1)

    def check() -> None:
        if next(asked) == at:
            raise Stop("no more")

    with pytest.raises(Stop, match="no more"):
        bucket.publish([staged(tmp_path / "staged", key, b"1") for key in ("out/1", "out/2", "out/3")], check)

    assert [file.key for file in bucket.list("out/")] == published
    assert not [path for path in bucket.folder.rglob("*") if path.name.startswith(UNFINISHED)]
