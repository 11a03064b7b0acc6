"""Amazon AppFlow on your own machines."""
