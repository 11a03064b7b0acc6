"""The AppFlow API as frozen values."""
