"""Small talk, and questions about this model itself."""

from __future__ import annotations

from datetime import date

from assistant.models.offline.grammar.pattern import fits
from assistant.models.offline.mentions import Utterance
from assistant.models.offline.wish import Intent, Wish

_PATTERNS = (
    (Intent.GREET, (
        r"(?:hi|hello|hey|howdy|greetings|good (?:morning|afternoon|evening|day)|hi there|hello there|hey there|yo|sup)(?:[ ,]+(?:assistant|there|you|everyone|friend|computer))?",
        r"how are you(?: doing)?(?: today)?|what's up|how's it going",
        r"(?:你好|您好|嗨|哈喽|哈啰|在吗|在么|早上好|上午好|中午好|下午好|晚上好|早安|早|晚安|喂)[呀啊吗,]*(?:助手|你好|朋友)?",
        r"你?(?:今天)?(?:好吗|怎么样|最近怎么样)",
    )),
    (Intent.THANKS, (
        r"(?:ok(?:ay)?[, ]*)?(?:many )?(?:thanks?|thank you|thx|ty|cheers|much appreciated)(?: you)?(?: so much| very much| a lot| a bunch)?(?: for .{0,60})?",
        r"(?:thanks?|thank you),? (?:that(?:'s| is|'ll be| will be) (?:all|it|great|perfect)|bye|goodbye)|(?:bye|goodbye|see you)|再见|拜拜",
        r"(?:great|perfect|nice|cool|awesome|good|excellent|well done|good job|nice work|ok|okay|fine|got it)(?:[,.! ]*(?:thanks?|thank you|job|work|one))?",
        r"(?:好的?,?)?(?:谢谢|谢了|多谢|感谢|太感谢|非常感谢|辛苦了?|谢谢你|谢谢您|谢谢啦|谢啦|麻烦你了)[你您了啦的!~]*",
        r"(?:很好|太好了|不错|真棒|好的|好|可以|明白了?|知道了|收到|干得好|做得好|厉害|赞)[的了!~]*",
    )),
    (Intent.WHO, (
        r"who (?:are|r) (?:you|u)|what are you|what(?: kind of)? model (?:are you|is this)|are you (?:an? )?(?:ai|llm|language model|chatgpt|gpt|claude|human|robot|bot|real).*",
        r"(?:which|what) model (?:is this|am i talking to|do you use|are you).*|what's your name|what is your name|introduce yourself|tell me about yourself",
        r"你?(?:是谁|是什么|叫什么(?:名字)?|是什么(?:模型|东西|ai|程序)|是哪个模型|是(?:人工智能|ai|机器人|chatgpt|人)|介绍一下你?自己|自我介绍(?:一下)?)|(?:这|现在)是什么模型|用的是?什么模型|什么模型",
    )),
    (Intent.HELP, (
        r"/?help(?: me)?|\?|what can (?:you|i) (?:do|ask|say)(?: here| for me)?|what (?:do|are) you (?:able to )?(?:do|know|understand|capable of)|how (?:do|can) i use (?:you|this)|"
        r"(?:list |show |tell )?(?:me )?(?:your |the )?(?:commands|capabilities|features|abilities|skills|usage|examples)|what (?:commands|else can you do).*|how does this work|capabilities",
        r"(?:hi|hello|hey)?,? ?(?:can|could) you help(?: me| us)?(?: (?:out|with .{0,60}))?|(?:你)?(?:可以|能|能不能|可不可以)?(?:帮帮我|帮我|帮忙|帮个忙)(?:一下)?吗?",
        r"帮助|帮帮我|救命|你?(?:会|能|可以)(?:做|干)(?:些)?(?:什么|啥)|你?有(?:什么|哪些)(?:功能|本事|能力|用)|怎么(?:用|使用)(?:你|它)?|(?:使用)?说明|功能|(?:支持)?(?:哪些|什么)(?:命令|功能)|用法|我(?:能|可以)(?:让你)?(?:做|问)(?:些)?什么",
    )),
    (Intent.UNDO, (
        r"(?:undo|revert|roll ?back|take back|reverse|cancel)(?: (?:that|it|this|everything|all|them|the|your|my|last|previous|change|changes|edit|edits|rename|move|deletion|what you did|of|those))*",
        r"(?:apply|discard|drop|keep|accept|reject|review)(?: (?:the|all|these|those|my|your|staged|changes|change|stage|them|it|everything))+",
        r"(?:撤销|撤回|撤消|还原|回滚|恢复|取消)(?:刚才|刚刚|上一步|上次|全部|所有|这些|那个|你)*(?:的)?(?:操作|修改|更改|改动|改名|移动|删除|动作|步骤)?|(?:应用|丢弃|放弃|接受|查看)(?:这些|所有|全部)?(?:暂存的?)?(?:更改|修改|改动)",
    )),
    (Intent.CONTINUE, (
        r"(?:go on|continue|carry on|keep going|more|next|proceed|the rest|do the rest|and the rest|try again|again|retry|once more|do it again|repeat(?: that)?)",
        r"(?:继续|接着(?:做|来)?|下一步|更多|还有呢|剩下的|再(?:来|试)(?:一次|一下)?|重试|重来|再做一遍|重复一次)",
    )),
)  # fmt: skip


def recognise(said: Utterance, _today: date) -> Wish | None:
    """Greetings, thanks, help, who it is, undo, go on."""
    for intent, notations in _PATTERNS:
        if fits(said, *notations):
            return Wish(intent)
    return None
