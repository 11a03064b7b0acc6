"""Files packed with gzip, on several threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from isal import isal_zlib

from headrace.engine.layout import PACKED

# A block is packed by itself; larger ones pack no better, smaller ones worse.
BLOCK_BYTES: Final = 1024 * 1024
# The better of the two levels that take the same time.
_LEVEL: Final = 2
_RAW: Final = -15
# RFC 1952: deflate, no name, no time, of no system.
_HEAD: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
# A last block of deflate that holds nothing.
_LAST: Final = b"\x03\x00"


def pack(path: Path, threads: int, check: Callable[[], None]) -> Path:
    """Pack the file as one gzip member, whose name ends in `.gz`, and remove it; the same bytes pack to the same bytes.

    Holds some three blocks a thread. `check` is called between blocks, and may raise.
    """
    packed = path.with_name(f"{path.name}{PACKED}")
    with path.open("rb") as source, packed.open("wb") as file:
        file.write(_HEAD)
        checksum = size = 0
        for block in _deflated(source, threads):
            check()
            checksum = isal_zlib.crc32_combine(checksum, block.checksum, block.size)
            size += block.size
            file.write(block.deflated)
        file.write(_LAST + checksum.to_bytes(4, "little") + (size % 2**32).to_bytes(4, "little"))
    path.unlink()
    return packed


class _Block(NamedTuple):
    deflated: bytes
    checksum: int
    size: int


def _deflated(source: BinaryIO, threads: int) -> Iterator[_Block]:
    """What each block becomes, in order."""
    blocks = iter(partial(source.read, BLOCK_BYTES), b"")
    first = next(blocks, b"")
    if len(first) < BLOCK_BYTES:
        # Most files of a flow are small: a thread would take longer to start.
        yield _deflate(first)
        return
    waiting: deque[Future[_Block]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="headrace-pack") as pool:
        for block in chain([first], blocks):
            waiting.append(pool.submit(_deflate, block))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        for each in waiting:
            yield each.result()


# What the package says of its types leaves the bytes out.
def _deflate(block: bytes) -> _Block:
    """The block as deflate that others may follow: it ends with a whole byte and is not the last."""
    packer = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _RAW)  # pyright: ignore[reportUnknownMemberType]
    deflated = packer.compress(block) + packer.flush(isal_zlib.Z_FULL_FLUSH)  # pyright: ignore[reportUnknownMemberType]
    return _Block(deflated, isal_zlib.crc32(block), len(block))  # pyright: ignore[reportUnknownMemberType]
