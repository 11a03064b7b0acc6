"""All benchmarks, each in a process of its own, on one page: `make bench`.

python -m bench [--records 1000000] [--only PART ...] [--json FILE]: FILE gets what docs/performance.md is made of; the
parts that are not measured now stay in it as they are.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.contenders import peers_home
from bench.report import FIGURES

PARTS = (
    "engine",
    "formats",
    "peers",
    "sizes",
    "small_files",
    "wide",
    "gzip_csv",
    "spool",
    "s3",
    "latency",
    "start_up",
    "installed_size",
    "client",
    "start_flow",
    "concurrent_flows",
    "schedules",
    "queue",
    "custom_connector",
    "rest",
    "scale_out",
)
# Parts whose size can be told, and for each how.
SIZED = {
    "engine": ("{records}",),
    "formats": ("{records}",),
    "peers": ("{records}",),
    "gzip_csv": ("{records}",),
    "s3": ("{records}",),
    "sizes": ("1000", "{records}"),
    "small_files": ("{records}",),
}
# A part that takes longer is ended, and the page says so.
LIMIT_S = 900


def main() -> None:
    given = _arguments()
    about = _about()
    print("{system}, {processor}, {processors} processors, {memory_gib} GiB\n{versions}".format(**about))
    print("Compare ratios, not seconds: each is measured in one run on this machine.", flush=True)
    failed: list[str] = []
    for part in given.only or PARTS:
        begun = perf_counter()
        found = measured(part, given.records)
        print(f"({part}: {perf_counter() - begun:.0f} s)", flush=True)
        if not found["is_well"]:
            failed.append(part)
        if given.json:
            keep(given.json, part, found | {"about": about, "seconds": round(perf_counter() - begun)})
    if failed:
        sys.exit(f"\nNot as it should be: {', '.join(failed)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--records", type=int, help="how many, where a part can be told; default: a million")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args()


def measured(part: str, records: int | None) -> dict[str, Any]:
    """Run a part, whatever becomes of it: its title, the lines it printed and the figures it kept."""
    sizes = [each.format(records=records) for each in SIZED.get(part, ())] if records else []
    command = [sys.executable, "-m", f"bench.{part}", *(["--records", *sizes] if sizes else [])]
    with tempfile.NamedTemporaryFile() as file:
        with subprocess.Popen(command, env=os.environ | {FIGURES: file.name}) as process:
            is_well = _ended(process, part) == 0
        lines = [json.loads(line) for line in Path(file.name).read_text(encoding="utf-8").splitlines()]
    command_shown = " ".join(["python", *command[1:]])
    return {"command": command_shown, "is_well": is_well, "lines": lines}


def _ended(process: subprocess.Popen[bytes], part: str) -> int:
    """The part's exit code; one that takes too long is asked to end what it started, and then killed."""
    try:
        return process.wait(LIMIT_S)
    except subprocess.TimeoutExpired:
        print(f"{part}: ended after {LIMIT_S} s", flush=True)
        process.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        return process.wait(30)
    process.kill()
    return process.wait()


def keep(path: Path, part: str, found: dict[str, Any]) -> None:
    page = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(page | {part: found}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _about() -> dict[str, str]:
    known = {each.name.lower(): each.version for each in distributions()}
    names = [f"{name} {known[name]}" for name in ("headrace", "duckdb", "moto") if name in known]
    libraries = peers_home().glob("lib/python3*/site-packages/*.dist-info")
    peers = [re.sub(r"-(\d[^-]*)\.dist-info$", r" \1", path.name) for path in libraries]
    wanted = ("dlt ", "polars ", "pyarrow ", "sling_linux_amd64 ")
    memory_kb = re.findall(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[0]
    model = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    versions = [
        f"Python {platform.python_version()}",
        *names,
        *sorted(each for each in peers if each.startswith(wanted)),
    ]
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "processor": model[0] if model else platform.machine(),
        "processors": str(os.cpu_count()),
        "memory_gib": f"{int(memory_kb) / 2**20:.0f}",
        "versions": ", ".join(versions),
    }


if __name__ == "__main__":
    main()
