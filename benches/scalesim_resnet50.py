#!/usr/bin/env python3
"""Times SCALE-Sim and Systole on ResNet-50's 54 layers, 128 x 128 PEs, weight-stationary, and compares their reports.

    python3 benches/scalesim_resnet50.py [TIMES]

Needs the network once, for SCALE-Sim in a virtual environment under target/, and while SCALE-Sim runs (for minutes) about
8 GB of memory. SCALE-Sim's own files of traces are switched off. TIMES (21) is how often Systole runs; the median counts.
"""

import csv
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "target" / "scalesim"
PINNED = ["scalesim==3.0.0", "numpy==2.3.5", "pandas==3.1.1", "numba==0.68.1", "matplotlib==3.11.2", "tqdm==4.70.1"]

CONFIG = """[general]
run_name = resnet50

[architecture_presets]
ArrayHeight: 128
ArrayWidth: 128
IfmapSramSzkB: 1024
FilterSramSzkB: 1024
OfmapSramSzkB: 1024
IfmapOffset: 0
FilterOffset: 10000000
OfmapOffset: 20000000
Dataflow: ws
Bandwidth: 10
ReadRequestBuffer: 32
WriteRequestBuffer: 32

[layout]
IfmapCustomLayout: False
FilterCustomLayout: False
IfmapSRAMBankBandwidth: 10
IfmapSRAMBankNum: 10
IfmapSRAMBankPort: 2
FilterSRAMBankBandwidth: 10
FilterSRAMBankNum: 10
FilterSRAMBankPort: 2

[sparsity]
SparsitySupport: false

[run_presets]
InterfaceBandwidth: CALC
UseRamulatorTrace: False
"""

RUN = """import sys
from scalesim.scale_sim import scalesim
config, topology, layout, output = sys.argv[1:]
sim = scalesim(save_disk_space=True, verbose=False, config=config, topology=topology, layout=layout)
sim.run_scale(top_path=output)
"""


def write_inputs():
    """The topology: padded inputs as far as filters reach, since SCALE-Sim pads nothing and rounds up what a stride leaves."""
    with open(ROOT / "tests/data/scalesim/resnet50_layers.csv", newline="") as file:
        layers = list(csv.DictReader(file))
    lines = ["Layer, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,"]
    for layer in layers:
        size = {key: int(layer[key]) for key in ("OH", "OW", "C", "F", "k", "stride")}
        height, width = [(size[out] - 1) * size["stride"] + size["k"] for out in ("OH", "OW")]
        fields = [height, width, size["k"], size["k"], size["C"], size["F"], size["stride"]]
        lines.append(f"{layer['type']}{layer['idx']}, {', '.join(map(str, fields))},")
    assert len(layers) == 54
    WORK.mkdir(parents=True, exist_ok=True)
    (WORK / "resnet50.csv").write_text("\n".join(lines) + "\n")
    (WORK / "resnet50.cfg").write_text(CONFIG)
    (WORK / "layout.csv").write_text("Layer,\n")
    (WORK / "run.py").write_text(RUN)


def seconds(command):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def install():
    python = WORK / "venv" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", WORK / "venv"], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PINNED], check=True)
    return python


def compute_report(path):
    """LayerID and v2's columns of each row; v3 has one more column in the second place."""
    with open(path, newline="") as file:
        header, *rows = [[field.strip() for field in row][:-1] for row in csv.reader(file)]
    keep = [i for i, name in enumerate(header) if "prefetch" not in name]
    return [[row[i] for i in keep] for row in rows]


def main():
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    write_inputs()
    subprocess.run(["cargo", "build", "--release", "--quiet", "--bin", "systole"], cwd=ROOT, check=True)
    inputs = [WORK / "resnet50.csv", "--config", WORK / "resnet50.cfg", "-o", WORK / "ours"]
    ours = statistics.median(
        seconds([ROOT / "target/release/systole", "scalesim", *inputs]) for _ in range(times)
    )
    print(f"Systole: {ours * 1000:.2f} ms, median of {times}", flush=True)
    python = install()
    files = [WORK / name for name in ("resnet50.cfg", "resnet50.csv", "layout.csv", "theirs")]
    theirs = seconds([python, WORK / "run.py", *files])
    print(f"SCALE-Sim 3.0.0: {theirs:.1f} s, one run")
    print(f"ratio: {theirs / ours:.0f}")
    same = compute_report(WORK / "ours/COMPUTE_REPORT.csv") == compute_report(WORK / "theirs/resnet50/COMPUTE_REPORT.csv")
    print("COMPUTE_REPORT.csv: every digit equal" if same else "COMPUTE_REPORT.csv: DIFFERENT")
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
