"""What headrace remembers, in one SQL schema."""
