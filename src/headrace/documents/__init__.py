"""Flows, connector profiles and connectors as files: read from every form, written in every form."""

from __future__ import annotations

from headrace.documents.document import BadDocument, Document, Fault, FlowState, Kind, Place
from headrace.documents.reading import UnknownForm, read
from headrace.documents.writing import FORMS, write

__all__ = ["FORMS", "BadDocument", "Document", "Fault", "FlowState", "Kind", "Place", "UnknownForm", "read", "write"]
