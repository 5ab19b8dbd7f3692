"""The stage: a task's changes, read from disk, reviewed, applied, dropped and undone."""
