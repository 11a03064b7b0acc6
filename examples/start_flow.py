"""Start a flow of a running headrace (or of AWS) and wait for its end: python examples/start_flow.py NAME."""

from __future__ import annotations

import sys

from headrace.client import CallError, Client
from headrace.client.types import ExecutionRecord
from headrace.errors import ServiceError


def main(flow_name: str) -> int:
    with Client() as client:
        started = client.start_flow().flow_name(flow_name).send()
        print(f"{started.flow_arn} is {started.flow_status}")
        if started.execution_id is None:
            print("It runs when its trigger fires.")
            return 0
        record = client.wait_for_execution(flow_name, started.execution_id, on_progress=show)
        print(f"{record.execution_id} was successful")
        return 0


def show(record: ExecutionRecord) -> None:
    result = record.execution_result
    print(f"{record.execution_status}: {result.records_processed if result else 0} records")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except (ServiceError, CallError) as error:
        sys.exit(f"{type(error).__name__}: {error.message}")
