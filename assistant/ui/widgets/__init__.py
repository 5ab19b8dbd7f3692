"""One thing seen, one file."""
