"""Open the chat."""

from __future__ import annotations

import argparse


def add(parser: argparse.ArgumentParser) -> None:
    """Options of the chat."""
    parser.add_argument("--folder", default=".", help="the task's folder (default: here)")


def run(args: argparse.Namespace) -> int:
    """Open the screen."""
    raise NotImplementedError(args.folder)
