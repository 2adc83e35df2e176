"""RabbitMQ can be had for tests, and broken by them."""

from collections.abc import Callable

import pytest
from kombu import Connection, Exchange, Queue

from tests.servers.rabbitmq import Node, manage, wait_until_on_disk
from tests.waiting import eventually

# Quorum, as all of Kontor's queues are: it survives its node.
QUEUE = Queue("notes", Exchange("notes", "topic"), routing_key="#", queue_arguments={"x-queue-type": "quorum"})


def test_a_vhost_of_our_own_carries_a_message(new_vhost: Callable[[], str]) -> None:
    first, second = new_vhost(), new_vhost()
    _send(first, "hello")
    assert _receive(first) == "hello"
    assert "notes" in {queue["name"] for queue in _queues(first)}
    assert _queues(second) == []


def _queues(url: str) -> list[dict[str, str]]:
    queues = manage(url, "GET", f"/queues/{url.rpartition('/')[2]}")
    assert isinstance(queues, list)
    return queues


@pytest.mark.xdist_group("faults")
def test_a_killed_node_comes_back_with_what_it_confirmed(rabbit_node: Node) -> None:
    _send(rabbit_node.url, "kept")
    wait_until_on_disk(rabbit_node, "notes")
    rabbit_node.kill()
    with pytest.raises(OSError, match=r"refused|reset"):
        manage(rabbit_node.url, "GET", "/overview")
    rabbit_node.start()
    assert eventually(lambda: _receive(rabbit_node.url), seconds=60) == "kept"


@pytest.mark.xdist_group("faults")
def test_a_frozen_node_hangs_and_goes_on(rabbit_node: Node) -> None:
    rabbit_node.freeze()
    with Connection(rabbit_node.url, connect_timeout=1) as connection, pytest.raises(OSError, match="timed out"):
        connection.connect()
    rabbit_node.thaw()
    _send(rabbit_node.url, "late")
    assert _receive(rabbit_node.url) == "late"


def _send(url: str, words: str) -> None:
    with Connection(url, transport_options={"confirm_publish": True}) as connection:
        connection.Producer().publish(words, routing_key="note", exchange=QUEUE.exchange, declare=[QUEUE])


def _receive(url: str) -> str | None:
    with Connection(url) as connection:
        message = QUEUE(connection.channel()).get(no_ack=True)
        return None if message is None else str(message.decode())
