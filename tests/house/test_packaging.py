"""What `pip install` gets: a wheel with everything that the source tree has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.house.sources import ROOT, Source


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [built] = folder.glob("*.whl")
    return built


def test_the_wheel_has_every_file_of_the_package(wheel: Path, sources: tuple[Source, ...]) -> None:
    kept = {source.path.removeprefix("src/") for source in sources if source.path.startswith("src/headrace/")}
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert any("/migrations/" in path for path in kept)
    assert "headrace/py.typed" in kept
    assert kept - names == set()
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"headrace"}


def test_headrace_runs_from_the_unpacked_wheel(wheel: Path, tmp_path: Path) -> None:
    with ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = "import headrace; print(headrace.__file__)"
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    place = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert Path(place.stdout.strip()).is_relative_to(tmp_path)
    said = subprocess.run(
        [sys.executable, "-m", "headrace", "--help"],
        env=environment,
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert "serve" in said.stdout
