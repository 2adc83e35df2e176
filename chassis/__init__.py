"""What every service stands on: mechanism only. It knows no service by name."""

import os

# Kontor forks only to start a server as another user. With this on, as it is by itself, gRPC starts a thread in the child, which then
# dies about once in twenty times before it has become that server (grpc/grpc#43055, since 1.81). Read when gRPC is first imported.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"
