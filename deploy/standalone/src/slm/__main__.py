"""Run the command line: ``python -m slm``."""

from slm.cli import app

if __name__ == "__main__":
    app()
