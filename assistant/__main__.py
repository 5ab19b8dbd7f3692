"""The program's entry. Answers `--version` before anything heavy is imported."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; returns the exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from assistant import __version__

        sys.stdout.write(f"assistant {__version__}\n")
        return 0
    from assistant.cli import main as dispatch

    return dispatch(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
