"""A module for each operation, loaded when it is first called."""
