"""Markdown that grows while it is shown, as rows of a terminal.

Down the files: `starts` finds where a text may be taken apart, `parser` reads a part safely, `blocks` makes lines and tables of
it, `rows` fits those into a width, `document` puts it all together and does again only what the newest words have changed.

Own code, against the rule to take libraries: Textual's Markdown makes a widget of each block and each list item, which took
a third of a processor at two thousand words a second, and did a list or table anew from its beginning with each drawing.
"""
