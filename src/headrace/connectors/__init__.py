"""The connectors, one module or folder each, strangers to one another."""
