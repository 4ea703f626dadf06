"""What a migration step declares about the versions that do not know it."""

from __future__ import annotations

from types import ModuleType
from typing import NamedTuple

from tornchat import Fault

RESTORE = "restore an older backup"


class Declaration(NamedTuple):
    """The declaration of one step. A step without one is not additive."""

    step: str
    additive: bool = False
    minimum: str = ""
    """The first version that works with the schema after the step, if the step is not additive."""
    way_back: str = ""
    """What an operator does to return to an older version."""

    @classmethod
    def of(cls, step: str, module: ModuleType) -> Declaration:
        """Return what the module of the step declares."""
        found = (getattr(module, name, None) for name in ("ADDITIVE", "MINIMUM", "WAY_BACK"))
        additive, minimum, way_back = found
        return cls(step, bool(additive), minimum or "", way_back or "")

    def refusal(self) -> Fault:
        """Return the fault for a version that does not know this step, which is not additive."""
        knows = f"it knows the step {self.step}"
        needs = f", which needs tornchat {self.minimum}" if self.minimum else ""
        cure = "Install that version, or "
        cure += f"go back: {self.way_back}" if self.way_back else f"{RESTORE}."
        return Fault(f"The database was made by a newer version: {knows}{needs}.", cure)


def fault_of_unknown(steps: list[Declaration]) -> Fault | None:
    """Return a fault about these steps, which this version does not know: a warning if all are additive."""
    if not steps:
        return None
    refused = [step for step in steps if not step.additive]
    if refused:
        return refused[-1].refusal()
    names = ", ".join(step.step for step in steps)
    return Fault(
        f"The database has steps of a newer version: {names}.",
        "They only add to it, so this version works. docs/upgrading.md lists what nodes of both versions do.",
        warning=True,
    )
