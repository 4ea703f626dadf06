"""Authentication with signed tokens (JWT), using a shared secret, a public key or a JWKS."""

from tornchat_jwt.plugin import JwtPlugin

__all__ = ["JwtPlugin"]
