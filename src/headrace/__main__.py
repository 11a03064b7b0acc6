"""`headrace` and `python -m headrace`."""

from __future__ import annotations

import gc
import sys

from headrace.cli.ending import Ending
from headrace.cli.main import run

# Loading makes some 70,000 objects that stay; Python would look through them 185 times.
_COLLECT_FROM = 100_000


def main() -> None:
    """Run the command line and exit with its code."""
    ending = Ending()
    gc.set_threshold(_COLLECT_FROM)
    ending.leave(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
