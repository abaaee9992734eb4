"""``python -m probity``: see ``./probity --help``."""

import sys

from probity.ops.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
