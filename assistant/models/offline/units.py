"""Units that people convert: exact factors to one base unit each (SI brochure, NIST SP 811 appendix B, IEC 80000-13)."""

from __future__ import annotations

from fractions import Fraction

_LENGTH = {"mm": Fraction(1, 1000), "cm": Fraction(1, 100), "dm": Fraction(1, 10), "m": Fraction(1), "km": Fraction(1000), "in": Fraction(254, 10000), "ft": Fraction(3048, 10000), "yd": Fraction(9144, 10000), "mi": Fraction(1609344, 1000),
           "nmi": Fraction(1852), "里": Fraction(500), "尺": Fraction(1, 3), "寸": Fraction(1, 30)}  # fmt: skip
_MASS = {
    "mg": Fraction(1, 10**6),
    "g": Fraction(1, 1000),
    "kg": Fraction(1),
    "t": Fraction(1000),
    "oz": Fraction(28349523125, 10**12),
    "lb": Fraction(45359237, 10**8),
    "stone": Fraction(635029318, 10**8),
    "斤": Fraction(1, 2),
    "两": Fraction(1, 20),
}
_TIME = {
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "min": Fraction(60),
    "h": Fraction(3600),
    "day": Fraction(86400),
    "week": Fraction(604800),
    "year": Fraction(31536000),
    "month": Fraction(2628000),
}
_DATA = {
    "bit": Fraction(1, 8),
    "B": Fraction(1),
    "kB": Fraction(10**3),
    "MB": Fraction(10**6),
    "GB": Fraction(10**9),
    "TB": Fraction(10**12),
    "PB": Fraction(10**15),
    "KiB": Fraction(2**10),
    "MiB": Fraction(2**20),
    "GiB": Fraction(2**30),
    "TiB": Fraction(2**40),
}
_AREA = {
    "cm²": Fraction(1, 10**4),
    "m²": Fraction(1),
    "km²": Fraction(10**6),
    "ha": Fraction(10**4),
    "acre": Fraction(40468564224, 10**7),
    "ft²": Fraction(9290304, 10**8),
    "亩": Fraction(2000, 3),
}
_VOLUME = {"ml": Fraction(1, 1000), "cl": Fraction(1, 100), "dl": Fraction(1, 10), "l": Fraction(1), "m³": Fraction(1000), "gal": Fraction(3785411784, 10**9), "qt": Fraction(946352946, 10**9), "pt": Fraction(473176473, 10**9), "cup": Fraction(2365882365, 10**10),
           "fl oz": Fraction(295735295625, 10**13), "tbsp": Fraction(1478676478125, 10**14), "tsp": Fraction(492892159375, 10**14)}  # fmt: skip
_SPEED = {"m/s": Fraction(1), "km/h": Fraction(5, 18), "mph": Fraction(44704, 10**5), "kn": Fraction(463, 900)}
_ENERGY = {
    "J": Fraction(1),
    "kJ": Fraction(1000),
    "cal": Fraction(4184, 1000),
    "kcal": Fraction(4184),
    "Wh": Fraction(3600),
    "kWh": Fraction(3600000),
}
_TABLES = (_LENGTH, _MASS, _TIME, _DATA, _AREA, _VOLUME, _SPEED, _ENERGY)

_NAMES = {
    "mm": "millimeter millimetre 毫米", "cm": "centimeter centimetre 厘米 公分", "dm": "decimeter decimetre 分米", "m": "meter metre 米 公尺", "km": "kilometer kilometre kms 公里 千米",
    "in": "inch inches 英寸", "ft": "foot feet 英尺", "yd": "yard 码", "mi": "mile 英里", "nmi": "nautical_mile 海里", "里": "华里 市里", "尺": "市尺", "寸": "市寸",
    "mg": "milligram 毫克", "g": "gram gramme gm 克", "kg": "kilogram kilo kgs 千克 公斤", "t": "ton tonne metric_ton 吨", "oz": "ounce 盎司", "lb": "pound lbs 磅", "stone": "英石", "斤": "市斤", "两": "市两",
    "ms": "millisecond 毫秒", "s": "second sec secs 秒 秒钟", "min": "minute mins 分钟 分", "h": "hour hr hrs 小时 个小时 钟头", "day": "天 日", "week": "周 星期 个星期", "year": "yr 年", "month": "月 个月",
    "bit": "位 比特", "B": "byte 字节 b", "kB": "kilobyte kb", "MB": "megabyte mb 兆", "GB": "gigabyte gb", "TB": "terabyte tb", "PB": "petabyte pb", "KiB": "kibibyte kib", "MiB": "mebibyte mib",
    "GiB": "gibibyte gib", "TiB": "tebibyte tib", "cm²": "平方厘米 square_centimeter square_centimetre cm2", "m²": "平方米 square_meter square_metre sqm m2", "km²": "平方公里 square_kilometer square_kilometre km2",
    "ha": "hectare 公顷", "acre": "英亩", "ft²": "平方英尺 square_foot square_feet sqft ft2", "亩": "市亩",
    "ml": "milliliter millilitre 毫升", "cl": "centiliter centilitre", "dl": "deciliter decilitre", "l": "liter litre 升 公升", "m³": "立方米 cubic_meter cubic_metre m3", "gal": "gallon 加仑", "qt": "quart 夸脱",
    "pt": "pint 品脱", "cup": "杯", "fl oz": "fluid_ounce floz", "tbsp": "tablespoon 汤匙", "tsp": "teaspoon 茶匙",
    "m/s": "米每秒 meters_per_second metres_per_second 米/秒", "km/h": "kmh kph 公里每小时 千米每小时 公里/小时 kilometers_per_hour kilometres_per_hour", "mph": "miles_per_hour 英里每小时 mi/h", "kn": "knot 节",
    "J": "joule j 焦耳 焦", "kJ": "kilojoule kj 千焦", "cal": "calorie 卡 卡路里", "kcal": "kilocalorie 千卡 大卡", "Wh": "watt_hour wh 瓦时", "kWh": "kilowatt_hour kwh 千瓦时 度电",
    "°C": "c celsius centigrade °c degrees_celsius degrees_c degree_celsius 摄氏度 摄氏 度", "°F": "f fahrenheit °f degrees_fahrenheit degrees_f degree_fahrenheit 华氏度 华氏", "K": "k kelvin 开尔文 开氏度",
}  # fmt: skip
_BY_NAME = {name.replace("_", " "): unit for unit, names in _NAMES.items() for name in [unit.lower(), *names.split()]}


def unit(name: str) -> str | None:
    """The unit that a name means (`kilometres`, `公里`), or None."""
    name = name.strip().lower()
    return _BY_NAME.get(name) or _BY_NAME.get(name.removesuffix("s")) or _BY_NAME.get(name.removesuffix("es"))


def convert(amount: Fraction, source: str, target: str) -> Fraction | None:
    """`amount` of `source` in `target`, exactly; None when the two don't measure the same thing."""
    if source.startswith(("°", "K")) and target.startswith(("°", "K")) and {source, target} <= {"°C", "°F", "K"}:
        celsius = {"°C": amount, "°F": (amount - 32) * Fraction(5, 9), "K": amount - Fraction(27315, 100)}[source]
        return {"°C": celsius, "°F": celsius * Fraction(9, 5) + 32, "K": celsius + Fraction(27315, 100)}[target]
    table = next((t for t in _TABLES if source in t and target in t), None)
    return amount * table[source] / table[target] if table else None


def names() -> tuple[str, ...]:
    """Every name of a unit, longest first."""
    return tuple(sorted(_BY_NAME, key=lambda n: (-len(n), n)))
