"""Finds passwords and keys in a payload. Quick enough for each call; meant to catch what is recognisable, not everything.

The forms are the published prefixes of each issuer's tokens. detect-secrets knows more, but costs 420 µs a line.
"""

from __future__ import annotations

import math
import re
from collections import Counter

from assistant.policy.normal import decodings

_KNOWN = re.compile(
    r"""
    (?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b                   # AWS access key id
  | gh[pousr]_[A-Za-z0-9]{36,}\b | github_pat_\w{22,}       # GitHub
  | glpat-[\w-]{20,}                                        # GitLab
  | sk-(?:ant-|proj-|or-|svcacct-)?[\w-]{20,}               # OpenAI, Anthropic, OpenRouter
  | xox[abeoprs]-[\w-]{10,}                                 # Slack
  | (?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}             # Stripe
  | AIza[\w-]{35}                                           # Google
  | ya29\.[\w-]{20,}
  | SG\.[\w-]{16,}\.[\w-]{16,}                              # SendGrid
  | hf_[A-Za-z0-9]{30,} | npm_[A-Za-z0-9]{36} | pypi-[\w-]{50,} | dop_v1_[0-9a-f]{64}
  | eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}                # JSON web token
  | -----BEGIN[ ](?:[A-Z]+[ ])*PRIVATE[ ]KEY-----
  | \$2[aby]\$\d\d\$[./A-Za-z0-9]{53} | \$6\$[./A-Za-z0-9]{2,16}\$[./A-Za-z0-9]{86}   # password hashes
  | [a-z][a-z0-9+.-]*://[^\s/:@]+:[^\s/:@]{3,}@             # a URL with a password
    """,
    re.VERBOSE,
)
_NAMED = re.compile(
    r"(?i)(?:pass(?:word|wd|phrase|code)?|secret|api[_ -]?key|access[_ -]?token|auth[_ -]?token|private[_ -]?key|密码|口令)"
    r"['\"]?\s*(?:[:=]|\bis\b|是|为)\s*['\"]?([^\s'\",;]{6,})"
)
_CODE = re.compile(
    r"(?i)(?:(?:security|verification|confirmation|access|one[- ]time|2fa|login|auth\w*)\s+code|otp|验证码|校验码)\D{0,24}?\b(\d{4,8})\b"
)
_PERSONAL = re.compile(
    r"(?i)(?:passport|credit card|debit card|card number|cvv|cvc|social security|ssn|tax id|driving licen[cs]e|driver'?s licen[cs]e|"
    r"护照|身份证|信用卡|银行卡|社保)\D{0,24}?[A-Z]{0,4}\d{3,}"
)
_CARD = re.compile(r"(?<!\d)\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}(?!\d)")
_RANDOM = re.compile(r"(?<![\w/+=-])[A-Za-z0-9_+/=-]{24,}(?![\w/+=-])")
_PLACEHOLDER = re.compile(
    r"(?i)^(?:x+|\*+|\.+|your\S*|example\S*|change\S*|<.*>|\$\{.*\}|\$\w+|\{\{.*\}\}|none|null|true|false)$"
)


def find_secret(text: str) -> str:
    """What kind of secret the text holds (`token`, `password`, `code`, `personal number`, `random value`), or empty."""
    found = _find(text)
    if not found:
        found = next((kind for decoded in decodings(text[:65_536]) if (kind := _find(decoded))), "")
    return found


_KEY_BLOCK = re.compile(
    r"-----BEGIN ((?:[A-Z]+ )*PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)",
    re.DOTALL,
)


def redact(text: str) -> str:
    """`text` with issued tokens and private keys blotted out, for what goes to a model.

    Only forms that nothing else has: a guess here would spoil honest files. Passwords in prose stay; they can't leave, since
    every payload is searched with `find_secret` before it is sent anywhere.
    """
    return _KNOWN.sub("[secret left out]", _KEY_BLOCK.sub("[private key left out]", text))


def _find(text: str) -> str:
    low = text.lower()
    if any(w in low for w in _KNOWN_WORDS) and _KNOWN.search(text):
        return "token"
    if any(w in low for w in _NAMED_WORDS) and any(
        not _PLACEHOLDER.match(m[1]) and _mixed(m[1]) for m in _NAMED.finditer(text)
    ):
        return "password"
    if any(w in low for w in _CODE_WORDS) and _CODE.search(text):
        return "code"
    if _CARD.search(text) or (any(w in low for w in _PERSONAL_WORDS) and _PERSONAL.search(text)):
        return "personal number"
    return "random value" if any(_is_random(m[0]) for m in _RANDOM.finditer(text[:65_536])) else ""


# A word of each form that its pattern can't match without: looking for it first is twenty times quicker.
_KNOWN_WORDS = ("akia", "asia", "abia", "acca", "gh", "glpat-", "sk-", "xox", "k_", "aiza", "ya29", "sg.", "hf_", "npm_", "pypi-",
                "dop_v1", "eyj", "-----begin", "$2", "$6$", "://")  # fmt: skip
_NAMED_WORDS = ("pass", "secret", "key", "token", "密码", "口令")
_CODE_WORDS = ("code", "otp", "验证码", "校验码")
_PERSONAL_WORDS = (
    "passport",
    "card",
    "cvv",
    "cvc",
    "social",
    "ssn",
    "tax id",
    "licen",
    "护照",
    "身份证",
    "信用卡",
    "银行卡",
    "社保",
)


def _mixed(word: str) -> bool:
    """Not a plain word: has a digit or a sign besides letters."""
    return not word.strip(".,;:!?").isalpha() or not word.islower()


def _is_random(word: str) -> bool:
    """At least 24 signs with digits and letters of both cases, at 4.2 bits a sign or more (English words have about 3.5)."""
    if not (any(c.isdigit() for c in word) and any(c.isupper() for c in word) and any(c.islower() for c in word)):
        return False
    counts = Counter(word)
    return -sum(n / len(word) * math.log2(n / len(word)) for n in counts.values()) >= 4.2
