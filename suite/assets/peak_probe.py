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
GEMM_S = 2.0
COPY_S = 0.5
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


def main() -> None:
    """Measure, and say it in one line."""
    given = arguments()
    threading.Thread(target=lambda: (time.sleep(LIMIT_S), os._exit(3)), daemon=True).start()
    if given.dtype not in DTYPES:
        raise SystemExit(f"products of {given.dtype} are not measured")
    torch = importlib.import_module("torch")
    if given.plugin:
        importlib.import_module(given.plugin)
    kind = getattr(torch, given.device, None)
    wait = getattr(kind, "synchronize", lambda: None)
    dtype = getattr(torch, given.dtype)

    def seconds(step) -> float:  # noqa: ANN001 - a callable without arguments
        wait()
        start = time.perf_counter()
        step()
        wait()
        return time.perf_counter() - start

    def best(step, budget: float) -> float:  # noqa: ANN001 - likewise
        end, least = time.perf_counter() + budget, seconds(step)
        while time.perf_counter() < end:
            least = min(least, seconds(step))
        return least

    def product(size: int):  # noqa: ANN202 - likewise
        left, right = (torch.randn(size, size, device=given.device).to(dtype) for _ in range(2))
        result = torch.empty(size, size, device=given.device, dtype=dtype)
        return lambda: torch.mm(left, right, out=result)

    with torch.no_grad():
        size = SMALLEST
        step = product(size)
        seconds(step)
        while size < LARGEST and min(seconds(step) for _ in range(3)) < LONG_ENOUGH_S:
            size *= 2
            step = product(size)
            seconds(step)
        source = torch.ones(COPY_BYTES, dtype=torch.uint8, device=given.device)
        target = torch.empty_like(source)
        rates = {"flops": 0.0, "bytes_per_s": 0.0}

        def round_of_both() -> None:
            flops = 2 * size**3 / best(step, GEMM_S)
            copied = 2 * COPY_BYTES / best(lambda: target.copy_(source), COPY_S)
            rates.update(
                flops=max(rates["flops"], flops), bytes_per_s=max(rates["bytes_per_s"], copied)
            )

        shares = []
        for _ in range(ROUNDS):
            share = foreign_share(round_of_both)
            if given.device != "cpu" or share is None:
                break
            shares.append(share)
            if share <= QUIET:
                break
    name = getattr(kind, "get_device_name", lambda: given.device)
    print(
        json.dumps(
            {
                **rates,
                **({"foreign_share": min(shares)} if shares else {}),
                "dtype": given.dtype,
                "size": size,
                "device": str(name()),
                "torch": str(torch.__version__),
                "threads": torch.get_num_threads(),
            }
        )
    )


if __name__ == "__main__":
    main()
