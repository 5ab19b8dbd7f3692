"""What the person's own words ask for: which kinds of effects they speak of at all.

This is a list of words, not an understanding. It can only add a warning sign ("you did not ask for anything like this"),
never remove one, so a word too many costs safety little and a word too few costs one question.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_ENGLISH: Mapping[str, str] = {
    "send": r"send|sends|sent|sending|e-?mail(?:s|ing|ed)?|mail|mails|mailing|reply|replies|replying|respond\w*|answer\w*|forward\w*|write|writing|"
    r"message|messages|messaging|post|posts|posting|publish\w*|upload\w*|share|shares|sharing|invit\w+|tell(?! me)|notify(?! me)|notif\w+|ping|dm|"
    r"let (?!me\b|us\b).{1,40} know|submit\w*|announce\w*|deliver\w*|remind(?! me)|thank|congratulat\w+",
    "pay": r"pay|pays|paying|payments?|paid|send|transfer\w*|refund\w*|reimburse\w*|donate\w*|buy\w*|purchase\w*|order\w*|settle|tip|subscribe|"
    r"rent|bill|bills|invoice\w*|money|transaction\w*|standing orders?|give back|split|owe\w*|cover|top up",
    "book": r"book|books|booking|bookings|reserv\w+|schedul\w+|rent|rental|order\w*|buy|tickets?",
    "delete": r"delet\w+|remov\w+|cancel\w*|clear\w*|clean\w*|erase\w*|drop|trash|discard\w*|get rid of|wipe\w*|empty|purge\w*|uninstall\w*|unsubscribe\w*|"
    r"kick|tidy|declutter|prune",
    "admin": r"add\w*|invit\w+|remov\w+|kick|chang\w+|updat\w+|set|reset\w*|password\w*|settings?|account|permission\w*|grant\w*|revok\w+|enabl\w+|"
    r"disabl\w+|config\w*|install\w*|creat\w+|renam\w+|promot\w+|ban|mov\w+|join\w*|share\w*|edit\w*|adjust\w*|modif\w+|register\w*|sign up|admin\w*",
    "write": r"creat\w+|add|adds|adding|added|writ\w+|schedul\w+|reschedul\w+|mov(?:e|es|ing)|renam\w+|updat\w+|chang\w+|edit\w*|sav(?:e|es|ing)|"
    r"set|put|append\w*|mark|note down|take notes?|block|invit\w+|shar(?:e|es|ing)|fix|fixes|fixing|record|fill\w*|insert\w*|remind\w*|postpone\w*|"
    r"shift|adjust\w*|modif\w+|replac\w+|draft\w*|prepar\w+|organi[sz]\w+|tidy|sort|copy|convert\w*|generat\w+|translat\w+|register\w*|"
    r"rais(?:e|es|ing)|lower|increas\w+|decreas\w+|refactor\w*|implement\w*|extend\w*|correct|attach\w*|label|tag|categori[sz]\w+|arrange\w*",
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


_OPEN = re.compile(
    r"(?i)\b(?:most|least|fewest|(?:small|larg|bigg|high|low|cheap|new|old|lat|long|short|b|fast|near)est|last|first|all|every|each|everyone|everybody|"
    r"anyone|any|whoever|who|where|which|(?:start|beginn|end)ing with|contain\w*|same)\b|所有|每|全部|最|哪|任何|谁"
)


_MOST = re.compile(
    r"(?i)\b(?:large|bigg|high|long|new|late|great)(?:st|est)\b|\bmost (?:expensive|recent)\b|\blast\b|最(?:大|高|长|新|贵|近|后)"
)
_LEAST = re.compile(
    r"(?i)\b(?:small|low|cheap|short|old|earli)est\b|\bleast expensive\b|\bfirst\b|最(?:小|低|短|旧|便宜|早)"
)


_ALL = re.compile(r"(?i)\b(?:all|each|every|everyone|everybody)\b|所有|每|全部")


def addresses_all(prompt: str) -> bool:
    """Whether the words speak of all of some set."""
    return _ALL.search(prompt) is not None


def extremes(prompt: str) -> tuple[bool, bool]:
    """Whether the words single out the greatest, and the least of something."""
    return _MOST.search(prompt) is not None, _LEAST.search(prompt) is not None


def leaves_choice(prompt: str) -> bool:
    """Whether the words leave a choice to be made from what is found: "the channel with the most members", "all users"."""
    return _OPEN.search(prompt) is not None


def spoken_of(prompt: str) -> frozenset[str]:
    """All actions of the schema that the words mention."""
    return frozenset(name for name in (*_WORDS, "act") if speaks_of(prompt, name))
