"""Questions to git, by words."""

from __future__ import annotations

from datetime import date

from assistant.models.offline.grammar import slots
from assistant.models.offline.grammar.pattern import fits, has
from assistant.models.offline.mentions import FILE, Utterance
from assistant.models.offline.wish import Intent, Wish

_PATTERNS = (
    ("commit", (
        r"(?:git )?commit(?: (?:all|everything|my|the|these|changes|work|it|this|them|staged))*(?: (?:with|using))?(?: (?:the |a )?(?:commit )?message)?:? (?P<t>{q}|(?<=message ){T})",
        r"(?:git ?)?提交(?:所有|全部|这些)?(?:更改|修改|改动|代码)?,?(?:提交)?(?:信息|说明|消息|备注)?(?:为|是|:|写)?\s*(?P<t>{q})",
    )),
    ("status", (
        r"(?:git )status(?: of this repo\w*)?|(?:show |what's |what is |check )(?:me )?(?:the )?git (?:status|state)|(?:show |list |are there |which |what )?(?:me )?(?:the |any )?(?:uncommitted|unstaged|untracked) (?:changes|files|work).*|what(?:'s| is| has| have)? (?:been )?changed (?:in|according to) git|is (?:the )?(?:repo|repository|working tree) clean|what (?:files )?(?:have|has) (?:i )?changed since (?:the )?last commit",
        r"git ?(?:的)?状态|(?:查看|看看|看一下|看)?git ?(?:仓库)?(?:的)?状态|(?:有)?(?:哪些|什么)?未提交的?(?:更改|修改|文件|改动)(?:有哪些)?|仓库(?:状态|干净).*",
    )),
    ("log", (
        r"(?:git )log|(?:show |list |view |see |what are |what were |give me |display )(?:me )?(?:the )?(?:git |commit )(?:log|history|commits)|.*\b(?:recent|latest|last|previous)(?: {n})? (?:git )?commits?\b.*|(?:git|commit) history(?: of {f})?|who (?:last )?(?:changed|edited|modified|wrote|committed) (?:to )?{f}(?: last)?|(?:show |list )?commits(?: (?:from|since|by) .*)?|history of {f}",
        r"(?:查看|看看|看一下|显示|列出)?(?:git ?)?(?:的)?(?:提交(?:历史|记录|日志)|git ?日志|git ?log|git ?历史)|.*最近(?:的)?(?:{n}次|几次|一次)?(?:的)?提交.*|(?:最近|最后)(?:是)?谁(?:修改|改|提交)(?:了|过)?\s*{f}|{f}\s*(?:的)?(?:提交|修改|git)(?:历史|记录)|谁(?:最后)?(?:修改|改)(?:了|过)\s*{f}",
    )),
    ("diff", (
        r"(?:git )diff(?: {f})?|(?:show |see |view |what's |what is |what are )(?:me )?(?:the )?(?:git )?(?:diff|uncommitted changes in detail)(?: of {f})?|(?:show |see )(?:me )?(?:the |my )?changes (?:in|of|to) (?:git|the (?:repo|repository|working tree))|(?:what|how) (?:did|have|has) (?:i |been )?changed? in {f}(?: since (?:the )?last commit)?",
        r"(?:查看|看看|看一下|显示)?git ?(?:的)?(?:差异|改动|diff|变更|更改|修改)|(?:查看|看看|显示)(?:代码)?(?:改动|变更|更改)(?:的)?(?:详情|内容)?",
    )),
    ("branch", (
        r"(?:what|which) (?:git )?branch(?:es)?(?: (?:am i|are we|is this|is it|are there|exist)(?: on)?)?|(?:git )branch(?:es)?|(?:current|list|show)(?: me)?(?: the| all)?(?: git| current)? branch(?:es)?",
        r"(?:当前|现在|目前)?(?:在)?(?:哪个|什么|是哪个|是什么)?(?:git ?)?分支(?:是(?:什么|哪个)|有哪些)?|(?:列出|查看|显示)(?:所有|当前)?(?:的)?(?:git ?)?分支",
    )),
)  # fmt: skip


def recognise(said: Utterance, _today: date) -> Wish | None:
    """Status, log, diff, branches, and a commit with a message."""
    for how, notations in _PATTERNS:
        if found := fits(said, *notations):
            limit = slots.limit(said)
            if limit is None and (
                some := has(said, r"(?:last|latest|recent|previous|最近的?)\s*(?P<n>{n})\s*(?:次|个|条|commits)")
            ):
                from assistant.models.offline.quantities import number

                limit = number(some["n"])
            if limit is None and has(said, r"(?:last|latest|最近一次|最后一次|上次)(?: commit)?$"):
                limit = 1
            return Wish(Intent.GIT, how=how, text=found["t"], limit=limit, paths=said.of_kind(FILE))
    return None
