"""Which protocol a program speaks, and what has to be read for it beside the program."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import Any, Literal

from headrace.connector_sdk.hosts.adapters.airbyte import Airbyte
from headrace.connector_sdk.hosts.adapters.messages import Protocolled
from headrace.connector_sdk.hosts.adapters.program import Program, Surroundings, name_of
from headrace.connector_sdk.hosts.adapters.singer import Singer
from headrace.connector_sdk.lambda_answers import as_object
from headrace.errors import Stop

_READER = Path(__file__).with_name("manifest.py")


def protocol_of(
    name: Literal["singer", "airbyte"], command: Sequence[str], manifest: Path | None, surroundings: Surroundings
) -> Protocolled:
    """What speaks to the program in its protocol."""
    own_name = name_of(command)
    if name == "singer":
        return Singer(own_name)
    return Airbyte(own_name, manifest, lambda path: _manifest(path, command[0], surroundings))


def _manifest(path: Path, program: str, surroundings: Surroundings) -> dict[str, Any]:
    """What the manifest says. Raises Stop where it can't be read."""
    try:
        text = path.read_text("utf-8") if path.suffix == ".json" else _as_json(path, program, surroundings)
        found = as_object(json.loads(text))
    except (OSError, ValueError, RecursionError) as error:
        raise Stop(f"The manifest {path} can't be read: {error}.") from None
    if found is None:
        raise Stop(f"The manifest {path} is no object.")
    return found


def _as_json(path: Path, program: str, surroundings: Surroundings) -> str:
    """The YAML as JSON: the connector's own Python has what reads it."""
    until = monotonic() + surroundings.bounds.timeout_s
    lines: list[bytes] = []
    with closing(Program([_python(program), str(_READER), str(path)], surroundings, {}, None)) as reader:
        while (found := reader.lines(max(until - monotonic(), 0.0))) is not None:
            lines += found
            if monotonic() >= until:
                raise Stop(f"The manifest {path} took longer to read than HEADRACE_CONNECTOR_TIMEOUT allows.")
        code = reader.exit_code()
        if code != 0:
            raise reader.failure(f"reading {path}", code)
    return b"\n".join(lines).decode("utf-8", "replace")


def _python(program: str) -> str:
    """The Python of the environment that the program is installed in."""
    found = Path(shutil.which(program) or program).resolve()
    beside = found.with_name("python")
    if not beside.exists():
        raise Stop(f"There is no Python beside {found} to read YAML with. Give the manifest as JSON.")
    return str(beside)
