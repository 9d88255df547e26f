"""The MCP endpoint: every protocol revision on one URL, without sessions."""
