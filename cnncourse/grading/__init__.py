"""From the instructor's text to a class with marks: releasing, grading, reporting."""
