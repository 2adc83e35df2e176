"""What messaging offers over gRPC, a file for each topic."""
