"""The control socket: JSON-RPC 2.0, one object or batch a line (`jsonrpc`); values put into and out of people's notations
(`edge`); the methods, derived from the modules, and those of the node (`methods`); and the socket itself (`server`)."""
