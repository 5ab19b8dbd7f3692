"""Creating files and folders, and adding to files."""

from __future__ import annotations

import re
from datetime import date

from assistant.models.offline.grammar.pattern import Match, fits
from assistant.models.offline.mentions import FILE, QUOTE, Utterance
from assistant.models.offline.wish import Intent, Wish

_WITH = r"(?:,? ?(?:with|containing|that (?:says|contains|reads|has)|which (?:says|contains)|saying|and (?:write|put|add)(?: in(?:to)? it| there)?|whose content is|and content)(?: the)?(?: following)?(?: (?:content|contents|text|words|line|lines|body|message))?(?: of| in it| to it| inside)?:? ?| ?: ?)"
_FOLDER = (
    r"(?:create|make|add|new|mkdir(?: -p)?)(?: (?:a|an|the|new|empty|sub-?))* (?:folder|directory|dir|subfolder)s?(?: (?:called|named|for|with the name))?:? (?P<f>{m}|[\w./-]+)(?: {here})?",
    r"(?:create|make) (?:a |the |an )?(?:new |empty )*(?P<f>{f}|{q}|[\w.-]+) (?:folder|directory)",
    r"mkdir(?: -p)? (?P<f>{m}|[\w./-]+)",
    r"(?:新建|创建|建立?|添加)(?:一个|个)?(?:新的?|空的?)?(?:子)?(?:文件夹|目录)\s*(?:叫做?|名为|名叫|命名为|名字叫|,|:)?\s*(?P<f>{m}|[^\s,]+)",
    r"(?:新建|创建|建立?)(?:一个|个)?(?:名为|叫做?|名叫)?\s*(?P<f>{m}|[^\s,的]+?)\s*的?(?:文件夹|目录)",
)
_CREATE = (
    rf"(?:create|make|write|add|start|new|touch|generate)(?: (?:a|an|the|new|empty|blank|text|markdown|simple|short|small|me))*(?: (?:file|document|note|script|page))?(?: (?:called|named|with the name|at))?:? (?P<f>{{f}}|{{q}})(?: file)?(?: {{here}})?{_WITH}(?P<t>{{T}})",
    r"(?:create|make|add|start|new|touch|generate)(?: (?:a|an|the|new|empty|blank|text|markdown|simple|me))*(?: (?:file|document|note|script|page))?(?: (?:called|named|with the name|at))?:? (?P<f>{f}|{q})(?: file)?(?: {here})?",
    r"(?:新建|创建|建立|建|生成|写)(?:一个|个|一份)?(?:新的?|空的?|空白的?|文本)*(?:文件|文档|笔记)?\s*(?:叫做?|名为|名叫|命名为)?\s*(?P<f>{f})\s*(?:的?(?:文件|文档))?\s*[,;。:]?\s*(?:并|然后|里面?|其中|在?里面?|在其中)*(?:的)?(?:内容(?:是|为|:)?|写(?:上|着|入|下|有|:)?|包含|填(?:入|写)|加(?:上|入)|添加)(?:内容)?\s*[:,]?\s*(?P<t>{T})",
    r"(?:新建|创建|建立|建|生成)(?:一个|个|一份)?(?:新的?|空的?|空白的?|文本)*(?:文件|文档|笔记)?\s*(?:叫做?|名为|名叫|命名为|:)?\s*(?P<f>{f}|{q})\s*(?:的?(?:空)?(?:文件|文档))?",
    r"(?:create|make|new)(?: a| an)?(?: new| empty)* (?:file|document|note)|(?:新建|创建|建)(?:一个|个)?(?:新的?|空的?)?(?:文件|文档)",
)
_WRITE = (
    r"(?:write|save|put|store|record|enter|type|dump|output|echo|note(?: down)?)(?: down)?(?: (?:the (?:text|words?|line|content|following|sentence|note)|this|following|that))*:? (?P<t>{t}) (?:in|into|to|as|on|>)(?: (?:a|the|new|file|document|called|named|text|note))* (?P<f>{f})(?: file)?",
    r"(?:write|save|put|store)(?: (?:this|the following|the following text|that|down))? (?:in|into|to|as)(?: (?:a|the|new|file|document|called|named))* (?P<f>{f}):? ?(?P<t>{T})",
    r"(?:in|into|to) (?P<f>{f})[,:]? (?:write|put|save|type)(?: the (?:text|words?|line))?:? (?P<t>{T})",
    r"(?:把|将)\s*(?P<t>{t})\s*(?:这(?:句话|段话|些|行|段文字)|的内容)?\s*(?:写|保存|存|记|输出|放)\s*(?:入|到|进|在|为|成|下到)\s*(?:文件)?\s*(?P<f>{f})(?:\s*(?:这个)?(?:文件)?(?:里面|里|中|内)?)?",
    r"(?:在|往|向)?\s*(?:文件)?\s*(?P<f>{f})\s*(?:这个)?(?:文件)?(?:里面|里|中|内)?\s*写(?!了|的|着什么|什么)(?:入|上|进|下|一句|一行|点)*\s*[:,]?\s*(?P<t>{T})",
    r"(?:写入|写到|保存到)\s*(?:文件)?\s*(?P<f>{f})\s*(?:,|:|内容(?:为|是)?)+\s*(?P<t>{T})",
    r"(?:写|保存|写入|记录|记下)\s*(?P<t>{q})\s*(?:到|进|入|在)\s*(?:文件)?\s*(?P<f>{f})(?:里面|里|中)?",
)
_APPEND = (
    r"(?:append|add|attach|insert|put|write)(?: (?:the (?:text|words?|line|item|entry|following|sentence)|a (?:new )?(?:line|item|entry)(?: (?:that )?(?:saying|says|with|reading))?|this|following|another line))*:? (?P<t>{t}) (?:to|at|on|into|in)(?: the)? (?P<w>end|bottom|beginning|start|top|front|head) (?:of|in)(?: the)?(?: file)? (?P<f>{f})",
    r"(?:append|add|attach|jot(?: down)?)(?: (?:the (?:text|words?|line|item|entry|following|sentence)|a (?:new )?(?:line|item|entry)(?: (?:that )?(?:saying|says|with|reading))?|this|following|another line))*:? (?P<t>{t}) (?:to|into|in|onto|on)(?: the)?(?: file)? (?P<f>{f})(?: file)?",
    r"(?:append|add)(?: (?:this|the following|a line|the text))? (?:to|at|into)(?: the (?P<w>end|bottom|beginning|start|top) of)?(?: the)?(?: file)? (?P<f>{f}):? ?(?P<t>{T})",
    r"(?:write|put)(?: (?:this|the following|a line|the text))? (?:to|at|into) the (?P<w>end|bottom|beginning|start|top) of(?: the)?(?: file)? (?P<f>{f}):? ?(?P<t>{T})",
    r"prepend (?:the (?:text|line) )?(?P<t>{t}) to (?:the )?(?:file )?(?P<f>{f})(?P<w>)",
    r"(?:在|往|给|向|到)?\s*(?:文件)?\s*(?P<f>{f})\s*(?:这个)?(?:文件)?(?:的|里面|里|中|内)*\s*(?P<w>末尾|结尾|最后|后面|尾部|底部|开头|最前面?|前面|顶部|头部)?\s*(?:处)?(?:再)?(?:追加|添加|加上|加入|增加|附加|补充|插入|加|写上|写入)(?:一行|一句|一条|上|文字|内容|文本)*\s*[:,]?\s*(?P<t>{T})",
    r"(?:把|将)\s*(?P<t>{t})\s*(?:追加|添加|加|附加|补充|插入)\s*(?:到|进|在|入)\s*(?:文件)?\s*(?P<f>{f})(?:\s*(?:的|里面|里|中|内)*\s*(?P<w>末尾|结尾|最后|后面|尾部|底部|开头|最前面?|前面|顶部)?)?",
    r"(?:追加|添加)\s*(?P<t>{q})\s*(?:到|进|在|至)\s*(?P<f>{f})(?:\s*(?:的|里|中)*\s*(?P<w>末尾|结尾|最后|后面|开头|前面)?)?",
)
_START = re.compile(r"beginning|start|top|front|head|开头|前|顶|头")
_RESULT = re.compile(
    r"(?:it|them|that|this|these|those|(?:the |your |this |that |all )*(?:results?|answers?|output|list|summary|above|response|text)(?: above)?|它们?|这个?|这些|结果|上面的?(?:内容|结果|回答)?|(?:刚才|上面)的?(?:回答|结果|内容|答案)|回答|答案)"
)


