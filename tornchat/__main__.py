"""Runs the command `tornchat` as `python -m tornchat`."""

from tornchat.cli import main

if __name__ == "__main__":
    main()
