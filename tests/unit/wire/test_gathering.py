"""What is written to a connection, as it goes out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from headrace.wire.gathering import Gathering

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n"


class Connection(asyncio.Transport):
    """Keeps what is written to it, one entry a write."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed


async def end_of_turn() -> None:
    over = asyncio.Event()
    asyncio.get_running_loop().call_soon(over.set)
    await over.wait()


def test_a_head_goes_out_with_the_body_that_follows() -> None:
    async def write(transport: asyncio.Transport) -> None:
        for part in (HEAD, b"body", b"more"):
            transport.write(part)

    assert sent(write) == [HEAD + b"body", b"more"]


def test_a_head_that_nothing_follows_goes_out_alone() -> None:
    async def write(transport: asyncio.Transport) -> None:
        transport.write(HEAD)
        await end_of_turn()
        transport.write(b"body")

    assert sent(write) == [HEAD, b"body"]


def test_what_is_written_before_a_connection_is_closed_goes_out() -> None:
    async def write(transport: asyncio.Transport) -> None:
        transport.write(HEAD)
        transport.close()

    assert sent(write) == [HEAD]


def test_a_client_that_waits_to_be_told_to_go_on_is_told_at_once() -> None:
    async def write(transport: asyncio.Transport) -> None:
        transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        transport.write(HEAD)

    assert sent(write) == [b"HTTP/1.1 100 Continue\r\n\r\n", HEAD]


def test_a_client_that_hung_up_is_sent_nothing() -> None:
    connection = Connection()

    async def write() -> None:
        Gathering.before(connection, asyncio.get_running_loop()).write(HEAD)
        connection.close()
        await end_of_turn()

    asyncio.run(write())
    assert connection.sent == []


def sent(write: Callable[[asyncio.Transport], Awaitable[None]]) -> list[bytes]:
    connection = Connection()

    async def written() -> None:
        await write(Gathering.before(connection, asyncio.get_running_loop()))
        await end_of_turn()

    asyncio.run(written())
    return connection.sent
