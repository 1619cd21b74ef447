"""What operators of the language are, in NumPy: one operation of float32 at a time, in the machine's order, each rounded once.

Cases are drawn in elements.py, products.py, rows.py and networks.py; here is what they have in common. Arrays have the dtypes of DTYPES. Where float32 is not
expected in every bit, the same is computed in float64 from the same numbers.
"""

import json
import math
import re
import zlib
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import onnxruntime

HERE = Path(__file__).resolve().parent
DTYPES = {
    "i8": np.dtype(np.int8),
    "i16": np.dtype(np.int16),
    "i32": np.dtype(np.int32),
    "fp8": np.dtype(ml_dtypes.float8_e4m3fn),
    "bf16": np.dtype(ml_dtypes.bfloat16),
    "f32": np.dtype(np.float32),
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
FLOATS = ["f32", "bf16", "fp8"]
INTEGERS = ["i8", "i16", "i32"]
INF, NAN = math.inf, math.nan
ORT = "onnxruntime"
f32 = np.float32

# --- Cases -----------------------------------------------------------------------------------------------------------


def write(name, cases):
    """A list with a case a line."""
    cases = list(cases)
    assert len({case["name"] for case in cases}) == len(cases), "every name once"
    lines = ",\n".join(json.dumps(case, separators=(",", ":"), allow_nan=False) for case in cases)
    (HERE / name).write_text(f"[\n{lines}\n]\n")


def case(name, program, given, outputs, block=8):
    """A program, what it loads by name, and what it puts out. What the text does not load itself is declared before it: i16
    as weights, of which the compiler knows the values and so that sums stay small; others as inputs. A single number, which has
    no type to declare it by, is the part of a vector.
    """
    lines = []
    for key, array in given.items():
        if f'"{key}.npy"' not in program:
            storage = "weight" if NAMES[array.dtype] == "i16" else "input"
            shape = list(array.shape) or [1]
            lines.append(f'{storage} {key} : {NAMES[array.dtype]}{shape} = load("{key}.npy")\n')
            if array.ndim == 0:
                lines.append(f"{key}_0 = {key}[0]\n")
                program = re.sub(rf"\b{key}\b", f"{key}_0", program)
    arrays = {f"{key}.npy": stored(array.reshape(array.shape or 1)) for key, array in given.items()}
    return {"name": name, "program": "".join(lines) + program, "block": block, "arrays": arrays, "outputs": outputs}


def stored(array):
    array = canonical(array)
    return {"dtype": NAMES[array.dtype], "shape": list(array.shape), "bits": bits(array)}


def exact(array):
    """An output that is equal in every bit."""
    return stored(array)


def near(numbers, dtype, ulps, sizes=None, source="float64"):
    """An output that is off by at most `ulps` times the distance from 1 to the next number of its dtype, times `sizes`: one for
    each element or one for all; without them, its own magnitude. What float64 computed of the whole program, rounding nothing on
    the way, holds for the float64 beside the output, too.
    """
    numbers = np.asarray(numbers, np.float64)
    assert np.isfinite(numbers).all()
    output = {"dtype": dtype, "shape": list(numbers.shape), "numbers": short(numbers), "source": source, "ulps": ulps}
    if sizes is not None:
        output["sizes"] = short(np.atleast_1d(np.asarray(sizes, np.float64)))
    return output


def short(numbers):
    """Ten digits: a thousandth of the last place of float32."""
    return [float(f"{x:.10g}") for x in numbers.reshape(-1).tolist()]


def bits(array):
    """Bits of floats, whole numbers as they are; row-major."""
    unsigned = {1: np.uint8, 2: np.uint16, 4: np.uint32}
    whole = array if NAMES[array.dtype] in INTEGERS else array.view(unsigned[array.dtype.itemsize])
    return whole.reshape(-1).tolist()


def draw(name):
    """Numbers of a case, whatever other cases there are."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def normal(rng, dtype, *shape, scale=1.0):
    return rng.normal(0, scale, shape).astype(f32).astype(DTYPES[dtype])


def whole(rng, dtype, *shape, most=None):
    most = np.iinfo(DTYPES[dtype]).max if most is None else most
    return rng.integers(-most - 1, most, shape, endpoint=True).astype(DTYPES[dtype])


def any_of(rng, dtype, *shape, most=None):
    return normal(rng, dtype, *shape) if dtype in FLOATS else whole(rng, dtype, *shape, most=most)


def of(dtype, numbers):
    return np.array(numbers, f32).astype(DTYPES[dtype])


# --- Numbers ---------------------------------------------------------------------------------------------------------


def is_float(array):
    return NAMES[array.dtype] in FLOATS


def canonical(array):
    """There is one NaN in each float dtype; NumPy keeps signs and payloads. (What rounds to NaN in fp8 keeps its sign.)"""
    array = np.array(array)
    if NAMES[array.dtype] in ("f32", "bf16"):
        array[np.isnan(array.astype(f32))] = np.nan
    return array


def wide(array):
    """The same numbers in float32, whole ones in int64."""
    return array.astype(f32 if is_float(array) else np.int64)


def rounded(array, dtype):
    """From float32 to a float dtype, once; whole numbers, which fit, to an integer dtype."""
    array = np.asarray(array)
    if array.dtype == np.int64:
        info = np.iinfo(DTYPES[dtype])
        assert array.min() >= info.min and array.max() <= info.max
        return array.astype(DTYPES[dtype])
    assert array.dtype == np.float32
    return canonical(canonical(array).astype(DTYPES[dtype]))


def cast(array, dtype):
    """To integers: to nearest, ties to even, saturated, NaN to 0."""
    if dtype in FLOATS:
        return rounded(array.astype(f32), dtype)
    info = np.iinfo(DTYPES[dtype])
    numbers = np.rint(array.astype(np.float64)) if is_float(array) else array.astype(np.float64)
    return np.clip(np.nan_to_num(numbers, nan=0, posinf=INF, neginf=-INF), info.min, info.max).astype(DTYPES[dtype])


def wider(a, b):
    return NAMES[a.dtype] if a.dtype.itemsize >= b.dtype.itemsize else NAMES[b.dtype]


# --- Operators -------------------------------------------------------------------------------------------------------


def combine(function, a, b):
    """Element by element: floats in the wider dtype, whole numbers in i32, the greater and the lesser one in the wider."""
    dtype = wider(a, b)
    if not is_float(a) and function not in (np.maximum, np.minimum):
        dtype = "i32"
    return rounded(function(wide(a), wide(b)), dtype)


def beside(function, a, number):
    """A tensor of floats and a number, which is float32."""
    return rounded(function(wide(a), f32(number)), NAMES[a.dtype])


def each(function, a):
    return rounded(function(wide(a)), NAMES[a.dtype])


def in_blocks(products, block):
    """Sums along the last axis: blocks of so many, each from +0 in ascending order, then the blocks."""
    total = np.zeros(products.shape[:-1], products.dtype)
    for start in range(0, products.shape[-1], block):
        part = np.zeros_like(total)
        for at in range(start, min(start + block, products.shape[-1])):
            part = part + products[..., at]
        total = total + part
    return total


def product_dtype(a, b):
    if not is_float(a):
        return "i32"
    return "f32" if NAMES[a.dtype] == "fp8" else NAMES[a.dtype]


def labels(text):
    operands, out = text.replace(" ", "").split("->")
    return *operands.split(","), out


def all_products(text, a, b):
    """Products by axes of the result, those that are summed side by side on a last one: in the order of the first operand's
    axes, the last of them fastest.
    """
    left, right, out = labels(text)
    order = out + "".join(letter for letter in left if letter not in out)

    def spread(x, own):
        x = x.transpose([own.index(letter) for letter in order if letter in own])
        return x.reshape([dict(zip(own, extents[own]))[letter] if letter in own else 1 for letter in order])

    extents = {left: a.shape, right: b.shape}
    if left == right:
        assert a.shape == b.shape
    products = spread(a, left) * spread(b, right)
    return products.reshape(*products.shape[: len(out)], -1)


def contract(text, a, b, block):
    """`einsum` of two operands, of which no letter is one's alone but the result has it."""
    return rounded(in_blocks(all_products(text, wide(a), wide(b)), block), product_dtype(a, b))


def matmul_text(a, b):
    batch = "abcdef"[: max(a.ndim, b.ndim) - 2]
    return f"{batch[len(batch) - a.ndim + 2 :]}mk,{batch[len(batch) - b.ndim + 2 :]}kn->{batch}mn"


def matmul(a, b, block):
    return contract(matmul_text(a, b), a, b, block)


def absolute_products(text, a, b):
    """By element: what its error is measured in."""
    left, right, out = labels(text)
    return np.einsum(f"{left},{right}->{out}", np.abs(a.astype(np.float64)), np.abs(b.astype(np.float64)))


def padded(x, padding, filler):
    above, below, left, right = padding
    return np.pad(x, [(0, 0), (above, below), (left, right), (0, 0)], constant_values=filler)


def windows(x, size, stride, padding, dilation=(1, 1), filler=0):
    """[n, oh, ow, kh, kw, c]: what each window sees of x[n, h, w, c]."""
    x = padded(x, padding, filler)
    places = [
        (x.shape[1 + side] - ((size[side] - 1) * dilation[side] + 1)) // stride[side] + 1 for side in (0, 1)
    ]
    seen = np.zeros((x.shape[0], *places, *size, x.shape[3]), x.dtype)
    for i in range(size[0]):
        for j in range(size[1]):
            top, left = i * dilation[0], j * dilation[1]
            rows = slice(top, top + (places[0] - 1) * stride[0] + 1, stride[0])
            columns = slice(left, left + (places[1] - 1) * stride[1] + 1, stride[1])
            seen[:, :, :, i, j] = x[:, rows, columns]
    return seen


def conv2d(x, w, stride, padding, dilation, groups, block):
    """k goes over (kh, kw, c), the last fastest; padding is zeros, which count as places of k."""
    kh, kw, c, f = w.shape
    seen = windows(wide(x), (kh, kw), stride, padding, dilation)
    parts = []
    for group in range(groups):
        own = seen[..., group * c : (group + 1) * c].reshape(*seen.shape[:3], 1, kh * kw * c)
        filters = wide(w)[..., group * (f // groups) : (group + 1) * (f // groups)]
        products = own * filters.reshape(kh * kw * c, f // groups).T
        parts.append(in_blocks(products, block))
    return rounded(np.concatenate(parts, axis=-1), product_dtype(x, w))


def along(x, axes):
    """Axes that are reduced side by side on a last one, row-major."""
    kept = [axis for axis in range(x.ndim) if axis not in axes]
    return x.transpose(kept + list(axes)).reshape(*[x.shape[axis] for axis in kept], -1)


def reduce(kind, x, axes, keep=False):
    """`sum`, `mean` or `max` along axes in ascending order: float32 from +0, whole numbers in i32 or, of `max`, as they are."""
    row, name = along(wide(x), axes), NAMES[x.dtype]
    if kind == "max":
        result = row.max(axis=-1)
    else:
        result = in_blocks(row, row.shape[-1])
        result = result / f32(row.shape[-1]) if kind == "mean" else result
        name = "i32" if not is_float(x) else name
    if keep:
        result = result.reshape([1 if axis in axes else extent for axis, extent in enumerate(x.shape)])
    return rounded(np.asarray(result), name)


def requant(x, shift, scale=1, zero=0):
    """In whole numbers of any size."""

    def one(x):
        product, half = int(x) * scale, (1 << shift) >> 1
        magnitude = (abs(product) + half) >> shift
        return min(max((magnitude if product >= 0 else -magnitude) + zero, -128), 127)

    return np.array([one(x) for x in x.reshape(-1)], np.int8).reshape(x.shape)


def causal(x, offset=0):
    mask = np.tril(np.ones(x.shape[-2:], bool), offset)
    return rounded(np.where(mask, wide(x), f32(-INF)), NAMES[x.dtype])


def topk(x, k):
    """Descending, the first of equals first."""
    order = np.argsort(-wide(x), axis=-1, kind="stable")[..., :k]
    return np.take_along_axis(x, order, axis=-1), order.astype(np.int32)


def gather(x, indices, axis=0):
    return np.take(x, indices, axis=axis, mode="clip")


def argmax(x, axis):
    return np.argmax(wide(x), axis=axis).astype(np.int32)


# --- In float64 ------------------------------------------------------------------------------------------------------

erfc = np.vectorize(math.erfc, otypes=[np.float64])
FUNCTIONS = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "gelu": lambda x: x / 2 * erfc(-x / np.sqrt(2)),
    # x/2 (1 + tanh(u)) loses its digits below 0, in float64 too; 1 + tanh(u) = 2 / (1 + exp(-2u)).
    "gelu_tanh": lambda x: x / (1 + np.exp(-2 * np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
}


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def rmsnorm(x, scale, eps=1e-6):
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + eps) * scale


def layernorm(x, scale, bias, eps=1e-5):
    d = x - x.mean(axis=-1, keepdims=True)
    return rmsnorm(d, scale, eps) + bias


def double(array):
    return array.astype(np.float64)


# --- onnxruntime -----------------------------------------------------------------------------------------------------


def onnx_run(op, inputs, outputs=1, **attributes):
    """One operator of ONNX, opset 21, on float32 and int64 arrays; "" is an input that is left out."""
    kinds = {np.dtype(np.float32): onnx.TensorProto.FLOAT, np.dtype(np.int64): onnx.TensorProto.INT64}
    names = [f"i{at}" if isinstance(x, np.ndarray) else "" for at, x in enumerate(inputs)]
    given = {name: x for name, x in zip(names, inputs) if name}
    results = [f"o{at}" for at in range(outputs)]
    node = onnx.helper.make_node(op, names, results, **attributes)
    empty = [onnx.helper.make_empty_tensor_value_info(name) for name in results]
    values = [onnx.helper.make_tensor_value_info(name, kinds[x.dtype], x.shape) for name, x in given.items()]
    graph = onnx.helper.make_graph([node], "case", values, empty)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 21)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, given)


def channels_first(x):
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2))


def channels_last(x):
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1))
