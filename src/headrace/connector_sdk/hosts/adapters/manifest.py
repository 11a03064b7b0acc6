"""Prints the YAML manifest at the path given as JSON; runs with the connector's own Python, which has YAML."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

if __name__ == "__main__":
    manifest = importlib.import_module("yaml").safe_load(Path(sys.argv[1]).read_text("utf-8"))
    sys.stdout.write(json.dumps(manifest, default=str) + "\n")
