"""`python -m tornchat`: the same as the command `tornchat`."""

from tornchat.cli import main

if __name__ == "__main__":
    main()
