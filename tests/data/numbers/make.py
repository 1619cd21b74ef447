"""Writes the vectors that src/num is held to: what NumPy and ml_dtypes answer to numbers drawn with a seed.

    pip install numpy==2.4.6 ml_dtypes==0.6.0
    python make.py

The same versions write the same files. Floats are written as their bits, so that nothing is lost on the way; answers in
float64 as numbers. Each function below says where the machine's rule is another than NumPy's.
"""

import json
import math
from pathlib import Path

import ml_dtypes
import numpy as np

HERE = Path(__file__).resolve().parent
DTYPES = {
    "i8": np.int8,
    "i16": np.int16,
    "i32": np.int32,
    "fp8": ml_dtypes.float8_e4m3fn,
    "bf16": ml_dtypes.bfloat16,
    "f32": np.float32,
}
UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}
INF, NAN = math.inf, math.nan


def main():
    rng = np.random.default_rng(20)
    with np.errstate(all="ignore"):
        write("rounding.json", rounding(rng))
        write("casts.json", list(casts(rng)))
        write("dots.json", list(dots(rng)))
        write("functions.json", list(functions(rng)))
        write("rows.json", list(rows(rng)))
        write("greatest.json", list(greatest()))


def write(name, data):
    """A list with a case a line."""
    lines = ",\n".join(json.dumps(case, separators=(",", ":"), allow_nan=False) for case in data)
    (HERE / name).write_text(f"[\n{lines}\n]\n")


def bits(x):
    """Bits of floats, whole numbers as they are."""
    x = np.asarray(x)
    return x.tolist() if np.issubdtype(x.dtype, np.integer) else x.view(UNSIGNED[x.dtype.itemsize]).tolist()


def from_bits(x):
    return np.asarray(x, np.uint32).view(np.float32)


def canonical(x):
    """The machine has one NaN in f32 and bf16; NumPy keeps signs and payloads. In fp8 both keep the sign."""
    x = np.array(x)
    if x.dtype in (np.float32, ml_dtypes.bfloat16):
        x[np.isnan(x.astype(np.float32))] = np.nan
    return x


def any_floats(rng, count):
    """f32 of any bits, so of any size; NaN with payloads and either sign among them."""
    return from_bits(rng.integers(0, 2**32, count, np.uint32))


def near(x):
    """Numbers and their two neighbours in f32, with both signs."""
    x = np.asarray(x, np.float32)
    up, down = np.nextafter(x, np.float32(INF)), np.nextafter(x, np.float32(-INF))
    return np.concatenate([x, up, down, -x, -up, -down])


# --- Rounding ------------------------------------------------------------------------------------------------------


def rounding(rng):
    """f32 to fp8 and bf16, and all of fp8 and some of bf16 back."""
    ends = from_bits([0, 1, 0x7F7FFFFF, 0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC00000, 0x7F800001, 0x80000000])
    fp8 = np.arange(0x7F, dtype=np.uint8).view(DTYPES["fp8"]).astype(np.float32)
    ties = (fp8[:-1] + fp8[1:]) / np.float32(2)
    to_fp8 = np.concatenate([ends, near(ties), near([448, 464, 480, 1e9]), rng.normal(0, 20, 100), any_floats(rng, 60)])
    codes = np.concatenate([rng.integers(0, 0x7F80, 40), [0, 1, 0x7F, 0x80, 0x7F7E]]).astype(np.uint32)
    ties = from_bits((codes << 16) | 0x8000)
    to_bf16 = np.concatenate([ends, near(ties), near([3.4e38]), any_floats(rng, 100)])
    for to, x in [("fp8", to_fp8), ("bf16", to_bf16)]:
        x = x.astype(np.float32)
        yield {"from": "f32", "to": to, "values": bits(x), "cast": bits(canonical(x.astype(DTYPES[to])))}
    some = np.concatenate([[0, 1, 0x8001, 0x7F80, 0xFF80, 0x7FC0, 0xFFC0, 0x7F81], rng.integers(0, 2**16, 60)])
    for of, codes in [("fp8", np.arange(256, dtype=np.uint8)), ("bf16", some.astype(np.uint16))]:
        wide = canonical(codes.view(DTYPES[of]).astype(np.float32))
        yield {"from": of, "to": "f32", "values": codes.tolist(), "cast": bits(wide)}


# --- Casts ---------------------------------------------------------------------------------------------------------


def casts(rng):
    """Every pair of dtypes."""
    for of in DTYPES:
        values = cast_from(of, rng)
        for to in DTYPES:
            yield {"from": of, "to": to, "values": bits(values), "cast": bits(cast(values, to))}


def cast_from(of, rng):
    dtype = DTYPES[of]
    if np.issubdtype(dtype, np.integer):
        info = np.iinfo(dtype)
        ends = [info.min, info.min + 1, info.max - 1, info.max, -1, 0, 1]
        # i32 to bf16 is left out from 2^24 on, except the ends: ml_dtypes rounds to f32 first, so twice; the machine once.
        wide = min(info.max, 2**24)
        middle = [x for x in (17, 19, 21, 127, 128, -129, 257, 464, 465, 32768, -32769) if info.min <= x <= info.max]
        return np.concatenate([ends, middle, rng.integers(-wide, wide, 16)]).astype(dtype)
    # NaN of the one kind: casts of others would keep a sign in NumPy.
    ends = np.array([0, -0.0, INF, -INF, NAN, 2.0**-9, 2.0**-130], np.float32)
    halves = np.arange(-6, 7, dtype=np.float32) / 2
    saturating = np.array([126.5, 127.5, -128.5, -129, 32766.5, 32767.5, -32768.5, 2.0**31, -(2.0**31), 3e9], np.float32)
    narrow = np.concatenate([ends, halves, saturating, rng.normal(0, 100, 16)]).astype(dtype)
    return narrow[~np.signbit(narrow) | ~np.isnan(narrow)]


