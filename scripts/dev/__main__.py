"""`python3 -m scripts.dev COMMAND`, from the repository's root."""

import sys

if sys.version_info < (3, 11):
    sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0])

from .cli import main  # noqa: E402 - only after the version is known to be enough

sys.exit(main())
