"""What a flow means: documents to plans, schedules. Pure."""
