"""Sums, percentages, conversions of units, and days of the calendar."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cache

from assistant.models.offline import quantities, units
from assistant.models.offline.arithmetic import CONSTANTS, FUNCTIONS
from assistant.models.offline.mentions import Utterance
from assistant.models.offline.wish import Intent, Wish

_LEAD = re.compile(
    r"^(?:what(?:'s| is| are| will be| would be| does)|calculate|compute|calc|evaluate|eval|work out|solve|how much (?:is|are|does|do)|add up|do the math:?|tell me|"
    r"the (?:result|value|answer) of|result of|计算(?:一下)?|算(?:一?下|一算|算)?|求|请问|多少是)[\s:]*(?:the (?:result|value) of )?"
)
_TAIL = re.compile(
    r"[\s,]*(?:=+|equals?(?: what)?|is(?: what)?|make|(?:一共|总共|合计)?(?:等于|是|得|为|=)(?:多少|几|什么|啥)?|的?(?:结果|值|答案)(?:是(?:多少|什么|几))?|等于|多少|有多少)[\s?]*$"
)
_WORDS = tuple(
    (re.compile(a), b)
    for a, b in (
        (r"\bto the power of\b|\braised to(?: the power(?: of)?)?\b|的?(?P<z>)次幂", "**"),
        (r"\bmultiplied by\b|\btimes\b|乘以|乘上|乘|×|✕|·", "*"),
        (r"\bdivided by\b|\bover\b|除以|÷", "/"),
        (r"\bplus\b|\band\b(?= *\d)|加上|加|＋", "+"),
        (r"\bminus\b|减去|减|－|–|—", "-"),
        (r"\bmod(?:ulo)?\b|取余|模", "%"),
        (r"\bsquared\b|的?平方(?!根)", "**2"),
        (r"\bcubed\b|的?(?:立方)(?!根)", "**3"),
        (r"²", "**2"),
        (r"³", "**3"),
        (r"√\s*\(", "sqrt("),
        (r"√\s*(\d+(?:\.\d+)?)", r"sqrt(\1)"),
        (r"π|圆周率", "pi"),
        (r"\bfactorial of\b\s*(\d+)|(\d+)\s*(?:的?阶乘|factorial)", r"factorial(\1\2)"),
        (
            r"\b(?:the )?square root of\b\s*\(?([\d.]+)\)?|根号\s*\(?([\d.]+)\)?|([\d.]+)\s*的?(?:平方根|开平方|开方|开根号)",
            r"sqrt(\1\2\3)",
        ),
        (r"(\d+(?:\.\d+)?)\s*的\s*(\d+)\s*次(?:方|幂)", r"\1**\2"),
        (r"(?<=\d)[ ](?=\d{3}\b)(?!\d{4})", ""),
    )
)
_LISTS = (
    ("mean", r"(?:the )?(?:average|mean|avg)(?: value)?(?: of)?|(?:求|计算)?的?(?:平均(?:数|值)?|均值)"),
    ("median", r"(?:the )?median(?: of)?|的?中位数"),
    ("sum", r"(?:the )?(?:sum|total)(?: of)?|add(?: up)?|的?(?:总和|之和|和|合计|总计)"),
    ("product", r"(?:the )?product of|的?(?:乘积|之积|积)"),
    (
        "max",
        r"(?:the )?(?:largest|biggest|maximum|max|greatest)(?: number)?(?: of| among)?|(?:中|里)?的?最大(?:值|的|数)?(?:是)?",
    ),
    (
        "min",
        r"(?:the )?(?:smallest|minimum|min|least)(?: number)?(?: of| among)?|(?:中|里)?的?最小(?:值|的|数)?(?:是)?",
    ),
    ("gcd", r"(?:the )?(?:gcd|greatest common divisor)(?: of)?|的?最大公约数"),
    ("lcm", r"(?:the )?(?:lcm|least common multiple)(?: of)?|的?最小公倍数"),
)
_NUMBER = r"-?\d[\d,]*(?:\.\d+)?"
_PERCENT = (
    (rf"(?P<a>{_NUMBER})\s*(?:%|percent|per cent) of (?P<b>{_NUMBER})", "{a}/100*{b}"),
    (r"(?:the )?(?:sum|total)(?: of)?(?: all)?(?: the)? (?:numbers|integers) (?:from )?(?P<a>\d+) (?:to|through|until) (?P<b>\d+)|从?(?P<a2>\d+)(?:一直)?加到(?P<b2>\d+)(?:的和)?", "({a}+{b})*({b}-{a}+1)/2"),
    (rf"(?P<a>{_NUMBER})\s*(?:%|percent) more than (?P<b>{_NUMBER})", "{b}*(1+{a}/100)"),
    (rf"(?P<a>{_NUMBER})\s*(?:%|percent) less than (?P<b>{_NUMBER})", "{b}*(1-{a}/100)"),
    (rf"(?P<b>{_NUMBER})\s*的\s*(?:百分之(?P<a>[\d.]+|{quantities.NUMBER_ZH})|(?P<a2>[\d.]+)\s*%)", "{a}/100*{b}"),
    (rf"(?:what )?(?:percent(?:age)?|%) (?:is|of|are) (?P<a>{_NUMBER}) (?:of|is|out of|from) (?P<b>{_NUMBER})", "{a}/{b}*100"),
    (rf"(?P<a>{_NUMBER}) (?:is|as|out of|of|is what)(?: a| what| which)* (?:percent(?:age)?|%) of (?P<b>{_NUMBER})|(?P<a2>{_NUMBER}) (?:out )?of (?P<b2>{_NUMBER}) (?:as|in) (?:a )?(?:percent(?:age)?|%)", "{a}/{b}*100"),
    (rf"(?P<a>{_NUMBER})\s*(?:是|占)\s*(?P<b>{_NUMBER})\s*的?\s*(?:百分之(?:几|多少)|百分比|多少%|几%|%)", "{a}/{b}*100"),
    (rf"(?:increase|raise|add to|mark up) (?P<b>{_NUMBER}) by (?P<a>{_NUMBER})\s*(?:%|percent)|(?P<b2>{_NUMBER}) ?(?:\+|plus) ?(?P<a2>{_NUMBER})\s*(?:%|percent)", "{b}*(1+{a}/100)"),
    (rf"(?:decrease|reduce|lower|discount) (?P<b>{_NUMBER}) by (?P<a>{_NUMBER})\s*(?:%|percent)|(?P<b2>{_NUMBER}) ?(?:-|minus|less) ?(?P<a2>{_NUMBER})\s*(?:%|percent)|(?P<a3>{_NUMBER})\s*(?:%|percent) off (?P<b3>{_NUMBER})", "{b}*(1-{a}/100)"),
    (rf"(?P<b>{_NUMBER})\s*(?:增加|上涨|涨|提高)\s*(?P<a>{_NUMBER})\s*%", "{b}*(1+{a}/100)"),
    (rf"(?P<b>{_NUMBER})\s*(?:减少|下降|降|降低|打折)\s*(?P<a>{_NUMBER})\s*%", "{b}*(1-{a}/100)"),
)  # fmt: skip
_SIGNS = re.compile(r"[\d\s.,+\-*/%^()!]+")


def recognise(said: Utterance, today: date) -> Wish | None:
    """An expression, a percentage, a list of numbers, a conversion, or a question about days."""
    for sign in {c for c in said.text if c in said.mentions}:
        # A star between spaces looks like a pattern of names.
        if said.mentions[sign].value not in {"*", "**"}:
            return None
        said = Utterance(
            said.text.replace(sign, "*" if said.mentions[sign].value == "*" else "^"), said.pieces, said.mentions
        )
    text = said.text.strip().rstrip("?=.。 ")
    if len(text) > 2_000:
        return None
    asked = _LEAD.sub("", text)
    bare = _TAIL.sub("", asked)
    return (
        _convert(asked) or _days(asked, today) or _percent(bare) or _of_list(bare) or _sum(bare, asked_for=bare != text)
    )


def _percent(text: str) -> Wish | None:
    for notation, formula in _PERCENT:
        if found := re.fullmatch(rf"(?:the )?{notation}", text):
            groups = found.groupdict()
            a, b = (next((v for k in (n, n + "2", n + "3") if (v := groups.get(k))), "") for n in "ab")
            if not re.fullmatch(r"[-\d.,]+", a):
                a = str(quantities.number(a) or 0)
            return _wish(formula.format(a=a.replace(",", ""), b=b.replace(",", "")), text)
    return None


def _of_list(text: str) -> Wish | None:
    for name, words in _LISTS:
        numbers = re.sub(rf"^(?:{words})\s*:?\s*|\s*(?:{words})$", "", text)
        if numbers != text:
            found = re.findall(r"-?\d+(?:\.\d+)?", numbers)
            rest = re.sub(r"-?\d+(?:\.\d+)?|,|\band\b|\bby\b|\s|和|与|、|跟|这几个数|这些数", "", numbers)
            if len(found) > 1 and not rest:
                return _wish(f"{name}({', '.join(found)})", text)
    return None


def _sum(text: str, *, asked_for: bool) -> Wish | None:
    expression = text
    for pattern, new in _WORDS:
        expression = pattern.sub(new, expression)
    expression = _chinese_numbers(expression)
    # 1,234,567 is one number; elsewhere commas part the arguments of a function.
    expression = re.sub(r"(?<![\d(])(\d{1,3}(?:,\d{3})+)(?![\d,])", lambda m: m[1].replace(",", ""), expression)
    expression = re.sub(r"(\d+(?:\.\d+)?)\s*%(?!\s*[\d(\w])", r"(\1/100)", expression)
    words = set(re.findall(r"[a-z]\w*", expression))
    if not words <= FUNCTIONS | CONSTANTS | {"x"} or re.search(r"[^\x20-\x7e]", expression):
        return None
    expression = re.sub(r"(?<=[\d)])\s*x\s*(?=[\d(])", "*", expression)
    rest = re.sub(r"[a-z]\w*", "", expression)
    if (
        "x" in re.findall(r"[a-z]\w*", expression)
        or not _SIGNS.fullmatch(rest or "1")
        or (not re.search(r"\d", expression) and not words)
    ):
        return None
    works = bool(re.search(r"\d\s*[+\-*/%^!]|[a-z]\(|\)\s*[+\-*/%^(]", expression))
    # A date or a version number is no sum: 2024-01-02 is only computed when asked for.
    if re.fullmatch(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d+(?:\.\d+){2,}", expression.strip()):
        return None
    if expression.strip() == "pi":
        return _wish("pi")
    return (
        _wish(expression.strip())
        if works or (asked_for and re.search(r"\d|pi|\be\b", expression) and not words - CONSTANTS)
        else None
    )


def _chinese_numbers(text: str) -> str:
    def figure(found: re.Match[str]) -> str:
        value = quantities.number(found[1])
        if value is None:
            return found[0]
        return f"{value}.{''.join(str(quantities.number(c) or 0) for c in found[2])}" if found[2] else str(value)

    return re.sub(rf"({quantities.NUMBER_ZH})(?:点([零〇一二三四五六七八九]+))?", figure, text)


def _wish(expression: str, words: str = "") -> Wish:
    return Wish(Intent.COMPUTE, how="sum", text=expression, new=words)


@cache
def _unit_pattern() -> str:
    return "|".join(re.escape(n) + ("(?:s|es)?" if n.isascii() and len(n) > 2 else "") for n in units.names())


def _convert(text: str) -> Wish | None:
    unit = _unit_pattern()
    amount = rf"(?P<n>-?\d[\d,]*(?:\.\d+)?|{quantities.NUMBER_ZH}|an?|one)"
    for notation in (
        rf"(?:convert |change |换算|把|将)?\s*{amount}\s*(?:个)?(?P<a>{unit})\s*(?:to|in|into|as|is how many|equals how many|in terms of|=|->|→|(?:换算|转换|转|换|化)(?:成|为|到)|(?:等于|是|有|合|相当于|为|=)(?:多少|几)?(?:个)?)\s*(?P<b>{unit})",
        rf"how (?:many|much) (?P<b>{unit}) (?:are |is |make |fit |equal )?(?:there )?(?:in|to|per|for|equals?)? ?{amount} ?(?P<a>{unit})",
        rf"{amount}\s*(?:个)?(?P<a>{unit})\s*(?:等于|是|有|合|相当于)?\s*(?:多少|几)\s*(?:个)?(?P<b>{unit})",
    ):
        if found := re.fullmatch(notation, text):
            source, target = units.unit(found["a"]), units.unit(found["b"])
            number = found["n"].replace(",", "")
            if not re.fullmatch(r"-?[\d.]+", number):
                number = str(quantities.number(number) or 1)
            if source and target:
                return Wish(Intent.COMPUTE, how="convert", text=number, dest=source, new=target)
    return None


_DAY = r"(?:\d{4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}日?|today|tomorrow|yesterday|now|the day after tomorrow|christmas|new year(?:'s day)?|(?:next |this )?(?:mon|tues|wednes|thurs|fri|satur|sun)day|今天|明天|后天|昨天|前天|现在|元旦|圣诞节?|新年|\d{1,2}月\d{1,2}[日号])"


def _days(text: str, today: date) -> Wish | None:
    for notation in (
        rf"(?:how (?:many days|long)(?: is it| are there| are)?|(?:the )?(?:number of )?days|the difference)(?: (?:from|between))? (?P<a>{_DAY}) (?:to|and|until|till|through) (?P<b>{_DAY})",
        rf"how (?:many days|long)(?: (?:is it|are there|are left|left|remain))?(?: from now)? (?:to|until|till|before|since) (?P<b>{_DAY})|(?:the )?days (?:until|till|to|since) (?P<b2>{_DAY})",
        rf"(?:从)?\s*(?P<a>{_DAY})\s*(?:到|至|和|与|离|距离?)\s*(?P<b>{_DAY})\s*(?:之间)?(?:相差|隔了?|差|还|一共|共|总共)?(?:有|是)?(?:多少|几)天",
        rf"(?:距离?|离|到)\s*(?P<b>{_DAY})\s*(?:还)?(?:剩|有|差)?(?:多少|几)天",
    ):
        if found := re.fullmatch(notation, text):
            groups = found.groupdict()
            first = quantities.named_day(groups.get("a") or "today", today)
            last = quantities.named_day(groups.get("b") or groups.get("b2") or "", today)
            if first and last:
                return Wish(Intent.COMPUTE, how="days", text=first.isoformat(), new=last.isoformat())
    return _shift(text, today) or _weekday(text, today)


def _shift(text: str, today: date) -> Wish | None:
    amount = rf"(?P<n>\d+|{quantities.NUMBER_ZH}|an?|one|two|three|four|five|six|seven|ten)"
    for notation, sign in (
        (
            rf"(?:(?:which|what) )?(?:date|day)?(?: (?:is|will|was|be|of the week|it|it be))* ?(?:in )?{amount} {quantities.SPAN}(?: (?:from now|later|from today))?|{amount.replace('<n>', '<n2>')} {quantities.SPAN.replace('span>', 'span2>')} (?:after|from) (?P<d>{_DAY})",
            1,
        ),
        (
            rf"(?:(?:which|what) )?(?:date|day)?(?: (?:is|was|of the week|it))* ?(?:{amount} {quantities.SPAN} ago|{amount.replace('<n>', '<n2>')} {quantities.SPAN.replace('span>', 'span2>')} before (?P<d>{_DAY}))",
            -1,
        ),
        (
            rf"(?:从)?(?P<d>{_DAY})?\s*(?:起|再过|过|之后|后|算起|开始|往后)*\s*{amount}\s*{quantities.SPAN}\s*(?:以后|之后|后)?(?:的?那天)?(?:的?日期)?(?:是|会是)?(?:几月几[号日]|几号|哪天|哪一天|星期几|周几|什么(?:日子|日期|时候))",
            1,
        ),
        (
            rf"(?P<d>{_DAY})?\s*(?:往前|之前|前)?\s*{amount}\s*{quantities.SPAN}\s*(?:以前|之前|前)(?:是)?(?:几月几[号日]|几号|哪天|哪一天|星期几|周几|什么日子)",
            -1,
        ),
    ):
        found = re.fullmatch(notation, text)
        if not found:
            continue
        groups = found.groupdict()
        if (
            not groups.get("n2")
            and sign == 1
            and "date" not in text
            and "day" not in text
            and not re.search(r"[\u3400-\u9fff]", text)
        ):
            continue
        base = quantities.named_day(groups.get("d") or "today", today)
        length = quantities.span(
            groups.get("n") or groups.get("n2") or "1", groups.get("span") or groups.get("span2") or ""
        )
        if base and length and length >= timedelta(days=1):
            return Wish(Intent.COMPUTE, how="date", text=base.isoformat(), limit=sign * length.days)
    return None


def _weekday(text: str, today: date) -> Wish | None:
    for notation in (
        rf"(?:what|which) (?:day|weekday|date)(?: of the week)?(?: (?:is|was|will|be|it))* ?(?:on |be )?(?P<d>{_DAY})?|(?:which |what )?(?:day of the week|weekday) (?:is |of |for |was )?(?P<d2>{_DAY})",
        r"(?:the |today's |current )*(?:date|day)(?: (?:is it|today|now))*|(?:date|day) (?:is it|is today)",
        rf"(?P<d>{_DAY})\s*(?:是)?(?:的?日期)?(?:星期几|周几|礼拜几|几号|几月几[号日]|什么日子|哪天)|(?:今天的)?日期|几号了?",
    ):
        if found := re.fullmatch(notation, text):
            groups = found.groupdict()
            of = quantities.named_day(groups.get("d") or groups.get("d2") or "today", today)
            if of:
                return Wish(Intent.COMPUTE, how="weekday", text=of.isoformat())
    return None
