"""`headrace` and `python -m headrace`."""

from __future__ import annotations

import gc
import sys

from headrace.cli.main import run

# Loading makes some 70,000 objects that stay; Python would look through them 185 times.
_COLLECT_FROM = 100_000


def main() -> None:
    """Run the command line and exit with its code."""
    gc.set_threshold(_COLLECT_FROM)
    code = run(sys.argv[1:])
    # The process ends: what it holds need not be looked through once more.
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    main()
