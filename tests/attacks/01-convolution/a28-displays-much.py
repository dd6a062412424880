"""Right, but displays fifty megabytes, a hundred thousand things, and JSON nested a hundred thousand deep."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "the memory fills up, or the feedback holds it all"
GOOD = "s02-slices"

from IPython.display import HTML, display

display(HTML("x" * 50_000_000))
display({"image/png": "A" * 50_000_000, "text/plain": ""}, raw=True)
deep = []
for _ in range(100_000):
    deep = [deep]
try:
    display({"application/json": deep}, raw=True)
except Exception as error:
    print(type(error))
for number in range(3_000):
    display(number)
for number in range(3_000):
    print(number, flush=True)


def convolve2d(image, kernel):
    display(HTML("x" * 1_000_000))
    return by_hand(image, kernel[::-1, ::-1])
