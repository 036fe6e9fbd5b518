"""`python -m reputable` is the command line."""

from reputable.cli import main

if __name__ == "__main__":
    main()
