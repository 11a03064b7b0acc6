"""HTTP as connectors speak it: a session that retries, renews tokens, keeps limits and hides secrets."""
