"""The pictures of the notebooks and the book: windows sliding over numbers, kernels and feature maps, learning curves,
confusions and mistakes, networks drawn to scale.

Every function returns a :class:`Picture`, which a notebook shows when it is a cell's last line, or when its ``show()``
is called. A picture carries its description in words, so those who cannot see it lose nothing. matplotlib is imported
when the first picture is drawn.
"""

from cnncourse.plots.galleries import feature_maps, images, kernels, mistakes
from cnncourse.plots.networks import architecture, layer
from cnncourse.plots.numbers import tables, window
from cnncourse.plots.picture import Picture, when_ready
from cnncourse.plots.training import confusion_matrix, learning_curves, spread

__all__ = [
    "Picture",
    "architecture",
    "confusion_matrix",
    "feature_maps",
    "images",
    "kernels",
    "layer",
    "learning_curves",
    "mistakes",
    "spread",
    "tables",
    "when_ready",
    "window",
]
