"""Questions about what was done in this conversation."""

from __future__ import annotations

from datetime import date

from assistant.models.offline.grammar.pattern import fits
from assistant.models.offline.mentions import Utterance
from assistant.models.offline.wish import Intent, Wish

_FAILED = (
    r"why (?:did|was|were|has|have|does|is) (?:it|that|this|the \w+|you|not)?.*(?:fail|refuse|den|not work|error|wrong|reject|stop|block)\w*.*|why not|what went wrong|what(?:'s| is| was) the (?:error|problem|reason)|what happened",
    r"(?:刚才|刚刚)?为(?:什么|啥|何)(?:没有?|会|不|被)?.*(?:失败|拒绝|出错|错误|不行|不能|报错|没成功|没有成功)了?|为什么|出了?什么(?:错|问题)|哪里(?:错|出错|有问题)了?|怎么回事|发生了?什么(?:事)?",
)
_ALL = (
    r".*\b(?:did|have|has) (?:you|we) (?:do|done)\b.*(?:so far|today|in total|altogether|overall|until now|up to now|in this (?:task|chat|conversation|session)|everything)|"
    r"(?:list|show|explain|summari[sz]e|describe|recap|review)(?: me)? (?:everything|all(?: the)?(?: steps| actions| changes)?)(?: that)? (?:you|we) (?:did|have done|'ve done|made|took|changed)(?: so far)?|(?:show |list )?(?:your |the )?(?:history|steps|actions)(?: so far| you took)?",
    r".*(?:到目前为止|至今|一共|总共|全部|今天|迄今|这次对话|这个任务).*(?:做了?|干了?|改了?|完成)(?:些|过)?(?:什么|啥|哪些).*|(?:历史|操作)记录",
)
_LAST = (
    r"what (?:did|have|has) (?:you|we|u) (?:just |actually |already )?(?:do|done|change|changed|been doing|modify|modified)(?: just now| now| here| there| exactly| (?:to|in|with) .{1,60})?",
    r"what (?:did|have) you (?:just )?(?:did|done|do|change|changed).*|what(?:'s| is| was| has) (?:just )?(?:happened|changed|been done|done)(?: just now| so far)?|what just happened|what changed|what (?:was|were) (?:your|the) (?:last )?(?:steps?|actions?|changes?)",
    r"(?:explain|describe|summari[sz]e|recap|tell me|show me)(?: to me)?(?: about)? (?:what|which changes|the changes|the steps|your (?:steps|actions|work|changes))(?: (?:that )?(?:you|was|were|have|has|it|we|just|did|do|done|been|made|did|happened|changed|took))*(?: (?:so far|just now|and why))?",
    r"(?:what|which) (?:files|changes|commands|tools) (?:did|have) you .*",
    r"(?:刚才|刚刚|方才|上一步|之前|你)*(?:都|又|到底)?(?:做|干|改|执行|完成|动|修改)了(?:些|一些)?(?:什么|啥|哪些)(?:事情?|东西|操作|文件|修改|改动)?",
    r"(?:解释|说明|总结|讲|描述|介绍|回顾|说)(?:一下|说|下)?(?:你|刚才|刚刚|之前)*(?:都)?(?:做|干|执行|改|完成)(?:了|过)?(?:的)?(?:什么|啥|哪些|事情?|事|操作|改动|一切|工作)*",
    r"(?:刚才|刚刚)(?:发生|有)了?什么(?:事|变化|改动)?|有(?:什么|哪些)(?:变化|改动)",
)


def recognise(said: Utterance, _today: date) -> Wish | None:
    """What was done: just now, or in all; or why it failed."""
    for how, notations in (("all", _ALL), ("last", _LAST), ("failure", _FAILED)):
        if fits(said, *notations):
            return Wish(Intent.EXPLAIN, how=how)
    return None
