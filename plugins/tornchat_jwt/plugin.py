"""The plugin `jwt`: authentication with signed tokens."""

from __future__ import annotations

from collections.abc import Awaitable

from tornchat import ChatHandle, Credentials, Fault, SettingsError, User, hookimpl
from tornchat_jwt.jwks import KeySet
from tornchat_jwt.keys import Key, check_key, generated_key_path, load_key
from tornchat_jwt.refusals import UnknownKeyError
from tornchat_jwt.settings import Settings as JwtSettings
from tornchat_jwt.settings import contradictions, refuse_contradictions, warnings
from tornchat_jwt.tokens import Tokens


class JwtPlugin:
    """Verifies tokens with a secret, a public key or a JWKS; issues them with a secret."""

    Settings = JwtSettings

    def __init__(self, settings: JwtSettings) -> None:
        self._settings = settings
        self._tokens = Tokens(settings)
        self._key: Key | None = None
        self._key_set = KeySet(settings) if settings.jwks_url is not None else None

    @hookimpl
    async def startup(self, chat: ChatHandle) -> None:
        """Load the key, or fetch the key set. The start continues if the issuer can't be reached.

        Raises `SettingsError`.
        """
        refuse_contradictions(self._settings)
        if self._key_set is None:
            self._local_key()
        else:
            await self._key_set.refresh()

    @hookimpl
    async def reload(self, settings: JwtSettings) -> None:
        """Use other settings, and read or fetch the keys again. Tokens accepted before are not checked again.

        Raises `SettingsError`, and keeps the keys, if there are none under the new settings. If the issuer
        can't be reached, its known keys remain in use.
        """
        refuse_contradictions(settings)
        tokens, former = Tokens(settings), self._key_set
        key, key_set = None, None
        if settings.jwks_url is None:
            key = _trusted(tokens, settings)
        else:
            key_set = await _fetched(settings, former)
        self._settings, self._tokens, self._key, self._key_set = settings, tokens, key, key_set
        if former is not None:
            await former.close()

    @hookimpl
    async def shutdown(self) -> None:
        if self._key_set is not None:
            await self._key_set.close()

    @hookimpl
    async def check(self) -> list[Fault]:
        faults = list(contradictions(self._settings))
        return [*(faults or await self._key_faults()), *warnings(self._settings)]

    @hookimpl
    def check_cluster(self) -> list[Fault]:
        if generated_key_path(self._settings) is None:
            return []
        return [
            Fault(
                "[jwt] names no key, so each node would make one of its own and refuse the others' tokens.",
                "Give all nodes the same secret, secret_file, public_key_file or jwks_url.",
            )
        ]

    @hookimpl
    def health(self) -> dict[str, str]:
        failure = None if self._key_set is None else self._key_set.failure
        return {"auth": "ok" if failure is None else f"the key set can't be fetched: {failure}"}

    @hookimpl
    def authenticate(self, credentials: Credentials) -> Awaitable[User | None] | User | None:
        """Return the user of the token, or None if it is invalid. Awaitable only if keys must be fetched.

        Raises `Unavailable` if they can't be fetched.
        """
        token = credentials.token
        if token is None or not self._tokens.plausible(token):
            return None
        if self._key_set is None:
            return self._tokens.read(token, self._local_key())
        return self._read_with(self._key_set, token)

    @hookimpl
    def issue_token(self, user: User, lifetime: float) -> str:
        """Return a token valid for `lifetime` seconds. Raises `SettingsError` if there is no secret."""
        if self._settings.verifies_only:
            raise SettingsError(
                "[jwt] has public keys only, which can't sign a token.",
                "Get tokens from their issuer, or use a secret in place of the public keys.",
            )
        return self._tokens.issue(user, lifetime, self._local_key())

    def _local_key(self) -> Key:
        if self._key is None:
            self._key = _trusted(self._tokens, self._settings)
        return self._key

    async def _key_faults(self) -> list[Fault]:
        if self._key_set is None:
            return self._local_key_faults()
        await self._key_set.refresh()
        if self._key_set.failure is None:
            return []
        return [
            Fault(f"[jwt] jwks_url gives no keys: {self._key_set.failure}.", "Check the URL and the network.")
        ]

    def _local_key_faults(self) -> list[Fault]:
        try:
            check_key(self._settings)
        except SettingsError as error:
            return [Fault(error.what, error.cure)]
        return []

    def _read_with(self, keys: KeySet, token: str) -> Awaitable[User | None] | User | None:
        wanted = self._tokens.key_wanted(token)
        if wanted is None:
            return None
        key = keys.find(*wanted)
        return self._tokens.read(token, key) if key else self._read_with_new_key(keys, wanted, token)

    async def _read_with_new_key(
        self, keys: KeySet, wanted: tuple[str | None, str], token: str
    ) -> User | None:
        key = await keys.search(*wanted)
        if key is None:
            self._tokens.refuse(UnknownKeyError())
            return None
        return self._tokens.read(token, key)


def _trusted(tokens: Tokens, settings: JwtSettings) -> Key:
    """Load the local key and let `tokens` skip its check. Raises `SettingsError`."""
    key = load_key(settings)
    tokens.trust(key)
    return key


async def _fetched(settings: JwtSettings, former: KeySet | None) -> KeySet:
    """Return the published keys. Raises `SettingsError` if none are known."""
    key_set = KeySet(settings, former)
    await key_set.refresh()
    if key_set.is_empty:
        await key_set.close()
        raise SettingsError(
            f"[jwt] jwks_url gives no keys: {key_set.failure}.", "Check the URL and the network."
        )
    return key_set
