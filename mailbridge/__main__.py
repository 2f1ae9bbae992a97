"""`python -m mailbridge`: the command line."""

from mailbridge.cli import main

if __name__ == "__main__":
    main()
