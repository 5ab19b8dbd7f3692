"""Everything that runs inside the worker process: the only code that speaks to providers."""
