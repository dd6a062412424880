"""How fast the library is: ``python -m benchmarks``. Kept apart from the tests, since no test asserts a time."""
