"""``python -m suite``."""

from suite.cli.main import entry

if __name__ == "__main__":
    entry()
