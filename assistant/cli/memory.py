"""See, edit and forget what is remembered from task to task.

  assistant memory list [WORDS]        all facts, newest first; with WORDS, those that fit, best first
  assistant memory show NUMBER         one fact: its source, label and dates
  assistant memory edit NUMBER TEXT    replace its words by yours (`-` reads them from standard input)
  assistant memory forget NUMBER...    delete facts for good

Forgetting deletes a fact and erases its words from the memory entries of the log. What was said in a conversation stays in
the log; `assistant log erase` removes that.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from assistant.config import find_paths
from assistant.errors import UsageError
from assistant.types import plain
from assistant.visible import one_line, visible

if TYPE_CHECKING:
    from assistant.gateway.memory import Memory
    from assistant.store.facts import Fact

LONGEST = 1000
"""Characters of a fact, as for the tool."""


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `memory`."""
    commands = parser.add_subparsers(dest="action", required=True, metavar="list | show | edit | forget")
    listing = commands.add_parser("list", help="all facts, or those that fit some words")
    listing.add_argument("words", nargs="*", help="words to look for")
    show = commands.add_parser("show", help="one fact in full")
    show.add_argument("number", type=int)
    edit = commands.add_parser("edit", help="replace the words of a fact")
    edit.add_argument("number", type=int)
    edit.add_argument("text", help="the new words; `-` reads them from standard input")
    forget = commands.add_parser("forget", help="delete facts for good")
    forget.add_argument("number", type=int, nargs="+")
    for command in (listing, show, edit, forget):
        command.add_argument("--json", action="store_true", help="JSON lines on stdout")


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from assistant.audit.log import Log
    from assistant.gateway.memory import Memory
    from assistant.store.facts import Facts

    paths = find_paths()
    log = Log.open(paths)
    try:
        _act(Memory(Facts(paths.memory_db), log), args)
    finally:
        log.close()
    return 0


def _act(memory: Memory, args: argparse.Namespace) -> None:
    match args.action:
        case "list":
            for fact in memory.find(" ".join(args.words)):
                _line(fact, args.json)
        case "show":
            _full(memory.get(args.number), args.json)
        case "edit":
            _full(memory.edit(args.number, _text(args.text)), args.json)
        case _:
            for number in args.number:
                gone = memory.forget(number)
                print(json.dumps({"forgotten": number}) if args.json else f"forgotten: {one_line(gone.text, 100)}")


def _text(given: str) -> str:
    text = (sys.stdin.read() if given == "-" and sys.stdin else given).strip()
    if not text:
        raise UsageError("the new words are empty", hint="to delete a fact: assistant memory forget NUMBER")
    if len(text) > LONGEST:
        raise UsageError(f"a fact has at most {LONGEST} characters; this has {len(text)}")
    return text


def _line(fact: Fact, as_json: bool) -> None:
    from assistant.gateway.memory import day

    if as_json:
        print(json.dumps(plain(fact), ensure_ascii=False))
    else:
        mark = "" if fact.label.integrity == "trusted" else "  (from an untrusted conversation)"
        print(f"{fact.number:>4}  {day(fact.changed_ms)}  {one_line(fact.text, 200)}{mark}")


def _full(fact: Fact, as_json: bool) -> None:
    from assistant.gateway.memory import day

    if as_json:
        print(json.dumps(plain(fact), ensure_ascii=False))
        return
    print(visible(fact.text))
    print(f"  number      {fact.number}")
    print(f"  source      {one_line(fact.source, 200)}")
    print(f"  label       {fact.label.integrity}, {fact.label.confidentiality}")
    if fact.label.sources:
        print(f"  read before {one_line(', '.join(fact.label.sources), 400)}")
    print(f"  task        {one_line(fact.task, 60)}")
    print(f"  remembered  {day(fact.created_ms)}")
    if fact.changed_ms != fact.created_ms:
        print(f"  changed     {day(fact.changed_ms)}")
