"""``python -m patchopt``: the command, where its script is not on the path."""

from patchopt.cli import main

if __name__ == "__main__":
    main()
