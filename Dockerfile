# syntax=docker/dockerfile:1
# For grading on macOS and Windows: Linux, bubblewrap, and this project with the locked versions of all it needs.
# compose.yaml says how it is run; the instructors' page, what that means.
FROM python:3.12-slim-bookworm

RUN apt-get update \
 && apt-get install --yes --no-install-recommends bubblewrap \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/cnncourse
COPY pyproject.toml requirements.txt README.md LICENSE LICENSE-TEXT ./
COPY cnncourse cnncourse
# The lock's versions; what only the book and the tests need is left out. --no-build-isolation builds our own package
# with the locked setuptools.
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --disable-pip-version-check --constraint requirements.txt setuptools wheel \
 && pip install --disable-pip-version-check --constraint requirements.txt --no-build-isolation ".[grading,keras]"

# Nobody in particular: bubblewrap shuts learners' code in without any right of an administrator's.
RUN useradd --uid 1000 --create-home instructor
USER 1000:1000
ENV HOME=/tmp PYTHONDONTWRITEBYTECODE=1
WORKDIR /course
CMD ["cnncourse", "grade"]
