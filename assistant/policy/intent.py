"""What the person's own words ask for: which kinds of effects they speak of at all.

This is a list of words, not an understanding. It can only add a warning sign ("you did not ask for anything like this"),
never remove one, so a word too many costs safety little and a word too few costs one question.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_ENGLISH: Mapping[str, str] = {
    "send": r"send|sent|sending|e-?mail\w*|mail|mails|mailing|reply|replies|replying|respond\w*|answer\w*|forward\w*|write|writing|message\w*|"
    r"post|posts|posting|publish\w*|upload\w*|share|shares|sharing|shared|invit\w+|tell|notify|notif\w+|text|ping|dm|let .{1,40} know|submit\w*|"
    r"announce\w*|contact|add|push|deliver\w*|report|ask|remind|thank|congratulat\w+",
    "pay": r"pay|pays|paying|payments?|paid|send|transfer\w*|refund\w*|reimburse\w*|donate\w*|buy\w*|purchase\w*|order\w*|settle|tip|subscribe|"
    r"rent|bill|bills|invoice\w*|money|transaction\w*|standing orders?|give back|split|owe\w*|cover|top up",
    "book": r"book|books|booking|bookings|reserv\w+|schedul\w+|rent|rental|order\w*|buy|tickets?",
    "delete": r"delet\w+|remov\w+|cancel\w*|clear\w*|clean\w*|erase\w*|drop|trash|discard\w*|get rid of|wipe\w*|empty|purge\w*|uninstall\w*|unsubscribe\w*|"
    r"kick|tidy|declutter|prune",
    "admin": r"add\w*|invit\w+|remov\w+|kick|chang\w+|updat\w+|set|reset\w*|password\w*|settings?|account|permission\w*|grant\w*|revok\w+|enabl\w+|"
    r"disabl\w+|config\w*|install\w*|creat\w+|renam\w+|promot\w+|ban|mov\w+|join\w*|share\w*|edit\w*|adjust\w*|modif\w+|register\w*|sign up|admin\w*",
    "write": r"creat\w+|add\w*|mak\w+|writ\w+|schedul\w+|reschedul\w+|mov\w+|renam\w+|updat\w+|chang\w+|edit\w*|sav\w+|set|put|append\w*|mark\w*|not\w+|"
    r"block|invit\w+|shar\w+|fix\w*|record\w*|fill\w*|insert\w*|includ\w+|remind\w*|plan|postpone\w*|shift|adjust\w*|modif\w+|replac\w+|book\w*|store|"
    r"log|draft\w*|prepar\w+|organi[sz]\w+|tidy|sort\w*|cop(?:y|ies)|convert\w*|generat\w+|translat\w+|register\w*|rais\w+|lower\w*|increas\w+|"
    r"decreas\w+|refactor\w*|implement\w*|extend\w*|correct\w*|attach\w*|label\w*|tag\w*|categori[sz]\w+|set up|arrange\w*",
    "fetch": r"web\w*|sites?|pages?|urls?|links?|articles?|blogs?|visit\w*|brows\w+|open\w*|download\w*|fetch\w*|online|internet|https?|www|look\w* up|"
    r"search\w*|googl\w+|news|restaurant\w*|docs?|documentation|install\w*|clon\w+|get|read\w*|summari[sz]\w*",
}  # fmt: skip
_CHINESE: Mapping[str, str] = {
    "send": "发|寄|回复|答复|转发|告诉|通知|邮件|分享|邀请|发布|上传|推送|联系|提醒|写信|回信|群发",
    "pay": "付|支付|转账|汇款|退款|买|购|缴|还钱|打钱|充值|房租|账单",
    "book": "订|预约|预定|预订|买票|租",
    "delete": "删|移除|去掉|取消|清理|清空|清除|丢弃|卸载|退订|踢",
    "admin": "加入|邀请|移除|改|更新|设置|重置|密码|权限|账户|账号|启用|禁用|安装|创建|添加",
    "write": "建|创建|添加|加|写|改|编辑|更新|移|重命名|安排|保存|记|标记|填|生成|整理|复制|替换|提醒|预约|调整",
    "fetch": "网|链接|文章|打开|访问|下载|浏览|搜索|查|看|新闻|读|总结",
}
_WORDS = {effect: re.compile(rf"(?i)\b(?:{words})\b|(?:{_CHINESE[effect]})") for effect, words in _ENGLISH.items()}
_ACT = ("pay", "book", "admin", "send", "write", "delete")


def speaks_of(prompt: str, action: str) -> bool:
    """Whether the words mention anything like this action of the schema. Actions without a list count as mentioned."""
    if action == "act":
        return any(_WORDS[name].search(prompt) for name in _ACT)
    pattern = _WORDS.get(action)
    return pattern is None or pattern.search(prompt) is not None


def spoken_of(prompt: str) -> frozenset[str]:
    """All actions of the schema that the words mention."""
    return frozenset(name for name in (*_WORDS, "act") if speaks_of(prompt, name))
