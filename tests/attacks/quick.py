"""The judge with less patience, so that hundreds of submissions that never end are marked within a minute or two."""

from cnncourse.checks import engine
from cnncourse.grading import judge
from cnncourse.grading.sandbox import Limits

SECONDS = 1  # for a check; what is honest here needs a tenth of it
LIMITS = Limits(cell=3, grace=1, later=1, notebook=20)


def mark(job, *, sandbox=True):
    """As :func:`cnncourse.grading.judge.mark`."""
    engine.SECONDS = judge.SECONDS = SECONDS
    return judge.mark(job, sandbox=sandbox, limits=LIMITS)
