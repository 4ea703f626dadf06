"""Migration steps: one numbered module per change of the schema, applied once each, in order.

A step must not be edited after a release. It declares the tables as they were at that time.

From 0006 on, each step declares whether the version before works with the schema after the step. The
declaration is stored with the step, where versions that do not know the step read it.

    ADDITIVE = True

The version before runs on and may be started again. So the step only adds: tables, indexes, and columns that
have a default. Rows that the version before writes or leaves behind afterwards must be valid for the new one;
for example, it deletes a room without deleting the rows that belong to the room in a new table.

    ADDITIVE = False
    MINIMUM = "0.2.0"
    WAY_BACK = "Stop all nodes, restore the backup, and run `tornchat migrate --new-epochs`."

Versions before `MINIMUM` do not start, and `WAY_BACK`, a sentence or two, is shown as the cure. The step must
make the statements of nodes that still run fail, so that they answer `unavailable`: it renames or removes a
table or column that each of their writes uses. `docs/upgrading.md` has a section about each such step.
"""
