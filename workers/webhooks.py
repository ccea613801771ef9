"""The delivery of webhooks."""

from services.webhooks.delivery import TIMEOUT_SECONDS, Delivery, Sender
from workers.lifecycle import ChildContext

LEASE_SECONDS = 6 * TIMEOUT_SECONDS
"""How long another worker waits for one that died. The lease is renewed after each request, which has a timeout for
connecting, sending and receiving each."""


def deliver(context: ChildContext) -> None:
    """Tell the receivers of the settings what happened, in one process at a time."""
    secret = context.settings.webhook_secret
    if secret is None:
        return
    with context.queue.lease("webhooks", LEASE_SECONDS) as lease, Sender.open(secret.get_secret_value()) as sender:
        if lease is not None:
            Delivery(context.catalogue.webhooks, sender, lease.renew).run(context.settings.webhooks)
