"""`jwt`: the hook `reload` reads keys and settings again, or refuses and changes nothing."""

from __future__ import annotations

from pathlib import Path

import jwt
import pytest
from tornchat_jwt import JwtPlugin

from tests.plugins.test_jwt_jwks import CAPULET, CHAT, MONTAGUE, Issuer, issuing, public, token
from tornchat import Credentials, SettingsError, User
