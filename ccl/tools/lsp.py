"""Serve an editor: the Language Server Protocol on standard input and output."""

from __future__ import annotations

import argparse
import sys

from ccl.host import Host
from ccl.tools.hosts import NoHost, host_of


def arguments(parser: argparse.ArgumentParser) -> None:
    """The host."""
    parser.add_argument("--host", default="", help="the host to check against, if several are installed")
    parser.add_argument("--stdio", action="store_true", help="taken for editors that say so; it is the only way")


def run(args: argparse.Namespace) -> int:
    """Serve until the editor ends it. Without a host the language is checked without a node's commands and views."""
    try:
        from ccl.editor.server import serve
    except ModuleNotFoundError as missing:
        if missing.name not in ("pygls", "lsprotocol"):
            raise
        sys.stderr.write("ccl: the language server needs pygls: pip install 'icn-node[lsp]'\n")
        return 2
    try:
        host = host_of(args.given_host, args.host)
    except NoHost as none:
        if args.host:
            sys.stderr.write(f"ccl: {none}\n")
            return 2
        host = Host()
    serve(host)
    return 0
