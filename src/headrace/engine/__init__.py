"""The tasks of a flow, run over files by DuckDB."""
