"""The room's holder: a small program beside the assistant, outside every sandbox, that keeps one room's namespaces.

Standard library only, and few modules of it: it is started for every room, and each import is start-up time. `typing` and
`array` are left out for that reason (they bring `re`, `enum` and `collections`, half of what the rest costs together).
"""
