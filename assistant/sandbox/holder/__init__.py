"""The room's holder: a small program beside the assistant, outside every sandbox, that keeps one room's namespaces.

Standard library only, and few modules of it: it is started for every room, and each import is start-up time.
"""
