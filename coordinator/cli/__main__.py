"""`python -m coordinator.cli` is `headrace`."""

from coordinator.cli import main

if __name__ == "__main__":
    main()
