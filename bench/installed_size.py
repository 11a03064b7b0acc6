"""How much a fresh `pip install` of headrace takes on the disk, package by package."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib.metadata import Distribution, distributions
from pathlib import Path

from bench.report import Report

ROOT = Path(__file__).parents[1]
MOST_MB = 200
SHOWN = 5
# They come with every virtual environment.
_NOT_OURS = {"pip", "setuptools"}


def main() -> None:
    report = Report("Installed size of the core")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(ROOT)]
        subprocess.run([Path(folder) / "bin" / "python", *install], check=True)
        [site] = Path(folder).glob("lib/python3*/site-packages")
        sizes = {each.name: _mb(each) for each in distributions(path=[str(site)]) if each.name not in _NOT_OURS}
    largest = sorted(sizes.items(), key=lambda item: -item[1])
    report.fact("The largest", ", ".join(f"{name} {mb:.0f}" for name, mb in largest[:SHOWN]))
    total = sum(sizes.values())
    report.fact(f"All {len(sizes)} packages, with bytecode", f"{total:.0f} MB")
    report.figure("size", total_mb=total, packages=len(sizes), largest=", ".join(name for name, _ in largest[:SHOWN]))
    report.ratio(f"{MOST_MB} MB over that", MOST_MB / total, at_least=1)
    report.close()


def _mb(distribution: Distribution) -> float:
    """What its files take, in blocks of the file system as `du` counts."""
    paths = {Path(str(each.locate())) for each in distribution.files or ()}
    return sum(path.stat().st_blocks * 512 for path in paths if path.is_file()) / 1e6


if __name__ == "__main__":
    main()
