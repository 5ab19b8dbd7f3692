"""Assistant: a terminal-first desktop assistant that treats every model as a brilliant stranger.

This package is the trusted core. Programs that a model may start live outside it, in `tools/`, and run in a sandbox.
"""

__version__ = "0.1.0"
