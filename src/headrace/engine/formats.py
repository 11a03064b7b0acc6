"""The file formats that flows read, and how each is recognised."""

from __future__ import annotations

from typing import Literal

InputFormat = Literal["csv", "json", "parquet"]
