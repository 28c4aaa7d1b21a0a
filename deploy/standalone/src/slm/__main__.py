"""``python -m slm``: the command line."""

from slm.cli import app

if __name__ == "__main__":
    app()
