"""What known commands do to the world besides running: a table, read by the first words of an argument list.

The table can't be complete and needn't be: a command runs in a room without network, and what it changes is judged again
when it is applied. It makes the sentence "never push" mean something, and asks early instead of late.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from assistant.policy.normal import host_of
from assistant.types import Data


class Meaning(Data, frozen=True):
    """One thing a command does. `effect` is an action of the schema."""

    effect: str
    hosts: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    bulk: bool = False


# First words → effect. The longest match counts. Sources: the manual pages of each program.
EFFECTS: Mapping[str, str] = {
    "git push": "send", "git send-email": "send", "git fetch": "fetch", "git pull": "fetch", "git clone": "fetch",
    "git ls-remote": "fetch", "git submodule update": "fetch", "git lfs push": "send", "git lfs pull": "fetch",
    "gh pr create": "act", "gh release create": "act", "gh repo delete": "act", "gh api": "act", "gh": "fetch",
    "glab": "act", "hub": "act",
    "curl": "fetch", "wget": "fetch", "aria2c": "fetch", "http": "fetch", "https": "fetch", "httpie": "fetch",
    "xh": "fetch", "lynx": "fetch", "w3m": "fetch", "links": "fetch", "ftp": "send", "lftp": "send", "tftp": "send",
    "ssh": "send", "scp": "send", "sftp": "send", "rsync": "send", "mosh": "send", "telnet": "send", "nc": "send",
    "ncat": "send", "netcat": "send", "socat": "send", "rclone": "send", "croc": "send", "magic-wormhole": "send",
    "dig": "fetch", "nslookup": "fetch", "host": "fetch", "ping": "fetch", "whois": "fetch",
    "mail": "send", "mailx": "send", "mutt": "send", "sendmail": "send", "msmtp": "send", "swaks": "send",
    "pip install": "fetch", "pip3 install": "fetch", "pip download": "fetch", "pipx": "fetch", "uv": "fetch",
    "uvx": "fetch", "poetry publish": "send", "twine upload": "send", "poetry": "fetch", "conda": "fetch",
    "npm publish": "send", "npm install": "fetch", "npm i": "fetch", "npm ci": "fetch", "npx": "fetch",
    "yarn publish": "send", "yarn add": "fetch", "yarn install": "fetch", "pnpm": "fetch", "bun install": "fetch",
    "cargo publish": "send", "cargo install": "fetch", "cargo fetch": "fetch", "go get": "fetch", "go install": "fetch",
    "gem push": "send", "gem install": "fetch", "apt": "fetch", "apt-get": "fetch", "dnf": "fetch", "yum": "fetch",
    "pacman": "fetch", "zypper": "fetch", "apk": "fetch", "brew": "fetch", "snap": "fetch", "flatpak": "fetch",
    "docker push": "send", "docker pull": "fetch", "docker run": "fetch", "docker login": "send", "podman push": "send",
    "podman pull": "fetch", "kubectl": "act", "helm": "act", "terraform apply": "act", "terraform destroy": "act",
    "aws": "act", "gcloud": "act", "az": "act", "doctl": "act", "flyctl": "act", "fly": "act", "heroku": "act",
    "vercel": "act", "netlify": "act", "wrangler": "act", "firebase": "act", "gsutil": "act", "s3cmd": "act",
    "sudo": "admin", "su": "admin", "doas": "admin", "pkexec": "admin", "systemctl": "admin", "service": "admin",
    "shutdown": "admin", "reboot": "admin", "poweroff": "admin", "halt": "admin", "mount": "admin", "umount": "admin",
    "useradd": "admin", "usermod": "admin", "userdel": "admin", "passwd": "admin", "visudo": "admin", "crontab": "admin",
    "iptables": "admin", "nft": "admin", "insmod": "admin", "modprobe": "admin", "mkfs": "admin", "fdisk": "admin",
    "parted": "admin", "chroot": "admin", "at": "admin", "loginctl": "admin",
    "rm": "delete", "rmdir": "delete", "unlink": "delete", "shred": "delete", "truncate": "delete", "srm": "delete",
    "trash": "delete", "gio trash": "delete", "git clean": "delete", "git rm": "delete", "find -delete": "delete",
    "git reset --hard": "delete", "git checkout --": "delete", "git branch -D": "delete", "dd": "delete",
}  # fmt: skip
_UPLOADS = {
    "curl": ("-d", "--data", "--data-raw", "--data-binary", "--data-urlencode", "--json", "-F", "--form", "-T",
             "--upload-file", "-X", "--request", "-u", "--user", "-b", "--cookie"),
    "wget": ("--post-data", "--post-file", "--body-data", "--body-file", "--method"),
}  # fmt: skip
"""Options that turn a fetch into a send."""
_REGISTRIES: Mapping[str, tuple[str, ...]] = {
    "pip": ("pypi.org", "files.pythonhosted.org"), "pip3": ("pypi.org", "files.pythonhosted.org"),
    "pipx": ("pypi.org", "files.pythonhosted.org"), "uv": ("pypi.org", "files.pythonhosted.org"),
    "uvx": ("pypi.org", "files.pythonhosted.org"), "poetry": ("pypi.org", "files.pythonhosted.org"),
    "npm": ("registry.npmjs.org",), "npx": ("registry.npmjs.org",), "pnpm": ("registry.npmjs.org",),
    "yarn": ("registry.yarnpkg.com",), "bun": ("registry.npmjs.org",), "cargo": ("crates.io", "static.crates.io"),
    "go": ("proxy.golang.org",), "gem": ("rubygems.org",), "gh": ("api.github.com",), "twine": ("upload.pypi.org",),
}  # fmt: skip
_OFFLINE_UV = ("run", "venv", "lock", "tree", "version", "--version", "help", "cache", "python")
_REMOTE = re.compile(r"^(?:[\w.-]+@)?([\w-]+(?:\.[\w-]+)+|localhost):(?!//)")
_SSH_LIKE = {
    "ssh",
    "mosh",
    "telnet",
    "nc",
    "ncat",
    "netcat",
    "sftp",
    "ftp",
    "lftp",
    "ping",
    "dig",
    "host",
    "whois",
    "nslookup",
}
_PATHLIKE = re.compile(r"^[^\s*?\[\]{}$`;|&<>()]+$")
_MANY = re.compile(r"[*?\[]|^\.{0,2}/?$|^~/?$")
_SUBCOMMAND_TOOLS = {"git", "gh", "docker", "podman", "npm", "pip", "pip3", "cargo", "go", "kubectl"}
_TAKES_VALUE = {"-C", "-c", "--git-dir", "--work-tree", "--namespace", "-n", "--context", "-H", "--prefix", "--config"}


def program(argv: Sequence[str]) -> str:
    """The program's bare name: `/usr/bin/git` is `git`."""
    return argv[0].rpartition("/")[2] if argv else ""


