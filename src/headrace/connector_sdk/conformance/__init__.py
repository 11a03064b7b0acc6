"""The conformance suite: what a connector of records must do, as checks that say so one by one."""

from __future__ import annotations

from headrace.connector_sdk.conformance.of_built_in import of_built_in
from headrace.connector_sdk.conformance.of_class import of_class
from headrace.connector_sdk.conformance.running import CHECKS, conformance
from headrace.connector_sdk.conformance.subject import Abilities, Subject, Writing
from headrace.connector_sdk.conformance.verdicts import Check, Result

__all__ = ["CHECKS", "Abilities", "Check", "Result", "Subject", "Writing", "conformance", "of_built_in", "of_class"]
