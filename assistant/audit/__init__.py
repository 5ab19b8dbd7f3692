"""Audit: the append-only signed log, its proofs, and the views made from it."""
