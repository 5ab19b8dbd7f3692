"""MCP servers: other people's tools, each in a room of its own. See README.md."""
