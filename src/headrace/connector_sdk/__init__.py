"""What connectors are written on."""
