"""The helper package of the course *From Perceptrons to Jets*."""

__version__ = "0.1.0"
