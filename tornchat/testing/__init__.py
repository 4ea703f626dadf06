"""Tools for tests of plugins: a contract kit per role, and helpers.

    from tornchat.testing import StorageContract

    class TestMine(StorageContract):
        def make_plugin(self, tmp_path):
            return MinePlugin(MinePlugin.Settings(path=tmp_path / "mine"))

Each promise in the contract of a role's hooks is one test, and a failure begins with the promise. Hooks may
be plain functions or `async`. The kits require pytest, but no pytest plugins.
"""

from __future__ import annotations

from tornchat.testing.audit import AuditContract
from tornchat.testing.auth import AuthContract
from tornchat.testing.blocks import BlocksContract
from tornchat.testing.broadcast import BroadcastContract
from tornchat.testing.consumer import ConsumerContract
from tornchat.testing.descriptions import DescriptionsContract
from tornchat.testing.direct import DirectRoomsContract
from tornchat.testing.directory import DirectoryContract
from tornchat.testing.filter import FilterContract
from tornchat.testing.fixtures import RecordingChat, deletion, draft, user
from tornchat.testing.invites import InvitesContract
from tornchat.testing.kinds import KindsContract
from tornchat.testing.kit import BrokenPromise, Contract, Stage, promise
from tornchat.testing.markers import MarkersContract
from tornchat.testing.moderation import ModerationContract
from tornchat.testing.presence import PresenceContract
from tornchat.testing.reports import ReportsContract
from tornchat.testing.running import Client, RunningChat, running_chat
from tornchat.testing.search import SearchContract
from tornchat.testing.searching import SearchEverywhereContract
from tornchat.testing.slow import SlowModeContract
from tornchat.testing.storage import StorageContract
from tornchat.testing.users import UsersContract

__all__ = [
    "AuditContract",
    "AuthContract",
    "BlocksContract",
    "BroadcastContract",
    "BrokenPromise",
    "Client",
    "ConsumerContract",
    "Contract",
    "DescriptionsContract",
    "DirectRoomsContract",
    "DirectoryContract",
    "FilterContract",
    "InvitesContract",
    "KindsContract",
    "MarkersContract",
    "ModerationContract",
    "PresenceContract",
    "RecordingChat",
    "ReportsContract",
    "RunningChat",
    "SearchContract",
    "SearchEverywhereContract",
    "SlowModeContract",
    "Stage",
    "StorageContract",
    "UsersContract",
    "deletion",
    "draft",
    "promise",
    "running_chat",
    "user",
]
