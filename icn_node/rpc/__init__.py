"""The control socket. `jsonrpc`: JSON-RPC 2.0, one object or batch a line; `edge`: values into and out of people's
notations; `methods`: those derived from the modules and those of the node; `server`: the socket itself."""
