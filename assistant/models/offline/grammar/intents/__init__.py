"""One module an intent: how people put it, in English and Chinese, and what they name."""
