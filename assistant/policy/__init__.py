"""Judges actions by Cedar policies and by where each value came from. Pure: no I/O, no clock, no environment."""
