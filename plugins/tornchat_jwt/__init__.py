"""Signed tokens (JWT) as proof of who somebody is: with a shared secret, a public key or a JWKS."""

from tornchat_jwt.plugin import JwtPlugin

__all__ = ["JwtPlugin"]
