"""Flows, connector profiles and connectors as files: read from every form, written in every form."""

from __future__ import annotations

from headrace.documents.document import BadDocument, Document, Fault, FlowState, Kind, Place
from headrace.documents.reading import UnknownForm, read

__all__ = ["BadDocument", "Document", "Fault", "FlowState", "Kind", "Place", "UnknownForm", "read"]
