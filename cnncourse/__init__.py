"""Convolutional networks from scratch: what the course's book, exercises and grading stand on.

Importing the package loads NumPy and nothing more. The modules are named after the chapters:
:mod:`cnncourse.convolution` is what ``book/convolution.md`` teaches and ``exercises/01-convolution`` asks for.
"""

__version__ = "0.1.0"
