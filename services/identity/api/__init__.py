"""What others may ask of identity, a module for each RPC service."""
