"""The tables and the statements of the store, in SQLAlchemy Core, of which `make generate` makes the texts in `sql`."""