def recognise(said: Utterance, _today: date) -> Wish | None:
    """New folders, new files with or without content, additions at either end of a file."""
    if (found := fits(said, *_FOLDER)) and not re.fullmatch(r"(?:called|named|for|叫|名为)", found["f"]):
        return Wish(Intent.FOLDER, paths=(found["f"].rstrip("/"),))
    if found := fits(said, *_APPEND):
        where = found["w"]
        top = bool(_START.search(where)) or said.text.startswith("prepend")
        return _with_text(Wish(Intent.APPEND, paths=(found["f"],), how="start" if top else "end"), found)
    if found := fits(said, *_WRITE):
        return _with_text(Wish(Intent.WRITE, paths=(found["f"],)), found)
    if found := fits(said, *_CREATE):
        if not found["f"]:
            return Wish(Intent.WRITE, missing="file")
        wish = Wish(Intent.WRITE, paths=(found["f"],), how="create")
        return _with_text(wish, found) if found["t"] else wish
    return None


def _with_text(wish: Wish, found: Match) -> Wish | None:
    import msgspec

    part = found.part("t")
    text = (
        re.sub(r"\s+(?:in|into|to|inside)(?: it| the file| there)?$", "", found["t"])
        if len(part.text) > 1
        else found["t"]
    )
    if _RESULT.fullmatch(part.text):
        return msgspec.structs.replace(wish, how=f"{wish.how} answer".strip())
    quotes = part.of_kind(QUOTE)
    if quotes and re.fullmatch(
        r"(?:the |a )?(?:text|words?|line|content|following|sentence|内容|文字|一行|一句话|这句话|:|\s|[\ue000-\ue0ff])+",
        part.text,
    ):
        text = quotes[0]
    # "save all todos to todo.md" is a search whose answer is saved, not a text.
    if (
        part.of_kind(FILE)
        and not quotes
        and re.match(r"(?:the |a )?(?:contents?|summary|lines?|words?|list|first|last|number|difference)\b", part.text)
    ):
        return None
    return msgspec.structs.replace(wish, text=text)
