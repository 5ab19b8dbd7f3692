"""The catalogue: which models there are, which can be used now, and why the rest can't.

Looks at the environment, the settings, the keyring and the loopback ports; asks nobody on the network. Keys leave it only
inside a Connection.
"""

from __future__ import annotations

import asyncio
import difflib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic

import msgspec

from assistant.config import ModelSettings
from assistant.errors import UsageError
from assistant.models import keys, local, local_servers, prices
from assistant.models.connection import Connection, host_of, is_loopback, numbered
from assistant.models.local_details import Detail, details
from assistant.models.local_servers import DEADLINE_S, LOCAL, SERVERS, Found
from assistant.models.providers import PROVIDERS, Provider
from assistant.types import Data, ModelInfo

KEEP_S = 20.0
"""How long an answer of the keyring counts: a locked one must not hold every question up."""

OFFLINE = ModelInfo("builtin/offline", "builtin", local=True)

KeyLookup = Callable[[Sequence[str]], Mapping[str, keys.Looked]]


class Access(Data, frozen=True):
    """Whether a provider can be asked now. `connection` is None when it can't; `why_not` and `hint` then say why."""

    provider: str
    title: str
    connection: Connection | None = None
    key_from: str = ""
    """`OPENAI_API_KEY`, `keyring`, or empty when none is needed."""
    why_not: str = ""
    hint: str = ""


