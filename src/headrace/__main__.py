"""`headrace` and `python -m headrace`."""

from __future__ import annotations

import gc
import sys

from headrace.cli.ending import Ending
from headrace.cli.main import run

# Loading for a run makes 115,000 objects that stay. Python would look through them 185 times, and one look through most
# of them takes 30 ms: with room for more to come, it is over before the first.
_COLLECT_FROM = 200_000


def main() -> None:
    """Run the command line and exit with its code."""
    ending = Ending()
    gc.set_threshold(_COLLECT_FROM)
    ending.leave(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
