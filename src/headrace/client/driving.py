"""Take the steps of a call: once for threads, once for coroutines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from headrace.client.errors import ConnectionFailed, UnreadableAnswer
from headrace.client.exchange import Do, Send, Steps, Wait
from headrace.client.transport import AsyncTransport, Transport

T = TypeVar("T")


def drive(steps: Steps[T], transport: Transport, sleep: Callable[[float], object]) -> T:
    """What the steps come to."""
    try:
        step = next(steps)
        while True:
            try:
                answer = _taken(step, transport, sleep)
            except (ConnectionFailed, UnreadableAnswer) as error:
                step = steps.throw(error)
            else:
                step = steps.send(answer)
    except StopIteration as end:
        return end.value


async def drive_async(
    steps: Steps[T],
    transport: AsyncTransport,
    sleep: Callable[[float], Awaitable[object]],
    in_thread: Callable[[Callable[[], Any]], Awaitable[Any]],
) -> T:
    """What the steps come to."""
    try:
        step = next(steps)
        while True:
            try:
                answer = await _awaited(step, transport, sleep, in_thread)
            except (ConnectionFailed, UnreadableAnswer) as error:
                step = steps.throw(error)
            else:
                step = steps.send(answer)
    except StopIteration as end:
        return end.value


def _taken(step: Send | Wait | Do, transport: Transport, sleep: Callable[[float], object]) -> Any:
    if isinstance(step, Send):
        return transport.send(step.request)
    return sleep(step.seconds) if isinstance(step, Wait) else step.function()


def _awaited(
    step: Send | Wait | Do,
    transport: AsyncTransport,
    sleep: Callable[[float], Awaitable[object]],
    in_thread: Callable[[Callable[[], Any]], Awaitable[Any]],
) -> Awaitable[Any]:
    if isinstance(step, Send):
        return transport.send(step.request)
    return sleep(step.seconds) if isinstance(step, Wait) else in_thread(step.function)
