"""Agent: the loop that turns a prompt into events."""
