"""The walk over zstd frames, on frames of every kind and on every cut of them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from headrace.engine.formats import zstd
from headrace.engine.frames import is_whole_zstd

CHECKED = {int(zstd.CompressionParameter.checksum_flag): 1}
UNSIZED = {int(zstd.CompressionParameter.content_size_flag): 0}
NOISE = random.Random(7).randbytes(300_000)
SKIPPABLE = (0x184D2A53).to_bytes(4, "little") + (5).to_bytes(4, "little") + b"12345"
FRAMES = [
    zstd.compress(b"x"),
    zstd.compress(b""),
    zstd.compress(b"x" * 400_000),
    zstd.compress(NOISE),
    zstd.compress(b"x" * 400, options=CHECKED),
    zstd.compress(b"x" * 70_000, options=UNSIZED),
    zstd.compress(b"one") + SKIPPABLE + zstd.compress(b"two", options=CHECKED),
]


@pytest.mark.parametrize("content", FRAMES)
def test_whole_frames_are_whole_and_no_cut_of_them_is(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "data.zst"
    path.write_bytes(content)
    assert is_whole_zstd(path)
    whole = {0, len(zstd.compress(b"one")), len(zstd.compress(b"one") + SKIPPABLE)} if SKIPPABLE in content else {0}
    for cut in {*range(1, min(len(content), 40)), len(content) // 2, *range(max(1, len(content) - 40), len(content))}:
        path.write_bytes(content[:cut])
        assert is_whole_zstd(path) is (cut in whole)


def test_what_follows_a_frame_has_to_be_one(tmp_path: Path) -> None:
    path = tmp_path / "data.zst"
    path.write_bytes(zstd.compress(b"x") + b"junk")
    assert not is_whole_zstd(path)
