"""Cells with magics and shell commands around, above and instead of the functions."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 0, "conv2d_params": 2, "sobel_edges": 0}
MUST_NOT = "a command of the notebook is run outside"
EDITS = [
    (
        "text",
        "correlate2d",
        "%matplotlib inline\n!echo x > /tmp/cnncourse-was-here\nfiles = !ls\n%timeit -n1 -r1 1 + 1\n"
        "get_ipython().run_line_magic('pwd', '')\n"
        "def correlate2d(image, kernel):\n    return by_hand(image, kernel)\nnp.zeros?",
    ),
    ("text", "convolve2d", "%%time\ndef convolve2d(image, kernel):\n    return by_hand(image, kernel[::-1, ::-1])"),
    ("text", "conv2d", "%%bash\ndef conv2d(images, kernels, bias):\n    return 0"),
    (
        "text",
        "conv2d_params",
        "%%capture said\ndef conv2d_params(kh, kw, c_in, c_out, use_bias=True):\n"
        "    return (kh * kw * c_in + bool(use_bias)) * c_out",
    ),
    ("text", "sobel_edges", "%no_such_magic\n%load_ext no_such_extension\ndef sobel_edges(image):\n    return image"),
    ("cell-below", "sobel_edges", "code", "%%script python\nimport time\nprint(time)"),
    ("cell-below", "sobel_edges", "code", "%reset -f\n%xdel np\n%quickref"),
]
