"""Hugging Face's files into OpenVINO's, by optimum-intel, which has names of its own for the types of weights."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

FORMATS = {"float32": "fp32", "float16": "fp16", "int8": "int8"}
"""optimum-intel's names."""


def main() -> None:
    """Become optimum-intel's exporter."""
    options = argparse.ArgumentParser(prog="hf_to_ir.py", description=__doc__, allow_abbrev=False)
    options.add_argument("--model", required=True, help="directory of Hugging Face's files")
    options.add_argument("--out", required=True, help="directory that gets OpenVINO's files")
    options.add_argument("--dtype", choices=FORMATS, required=True, help="of the weights")
    chosen = options.parse_args()
    program = str(Path(sys.executable).with_name("optimum-cli"))
    words = ["export", "openvino", "--model", chosen.model, "--task", "text-generation-with-past"]
    words += ["--weight-format", FORMATS[chosen.dtype], chosen.out]
    os.execv(program, [program, *words])  # noqa: S606 - the exporter takes this program's place


if __name__ == "__main__":
    main()
