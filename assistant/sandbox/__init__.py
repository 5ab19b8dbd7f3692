"""Sandbox: rooms that the kernel enforces, the stage that holds changes, the egress proxy."""
