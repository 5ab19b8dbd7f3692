"""Show every setting with its value and where it comes from."""

from __future__ import annotations

import argparse
import json

from assistant.config import explain_settings, find_paths


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `config`."""
    parser.add_argument("what", choices=["show", "path"], nargs="?", default="show")
    parser.add_argument("--json", action="store_true", help="JSON lines on stdout")


def run(args: argparse.Namespace) -> int:
    """Print them."""
    paths = find_paths()
    if args.what == "path":
        print(f"{paths.config}/config.toml")
        return 0
    for name, value, origin in explain_settings(paths):
        if args.json:
            print(json.dumps({"name": name, "value": value, "origin": origin}))
        else:
            print(f"{name} = {json.dumps(value)}    # {origin}")
    return 0