class Catalogue:
    """Built once. Environment and ports are looked at anew at each question, the keyring after `KEEP_S`."""

    def __init__(
        self,
        settings: ModelSettings,
        environ: Mapping[str, str] | None = None,
        look_up: KeyLookup = keys.look_up_all,
        models_folder: Path | None = None,
    ) -> None:
        """`models_folder`: where model files for the embedded engine lie, when there is such a place."""
        self._settings = settings
        self._environ = os.environ if environ is None else environ
        self._look_up = look_up
        self._models_folder = models_folder
        self._looked: dict[str, tuple[float, keys.Looked]] = {}
        self._details: dict[str, Detail] = {}
        """What servers on this machine said of their models, by full name."""

    # ------------------------------------------------------------ questions

    def info(self, model: str) -> ModelInfo:
        """What is known of a model without asking anybody. Raises UsageError for a provider that nobody knows."""
        if model == OFFLINE.id:
            return prices.describe(OFFLINE)
        if model.startswith(f"{local.PROVIDER}/"):
            return local.info(model)
        provider, name = self._split(model)
        known = prices.describe(ModelInfo(_priced(provider, name), provider, local=self._is_local(provider, name)))
        return _detailed(msgspec.structs.replace(known, id=model), self._details.get(model))

    async def open(self, model: str) -> tuple[ModelInfo, Connection]:
        """Everything to ask `model`. Raises UsageError when it can't be used now, saying why and what to do.

        At once when the key is in the environment; else it may take as long as the keyring's deadline.
        """
        if self._models_folder is not None and model.startswith(f"{local.PROVIDER}/"):
            return local.open_model(model, self._models_folder)
        info = self.info(model)
        if info.provider in LOCAL:
            return await self._asked(info), self._local_connection(info.provider)
        access = self._from_environment(info.provider)
        if access is None:
            access = (await asyncio.to_thread(self._with_keyring, [info.provider]))[info.provider]
        if access.connection is None:
            raise UsageError(f"`{model}` can't be used now: {access.why_not}", hint=access.hint)
        return info, access.connection

    async def default(self) -> str:
        """The model of a new task: the person's own choice, or the first provider whose key is there, or the first model
        of a server on this machine, or the built-in one.

        At once when a key is in the environment; else it asks keyring and loopback, at most two seconds.
        """
        if self._settings.default != "auto":
            return self._settings.default
        return self._first_by_environment() or await self._first_by_search()

    async def providers(self) -> list[Access]:
        """Every provider and whether it can be asked now. May take as long as the keyring's deadline."""
        names = [*PROVIDERS, *(n for n in self._settings.api_base if n not in PROVIDERS and n not in LOCAL)]
        found = {name: self._from_environment(name) for name in names}
        missing = [name for name, access in found.items() if access is None]
        asked = await asyncio.to_thread(self._with_keyring, missing)
        return [found[name] or asked[name] for name in names]

    async def local(self) -> list[Found]:
        """The model servers on this machine. At most 300 ms."""
        places = [(server, self._local_address(server.provider)) for server in SERVERS]
        found = await local_servers.probe(places)
        for server in found:
            self._details |= {f"{server.server.provider}/{name}": said for name, said in server.details.items()}
        return found

    async def models(self) -> list[ModelInfo]:
        """All models: usable ones first, in the order in which `auto` would choose."""
        accesses, found = await asyncio.gather(self.providers(), self.local())
        usable, rest = list[ModelInfo](), list[ModelInfo]()
        for server in found:
            usable += [self.info(name) for name in server.ids()]
        for info in local.models(self._models_folder) if self._models_folder else ():
            (usable if info.usable else rest).append(info)
        for access in accesses:
            for info in _table_infos(access.provider):
                if access.connection is not None:
                    usable.append(info)
                else:
                    rest.append(msgspec.structs.replace(info, usable=False, why_not=access.why_not))
        return [*usable, prices.describe(OFFLINE), *rest]

    # ------------------------------------------------------------ parts

    def _first_by_environment(self) -> str:
        for name, provider in PROVIDERS.items():
            if provider.preferred and (access := self._from_environment(name)) and access.connection:
                return f"{name}/{provider.preferred[0]}"
        return ""

    async def _first_by_search(self) -> str:
        accesses, found = await asyncio.gather(self.providers(), self.local())
        for access in accesses:
            preferred = PROVIDERS[access.provider].preferred if access.provider in PROVIDERS else ()
            if access.connection and preferred:
                return f"{access.provider}/{preferred[0]}"
        return next((server.ids()[0] for server in found if server.models), OFFLINE.id)

    def _with_keyring(self, names: Sequence[str]) -> dict[str, Access]:
        now = monotonic()
        old = [n for n in names if n not in self._looked or now - self._looked[n][0] > KEEP_S]
        for name, looked in self._look_up(old).items() if old else ():
            self._looked[name] = (now, looked)
        return {name: self._access(name, self._looked[name][1]) for name in names}

    def _split(self, model: str) -> tuple[str, str]:
        provider, slash, name = model.partition("/")
        if not slash or not name or not provider:
            close = [f"{p}/{model}" for p in PROVIDERS if f"{p}/{model}" in prices.table().models][:1]
            close = close or difflib.get_close_matches(model, prices.table().models, n=1)
            hint = (
                f"did you mean `{close[0]}`?" if close else "write it as `provider/name`; see `assistant models list`"
            )
            raise UsageError(f"`{model}` does not name a model", hint=hint)
        if provider not in PROVIDERS and provider not in LOCAL and provider not in self._settings.api_base:
            close = difflib.get_close_matches(provider, [*PROVIDERS, *LOCAL, *self._settings.api_base], n=1)
            hint = (
                f"did you mean `{close[0]}/{name}`?"
                if close
                else f"give its address in the settings: [model.api_base] {provider} = ..."
            )
            raise UsageError(f"no provider is called `{provider}`", hint=hint)
        return provider, name

    def _is_local(self, provider: str, name: str) -> bool:
        """Whether what is said to it stays on this machine, as far as we can know.

        Never for a cloud provider behind a loopback address (that is a proxy), nor for Ollama's models that run elsewhere.
        """
        if provider in PROVIDERS or (provider == "ollama" and name.endswith(("-cloud", ":cloud"))):
            return False
        address = self._local_address(provider) if provider in LOCAL else self._settings.api_base.get(provider, "")
        return is_loopback_address(address)

    async def _asked(self, info: ModelInfo) -> ModelInfo:
        """With what its server says of it. At most 300 ms; a server that says nothing leaves it unknown."""
        address, name = self._local_address(info.provider), info.id.partition("/")[2]
        if info.id not in self._details and is_loopback_address(address):
            said = await details(info.provider, host_of(address), [name], DEADLINE_S)
            if name in said:
                self._details[info.id] = said[name]
        return _detailed(info, self._details.get(info.id))

    def _local_address(self, provider: str) -> str:
        return local_servers.address_of(LOCAL[provider], self._environ, self._settings.api_base.get(provider, ""))

    def _local_connection(self, provider: str) -> Connection:
        address = self._local_address(provider)
        base = address if provider == "ollama" else f"{address}/v1"
        return Connection(provider, api_base=base, hosts=(host_of(address),))

    def _from_environment(self, name: str) -> Access | None:
        """The access that environment and settings give without the keyring; None when only a key is missing."""
        provider = PROVIDERS.get(name) or _unknown(name)
        key_name = next((n for n in provider.key_names if self._environ.get(n)), "")
        if key_name or self._needs_no_key(provider):
            return self._connect(provider, self._environ.get(key_name, ""), key_name)
        return None

    def _access(self, name: str, looked: keys.Looked) -> Access:
        provider = PROVIDERS.get(name) or _unknown(name)
        if looked.key:
            return self._connect(provider, looked.key, "keyring")
        why = f"no key: {provider.key_names[0]} is not set, and {looked.problem or 'the keyring has none'}"
        hint = f"set {provider.key_names[0]}, or keep a key with `assistant models keys set {name}`"
        return Access(name, provider.title, why_not=why, hint=hint)

    def _needs_no_key(self, provider: Provider) -> bool:
        """A server of one's own may ask for none; AWS has its own pair."""
        address = self._base(provider)
        pair = all(self._environ.get(n) for n in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
        return is_loopback_address(address) or (provider.name == "bedrock" and pair)

    def _base(self, provider: Provider) -> str:
        given = self._settings.api_base.get(provider.name, "")
        base = given or next((self._environ[n] for n in provider.base_names if self._environ.get(n)), "")
        return numbered(base)

    def _connect(self, provider: Provider, key: str, key_from: str) -> Access:
        base = self._base(provider).rstrip("/")
        extra = {
            n: v
            for n, names in provider.extra
            if (v := next((self._environ[e] for e in names if self._environ.get(e)), ""))
        }
        address = base or provider.address
        if provider.name == "bedrock" and not address:
            if "region" not in extra:
                return Access(provider.name, provider.title, why_not="no region", hint="set AWS_REGION")
            address = f"https://bedrock-runtime.{extra['region']}.amazonaws.com"
        if not address and not provider.library_host:
            hint = f"set {provider.base_names[0]} to the address of your resource"
            return Access(provider.name, provider.title, why_not="no address", hint=hint)
        host = host_of(address) if address else provider.library_host
        connection = Connection(provider.name, key, base, (host,), extra)
        return Access(provider.name, provider.title, connection, key_from)


def _detailed(info: ModelInfo, said: Detail | None) -> ModelInfo:
    if said is None:
        return info
    return msgspec.structs.replace(
        info,
        context_tokens=said.context_tokens or info.context_tokens,
        sees_images=info.sees_images if said.sees_images is None else said.sees_images,
        calls_tools=info.calls_tools if said.calls_tools is None else said.calls_tools,
    )


def is_loopback_address(address: str) -> bool:
    """Whether a web address is on this machine, by its spelling. An empty or wrong one is not."""
    try:
        return bool(address) and is_loopback(host_of(address))
    except UsageError:
        return False


def _unknown(name: str) -> Provider:
    """A provider that the person gave an address for."""
    return Provider(name, name, (f"{name.upper().replace('-', '_')}_API_KEY",))


def _priced(provider: str, name: str) -> str:
    """The id in the price table: the name without the parts that only choose an API."""
    for part in ("responses/", "chat/", "converse/", "invoke/"):
        name = name.removeprefix(part)
    return f"{provider}/{name}"


def _table_infos(provider: str) -> list[ModelInfo]:
    start = f"{provider}/"
    return [prices.describe(ModelInfo(name, provider)) for name in prices.table().models if name.startswith(start)]
