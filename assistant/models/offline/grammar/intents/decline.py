"""What a person says should not be done, or asks how to do: nothing may follow from either."""

from __future__ import annotations

from datetime import date

from assistant.models.offline.grammar.pattern import fits
from assistant.models.offline.mentions import Utterance
from assistant.models.offline.wish import Intent, Wish

_NOT = (
    r"(?:do not|don't|dont|never|no,? don't|stop|please don't|you must not|you should not|you shouldn't|must not|refrain from|avoid) .*(?!\?)",
    r"(?:不要|别|请勿|勿|不准|禁止|不许|不可以|不能|千万别|切勿|永远不要|停止|不用|不必|无需)(?!名|的|人|处).*",
    r"(?:no|nope|stop|cancel|never ?mind|forget it|wait|abort)",
    r"(?:不|不用了|不要|不行|算了|停|停下|取消|停止|等等|没事)(?:了|吧)?",
)
_HOW = (
    r"how (?:do|can|would|could|should) (?:i|we|one|you) .*|how to .*|what (?:is|would be) the (?:best |right |easiest )?way to .*|what (?:happens|would happen|if) .*|"
    r"(?:should|must|shall) (?:i|we|you) .*|is it (?:safe|ok|okay|possible|a good idea|dangerous) to .*|why (?:should|would) .*",
    r"(?:我)?(?:怎么样?|如何|怎样|该怎么)(?!多|大).*|什么是.*|.*(?:怎么办|怎么做|该怎么)|.*会(?:发生什么|怎么?样)|(?:我)?(?:应该|应不应该|是否应该|要不要|该不该).*",
)


def recognise(said: Utterance, _today: date) -> Wish | None:
    """Prohibitions and questions about how something is done."""
    if fits(said, *_NOT):
        return Wish(Intent.DECLINE, how="not")
    return Wish(Intent.HELP, how="how") if fits(said, *_HOW) else None
