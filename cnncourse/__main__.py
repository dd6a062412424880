"""``python -m cnncourse`` is the command ``cnncourse``."""

from cnncourse.cli import main

raise SystemExit(main())
