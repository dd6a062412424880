"""One thread for the products of matrices, while they are short.

The library multiplies with it, and so do the checks and the comparison of texts.
"""

from __future__ import annotations

import threading
import weakref

__all__ = ["one_blas_thread"]


class one_blas_thread:  # noqa: N801  (it is used like a function)
    """Matrix products inside ``with one_blas_thread():`` are computed by one thread.

    The library's products are short. Shared out to threads, each waits for the slowest, and as soon as another program
    wants the same processor that takes many times as long as the work itself. The last one to leave, of several Python
    threads or of several ``with`` inside one another, restores what the first one found.

    >>> import numpy as np
    >>> with one_blas_thread():
    ...     np.ones((2, 3)) @ np.ones((3, 1))
    array([[3.],
           [3.]])

    Source: threadpoolctl, which tells the BLAS that NumPy loaded.
    """

    lock = threading.Lock()
    inside = weakref.WeakSet()  # an interrupt on the way in or out cannot leave one here for good
    libraries = found = None  # what NumPy multiplies with, and how many threads each had

    def __enter__(self):
        shared = one_blas_thread
        with self.lock:
            if shared.libraries is None:
                from threadpoolctl import ThreadpoolController

                shared.libraries = ThreadpoolController().select(user_api="blas").lib_controllers
            if shared.found is None:  # otherwise an interrupt kept it from being restored
                shared.found = [library.get_num_threads() for library in shared.libraries]
            if not self.inside:
                for library in shared.libraries:
                    library.set_num_threads(1)
            self.inside.add(self)

    def __exit__(self, *error):
        shared = one_blas_thread
        with self.lock:
            self.inside.discard(self)
            if not self.inside and shared.found is not None:
                for library, threads in zip(shared.libraries, shared.found, strict=True):
                    library.set_num_threads(threads)
                shared.found = None
