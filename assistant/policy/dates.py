"""Dates in one form, so that "May 1st, 2024", "2024-05-01 09:00" and "5月1日" are the same day."""

from __future__ import annotations

import re

_MONTHS = {name: n for n, name in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)}  # fmt: skip
_LONG = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")  # fmt: skip
_NAME = r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_ISO = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_MONTH_DAY = re.compile(
    rf"(?i)\b{_NAME}\s+(?:the\s+)?{_DAY}\b(?!\s*:)(?:\s*(?:-|–|to|until|through|and)\s*(?:the\s+)?{_DAY}\b)?"
)
_DAY_MONTH = re.compile(rf"(?i)\b{_DAY}(?:\s*(?:-|–|to|until|through|and)\s*(?:the\s+)?{_DAY})?\s+(?:of\s+)?{_NAME}")
_CHINESE = re.compile(r"(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]")


def days(text: str) -> frozenset[str]:
    """Every day that the text names, as `MM-DD`. The year is left out: people rarely say it."""
    found: set[tuple[int, int]] = set()
    for match in _ISO.finditer(text):
        found.add((int(match[2]), int(match[3])))
    for match in _MONTH_DAY.finditer(text):
        found.update((_MONTHS[match[1][:3].lower()], int(day)) for day in (match[2], match[3]) if day)
    for match in _DAY_MONTH.finditer(text):
        found.update((_MONTHS[match[3][:3].lower()], int(day)) for day in (match[1], match[2]) if day)
    for match in _CHINESE.finditer(text):
        found.add((int(match[1]), int(match[2])))
    return frozenset(f"{month:02d}-{day:02d}" for month, day in found if 1 <= month <= 12 and 1 <= day <= 31)


def day_of(value: str) -> str:
    """The day of a value that is one date, as `MM-DD`, or empty."""
    match = re.match(r"\s*(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]\d{1,2}:\d{2}.*)?\s*$", value)
    return f"{int(match[2]):02d}-{int(match[3]):02d}" if match else ""


def spellings(day: str) -> list[list[str]]:
    """The ways in which a day (`MM-DD`) is written, as words in their normal form."""
    month, number = (int(part) for part in day.split("-"))
    name = _LONG[month - 1]
    ends = {1: "st", 2: "nd", 3: "rd"}
    ordinal = f"{number}{'th' if number in (11, 12, 13) else ends.get(number % 10, 'th')}"
    found = [[f"{month:02d}", f"{number:02d}"]]
    for month_name in (name, name[:3]):
        for spelt in (str(number), ordinal):
            found += [[month_name, spelt], [spelt, month_name], [spelt, "of", month_name]]
    return [*found, [str(month), "月", str(number)]]
