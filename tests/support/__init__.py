"""Fakes and servers that several tests use."""
