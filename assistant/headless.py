"""A task without a screen: renders events to stdout as text or JSON lines, answers nothing."""
