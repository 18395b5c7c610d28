"""`python -m foreman`: the same program, for where an environment's scripts are not on the path."""

import sys

from foreman.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