def canonical(argv: Sequence[str]) -> str:
    """The name of a command as a resource: bare program, its global options moved behind its subcommand, the rest as is.

    `git -C x push` is `git push -C x`, so that a rule on `git push` holds for it.
    """
    words = [program(argv), *argv[1:]]
    if words[0] in _SUBCOMMAND_TOOLS:
        at = 1
        while at < len(words) and words[at].startswith("-"):
            at += 2 if words[at] in _TAKES_VALUE else 1
        if at < len(words):
            words = [words[0], words[at], *words[1:at], *words[at + 1 :]]
    return " ".join(w.replace(" ", "\u00a0") for w in words if w)[:2000]


def paths(argv: Sequence[str], folder: str) -> tuple[str, ...]:
    """Absolute forms of the arguments that may be paths, by their text alone (links are not followed)."""
    found: list[str] = []
    for word in argv[1:65]:
        value = word.partition("=")[2] if word.startswith("--") and "=" in word else word
        if not value or value.startswith("-") or "://" in value or len(value) > 1024 or not _PATHLIKE.match(value):
            continue
        found.append(normpath(value if value.startswith("/") else f"{folder}/{value}"))
    return tuple(dict.fromkeys(found))


def normpath(path: str) -> str:
    """An absolute path without `.`, `..` and double slashes, by its text alone."""
    kept: list[str] = []
    for name in path.split("/"):
        if name == "..":
            del kept[-1:]
        elif name not in ("", "."):
            kept.append(name)
    return "/" + "/".join(kept)


def meanings(argv: Sequence[str]) -> list[Meaning]:
    """What the table knows of a command; nothing for one that only computes."""
    words = canonical(argv).split(" ")
    effect = _effect(words)
    if not effect:
        return []
    name = words[0]
    rest = [w.replace("\u00a0", " ") for w in words[1:]]
    if effect == "delete":
        return [_deletion(name, rest)]
    if effect == "fetch" and any(_has_option(rest, option) for option in _UPLOADS.get(name, ())):
        effect = "send"
    if name == "uv" and rest and rest[0] in _OFFLINE_UV:
        return []
    return [Meaning(effect, hosts=_hosts(name, rest))]


def _effect(words: Sequence[str]) -> str:
    if words[0] == "find":
        return "delete" if "-delete" in words else ""
    for length in (3, 2, 1):
        if found := EFFECTS.get(" ".join(words[:length])):
            return found
    return "admin" if words[0].startswith("mkfs.") else ""


def _has_option(words: Sequence[str], option: str) -> bool:
    if option.startswith("--"):
        return any(w == option or w.startswith(option + "=") for w in words)
    return any(
        w.startswith(option) or (w.startswith("-") and not w.startswith("--") and option[1] in w[1:3]) for w in words
    )


def _deletion(name: str, rest: Sequence[str]) -> Meaning:
    if name == "git":
        targets = tuple(w for w in rest[1:] if not w.startswith("-"))
        return Meaning("delete", targets=targets, bulk=rest[:1] != ["rm"] or len(targets) != 1)
    if name == "find":
        return Meaning("delete", targets=tuple(rest[:1]), bulk=True)
    if name == "dd":
        return Meaning("delete", targets=tuple(w[3:] for w in rest if w.startswith("of=")))
    flags = [w for w in rest if w.startswith("-")]
    targets = tuple(w for w in rest if not w.startswith("-"))
    recursive = any("r" in f.lower() for f in flags) and name in ("rm", "srm")
    many = len(targets) > 3 or any(_MANY.search(t) for t in targets)
    return Meaning("delete", targets=targets, bulk=recursive or many)


def _hosts(name: str, rest: Sequence[str]) -> tuple[str, ...]:
    found: list[str] = []
    for word in rest:
        value = word.partition("=")[2] if word.startswith("--") and "=" in word else word
        if "://" in value:
            found.append(host_of(value))
        elif remote := _REMOTE.match(value):
            found.append(remote[1].lower())
    if not found and name in _SSH_LIKE | {"curl", "wget"}:
        plain = [w for w in rest if not w.startswith("-")]
        found += [host_of(w) or (w.rpartition("@")[2] if name in _SSH_LIKE else "") for w in plain[:1]]
    return tuple(dict.fromkeys(h for h in found if h)) or _REGISTRIES.get(name, ())
