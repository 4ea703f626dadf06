"""Webhooks: posts the entries of the logs to other servers, and speaks for them. Not loaded by default."""

from tornchat_webhooks.plugin import WebhooksPlugin

__all__ = ["WebhooksPlugin"]
