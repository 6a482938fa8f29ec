"""A small client of the RPC protocol for what no binding sends: raw packets in, raw packets out."""
