"""The one error that tools raise on purpose: a fixed word and a sentence that helps the model to go on."""

from __future__ import annotations

import errno


class Problem(Exception):
    """The call can't be done as asked. Codes: see ../README.md. The text says what happened and what to do next."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


_WORDS = {
    errno.ENOENT: ("not_found", "does not exist"),
    errno.ENOTDIR: ("not_found", "does not exist: a part of its path is not a folder"),
    errno.EACCES: ("no_permission", "may not be opened by this task"),
    errno.EPERM: ("no_permission", "may not be changed by this task"),
    errno.EROFS: ("no_permission", "is read-only for this call"),
    errno.EISDIR: ("is_folder", "is a folder"),
    errno.EEXIST: ("exists", "exists already"),
    errno.ENOTEMPTY: ("exists", "is a folder that is not empty"),
    errno.ELOOP: ("bad_path", "is a link that leads round in a circle"),
    errno.ENAMETOOLONG: ("bad_path", "is too long a name"),
    errno.EINVAL: ("bad_path", "is not a valid name"),
    errno.ENOSPC: ("no_space", "can't be written: no space is left for this task"),
    errno.EDQUOT: ("no_space", "can't be written: the disk quota is used up"),
    errno.EFBIG: ("too_big", "is larger than a file may become in this task"),
    errno.EOVERFLOW: ("no_permission", "belongs to a user or group that the sandbox can't copy"),
    errno.EXDEV: ("failed", "can't be moved across file systems"),
    errno.ETXTBSY: ("failed", "is a program that runs at the moment"),
    errno.ENXIO: ("not_a_file", "is a device or pipe that nothing is behind"),
}


def from_os_error(error: OSError, name: str = "") -> Problem:
    """The problem that a system error means, in words. `name` is shown instead of the path in the error."""
    from _kit.names import show

    code, words = _WORDS.get(error.errno or 0, ("failed", error.strerror or str(error)))
    raw = error.filename
    shown = name or (show(raw) if isinstance(raw, (str, bytes)) else "")
    return Problem(code, f"`{shown}` {words}" if shown else words)
