"""How soon a script has its first answer: headrace's client and boto3, from the import on, and each call after it."""

from __future__ import annotations

import compileall
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from statistics import median

from bench.report import Report
from tests.standins.service import ServiceProcess

ROUNDS = 9
CALLS = 300
PACKAGE = Path(__file__).parents[1] / "src" / "headrace"

# The clock of the process: what waits for the service, or for other programs, is not counted.
FIRST = """
from time import perf_counter, process_time
begun, used = perf_counter(), process_time()
{start}
{call}
print(perf_counter() - begun, process_time() - used)
"""
NEXT = """
from time import process_time
{start}
{call}
used = process_time()
for _ in range({calls}):
    {call}
print((process_time() - used) / {calls}, 0)
"""
OURS = "from headrace.client import Client; client = Client()"
THEIRS = "import boto3; client = boto3.client('appflow')"
SAME = (
    ("start_flow (no such flow)", "try: client.start_flow(flow_name='none')\nexcept Exception: pass", "flowName"),
    ("list_flows", "client.list_flows(max_results=5)", "maxResults"),
)


def main() -> None:
    report = Report("The client's first call, beside boto3's")
    # As pip installs both: compiled.
    compileall.compile_dir(str(PACKAGE), quiet=1)
    with tempfile.TemporaryDirectory() as folder, closing(ServiceProcess(Path(folder) / "data")) as service:
        for name, call, wire_name in SAME:
            compare(report, service, name, call, wire_name)
    report.close()


def compare(report: Report, service: ServiceProcess, name: str, call: str, wire_name: str) -> None:
    theirs_call = call.replace("flow_name", wire_name).replace("max_results", wire_name)
    rounds = [
        (measured(service, FIRST, OURS, call), measured(service, FIRST, THEIRS, theirs_call)) for _ in range(ROUNDS)
    ]
    for number, kind in enumerate(("import to answer", "processor time of it")):
        ours, theirs = (median(each[side][number] for each in rounds) for side in (0, 1))
        report.fact(f"{name}: {kind}", f"{ours * 1000:.0f} ms", f"boto3 {theirs * 1000:.0f} ms")
        report.ratio(f"{name}: {kind}, boto3's over ours", theirs / ours, at_least=5)
    one_line = call.startswith("client.")
    if one_line:
        ours, theirs = measured(service, NEXT, OURS, call)[0], measured(service, NEXT, THEIRS, theirs_call)[0]
        report.fact(f"{name}: a call after the first", f"{ours * 1e6:.0f} µs", f"boto3 {theirs * 1e6:.0f} µs")
        report.ratio(f"{name}: a call, boto3's over ours", theirs / ours, at_least=1)


def measured(service: ServiceProcess, program: str, start: str, call: str) -> tuple[float, float]:
    """The two figures that a program prints."""
    code = program.format(start=start, call=call, calls=CALLS)
    done = subprocess.run(
        [sys.executable, "-c", code], env=service.caller_environment, check=True, capture_output=True, text=True
    )
    first, second = done.stdout.split()
    return float(first), float(second)


if __name__ == "__main__":
    main()
