"""Singer taps and Airbyte connectors, in environments of their own, as custom connectors."""
