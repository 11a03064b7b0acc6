"""The AppFlow API as frozen values."""

from __future__ import annotations

from headrace.model.shapes import Document

__all__ = ["Document"]
