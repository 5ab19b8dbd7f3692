"""Numbers, sizes and days as people write them, in English and Chinese."""

from __future__ import annotations

import re
from datetime import date, timedelta

_WORDS = {
    "zero": 0, "one": 1, "a": 1, "an": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "a dozen": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "fifty": 50, "a hundred": 100, "couple": 2,
}  # fmt: skip
_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}
NUMBER_ZH = r"[零〇一二两三四五六七八九十百千万亿]+"

# Decimal as the tools print sizes; the units with an i are binary (IEC 80000-13).
_BYTES = {"b": 1, "kb": 10**3, "k": 10**3, "mb": 10**6, "m": 10**6, "gb": 10**9, "g": 10**9, "tb": 10**12, "t": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40,
          "byte": 1, "bytes": 1, "字节": 1, "kilobytes": 10**3, "megabytes": 10**6, "gigabytes": 10**9, "kilobyte": 10**3, "megabyte": 10**6, "gigabyte": 10**9, "兆": 10**6}  # fmt: skip
SIZE = (
    rf"(?P<amount>\d+(?:\.\d+)?|{NUMBER_ZH})\s*(?P<unit>[kmgt]i?b?|b|bytes?|(?:kilo|mega|giga)bytes?|字节|兆)(?![a-z])"
)

_SPANS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1), "month": timedelta(days=30), "year": timedelta(days=365),
          "分钟": timedelta(minutes=1), "小时": timedelta(hours=1), "天": timedelta(days=1), "日": timedelta(days=1), "周": timedelta(weeks=1), "星期": timedelta(weeks=1), "礼拜": timedelta(weeks=1),
          "个月": timedelta(days=30), "月": timedelta(days=30), "年": timedelta(days=365), "个小时": timedelta(hours=1), "个星期": timedelta(weeks=1)}  # fmt: skip
SPAN = r"(?P<span>minute|hour|day|week|month|year|分钟|个?小时|天|日|周|个?星期|礼拜|个?月|年)s?"
DATE = r"(?P<year>\d{4})\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*日?"
WEEKDAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEEKDAYS_ZH = ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日")


def number(words: str) -> int | None:
    """A whole number in digits, English words up to a hundred, or Chinese numerals up to 10**12; None when it is none."""
    words = words.strip().lower().replace(",", "")
    if words.isascii() and words.isdigit():
        return int(words[:15])
    if words in _WORDS:
        return _WORDS[words]
    return _chinese(words) if words and re.fullmatch(NUMBER_ZH, words) else None


def _chinese(words: str) -> int | None:
    if all(c in _DIGITS for c in words):
        return int("".join(str(_DIGITS[c]) for c in words)) if len(words) <= 12 else None
    total = section = digit = 0
    last_unit = 1
    biggest = 0
    for char in words[:30]:
        if char in _DIGITS:
            digit = _DIGITS[char]
            continue
        unit = _UNITS[char]
        if unit >= 10_000:
            # 一亿两千万 adds, 十万亿 multiplies.
            total = (total + section + digit) * unit if unit > biggest else total + (section + digit) * unit
            section, biggest = 0, max(biggest, unit)
        else:
            section += (digit or 1) * unit
        digit, last_unit = 0, unit
    # 一百二 is 120, 三万五 is 35,000; 一百零二 is 102.
    trailing = digit * (last_unit // 10 if last_unit >= 100 and words[-2:-1] not in {"零", "〇"} and digit else 1)
    return total + section + trailing


def size(found: re.Match[str]) -> int | None:
    """Bytes of a match of `SIZE`."""
    amount = found["amount"]
    scale = _BYTES.get(found["unit"])
    if scale is None:
        return None
    whole = number(amount)
    return int((float(amount) if whole is None else whole) * scale)


def span(amount: str, unit: str) -> timedelta | None:
    """A stretch of time such as 3 days; None when it makes no sense."""
    count = number(amount) if amount else 1
    length = _SPANS.get(unit.removesuffix("s")) if count is not None else None
    return length * count if length is not None and count is not None and count < 100_000 else None


def day(found: re.Match[str]) -> date | None:
    """The day of a match of `DATE`; None for the 30th of February."""
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None


def named_day(words: str, today: date) -> date | None:
    """today, yesterday, tomorrow, a weekday to come, or a date in digits; None when it names no day."""
    words = words.strip()
    if found := re.fullmatch(DATE, words):
        return day(found)
    near = {"today": 0, "now": 0, "今天": 0, "今日": 0, "现在": 0, "yesterday": -1, "昨天": -1, "tomorrow": 1, "明天": 1, "后天": 2, "前天": -2,
            "the day after tomorrow": 2, "the day before yesterday": -2}  # fmt: skip
    if words in near:
        return today + timedelta(days=near[words])
    if found := re.fullmatch(r"(?:next |this |下周|下星期|这周|本周|周|星期|礼拜)?(\w+)", words):
        names = [d.lower() for d in WEEKDAYS_EN]
        if found[1] in names:
            return today + timedelta(days=(names.index(found[1]) - today.weekday()) % 7 or 7)
    if words in {"christmas", "圣诞节", "圣诞"}:
        return _coming(12, 25, today)
    if words in {"new year", "new year's day", "元旦", "新年"}:
        return _coming(1, 1, today)
    if found := re.fullmatch(r"(\d{1,2})月(\d{1,2})[日号]", words):
        return _coming(int(found[1]), int(found[2]), today)
    return None


def _coming(month: int, of_month: int, today: date) -> date | None:
    try:
        coming = date(today.year, month, of_month)
        return coming if coming >= today else date(today.year + 1, month, of_month)
    except ValueError:
        return None
