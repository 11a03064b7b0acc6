"""Lines that can't be read: how long one may be, where DuckDB keeps those that are malformed, what its errors say."""

from __future__ import annotations

import duckdb

# The longest line that is read, in bytes; a longer one is rejected.
LINE_BYTES = 8 * 1024 * 1024
# The same of a file that is still coming, which is worked on buffer by buffer. A longer line has the file read once all
# of it is there.
COMING_LINE_BYTES = 1024 * 1024
# Threads take a buffer in parts of this line each, and look into the next buffer for the end of their last line. Where
# the others are through with that one by then, DuckDB reads it once more and keeps it until the query ends: with two
# parts a buffer three to ten times as often as with four.
LINES_A_BUFFER = 4
# What bad content ends a query with; the second where threads can't part a file whose lines are too long.
BAD_CONTENT = (duckdb.InvalidInputException, duckdb.NotImplementedException)
KEEP_MALFORMED = (
    "store_rejects=true, rejects_table='malformed_lines', rejects_scan='malformed_scans', rejects_limit=0,"
    f" rejects_line_size_limit={LINE_BYTES}"
)
# For the second reading, which has to skip what the first one kept: ignore_errors skips other lines.
SKIP_MALFORMED = KEEP_MALFORMED.replace("malformed_", "skipped_")


def drop_malformed(con: duckdb.DuckDBPyConnection) -> None:
    """Forget the malformed lines of earlier reads."""
    for name in ("malformed_lines", "malformed_scans", "skipped_lines", "skipped_scans"):
        con.execute(f"DROP TABLE IF EXISTS {name}")


def first_line(error: Exception) -> str:
    """The first line of a DuckDB error: the rest repeats the SQL."""
    return str(error).partition("\n")[0]
