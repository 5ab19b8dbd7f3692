"""Sums: exact, bounded, and nothing but sums."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.models.offline.arithmetic import CannotCompute, evaluate, is_exact, written
from assistant.models.offline.units import convert, names, unit


class TestValues:
    @pytest.mark.parametrize(
        ("expression", "value"),
        [
            ("1 + 2 * 3", "7"), ("(1 + 2) * 3", "9"), ("2(3+4)", "14"), ("-3 + 5", "2"), ("10 / 4", "2.5"), ("7 // 2", "3"), ("-7 % 3", "2"),
            ("0.1 + 0.2", "0.3"), ("1/3 + 1/6", "0.5"), ("2^10", "1,024"), ("2**-2", "0.25"), ("5!", "120"), ("(3+2)!", "120"), ("007 + 1", "8"),
            ("sqrt(16)", "4"), ("sqrt(2)", "1.4142135624"), ("sqrt(0.25)", "0.5"), ("pi", "3.1415926536"), ("round(2.567, 1)", "2.6"),
            ("mean(1, 2, 4)", "2.3333333333"), ("median(3, 1, 2)", "2"), ("median(1, 2)", "1.5"), ("max(1, 5, 3)", "5"), ("gcd(12, 18)", "6"), ("lcm(4, 6)", "12"),
            ("1e10", "10,000,000,000"), ("1e-9", "1e-09"), ("0**0", "1"), ("0**5", "0"), ("(-1)**3", "-1"), ("1**99999999999", "1"),
            ("log(1000)", "3"), ("ln(e)", "1"), ("sin(0)", "0"), ("-0.0", "0"), ("abs(-2.5)", "2.5"),
        ],
    )  # fmt: skip
    def test_values(self, expression: str, value: str) -> None:
        assert written(evaluate(expression)) == value

    @settings(max_examples=100, deadline=None)
    @given(st.integers(-(10**6), 10**6), st.integers(1, 10**6), st.sampled_from("+-*/"))
    def test_whole_numbers_are_exact(self, a: int, b: int, sign: str) -> None:
        exact = {"+": Fraction(a + b), "-": Fraction(a - b), "*": Fraction(a * b), "/": Fraction(a, b)}[sign]
        assert evaluate(f"({a}) {sign} {b}") == exact

    def test_what_is_cut_is_not_called_exact(self) -> None:
        assert is_exact(evaluate("1/8"))
        assert not is_exact(evaluate("1/3"))
        assert not is_exact(evaluate("sqrt(2)"))


class TestRefusals:
    @pytest.mark.parametrize(
        ("expression", "why"),
        [
            ("1/0", "zero"), ("5 % 0", "zero"), ("0**-1", "zero"), ("9**9**9", "big"), ("2**40000", "big"), ("1e400", "big"), ("100000!", "big"), ("10**10**10", "big"),
            ("sqrt(-1)", "domain"), ("log(0)", "domain"), ("(-8)**(1/3)", "domain"), ("(1/2)!", "domain"), ("foo(1)", "name"), ("x + 1", "name"), ("", "syntax"), ("1 +", "syntax"),
            ("-" * 100 + "1", "syntax"), ("1+" * 2000 + "1", "big"), ("True", "name"), ("'a' * 3", "name"), ("[1] * 9", "syntax"), ("1 if 1 else 2", "name"),
            ("(1).real", "name"), ("__import__('os')", "name"), ("().__class__", "name"), ("lambda: 1", "name"), ("1, 2", "syntax"), ("sqrt(x=1)", "name"), ("sqrt()", "syntax"),
        ],
    )  # fmt: skip
    def test_what_has_no_answer_says_why(self, expression: str, why: str) -> None:
        with pytest.raises(CannotCompute) as caught:
            evaluate(expression)
        assert caught.value.why == why

    @settings(max_examples=200, deadline=500)
    @given(st.text("0123456789+-*/%^()!., eπsqrtfactorial", max_size=40))
    def test_anything_ends_soon_in_a_value_or_a_reason(self, expression: str) -> None:
        try:
            value = evaluate(expression)
        except CannotCompute:
            return
        assert isinstance(value, Fraction | float)
        assert len(written(value)) < 2_000


class TestUnits:
    @pytest.mark.parametrize(
        ("amount", "source", "target", "value"),
        [
            ("1", "mile", "km", Fraction(1609344, 10**6)), ("1", "inch", "cm", Fraction(254, 100)), ("1", "公里", "米", Fraction(1000)), ("1", "斤", "克", Fraction(500)),
            ("212", "°F", "摄氏度", Fraction(100)), ("0", "celsius", "K", Fraction(27315, 100)), ("1", "GB", "MB", Fraction(1000)), ("1", "GiB", "MiB", Fraction(1024)),
            ("1", "kWh", "kJ", Fraction(3600)), ("36", "km/h", "m/s", Fraction(10)), ("1", "亩", "平方米", Fraction(2000, 3)), ("2", "小时", "minutes", Fraction(120)),
        ],
    )  # fmt: skip
    def test_conversions_are_exact(self, amount: str, source: str, target: str, value: Fraction) -> None:
        a, b = unit(source), unit(target)
        assert a
        assert b
        assert convert(Fraction(amount), a, b) == value

    def test_two_kinds_of_quantity_do_not_convert(self) -> None:
        assert convert(Fraction(1), "km", "kg") is None
        assert convert(Fraction(1), "°C", "m") is None

    def test_there_and_back_is_the_same(self) -> None:
        for name in names():
            of = unit(name)
            assert of
            for other in ("m", "kg", "s", "B", "m²", "l", "m/s", "J", "K"):
                there = convert(Fraction(7), of, other)
                if there is not None:
                    assert convert(there, other, of) == 7
                    break
            else:
                raise AssertionError(f"{name} measures nothing")


def test_very_long_numbers_are_shown_by_their_first_digits() -> None:
    shown = written(evaluate("3000!"))
    assert shown == "4.149359603437854… × 10^9130"
    assert len(written(evaluate("2**1000"))) == 302 + 100
    assert math.isclose(float(shown.split("…")[0]), 4.149359603437854)
