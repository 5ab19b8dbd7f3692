"""The conversation as it is seen: a window of mounted items over a list that may hold ten thousand.

Only the items near what is looked at are widgets. Scrolling to an end of the window mounts the next ones and unmounts
those far away, so that opening, typing and streaming cost the same in a long conversation as in an empty one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

from textual.app import App
from textual.containers import VerticalScroll
from textual.geometry import Size
from textual.widget import Widget

from assistant.ui.conversation import Answer, Card, Conversation, Item, Note, Said, Thought, Update
from assistant.ui.widgets.ground import Ground
from assistant.ui.widgets.said import SaidView

if TYPE_CHECKING:
    from textual.layout import DockArrangeResult

    from assistant.ui.widgets.answer import AnswerView

FIRST = 14
"""Items mounted when a task is opened: more than the tallest screen usually shows."""
CHUNK = 8
"""Items mounted at once when the person scrolls to an end of the window."""
WINDOW = 48
"""Items that stay mounted at most (and a CHUNK more before the far ones go)."""


class ItemView(Protocol):
    """A widget that shows one item."""

    item: Item

    def show_update(self, update: Update) -> None:
        """Draw what changed."""
        ...


def view_of(item: Item) -> Widget:
    """The widget for `item`. Cards, notes and answers are imported when first needed."""
    match item:
        case Said():
            return SaidView(item)
        case Card():
            from assistant.ui.widgets.card import CardView

            return CardView(item)
        case Thought():
            from assistant.ui.widgets.thought import ThoughtView

            return ThoughtView(item)
        case Note():
            from assistant.ui.widgets.note import NoteView

            return NoteView(item)
        case Answer():
            from assistant.ui.widgets.answer import AnswerView

            return AnswerView(item)
        case _:
            raise TypeError(f"no view for {type(item).__name__}")


class Transcript(Ground, VerticalScroll, can_focus=False):
    """The items, newest at the bottom. Follows the end until the person scrolls away from it."""

    DEFAULT_CSS = """
    Transcript { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    """

    app: App[Any]  # pyright: ignore[reportIncompatibleMethodOverride]  # the same, its type spelled out

    def __init__(self, conversation: Conversation, *, from_top: bool = False) -> None:
        """`from_top`: what there is stands at the top, and nothing is followed until `show_end`."""
        super().__init__()
        self.conversation = conversation
        self._first = self._last = 0
        """The window: items[_first:_last] are mounted."""
        self._views: dict[int, Widget] = {}
        self._place: AnswerView | None = None
        """Where the next answer will stand, behind the last item; none while the end is far away."""
        self._moving = self._trimming = False
        self._revealed: Item | None = None
        """Where the last jump went."""
        self._window = asyncio.Lock()
        """Protects the window: updates come from the screen's task, growth from this widget's own."""
        self.following = not from_top
        """Whether new words are followed: until the person scrolls away, and again from the end on."""

    async def on_mount(self) -> None:
        """Show the end of what there is."""
        if self.following:
            await self.show_end()

    @property
    def items(self) -> list[Item]:
        """All items, mounted or not."""
        return self.conversation.items

    def release_anchor(self) -> None:
        """The person scrolls. The anchor goes altogether: Textual would drop it again whenever a window, still without
        its items, is as short as the view."""
        super().release_anchor()
        self.anchor(False)
        self.following = False

    def arrange(self, size: Size, optimal: bool = False) -> DockArrangeResult:
        """As Textual does. Following the end, it then scrolls by the height that the view had in the frame before, so when
        a line below comes or goes with the same frame, the last row would come a frame late: it is told the new one."""
        if self.following:
            self._container_size = Size(self._container_size.width, size.height)
        return super().arrange(size, optimal)

    def view(self, item: Item) -> Widget | None:
        """The mounted widget of `item`, or None while it is far away."""
        return self._views.get(id(item))

    async def show_updates(self, updates: Sequence[Update]) -> None:
        """Draw what `Conversation` said has changed."""
        for update in updates:
            if update.what == "added":
                async with self._window:
                    await self._add_last(update.item)
            elif (view := self.view(update.item)) is not None:
                cast(ItemView, view).show_update(update)

    async def make_place(self) -> None:
        """A model was asked: make room for its answer, so that its first words find their place on the screen."""
        from assistant.ui.widgets.answer import AnswerView

        async with self._window:
            if self._place is None and self._last == len(self.items):
                self._place = AnswerView(Answer(""))
                await self.mount(self._place)

    async def clear_place(self) -> None:
        """No answer comes any more."""
        async with self._window:
            await self._drop_place()

    async def _drop_place(self) -> None:
        place, self._place = self._place, None
        if place is not None:
            await place.remove()

    async def _add_last(self, item: Item) -> None:
        if self._last < len(self.items) and item is self.items[self._last]:  # the window was at the end
            self._last += 1
            place = self._place
            if place is not None and isinstance(item, Answer):
                self._place, self._views[id(item)] = None, place
                place.take(item)
            else:
                with self.app.batch_update():
                    await self._drop_place()
                    await self.mount(self._make(item, self._last - 1))
            await self._trim_top()
            self.call_after_refresh(self._look_back)  # by then it has its place

    async def show_end(self) -> None:
        """Go to the newest item and follow it."""
        async with self._window:
            if self._last != len(self.items) or not self._views:
                await self._show_window(max(0, len(self.items) - FIRST), len(self.items))
        self.following = True
        self.anchor()

    async def reveal(self, index: int) -> Widget | None:
        """Bring `items[index]` into view, mounting its neighbourhood when it is far away; its widget."""
        self.release_anchor()
        self._revealed = self.items[index]
        async with self._window:
            if not self._first <= index < self._last:
                await self._show_window(max(0, index - CHUNK // 2), min(len(self.items), index + CHUNK))
        if (view := self.view(self.items[index])) is not None:
            self.call_after_refresh(self.scroll_to_widget, view, animate=False, top=True, immediate=True)
        return view

    def page(self, step: int) -> None:
        """Scroll by a page but for one line, at once: a scroll that waits for the next frame could be overtaken by a
        window that moves, and would skip what came in between."""
        self.scroll_to(y=self.scroll_offset.y + step * max(1, self.size.height - 1), animate=False, immediate=True)

    def turn_from(self, step: int) -> int | None:
        """Index of the prompt `step` turns (1 or -1) from what is looked at, or None at the end.

        What is looked at is what was revealed last, while it is in view; else the newest turn while the end is followed; else
        the turn at the top of the view.
        """
        top, bottom = self.scroll_offset.y, self.scroll_offset.y + self.size.height
        rows = {i: view.virtual_region.y for i in range(self._first, self._last) if (view := self.view(self.items[i]))}
        revealed = next((i for i, row in rows.items() if self.items[i] is self._revealed and top <= row < bottom), None)
        if revealed is not None:
            here = revealed
        elif step < 0 and (self.following or not any(row < top for row in rows.values())):
            here = max((i for i, row in rows.items() if row < bottom), default=-1) + 1
        else:
            here = max((i for i, row in rows.items() if row <= top + (step > 0)), default=self._first)
        indexes = range(here + 1, len(self.items)) if step > 0 else range(here - 1, -1, -1)
        return next((i for i in indexes if isinstance(self.items[i], Said)), None)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Mount what comes next when an end of the window draws near."""
        super().watch_scroll_y(old_value, new_value)
        self._look_back()
        if self._moving or self.following or not self._views:
            return
        if self._last == len(self.items) and new_value >= self.max_scroll_y:
            self.following = True
            self.call_later(self._hold_end)  # not now: this may be called by the animation that anchoring ends
            return
        page = 2 * self.size.height  # far enough ahead that it is there when one arrives
        if new_value < old_value and new_value < page and self._first > 0:
            self._moving = True
            self.call_later(self._grow, self._grow_up)
        elif new_value > old_value and self._last < len(self.items) and new_value > self.max_scroll_y - page:
            self._moving = True
            self.call_later(self._grow, self._grow_down)

    def _hold_end(self) -> None:
        if self.following:
            self.anchor()

    async def _grow(self, step: Callable[[], Awaitable[None]]) -> None:
        async with self._window:
            await step()

    async def _grow_up(self) -> None:
        if self._first == 0 or not self._views:  # the window has moved since
            self._moving = False
            return
        start = max(0, self._first - CHUNK)
        stop = self._first
        kept = self._views[id(self.items[self._first])]
        before = kept.virtual_region.y
        self._first = start
        with self.app.batch_update():
            await self.mount_all(self._make_all(start, stop), before=0)
            await self._unmount(self.items[self._first + WINDOW : self._last])
            self._last = min(self._last, self._first + WINDOW)
            if self._last < len(self.items):
                await self._drop_place()
        self.call_after_refresh(self._keep, kept, before)

    async def _grow_down(self) -> None:
        if self._last == len(self.items) or not self._views:
            self._moving = False
            return
        stop = min(len(self.items), self._last + CHUNK)
        start = self._last
        kept = self._views[id(self.items[self._last - 1])]
        before = kept.virtual_region.y
        self._last = stop
        with self.app.batch_update():
            await self.mount_all(self._make_all(start, stop))
            first = max(self._first, self._last - WINDOW)
            await self._unmount(self.items[self._first : first])
            self._first = first
        self.call_after_refresh(self._keep, kept, before)

    def _keep(self, view: Widget, before: int) -> None:
        """Scroll by as much as `view`, which stood in row `before`, was moved; what was scrolled meanwhile counts."""
        if view.is_attached:
            moved = view.virtual_region.y - before
            self.scroll_to(y=self.scroll_offset.y + moved, animate=False, immediate=True)
        self._moving = False

    async def _trim_top(self) -> None:
        """While following the end: unmount a CHUNK of the oldest once the window has grown too large."""
        if not self.following or self._last - self._first <= WINDOW + CHUNK:
            return
        first = self._last - WINDOW
        await self._unmount(self.items[self._first : first])
        self._first = first

    def _far_above(self, top: float) -> int:
        """How many of the first mounted items lie more than a page above row `top`."""
        count = 0
        for index in range(self._first, self._last - 1):
            view = self.view(self.items[index])
            if view is None or not view.size or view.virtual_region.bottom >= top - self.size.height:
                break
            count += 1
        return count

    def _look_back(self) -> None:
        if not self.following or self._trimming:
            return
        count = self._far_above(self.scroll_offset.y)
        last = self.view(self.items[self._first + count - 1]) if count else None
        if count >= CHUNK // 2 or (last is not None and last.virtual_region.bottom > self.size.height):
            self._trimming = True
            self.call_later(self._trim_far)

    async def _trim_far(self) -> None:
        """While following the end: unmount what a long answer has left behind. Each layout would visit it."""
        self._trimming = False
        async with self._window:
            count = self._far_above(self.scroll_offset.y) if self.following and not self._moving else 0
            if count:
                with self.app.batch_update():
                    await self._unmount(self.items[self._first : self._first + count])
                self._first += count

    async def _show_window(self, first: int, last: int) -> None:
        self._moving = True
        self._first, self._last = first, last
        with self.app.batch_update():
            self._views.clear()
            self._place = None
            await self.remove_children()
            if views := self._make_all(first, last):
                await self.mount_all(views)
        self._moving = False

    async def _unmount(self, items: Sequence[Item]) -> None:
        gone = [view for item in items if (view := self._views.pop(id(item), None)) is not None]
        if gone:
            await self.remove_children(gone)

    def _make(self, item: Item, index: int) -> Widget:
        view = self._views[id(item)] = view_of(item)
        if isinstance(item, Card) and index and isinstance(self.items[index - 1], Card):
            view.add_class("-joined")  # calls in a row stand together
        return view

    def _make_all(self, first: int, last: int) -> list[Widget]:
        return [self._make(self.items[index], index) for index in range(first, last)]
