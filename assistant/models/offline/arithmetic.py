"""Arithmetic, exact where it can be: a walk over Python's syntax tree that knows numbers and a few functions, nothing else.

Nothing is evaluated that is not in the tables below, and no number grows beyond `BITS`, so that no request can run long
or touch anything.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from fractions import Fraction

_SHOWN_BITS = 3_300
"""Whole numbers up to 1,000 digits are written out."""
BITS = 40_000
"""Size of the largest number, about 12,000 digits: a power beyond that is refused."""
DEEPEST = 60
"""Levels of brackets."""
LONGEST = 2_000
"""Signs of an expression."""

Number = Fraction | float


class CannotCompute(ValueError):
    """The expression has no answer here. `why` is one of syntax, zero, big, domain, name."""

    def __init__(self, why: str, what: str = "") -> None:
        super().__init__(f"{why}: {what}")
        self.why = why
        self.what = what


def evaluate(expression: str) -> Number:
    """The value of an expression with + - * / // % ** ! ( ) and the functions below.

    Whole numbers, decimals and their quotients stay exact (0.1 + 0.2 is 0.3). Raises CannotCompute.
    """
    if len(expression) > LONGEST:
        raise CannotCompute("big", expression[:20])
    text = _python(expression)
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise CannotCompute("syntax", expression) from None
    try:
        return _value(tree.body, 0)
    except ZeroDivisionError:
        raise CannotCompute("zero") from None
    except OverflowError:
        raise CannotCompute("big") from None
    except ValueError as error:
        raise error if isinstance(error, CannotCompute) else CannotCompute("domain") from None


def _python(expression: str) -> str:
    # `^` is a power to everybody but programmers; factorials become a call.
    import re

    # Before Python reads it: nothing but sums, so that its reader has nothing to warn of.
    bare = re.sub(r"(?<=[\d.])[eE](?=[+-]?\d)", "", expression)
    for word in re.findall(r"[^\W\d]\w*", bare):
        if word not in FUNCTIONS | CONSTANTS:
            raise CannotCompute("name", word)
    if re.search(r"[^\w\s.,+\-*/%^()!]|\d[^\W\d]", bare):
        raise CannotCompute("syntax", expression)
    text = expression.replace("^", "**").strip()
    text = re.sub(r"(\d+|\([^()]*\))!(?!=)", r"factorial(\1)", text)
    text = re.sub(r"(?<![\w.])0+(?=\d)", "", text)
    text = re.sub(r"(\d|\))\s*(?=\()", lambda m: m[1] + "*", text)
    return re.sub(r"(?<=\))\s*(?=[\d\w])", "*", text)


def _value(node: ast.AST, depth: int) -> Number:
    if depth > DEEPEST:
        raise CannotCompute("syntax", "brackets")
    match node:
        case ast.Constant(value=bool()):
            raise CannotCompute("syntax")
        case ast.Constant(value=int() as whole):
            return _bounded(Fraction(whole))
        case ast.Constant(value=float() as decimal):
            if math.isinf(decimal):
                raise CannotCompute("big")
            # The shortest decimal that reads back as this float is what was typed.
            return Fraction(repr(decimal))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, depth + 1)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand, depth + 1)
        case ast.BinOp(left=left, op=op, right=right):
            return _binary(op, _value(left, depth + 1), _value(right, depth + 1))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
            return _call(name, [_value(a, depth + 1) for a in args])
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.Name(id=name):
            raise CannotCompute("name", name)
        case _:
            raise CannotCompute("syntax")


def _binary(op: ast.operator, a: Number, b: Number) -> Number:
    match op:
        case ast.Add():
            return _bounded(a + b)
        case ast.Sub():
            return _bounded(a - b)
        case ast.Mult():
            return _bounded(a * b)
        case ast.Div():
            return _bounded(a / b)
        case ast.FloorDiv():
            return Fraction(a // b)
        case ast.Mod():
            return _bounded(a % b)
        case ast.Pow():
            return _power(a, b)
        case _:
            raise CannotCompute("syntax")


def _power(a: Number, b: Number) -> Number:
    if isinstance(a, Fraction) and isinstance(b, Fraction) and b.denominator == 1:
        size = max(a.numerator.bit_length(), a.denominator.bit_length())
        if size > 1 and size * abs(b) > BITS:
            raise CannotCompute("big")
        if a == 0:
            return Fraction(1) if b == 0 else a / (1 if b > 0 else a)
        if abs(a) == 1:
            return a if b % 2 else Fraction(1)
        return a ** int(b)
    result = _real(a) ** _real(b)
    if isinstance(result, complex):
        raise CannotCompute("domain")
    return result


def _bounded(value: Number) -> Number:
    if isinstance(value, Fraction):
        if max(value.numerator.bit_length(), value.denominator.bit_length()) > BITS:
            raise CannotCompute("big")
    elif math.isinf(value) or math.isnan(value):
        raise CannotCompute("big")
    return value


def _real(value: Number) -> float:
    return float(value)


def _root(value: Number) -> Number:
    if value < 0:
        raise CannotCompute("domain")
    if isinstance(value, Fraction):
        up, down = math.isqrt(value.numerator), math.isqrt(value.denominator)
        if up * up == value.numerator and down * down == value.denominator:
            return Fraction(up, down)
    return math.sqrt(value)


def _factorial(value: Number) -> Number:
    if not isinstance(value, Fraction) or value.denominator != 1 or value < 0:
        raise CannotCompute("domain")
    if value > 3_000:
        raise CannotCompute("big")
    return Fraction(math.factorial(int(value)))


def _round(value: Number, digits: Number = Fraction(0)) -> Number:
    places = max(-15, min(15, int(digits)))
    return Fraction(round(Fraction(value), places))


def _mean(*values: Number) -> Number:
    return _bounded(sum(values, Fraction(0)) / len(values))


def _sum(*values: Number) -> Number:
    return _bounded(sum(values, Fraction(0)))


def _product(*values: Number) -> Number:
    total: Number = Fraction(1)
    for value in values:
        total = _bounded(total * value)
    return total


def _least(*values: Number) -> Number:
    return min(values)


def _most(*values: Number) -> Number:
    return max(values)


def _absolute(value: Number) -> Number:
    return abs(value)


def _floor(value: Number) -> Number:
    return Fraction(math.floor(value))


def _ceiling(value: Number) -> Number:
    return Fraction(math.ceil(value))


def _median(*values: Number) -> Number:
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _whole(name: str, function: Callable[..., int]) -> Callable[..., Number]:
    def apply(*values: Number) -> Number:
        if any(not isinstance(v, Fraction) or v.denominator != 1 for v in values):
            raise CannotCompute("domain", name)
        return Fraction(function(*(int(v) for v in values)))

    return apply


def _of_float(function: Callable[[float], float]) -> Callable[..., Number]:
    def apply(value: Number) -> Number:
        return function(_real(value))

    return apply


_CONSTANTS: dict[str, Number] = {"pi": math.pi, "e": math.e, "tau": math.tau}
_FUNCTIONS: dict[str, tuple[Callable[..., Number], int, int]] = {
    "sqrt": (_root, 1, 1), "abs": (_absolute, 1, 1), "round": (_round, 1, 2), "factorial": (_factorial, 1, 1),
    "min": (_least, 1, 999), "max": (_most, 1, 999), "mean": (_mean, 1, 999), "median": (_median, 1, 999),
    "sum": (_sum, 1, 999), "product": (_product, 1, 999),
    "floor": (_floor, 1, 1), "ceil": (_ceiling, 1, 1),
    "gcd": (_whole("gcd", math.gcd), 1, 9), "lcm": (_whole("lcm", math.lcm), 1, 9),
    "sin": (_of_float(math.sin), 1, 1), "cos": (_of_float(math.cos), 1, 1), "tan": (_of_float(math.tan), 1, 1),
    "exp": (_of_float(math.exp), 1, 1), "ln": (_of_float(math.log), 1, 1), "log": (_of_float(math.log10), 1, 1),
    "log2": (_of_float(math.log2), 1, 1), "log10": (_of_float(math.log10), 1, 1),
}  # fmt: skip
FUNCTIONS = frozenset(_FUNCTIONS)
CONSTANTS = frozenset(_CONSTANTS)


def _call(name: str, values: list[Number]) -> Number:
    function, least, most = _FUNCTIONS[name]
    if not least <= len(values) <= most:
        raise CannotCompute("syntax", name)
    return _bounded(function(*values))


def written(value: Number, places: int = 10) -> str:
    """A number for people: thousands apart, decimals without idle zeros, very long ones by their first digits.

    `places` is how many decimals a number that does not end is given.
    """
    if isinstance(value, float):
        if not value or 1e-6 <= abs(value) < 1e15:
            return _decimals(Fraction(repr(round(value, places))), places)
        return f"{value:.10g}"
    if value.denominator == 1:
        whole = int(value)
        if whole.bit_length() > _SHOWN_BITS:
            # Python writes at most 4,300 digits unless told otherwise; nobody reads more than a few.
            digits = int(math.log10(abs(whole)))
            lead = str(abs(whole) // 10 ** (digits - 20))
            return f"{'-' if whole < 0 else ''}{lead[0]}.{lead[1:16]}… × 10^{digits + len(lead) - 21}"
        return f"{whole:,}"
    return _decimals(value, places)


def _decimals(value: Fraction, places: int) -> str:
    if value != 0 and abs(value) < Fraction(1, 10 ** (places - 2)):
        return f"{float(value):.10g}"
    if abs(value) > 10**30:
        return f"{float(value):.15g}" if abs(value) < 10**300 else written(Fraction(int(value)))
    scaled = round(abs(value) * 10**places)
    whole, rest = divmod(scaled, 10**places)
    tail = f"{rest:0{places}d}".rstrip("0")
    return f"{'-' if value < 0 and scaled else ''}{whole:,}{'.' + tail if tail else ''}"


def is_exact(value: Number, places: int = 10) -> bool:
    """Whether `written` shows all of it."""
    if not isinstance(value, Fraction):
        return False
    if value.denominator == 1:
        return value.numerator.bit_length() <= _SHOWN_BITS
    return (value * 10**places).denominator == 1 and abs(value) < 10**30
