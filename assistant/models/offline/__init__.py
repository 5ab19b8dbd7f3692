"""The built-in rule-based model: no weights, no network, no files of its own. See README.md."""

from __future__ import annotations

from assistant.models.offline.model import OfflineModel

__all__ = ["OfflineModel"]
