"""The server's side of a connection: limits, time-outs and parsing in turn."""
