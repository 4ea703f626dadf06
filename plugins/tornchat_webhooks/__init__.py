"""Webhooks: posts the entries of the logs to other servers, and loses none. Not loaded by default."""

from tornchat_webhooks.plugin import WebhooksPlugin

__all__ = ["WebhooksPlugin"]
