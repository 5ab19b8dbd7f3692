"""The worker's main loop: connect, say what the server offers, then requests in and answers out."""

from __future__ import annotations

import asyncio
import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import mcp_types as types
import msgspec
from mcp.client.client import Client
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from assistant.servers import lines
from assistant.servers.worker import child as children
from assistant.servers.worker.content import images_of, plain_data, text_of
from assistant.servers.worker.inventory import inventory, listing

_GOODBYE_S = 1.0
_LAST_WORDS_S = 0.2


async def serve(shake: lines.Handshake, child: subprocess.Popen[bytes] | None, rest: bytes, out: int) -> None:
    """Serve one server until standard input ends or the server is gone."""
    await Worker(shake, child, out).serve(rest)


class Worker:
    """One process, one server, several requests at once."""

    def __init__(self, shake: lines.Handshake, child: subprocess.Popen[bytes] | None, out: int) -> None:
        self._shake = shake
        self._child = child
        self._out = out
        self._encoder = msgspec.json.Encoder()
        self._orders = msgspec.json.Decoder(lines.Order)
        self._asks: dict[int, asyncio.Future[Any]] = {}
        self._numbers = itertools.count(1)
        self._requests: dict[int, asyncio.Task[None]] = {}
        self._connected: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        self._over = asyncio.Event()
        self._ended = asyncio.Event()
        """The server's program is gone."""
        self._relisting: asyncio.Task[None] | None = None

    async def serve(self, rest: bytes) -> None:
        """Read orders until the input ends, then say goodbye to the server."""
        self._writer = await self._output()
        reader = await self._input(rest)
        async with asyncio.TaskGroup() as group:
            connection = group.create_task(self._connect())
            listening = group.create_task(self._listen(reader, group))
            ending = group.create_task(self._ended.wait())
            await asyncio.wait({connection, listening, ending}, return_when=asyncio.FIRST_COMPLETED)
            if self._requests:
                await asyncio.wait(self._requests.values(), timeout=_LAST_WORDS_S)
            self._over.set()
            await asyncio.wait({connection}, timeout=_GOODBYE_S)
            if self._child is not None:
                self._child.kill()
            os._exit(0)  # the room ends what is left; nothing here has state to save

    async def _input(self, rest: bytes) -> asyncio.StreamReader:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=lines.MAX_LINE_BYTES)
        reader.feed_data(rest)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        return reader

    async def _output(self) -> asyncio.StreamWriter:
        loop = asyncio.get_running_loop()
        pipe = os.fdopen(self._out, "wb", buffering=0)
        transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, pipe)
        return asyncio.StreamWriter(transport, protocol, None, loop)

    # ------------------------------------------------------------ the server

    async def _connect(self) -> None:
        try:
            async with self._transport_client() as client:
                await self._say(lines.Ready(await inventory(client), str(client.protocol_version)))
                self._connected.set_result(client)
                watching = asyncio.create_task(self._watch(client))
                await self._over.wait()
                watching.cancel()
        except Exception as error:  # whatever a server or its network does, the core hears one plain word
            await self._say(lines.Broken(_reason(error)))

    def _transport_client(self) -> Client:
        shake = self._shake
        if self._child is not None:
            transport: Any = children.transport(self._child, self._ended)
        else:
            from mcp.client.streamable_http import streamable_http_client  # what a server of this room never needs
            from mcp.shared._httpx_utils import create_mcp_http_client

            from assistant.servers.worker.grants import provider

            for name in (
                "ALL_PROXY",
                "all_proxy",
            ):  # a SOCKS address, which the SDK can't use; the HTTP ones stand beside it
                os.environ.pop(name, None)
            auth = provider(shake, self._ask) if shake.redirect_uri else None
            # The proxy serves one plain request a connection, since the next might be meant for another host: a client that
            # kept it would send into a closed one.
            once = {"Connection": "close"} if shake.url.startswith("http://") else {}
            http = create_mcp_http_client(headers={**shake.headers, **once} or None, auth=auth)
            transport = streamable_http_client(shake.url, http_client=http)
        return Client(
            transport,
            cache=None,
            client_info=types.Implementation(name="assistant", version="0.1.0"),
            elicitation_callback=self._elicit,
            sampling_callback=self._sample if shake.sampling else None,
            list_roots_callback=self._roots if shake.roots else None,
            logging_callback=self._logged,
            log_level="info",
            message_handler=self._message,
        )

    async def _message(self, message: object) -> None:
        if isinstance(message, types.ToolListChangedNotification) and self._relisting is None:
            self._relisting = asyncio.create_task(self._relist())

    async def _watch(self, client: Client) -> None:
        """Protocols from 2026 on tell of changes only to those who listen."""
        tools = client.server_capabilities.tools
        if client.protocol_version not in MODERN_PROTOCOL_VERSIONS or tools is None or not tools.list_changed:
            return
        try:
            async with client.listen(tools_list_changed=True) as changes:
                async for _ in changes:
                    await self._relist()
        except Exception as error:  # not every server that could keeps it up; the pin is checked at each start
            sys.stderr.write(f"worker: changes can't be watched: {_reason(error)}\n")

    async def _relist(self) -> None:
        client = await self._connected
        self._relisting = None
        try:
            await self._say(lines.Ready(await inventory(client), str(client.protocol_version)))
        except Exception as error:  # the server is asked again at the next change or start
            sys.stderr.write(f"worker: the tools can't be listed again: {_reason(error)}\n")

    # ------------------------------------------------------------ what the server asks for

    async def _ask(self, what: str, body: dict[str, Any]) -> Any:
        number = next(self._numbers)
        future = self._asks[number] = asyncio.get_running_loop().create_future()
        try:
            await self._say(lines.Ask(number, what, body))
            return await future
        finally:
            self._asks.pop(number, None)

    async def _elicit(self, context: object, params: types.ElicitRequestParams) -> types.ElicitResult | types.ErrorData:
        if isinstance(params, types.ElicitRequestURLParams):
            answer = await self._ask("elicit_url", {"message": params.message, "url": str(params.url)})
        else:
            schema = plain_data(params.requested_schema)
            answer = await self._ask("elicit", {"message": params.message, "schema": schema})
        return types.ElicitResult(action=answer["action"], content=answer.get("content"))

    async def _sample(
        self, context: object, params: types.CreateMessageRequestParams
    ) -> types.CreateMessageResult | types.ErrorData:
        body = {
            "system": params.system_prompt or "",
            "messages": [[m.role, text_of(_blocks(m.content))[0]] for m in params.messages],
            "max_tokens": params.max_tokens,
        }
        try:
            answer = await self._ask("sample", body)
        except RuntimeError as error:
            return types.ErrorData(code=types.INVALID_REQUEST, message=str(error))
        content = types.TextContent(type="text", text=answer["text"])
        return types.CreateMessageResult(
            role="assistant", content=content, model=answer["model"], stop_reason="endTurn"
        )

    async def _roots(self, context: object) -> types.ListRootsResult:
        from pydantic import FileUrl

        return types.ListRootsResult(
            roots=[types.Root(uri=FileUrl(Path(r).as_uri()), name=Path(r).name) for r in self._shake.roots]
        )

    async def _logged(self, params: types.LoggingMessageNotificationParams) -> None:
        await self._say(lines.Spoken(str(params.level), str(params.data)[:2000]))

    # ------------------------------------------------------------ what the core asks for

    async def _listen(self, reader: asyncio.StreamReader, group: asyncio.TaskGroup) -> None:
        while line := await reader.readline():
            try:
                order = self._orders.decode(line)
            except msgspec.DecodeError as error:
                sys.stderr.write(f"worker: an order does not fit: {error}\n")
                continue
            match order:
                case lines.Answer():
                    future = self._asks.pop(order.ask, None)
                    if future is not None and not future.done():
                        if order.error:
                            future.set_exception(RuntimeError(order.error))
                        else:
                            future.set_result(order.body)
                case lines.Cancel():
                    if task := self._requests.get(order.id):
                        task.cancel()
                case lines.Handshake():
                    continue
                case _:
                    self._requests[order.id] = group.create_task(self._run(order))

    async def _run(self, order: lines.Request) -> None:
        try:
            client = await asyncio.shield(self._connected)
            reply: lines.Line = await self._perform(client, order)
        except asyncio.CancelledError:
            reply = lines.Failed(order.id, "cancelled", "cancelled")
        except MCPError as error:
            kind = "broken" if error.error.code == types.CONNECTION_CLOSED else "refused"
            reply = lines.Failed(order.id, kind, error.error.message[:4000])
        except Exception as error:  # a bug here or there must end one request, not all of them
            reply = lines.Failed(order.id, "broken", _reason(error))
        self._requests.pop(order.id, None)
        await self._say(reply)

    async def _perform(self, client: Client, order: lines.Request) -> lines.Result:
        match order:
            case lines.Call():
                return await self._call(client, order)
            case lines.ReadResource():
                found = await client.read_resource(order.uri)
                text, cut = text_of(found.contents)
                return lines.Result(order.id, text, truncated=cut, images=images_of(found.contents))
            case lines.GetPrompt():
                prompt = await client.get_prompt(order.name, order.arguments or None)
                text, cut = text_of(m.content for m in prompt.messages)
                return lines.Result(order.id, text, truncated=cut)
            case lines.List():
                text, data = await listing(client, order.what)
                return lines.Result(order.id, text, structured=data)

    async def _call(self, client: Client, order: lines.Call) -> lines.Result:
        async def progressed(progress: float, total: float | None, message: str | None) -> None:
            await self._say(lines.Progress(order.id, progress, total, (message or "")[:1000]))

        result = await client.call_tool(order.tool, dict(order.arguments), progress_callback=progressed)
        text, cut = text_of(result.content)
        structured: Any = result.structured_content
        return lines.Result(order.id, text, not result.is_error, structured, cut, images_of(result.content))

    async def _say(self, line: lines.Line) -> None:
        data = self._encoder.encode(line)
        if len(data) > lines.MAX_LINE_BYTES - 2:
            number = getattr(line, "id", 0)
            fit = (
                lines.Failed(number, "broken", f"the answer has {len(data)} bytes, more than is taken")
                if number
                else lines.Broken("it said more than is taken in one line")
            )
            data = self._encoder.encode(fit)
        self._writer.write(data + b"\n")
        await self._writer.drain()


def _blocks(content: Any) -> list[Any]:
    return content if isinstance(content, list) else [content]  # pyright: ignore[reportUnknownVariableType]


def _reason(error: Any) -> str:
    """The innermost words of an error; groups of tasks wrap them."""
    while getattr(error, "exceptions", None):
        error = error.exceptions[0]
    words = str(error).strip() or type(error).__name__
    return f"{type(error).__name__}: {words}"[:1000] if not isinstance(error, MCPError) else words[:1000]
