"""The API over HTTP: restJson1, SigV4, one ordered list of steps."""
