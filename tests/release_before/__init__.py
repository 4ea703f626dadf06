"""The clients of the release before this one, unchanged: they must lose nothing on a server of this one."""
