"""What holds flows, tokens and history, and serves MCP and REST."""
