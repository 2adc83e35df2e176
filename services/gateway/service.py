"""Builds the gateway: the portal, the REST API and the open pages' news, in front of all other services. It owns no data."""

from functools import partial

from chassis.service import Peers, Server, Service, Watch
from services.gateway import dev, seen
from services.gateway.config import Config
from services.gateway.front.server import Front
from services.gateway.live import WATCHED, Hub
from services.gateway.rest.api import Api
from services.gateway.session import Sessions
from services.gateway.web import create_app


def build(config: Config, peers: Peers) -> Service:
    """The service; it listens for browsers when it is started."""
    hub = Hub()
    app = create_app(config, peers, rest=Api(config, peers).mount, dev=dev.pages(config.dev_folder) if config.dev_folder else None)
    front = Front(app, sessions=Sessions(peers), hub=hub, config=config)
    return Service(
        name="gateway", watches=(Watch(WATCHED, hub.watch),), servers=(Server(front.start, front.stop),), closes=(partial(seen.close, app),)
    )