def cast(values, to):
    """NumPy truncates floats and wraps or leaves undefined what does not fit: to integers it rounds and clips here."""
    dtype = DTYPES[to]
    if not np.issubdtype(dtype, np.integer):
        return canonical(values.astype(dtype))
    info = np.iinfo(dtype)
    whole = np.nan_to_num(np.rint(values.astype(np.float64)), nan=0, posinf=INF, neginf=-INF)
    return np.clip(whole, info.min, info.max).astype(dtype)


# --- Dot products ----------------------------------------------------------------------------------------------------


def dots(rng):
    """In float32 one operation at a time in the machine's order; in float64 the exact sum, rounded once."""
    for case in range(36):
        k = int(rng.integers(1, 64))
        a, b = rng.normal(0, 1, (2, k)).astype(np.float32)
        if case % 3 == 0:
            a, b = a.astype(DTYPES["bf16"]).astype(np.float32), b.astype(DTYPES["bf16"]).astype(np.float32)
        yield dot(a, b, int(rng.integers(1, k + 3)))
    special = [([1e30, 1], [1e30, 1]), ([INF, 1], [0, 1]), ([1e30, -1e30], [1e30, 1e30]), ([1e-30, -0.0], [1e-30, 1]), ([-0.0], [1])]
    for a, b in special:
        yield dot(np.array(a, np.float32), np.array(b, np.float32), 1)


def dot(a, b, block):
    total = np.float32(0)
    for start in range(0, len(a), block):
        part = np.float32(0)
        for x, y in zip(a[start : start + block], b[start : start + block]):
            part = part + x * y
        total = total + part
    assert total.dtype == np.float32
    products = a.astype(np.float64) * b.astype(np.float64)
    exact = math.fsum(products) if np.isfinite(products).all() else NAN
    return {"block": block, "a": bits(a), "b": bits(b), "f32": bits(canonical(total)), "f64": None if math.isnan(exact) else exact}


# --- Functions -------------------------------------------------------------------------------------------------------


def functions(rng):
    """NumPy's, and Python's erfc, in float64, rounded to float32."""
    root = np.sqrt(2 / np.pi)
    erfc = np.vectorize(math.erfc, otypes=[np.float64])
    signed = np.concatenate([[0, -0.0, INF, NAN, 1e-40, -1e-40, 88.8, -103, -104, 9.1, -9.1], rng.normal(0, 3, 60), rng.normal(0, 0.1, 20), rng.normal(0, 30, 20)])
    positive = np.concatenate([[0, -0.0, -1, INF, NAN, 1, 1e-40, 1e-45, 3.4e38], np.exp(rng.normal(0, 10, 60)), rng.normal(1, 0.01, 20)])
    for name, function, x in [
        ("exp", np.exp, signed),
        ("log", np.log, positive),
        ("sqrt", np.sqrt, positive),
        ("rsqrt", lambda x: 1 / np.sqrt(x), positive),
        ("tanh", np.tanh, signed),
        ("sigmoid", lambda x: 1 / (1 + np.exp(-x)), signed),
        ("silu", lambda x: x / (1 + np.exp(-x)), signed),
        ("gelu", lambda x: x / 2 * erfc(-x / np.sqrt(2)), signed),
        # x/2 (1 + tanh(u)) loses its digits below 0 in float64, too; 1 + tanh(u) = 2 / (1 + exp(-2u)).
        ("gelu_tanh", lambda x: x / (1 + np.exp(-2 * root * (x + 0.044715 * x**3))), signed),
    ]:
        x = x.astype(np.float32)
        yield {"name": name, "x": bits(x), "y": bits(canonical(function(x.astype(np.float64)).astype(np.float32)))}


# --- Rows ------------------------------------------------------------------------------------------------------------


def rows(rng):
    """Sums in float32 in ascending order, bit by bit; the others in float64."""
    for n in [1, 2, 3, 5, 8, 10, 16, 17, 24, 31, 32, 48, 64]:
        x, gamma, beta = rng.normal(rng.normal(0, 1), rng.uniform(0.5, 4), (3, n)).astype(np.float32)
        eps = np.float32(1e-5)
        total = np.float32(0)
        for term in x:
            total = total + term
        wide, scale, shift, small = (v.astype(np.float64) for v in (x, gamma, beta, eps))
        e = np.exp(wide - wide.max())
        d = wide - wide.mean()
        yield {
            "x": bits(x),
            "gamma": bits(gamma),
            "beta": bits(beta),
            "eps": bits(eps),
            "sum": bits(total),
            "mean": bits(total / np.float32(n)),
            "softmax": (e / e.sum()).tolist(),
            "layernorm": (d / np.sqrt(np.mean(d * d) + small) * scale + shift).tolist(),
            "rmsnorm": (wide / np.sqrt(np.mean(wide * wide) + small) * scale).tolist(),
        }


def greatest():
    """argmax and max, as NumPy has them."""
    for x in [[1, 3, 3], [-INF, -INF], [2, NAN, INF, NAN], [NAN, 1], [1, NAN], [-3, -1, -2], [INF, INF], [0], [5, 4, 5]]:
        x = np.array(x, np.float32)
        yield {"x": bits(x), "argmax": int(np.argmax(x)), "max": bits(canonical(np.max(x)))}


if __name__ == "__main__":
    main()
