"""The kernel a notebook runs in: one thread, a fixed hash seed, and no open port."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NotebookExecutionManager, papermill_engines

ENGINE = "sessionwise"
ENVIRONMENT = MappingProxyType(
    {
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
    }
)
LONGEST_SOCKET = 90  # a socket's path may hold 107 bytes; the kernel appends "/kernel-ipc-5"


class Watch:
    """What the outside can see of a notebook while it runs: itself and the cell it is in.

    Parameters
    ----------
    progress
        Called with the number of cells done and the number of cells, or ``None``.
    """

    def __init__(self, progress: Callable[[int, int], None] | None = None) -> None:
        self.progress = progress
        self.notebook: NotebookNode | None = None
        self.index: int | None = None

    def started(self, cell: NotebookNode, cell_index: int) -> None:
        """Note the cell that begins; the cells above it are done."""
        self.index = cell_index
        self.tell(cell_index)

    def tell(self, done: int) -> None:
        """Tell the listener, if there is one, how far the notebook is."""
        if self.progress is not None and self.notebook is not None:
            self.progress(done, len(self.notebook.cells))


class QuietKernel(Engine):
    """Papermill's engine for one notebook in one fresh, private kernel.

    The environment is handed to the kernel alone, so this process keeps its own and two notebooks
    may run in two threads. Kernel and runner talk through a socket file in a private folder
    rather than an unencrypted port: the messages hold clinical data. The kernel gets an empty
    IPython folder, so nobody's start-up files change a report.
    """

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        *,
        watch: Watch,
        cell_timeout: int,
        **_: object,
    ) -> None:
        """Run every cell in order; papermill calls this."""
        watch.notebook = nb_man.nb
        client = PapermillNotebookClient(
            nb_man,
            kernel_name=kernel_name,
            timeout=cell_timeout,
            startup_timeout=120,
            iopub_timeout=60,
            record_timing=False,
            coalesce_streams=True,
            on_cell_start=watch.started,
            log=logging.getLogger("sessionwise"),
        )
        with private_folder() as folder:
            manager = client.create_kernel_manager()
            manager.connection_file = str(folder / "kernel.json")
            if len(os.fsencode(folder)) <= LONGEST_SOCKET:
                manager.transport = "ipc"
            client.extra_arguments = ["--IPKernelApp.log_level=CRITICAL"]  # it logs its own end
            client.execute(env=kernel_environment(folder))
        watch.tell(len(nb_man.nb.cells))


def kernel_environment(folder: Path) -> dict[str, str]:
    """Make the environment of a kernel whose IPython folder is ``folder``.

    Examples
    --------
    >>> kernel_environment(Path("x"))["PYTHONHASHSEED"]
    '0'
    """
    inherited = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    return inherited | dict(ENVIRONMENT) | {"IPYTHONDIR": str(folder)}


@contextmanager
def private_folder() -> Iterator[Path]:
    """Give a folder that nobody else can read, removed when its kernel has gone."""
    with tempfile.TemporaryDirectory(prefix="sw-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def register() -> str:
    """Make the engine known to papermill and give its name."""
    papermill_engines.register(ENGINE, QuietKernel)
    return ENGINE
