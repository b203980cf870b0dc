"""Measures what a device reaches: the best rate of matrix products and of memory copies, in a few seconds.

Runs under the engine's own Python, with its device access, before the engine starts; needs torch alone. The last
line of its output is one JSON object: ``flops`` (FLOP/s), ``bytes_per_s`` (bytes read and written), and of what.
Where the device is the processor, another program slows it: then the measurement is repeated until little else ran,
and ``foreign_share`` says how much of the host's processor time others used in the quietest round.
"""

import argparse
import importlib
import json
import os
import threading
import time
from pathlib import Path

LIMIT_S = 90
"""After this it gives up, also where the device hangs."""
GEMM_S = 1.0
COPY_S = 0.25
SMALLEST, LARGEST = 512, 16_384
LONG_ENOUGH_S = 0.05
"""A product that takes this long is no longer ruled by how it is started."""
COPY_BYTES = 1 << 28
ROUNDS = 4
QUIET = 0.05
"""Share of the processors' time that others may use before a round is repeated."""
DTYPES = ("float64", "float32", "float16", "bfloat16")


def arguments() -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", required=True, help="as torch names its kind")
    parser.add_argument("--dtype", required=True, help="executed precision")
    parser.add_argument("--import", dest="plugin", help="module that brings the device to torch")
    return parser.parse_args()


def host_ticks() -> "tuple[int, int] | None":
    """Clock ticks of all processors so far, all and spent; None where the kernel does not count them so."""
    try:
        label, *numbers = Path("/proc/stat").read_text("ascii").splitlines()[0].split()
        ticks = [int(number) for number in numbers[:8]]
    except (OSError, ValueError, IndexError):
        return None
    if label != "cpu" or len(ticks) < 8 or not sum(ticks):
        return None
    # user nice system idle iowait irq softirq steal: what a hypervisor took away is others' too
    return sum(ticks), sum(ticks[:3]) + ticks[7]


def foreign_share(step) -> "float | None":  # noqa: ANN001 - a callable without arguments
    """Run a step; share of the host's processor time that went elsewhere meanwhile, None where it is not known."""
    before, own = host_ticks(), time.process_time()
    step()
    after, own = host_ticks(), time.process_time() - own
    if before is None or after is None or after[0] == before[0]:
        return None
    spent = after[1] - before[1] - own * os.sysconf("SC_CLK_TCK")
    return max(0.0, spent / (after[0] - before[0]))


class Device:
    """What is measured: one device of torch, in one precision."""

    def __init__(self, torch, name: str, dtype) -> None:  # noqa: ANN001 - torch is there only at run time
        self._torch, self._name, self._dtype = torch, name, dtype
        self._kind = getattr(torch, name, None)
        self._wait = getattr(self._kind, "synchronize", lambda: None)

    def title(self) -> str:
        """As torch names it."""
        return str(getattr(self._kind, "get_device_name", lambda: self._name)())

    def seconds(self, step) -> float:  # noqa: ANN001 - a callable without arguments
        """How long a step takes, to its end on the device."""
        self._wait()
        start = time.perf_counter()
        step()
        self._wait()
        return time.perf_counter() - start

    def best(self, step, budget: float) -> float:  # noqa: ANN001 - likewise
        """The least time of a step that is repeated for some seconds."""
        end, least = time.perf_counter() + budget, self.seconds(step)
        while time.perf_counter() < end:
            least = min(least, self.seconds(step))
        return least

    def product(self, size: int):  # noqa: ANN201 - likewise
        """A product of two square matrices."""
        torch, device, dtype = self._torch, self._name, self._dtype
        left, right = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
        result = torch.empty(size, size, device=device, dtype=dtype)
        return lambda: torch.mm(left, right, out=result)

    def long_product(self):  # noqa: ANN201 - likewise
        """The smallest product that takes long enough, and its size."""
        size = SMALLEST
        step = self.product(size)
        self.seconds(step)
        while size < LARGEST and min(self.seconds(step) for _ in range(3)) < LONG_ENOUGH_S:
            size *= 2
            step = self.product(size)
            self.seconds(step)
        return step, size

    def copy(self):  # noqa: ANN201 - likewise
        """A copy in the device's memory."""
        source = self._torch.ones(COPY_BYTES, dtype=self._torch.uint8, device=self._name)
        target = self._torch.empty_like(source)
        return lambda: target.copy_(source)


def measure(device: Device, *, shared: bool) -> "dict[str, object]":
    """The best rates of a device.

    Args:
        device: which.
        shared: it is the processor, which other programs use too.
    """
    product, size = device.long_product()
    copy = device.copy()
    rates = {"flops": 0.0, "bytes_per_s": 0.0}

    def both() -> None:
        rates["flops"] = max(rates["flops"], 2 * size**3 / device.best(product, GEMM_S))
        rates["bytes_per_s"] = max(rates["bytes_per_s"], 2 * COPY_BYTES / device.best(copy, COPY_S))

    shares = []
    for _ in range(ROUNDS):
        share = foreign_share(both)
        if not shared or share is None:
            break
        shares.append(share)
        if share <= QUIET:
            break
    return {**rates, **({"foreign_share": min(shares)} if shares else {}), "size": size}


def main() -> None:
    """Measure, and say it in one line."""
    given = arguments()
    threading.Thread(target=lambda: (time.sleep(LIMIT_S), os._exit(3)), daemon=True).start()
    if given.dtype not in DTYPES:
        raise SystemExit(f"products of {given.dtype} are not measured")
    torch = importlib.import_module("torch")
    if given.plugin:
        importlib.import_module(given.plugin)
    device = Device(torch, given.device, getattr(torch, given.dtype))
    with torch.no_grad():
        figures = measure(device, shared=given.device == "cpu")
    about = {
        "dtype": given.dtype,
        "device": device.title(),
        "torch": str(torch.__version__),
        "threads": torch.get_num_threads(),
    }
    print(json.dumps(figures | about))


if __name__ == "__main__":
    main()
