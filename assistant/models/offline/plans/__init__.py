"""How each wish is carried out: chains of tool calls, each computed from the results before it."""
