"""The operations of the API, one function each."""
