"""Writes the vectors that the reference evaluator is held to: whole programs, and what NumPy and onnxruntime make of them.

    pip install numpy==2.4.6 ml_dtypes==0.6.0 onnx==1.23.2 onnxruntime==1.32.0
    python make.py

The same versions write the same files. README.md says what is expected how closely.
"""

import numpy as np

import elements
import networks
import products
import rows
from reference import write


def main():
    with np.errstate(all="ignore"):
        write("elements.json", elements.elements())
        write("products.json", products.products())
        write("windows.json", products.all_windows())
        write("rows.json", rows.rows())
        write("parts.json", rows.parts())
        write("repeats.json", networks.repeats())
        write("networks.json", networks.networks())


if __name__ == "__main__":
    main()
