"""An execution from its queue entry to its settled record."""
