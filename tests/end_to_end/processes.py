"""Programs that are stopped while they run."""
import pathlib
import signal
import time


def wait_until_it_listens(process, number=signal.SIGINT):
    """Returns once the program has its own handler for the signal (loading its libraries takes half a second), or has ended."""
    while process.poll() is None:
        lines = pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines()
        caught, = (line.split()[1] for line in lines if line.startswith("SigCgt"))
        if int(caught, 16) >> (number - 1) & 1:
            return
        time.sleep(0.01)
