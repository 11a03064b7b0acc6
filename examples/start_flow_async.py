"""Start several flows of a running headrace (or of AWS) at once: python examples/start_flow_async.py NAME NAME."""

from __future__ import annotations

import asyncio
import sys

from headrace.client import AsyncClient, CallError
from headrace.errors import ServiceError


async def main(flow_names: list[str]) -> None:
    async with AsyncClient() as client:
        await asyncio.gather(*(run(client, name) for name in flow_names))
        async for flow in client.list_flows().items():
            print(f"{flow.flow_name}: {flow.flow_status}")


async def run(client: AsyncClient, flow_name: str) -> None:
    started = await client.start_flow(flow_name=flow_name)
    if started.execution_id is not None:
        record = await client.wait_for_execution(flow_name, started.execution_id)
        print(f"{flow_name}: {record.execution_status}")


if __name__ == "__main__":
    try:
        asyncio.run(main(sys.argv[1:]))
    except (ServiceError, CallError) as error:
        sys.exit(f"{type(error).__name__}: {error.message}")
