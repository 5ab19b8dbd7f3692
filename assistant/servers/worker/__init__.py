"""The process that speaks MCP, the only place that imports the SDK."""
