"""The statements of the store as text, which `make generate` makes of those in `core`."""
