"""Writes the vectors that the reference evaluator is held to: whole programs, and what NumPy and onnxruntime make of them.

    pip install numpy==2.4.6 ml_dtypes==0.6.0 onnx==1.23.2 onnxruntime==1.32.0
    python make.py

The same versions write the same files. README.md says what is expected how closely.
"""

import numpy as np

import networks
from reference import *


def main():
    with np.errstate(all="ignore"):
        write("elements.json", elements())
        write("products.json", products())
        write("windows.json", all_windows())
        write("rows.json", rows())
        write("parts.json", parts())
        write("repeats.json", networks.repeats())
        write("networks.json", networks.networks())


# --- Element by element ----------------------------------------------------------------------------------------------

COMBINED = {
    "a + b": np.add,
    "a - b": np.subtract,
    "a * b": np.multiply,
    "a / b": np.divide,
    "maximum(a, b)": np.maximum,
    "minimum(a, b)": np.minimum,
}
WHOLE = {expression: function for expression, function in COMBINED.items() if expression != "a / b"}


def elements():
    for left in FLOATS:
        for right in FLOATS:
            yield two_operands(f"{left} and {right}", left, right, COMBINED, [2, 5], [2, 5])
    for left in INTEGERS:
        for right in INTEGERS:
            yield two_operands(f"{left} and {right}", left, right, WHOLE, [2, 5], [2, 5])
    for at, (left, right) in enumerate([
        ([2, 3, 4], [4]), ([4], [2, 3, 4]), ([3, 1], [1, 4]), ([2, 1, 3], [4, 1]), ([2, 3], []), ([], [5]), ([], []),
        ([1, 1, 2], [3, 1, 1]), ([1], [2, 2]), ([2, 1, 2, 1, 2, 1, 2, 1], [1, 2, 1, 2, 1, 2, 1, 2]),
    ]):
        yield two_operands(f"{left} beside {right}", "f32", "bf16" if at % 2 else "f32", COMBINED, left, right)
        yield two_operands(f"whole {left} beside {right}", "i8", "i32", WHOLE, left, right)
    yield from special_operands()
    yield from numbers()
    yield from functions()
    yield from casts()
    yield from requants()
    yield constants()


def two_operands(name, left, right, functions, left_shape, right_shape):
    rng = draw(name)
    # A product of two i16 and twenty of them stay within i32; of i32 the compiler asks how large they are.
    small = {"i8": None, "i16": None, "i32": 40000}
    a, b = any_of(rng, left, *left_shape, most=small.get(left)), any_of(rng, right, *right_shape, most=small.get(right))
    program = "".join(f"output {expression}\n" for expression in functions)
    outputs = [exact(combine(function, a, b)) for function in functions.values()]
    return case(name, program, {"a": a, "b": b}, outputs)


def special_operands():
    """Infinities, NaN, zeros of both signs, overflow and subnormal results."""
    for dtype in FLOATS:
        ends = [0, -0.0, 1, -1, INF, -INF, NAN, 3e38, -3e38, 1e-38, 448, 2.0**-9]
        pairs = np.array([(x, y) for x in ends for y in ends], f32)
        # Which zero is the greater one is nobody's business.
        a, b = pairs[:, 0], pairs[:, 1]
        a, b = of(dtype, a), of(dtype, b)
        # NaN of either sign is one when it is loaded.
        a, b = (x if dtype != "fp8" else rounded(canonical(x.astype(f32)), "fp8") for x in (a, b))
        arithmetic = {key: COMBINED[key] for key in ["a + b", "a - b", "a * b", "a / b"]}
        program = "".join(f"output {expression}\n" for expression in arithmetic) + "output -a\noutput relu(a)\n"
        outputs = [exact(combine(function, a, b)) for function in arithmetic.values()]
        outputs += [exact(each(np.negative, a)), exact(each(lambda x: np.where(x < 0, f32(0), x), a))]
        yield case(f"ends of {dtype}", program, {"a": a, "b": b}, outputs)
        apart = wide(a) != wide(b)
        apart = apart & ~((wide(a) == 0) & (wide(b) == 0))
        program = "output maximum(a, b)\noutput minimum(a, b)\n"
        outputs = [exact(combine(f, a[apart], b[apart])) for f in (np.maximum, np.minimum)]
        yield case(f"greater and lesser of {dtype}", program, {"a": a[apart], "b": b[apart]}, outputs)


def numbers():
    """A number beside a tensor: f32 beside floats, of which the tensor keeps its dtype; i32 beside whole numbers."""
    for dtype in FLOATS:
        rng = draw(f"numbers {dtype}")
        x = normal(rng, dtype, 12)
        lines = {
            "x + 0.1": lambda x: x + f32(0.1),
            "0.1 + x": lambda x: f32(0.1) + x,
            "x - 3": lambda x: x - f32(3),
            "1 - x": lambda x: f32(1) - x,
            "x * 0.3": lambda x: x * f32(0.3),
            "x / 3": lambda x: x / f32(3),
            "1.5 / x": lambda x: f32(1.5) / x,
            "x / sqrt(7)": lambda x: x / f32(np.sqrt(7)),
            "maximum(x, 0.25)": lambda x: np.maximum(x, f32(0.25)),
            "minimum(-0.3, x)": lambda x: np.minimum(f32(-0.3), x),
            "-x": np.negative,
            "relu(x)": lambda x: np.maximum(x, f32(0)),
        }
        program = "".join(f"output {line}\n" for line in lines)
        yield case(f"numbers beside {dtype}", program, {"x": x}, [exact(each(f, x)) for f in lines.values()])
    for dtype in INTEGERS:
        rng = draw(f"numbers {dtype}")
        x = whole(rng, dtype, 12, most=1000 if dtype == "i32" else None)
        lines = {
            "x + 100": lambda x: x + 100,
            "7 - x": lambda x: 7 - x,
            "x * -3": lambda x: x * -3,
            "-x": np.negative,
            "maximum(x, 5)": lambda x: np.maximum(x, 5),
            "minimum(x, -5)": lambda x: np.minimum(x, -5),
            "relu(x)": lambda x: np.maximum(x, 0),
        }
        program = "".join(f"output {line}\n" for line in lines)
        outputs = [exact(rounded(f(wide(x)), dtype if line == "relu(x)" else "i32")) for line, f in lines.items()]
        yield case(f"numbers beside {dtype}", program, {"x": x}, outputs)


def functions():
    """In f32 within what num::Function says, in bf16 and fp8 a half of the last place and what f32 was off."""
    for dtype in FLOATS:
        for name, function in FUNCTIONS.items():
            rng = draw(f"{name} {dtype}")
            if name in ("log", "sqrt", "rsqrt"):
                x = np.exp(rng.normal(0, 2, 24)).astype(f32).astype(DTYPES[dtype])
                x = x[(wide(x) > 0) & (np.abs(wide(x) - 1) > 0.05)] if name == "log" else x[wide(x) > 0]
            else:
                x = normal(rng, dtype, 24, scale=1.5)
            y = function(double(x))
            if dtype == "f32":
                bound = {
                    "exp": 1, "log": 1, "sqrt": 0.5, "rsqrt": 1, "tanh": 2, "sigmoid": 2, "silu": 3,
                    "gelu": 2 + 2 * double(x) ** 2,
                    "gelu_tanh": 2 + 3 * np.abs(2 * np.sqrt(2 / np.pi) * (double(x) + 0.044715 * double(x) ** 3)),
                }[name]
                output = near(y, dtype, 1, np.abs(y) * (bound + 0.001))
            else:
                # Half of the distance to the next number: in the last binade that is of the smallest ones the same for all.
                least = {"bf16": 0, "fp8": 2.0**-6}[dtype]
                output = near(y, dtype, 0.503, np.maximum(np.abs(y), least))
            yield case(f"{name} of {dtype}", f"output {name}(x)\n", {"x": x}, [output])
    ends = of("f32", [0, -0.0, INF, NAN])
    yield case(
        "functions at their ends",
        "output exp(x)\noutput sqrt(x)\noutput rsqrt(x)\noutput tanh(x)\noutput log(y)\noutput exp(y)\noutput sigmoid(y)\n",
        {"x": ends, "y": of("f32", [0, INF, -INF, NAN, -1000, 1000])},
        [
            exact(of("f32", [1, 1, INF, NAN])),
            exact(of("f32", [0, -0.0, INF, NAN])),
            exact(of("f32", [INF, -INF, 0, NAN])),
            exact(of("f32", [0, -0.0, 1, NAN])),
            exact(of("f32", [-INF, INF, NAN, NAN, NAN, np.log(f32(1000))])),
            exact(of("f32", [1, INF, 0, NAN, 0, INF])),
            exact(of("f32", [0.5, 1, 0, NAN, 0, 1])),
        ],
    )
    x = normal(draw("gelu by onnxruntime"), "f32", 24, scale=2)
    outputs = []
    for approximate in ("none", "tanh"):
        (y,) = onnx_run("Gelu", [x], approximate=approximate)
        # onnxruntime adds 1 to erf or tanh: below 0 digits of x are lost.
        outputs.append(near(y, "f32", 4, np.abs(x), ORT))
    yield case("gelu by onnxruntime", "output gelu(x)\noutput gelu_tanh(x)\n", {"x": x}, outputs)


def casts():
    """Every pair of dtypes."""
    floats = [0, -0.0, INF, -INF, NAN, 0.5, 1.5, 2.5, -0.5, -1.5, 127.5, -128.5, 32767.5, -32769, 2.0**31, -3e9, 464, 465, 0.3]
    for dtype in DTYPES:
        rng = draw(f"cast {dtype}")
        if dtype in FLOATS:
            x = canonical(np.concatenate([of(dtype, floats), normal(rng, dtype, 9, scale=30)]))
            x = rounded(canonical(x.astype(f32)), dtype)
        else:
            # i32 to bf16 by way of ml_dtypes is rounded twice from 2^24 on.
            info = np.iinfo(DTYPES[dtype])
            x = np.concatenate([[info.min, info.max, 0, -1], whole(rng, dtype, 12, most=min(info.max, 2**24))])
            x = x.astype(DTYPES[dtype])
        program = "".join(f"output cast(x, {to})\n" for to in DTYPES)
        yield case(f"cast of {dtype}", program, {"x": x}, [exact(cast(x, to)) for to in DTYPES])


def requants():
    for at, by in enumerate([
        {"shift": 5}, {"shift": 0}, {"shift": 1, "zero": 10}, {"shift": 9, "scale": 3, "zero": -1},
        {"shift": 30, "scale": -1518500250}, {"shift": 62, "scale": 2**31 - 1}, {"shift": 0, "scale": -(2**31), "zero": -128},
    ]):
        rng = draw(f"requant {at}")
        most = [4000, 120, 300, 20000, 2**7, 2**31 - 1, 2**31 - 1][at]
        x = np.concatenate([[-most - 1, most, 0, 1, -1, 16, -16, 48, -48], whole(rng, "i32", 12, most=most)])
        x = np.clip(x, -(2**31), 2**31 - 1).astype(np.int32)
        call = ", ".join(f"{key}={value}" for key, value in by.items())
        yield case(f"requant {call}", f"output requant(x, {call})\n", {"x": x}, [exact(requant(x, **by))])


def constants():
    program = "".join(
        f"output zeros({dtype}[2, 2])\noutput full({dtype}[3], {-3 if dtype in INTEGERS else 0.3})\n" for dtype in DTYPES
    )
    outputs = []
    for dtype in DTYPES:
        number = -3 if dtype in INTEGERS else 0.3
        outputs += [exact(of(dtype, np.zeros((2, 2)))), exact(of(dtype, [number] * 3))]
    return case("constants", program + "output full(f32[1], sqrt(2) * 3)\n", {}, outputs + [exact(of("f32", [np.sqrt(2) * 3]))])


# --- Products --------------------------------------------------------------------------------------------------------


def products():
    """In every bit, and near float64's: np.matmul and np.einsum share nothing with the loops of reference.py."""
    pairs = [("f32", "f32"), ("bf16", "bf16"), ("fp8", "fp8"), ("i8", "i8"), ("i8", "i16"), ("i16", "i8"), ("i16", "i16")]
    for left, right in pairs:
        for block in (1, 3, 16) if left in FLOATS else (4,):
            yield product(f"{left} @ {right} in blocks of {block}", left, right, [3, 21], [21, 4], block)
    for left, right in [
        ([2, 3, 4], [2, 4, 2]), ([2, 3, 4], [4, 2]), ([3, 4], [2, 4, 2]), ([2, 2, 1, 5], [2, 5, 2]), ([3, 5], [2, 2, 5, 1]),
        ([1, 1], [1, 1]), ([1, 7], [7, 1]), ([1, 2, 1, 2, 1, 2, 2, 3], [1, 2, 1, 2, 1, 2, 3, 2]),
    ]:
        for dtype in ("f32", "i8"):
            yield product(f"{dtype}: {left} @ {right}", dtype, dtype, left, right, 3)
    for text, left, right in [
        ("ij,jk->ik", [2, 19], [19, 3]), ("i,i->", [40], [40]), ("i,j->ij", [3], [4]), ("bij,bjk->bik", [2, 2, 9], [2, 9, 3]),
        ("ijk,jkl->il", [2, 4, 5], [4, 5, 2]), ("ijk,kjl->li", [2, 4, 5], [5, 4, 2]), ("ij,kj->ki", [2, 14], [3, 14]),
        ("bhqd,bhkd->bhqk", [1, 2, 3, 7], [1, 2, 2, 7]), ("bqhd,bkhd->bhqk", [1, 3, 2, 7], [1, 2, 2, 7]), ("ij,j->i", [3, 17], [17]),
        ("ji,j->i", [17, 3], [17]), ("ij,ij->ij", [2, 3], [2, 3]), ("ij,ji->ij", [2, 3], [3, 2]), ("ij,i->ij", [2, 3], [2]),
        (",ij->ji", [], [2, 3]), ("td,tkdf->tkf", [2, 4], [2, 2, 4, 3]), ("abcd,dcea->eb", [2, 2, 3, 2], [2, 3, 2, 2]),
        ("i,ij->j", [23], [23, 2]), ("zyx,Xyz->xX", [2, 3, 2], [2, 3, 2]),
    ]:
        for dtype in ("f32", "bf16", "fp8", "i8"):
            yield einsum(f"{dtype}: {text}", dtype, text, left, right, 4)
    yield einsum("mixed whole numbers", "i16", "ijk,jkl->il", [2, 3, 4], [3, 4, 2], 4, "i8")
    yield from summed_alone()
    yield from transposed_operands()
    yield special_products()


def product(name, left, right, left_shape, right_shape, block):
    rng = draw(name)
    a, b = any_of(rng, left, *left_shape, most=5000), any_of(rng, right, *right_shape, most=127)
    a, b = (whole(rng, x, *s) if x == "i8" else y for x, s, y in ((left, left_shape, a), (right, right_shape, b)))
    return both_ways(name, "a @ b", a, b, matmul_text(a, b), np.matmul, block)


def einsum(name, left, text, left_shape, right_shape, block, right=None):
    rng = draw(name)
    a, b = any_of(rng, left, *left_shape, most=5000), any_of(rng, right or left, *right_shape)
    return both_ways(name, f'einsum("{text}", a, b)', a, b, text, lambda a, b: np.einsum(text, a, b), block)


def both_ways(name, expression, a, b, text, in_double, block):
    result = contract(text, a, b, block)
    output = exact(result)
    if is_float(a):
        exactly, sizes = in_double(double(a), double(b)), absolute_products(text, a, b)
        if NAMES[a.dtype] == "f32":
            # Half a last place for each product and each sum.
            output |= near(exactly, "f32", all_products(text, a, b).shape[-1], sizes)
        else:
            epsilon = {"f32": 2.0**-23, "bf16": 2.0**-8}[NAMES[result.dtype]]
            assert (np.abs(double(result) - exactly) <= 1.01 * epsilon * a.size * sizes).all()
    else:
        assert (result == in_double(a.astype(np.int64), b.astype(np.int64))).all()
    return case(name, f"output {expression}\n", {"a": a, "b": b}, [output], block)


def summed_alone():
    """Axes of one operand alone are summed first, to its dtype: a sum of bf16 is rounded."""
    for dtype in ("f32", "bf16", "i8"):
        rng = draw(f"alone {dtype}")
        a = any_of(rng, dtype, 3, 4, 2)
        lines = {
            'einsum("ijk->kji", a)': a.transpose(2, 1, 0),
            'einsum("ijk->ik", a)': reduce("sum", a, [1]),
            'einsum("ijk->ki", a)': reduce("sum", a, [1]).T,
            'einsum("ijk->", a)': reduce("sum", a, [0, 1, 2]),
            'einsum("ijk->j", a)': reduce("sum", a, [0, 2]),
        }
        program = "".join(f"output {line}\n" for line in lines)
        yield case(f"einsum of one operand of {dtype}", program, {"a": a}, [exact(x) for x in lines.values()])
    for dtype in ("f32", "bf16"):
        rng = draw(f"alone of two {dtype}")
        a, b = normal(rng, dtype, 3, 4), normal(rng, dtype, 5, 2)
        outer = contract("i,l->il", reduce("sum", a, [1]), reduce("sum", b, [0]), 8)
        c, d = normal(rng, dtype, 2, 3, 4), normal(rng, dtype, 5, 4)
        inner = contract("ik,k->i", reduce("sum", c, [1]), reduce("sum", d, [0]), 3)
        program = 'output einsum("ij,kl->il", a, b)\noutput einsum("ijk,lk->i", c, d)\n'
        yield case(
            f"axes of one of two operands of {dtype}", program, {"a": a, "b": b, "c": c, "d": d}, [exact(outer), exact(inner)], 3
        )


def transposed_operands():
    for dtype in ("f32", "bf16", "i8"):
        rng = draw(f"transposed {dtype}")
        a, b, c = (any_of(rng, dtype, *shape) for shape in ([3, 6], [4, 6], [2, 6, 3]))
        outputs = [
            matmul(a, b.T, 4),
            matmul(a.T, a, 4),
            matmul(c.transpose(0, 2, 1), c, 4),
            matmul(a, c, 4),
        ]
        program = "output a @ b.T\noutput a.T @ a\noutput c.T @ c\noutput a @ c\n"
        yield case(f"transposed operands of {dtype}", program, {"a": a, "b": b, "c": c}, [exact(x) for x in outputs], 4)


def special_products():
    a = of("f32", [[INF, 1], [1e30, 1e30], [0, -0.0], [NAN, 1], [1e-30, 0]])
    b = of("f32", [[0, 1, -0.0], [1, 1e30, -1]])
    return case("infinities in a product", "output a @ b\n", {"a": a, "b": b}, [exact(matmul(a, b, 1))], 1)


# --- Windows ---------------------------------------------------------------------------------------------------------


def all_windows():
    for at, (x, w, options) in enumerate([
        ([1, 5, 5, 2], [3, 3, 2, 3], {}),
        ([2, 4, 5, 3], [2, 3, 3, 2], {"stride": [2, 1]}),
        ([1, 5, 4, 2], [3, 2, 2, 2], {"padding": [1, 0, 2, 1]}),
        ([1, 6, 6, 1], [3, 3, 1, 2], {"dilation": [2, 1], "padding": [2, 2, 0, 1]}),
        ([1, 4, 4, 4], [3, 3, 2, 6], {"groups": 2, "padding": [1, 1, 1, 1]}),
        ([1, 5, 5, 4], [3, 3, 1, 4], {"groups": 4, "stride": [2, 2], "padding": [1, 1, 1, 1]}),
        ([1, 4, 3, 3], [2, 2, 1, 6], {"groups": 3, "dilation": [2, 2], "padding": [0, 1, 1, 0]}),
        ([2, 3, 3, 4], [1, 1, 4, 3], {"stride": [2, 2]}),
        ([1, 1, 7, 2], [1, 4, 1, 2], {"groups": 2, "padding": [0, 0, 3, 0]}),
        ([1, 3, 3, 1], [2, 2, 1, 1], {"padding": [3, 3, 3, 3], "stride": [3, 3]}),
    ]):
        for dtype in ("f32", "bf16", "fp8", "i8"):
            yield convolution(f"conv2d {at} of {dtype}", dtype, dtype, x, w, options)
    yield convolution("conv2d of i8 and i16", "i8", "i16", [1, 4, 4, 2], [2, 2, 2, 2], {"stride": [2, 2]})
    for at, (x, size, stride, padding) in enumerate([
        ([1, 4, 4, 2], [2, 2], [2, 2], [0, 0, 0, 0]),
        ([2, 5, 4, 1], [3, 2], [1, 2], [0, 0, 0, 0]),
        ([1, 5, 5, 2], [3, 3], [2, 2], [1, 1, 1, 1]),
        ([1, 4, 6, 1], [3, 3], [1, 2], [2, 0, 1, 2]),
        ([1, 3, 3, 3], [3, 3], [3, 3], [0, 0, 0, 0]),
        ([1, 6, 5, 1], [1, 5], [5, 1], [0, 0, 4, 0]),
    ]):
        yield from pools(at, x, size, stride, padding)
    x = of("f32", [[1, NAN, 2], [INF, -INF, -1], [0, -5, -6]]).reshape(1, 3, 3, 1)
    seen = windows(x, (2, 2), (1, 1), (1, 0, 0, 1), filler=f32(-INF)).reshape(1, 3, 3, 4, 1)
    program = "output maxpool(x, window=2, stride=1, padding=[1, 0, 0, 1])\n"
    yield case("maxpool of NaN and infinities", program, {"x": x}, [exact(seen.max(axis=3))])


def convolution(name, left, right, x_shape, w_shape, options):
    rng = draw(name)
    x, w = any_of(rng, left, *x_shape), any_of(rng, right, *w_shape, most=3000)
    stride, dilation = options.get("stride", [1, 1]), options.get("dilation", [1, 1])
    padding, groups = options.get("padding", [0, 0, 0, 0]), options.get("groups", 1)
    block = 5
    result = conv2d(x, w, stride, padding, dilation, groups, block)
    wide_x, wide_w = channels_first(x.astype(f32)), np.ascontiguousarray(w.astype(f32).transpose(3, 2, 0, 1))
    above, below, before, behind = padding
    options_of_onnx = {"strides": stride, "dilations": dilation, "group": groups, "pads": [above, before, below, behind]}
    (theirs,) = onnx_run("Conv", [wide_x, wide_w], **options_of_onnx)
    (sizes,) = onnx_run("Conv", [np.abs(wide_x), np.abs(wide_w)], **options_of_onnx)
    output = exact(result)
    if is_float(x):
        # onnxruntime has another order: each of both is off by half a last place of each of its sums.
        terms = w.shape[0] * w.shape[1] * w.shape[2]
        ulps = terms if NAMES[result.dtype] == "f32" else 0.51
        output |= near(channels_last(theirs), NAMES[result.dtype], ulps, np.maximum(channels_last(sizes), 1e-30), ORT)
    else:
        assert (result == channels_last(theirs)).all(), "below 2^24 float32 is exact"
    arguments = "".join(f", {key}={value}" for key, value in options.items())
    return case(name, f"output conv2d(x, w{arguments})\n", {"x": x, "w": w}, [output], block)


def pools(at, x_shape, size, stride, padding):
    above, below, before, behind = padding
    options = {"kernel_shape": size, "strides": stride, "pads": [above, before, below, behind]}
    call = f"(x, window={size}, stride={stride}, padding={padding})"
    for dtype in ("f32", "bf16", "fp8", "i8", "i16", "i32"):
        name = f"maxpool {at} of {dtype}"
        x = any_of(draw(name), dtype, *x_shape, most=2**24 if dtype == "i32" else None)
        (y,) = onnx_run("MaxPool", [channels_first(x.astype(f32))], **options)
        yield case(name, f"output maxpool{call}\n", {"x": x}, [exact(channels_last(y).astype(DTYPES[dtype]))])
    for dtype in FLOATS:
        name = f"avgpool {at} of {dtype}"
        x = normal(draw(name), dtype, *x_shape)
        (y,) = onnx_run("AveragePool", [channels_first(x.astype(f32))], count_include_pad=1, **options)
        (sizes,) = onnx_run("AveragePool", [channels_first(np.abs(x.astype(f32)))], count_include_pad=1, **options)
        # In NumPy in ascending order, padding zeros among them; onnxruntime has its own.
        seen = windows(x.astype(f32), size, stride, padding)
        seen = np.moveaxis(seen, 5, 3).reshape(*seen.shape[:3], x.shape[3], -1)
        bits = rounded(in_blocks(seen, seen.shape[-1]) / f32(seen.shape[-1]), dtype)
        ulps = size[0] * size[1] if dtype == "f32" else 0.51
        least = {"f32": 1e-30, "bf16": 1e-30, "fp8": 2.0**-6}[dtype]
        output = exact(bits) | near(channels_last(y), dtype, ulps, np.maximum(channels_last(sizes), least), ORT)
        yield case(name, f"output avgpool{call}\n", {"x": x}, [output])
    x = normal(draw(f"windows that are steps {at}"), "f32", 1, 4, 6, 2)
    (most,) = onnx_run("MaxPool", [channels_first(x)], kernel_shape=[2, 3], strides=[2, 3])
    if at == 0:
        yield case("a window's own size as its step", "output maxpool(x, window=[2, 3])\n", {"x": x}, [exact(channels_last(most))])


# --- Rows ------------------------------------------------------------------------------------------------------------


def rows():
    yield from reductions()
    yield from greatest()
    yield from softmaxes()
    yield from norms()
    yield from masks()


def reductions():
    for dtype in DTYPES:
        rng = draw(f"reductions {dtype}")
        x = any_of(rng, dtype, 3, 4, 5, most=2**20 if dtype == "i32" else None)
        for axes, text in [([0], "0"), ([1], "1"), ([2], "-1"), ([0, 2], "[0, 2]"), ([1, 2], "[2, 1]"), ([0, 1, 2], None)]:
            lines, outputs = [], []
            for kind in ("sum", "max", "mean"):
                if kind == "mean" and dtype in INTEGERS:
                    continue
                for keep in (False, True):
                    given = ([f"axis={text}"] if text else []) + (["keepdims=true"] if keep else [])
                    lines.append(f"output {kind}({', '.join(['x', *given])})\n")
                    outputs.append(exact(reduce(kind, x, axes, keep)))
            yield case(f"reductions of {dtype} along {axes}", "".join(lines), {"x": x}, outputs)
    x = np.concatenate([of("f32", [1e8, 1, -1e8, 1]), normal(draw("a long row"), "f32", 60)])
    program = "output sum(x)\noutput mean(x)\noutput sum(x / 0.0)\n"
    outputs = [reduce("sum", x, [0]), reduce("mean", x, [0]), reduce("sum", beside(np.divide, x, 0), [0])]
    yield case("sums ascend, whatever the blocks", program, {"x": x}, [exact(y) for y in outputs], 3)


def greatest():
    x = of("f32", [[1, 3, 3], [-INF, -INF, -INF], [2, NAN, INF], [NAN, 1, NAN], [-3, -1, -2], [INF, INF, 0], [5, 4, 5]])
    program = "output argmax(x)\noutput argmax(x, axis=0)\noutput max(x, axis=1)\noutput max(x)\n"
    outputs = [argmax(x, 1), argmax(x, 0), reduce("max", x, [1]), reduce("max", x, [0, 1])]
    yield case("equals, NaN and infinities", program, {"x": x}, [exact(y) for y in outputs])
    for dtype in DTYPES:
        rng = draw(f"argmax {dtype}")
        x = any_of(rng, dtype, 3, 5, 4) if dtype in FLOATS else whole(rng, dtype, 3, 5, 4, most=2)
        program = "output argmax(x)\noutput argmax(x, axis=0)\noutput argmax(x, axis=1)\n"
        yield case(f"argmax of {dtype}", program, {"x": x}, [exact(argmax(x, axis)) for axis in (2, 0, 1)])
        outputs, program = [], ""
        for k in (1, 3, 4):
            program += f"v{k}, p{k} = topk(x, k={k})\noutput v{k}\noutput p{k}\n"
            values, places = topk(x, k)
            theirs = onnx_run("TopK", [x.astype(f32), np.array([k], np.int64)], outputs=2)
            assert (values.astype(f32) == theirs[0]).all() and (places == theirs[1]).all()
            outputs += [exact(values), exact(places)]
        yield case(f"topk of {dtype}", program, {"x": x}, outputs)
    x = of("f32", [2, 5, 5, -INF, 5, 2, INF, -INF])
    values, places = topk(x, 8)
    yield case("topk of equals", "v, p = topk(x, 8)\noutput v\noutput p\n", {"x": x}, [exact(values), exact(places)])


def softmaxes():
    for dtype in FLOATS:
        x = normal(draw(f"softmax {dtype}"), dtype, 2, 5, 3, scale=2)
        lines, outputs = "", []
        for axis in (-1, 0, 1):
            lines += f"output softmax(x, axis={axis})\n"
            (y,) = onnx_run("Softmax", [x.astype(f32)], axis=axis)
            # onnxruntime is off as we are: by what rounding exp's operand and a sum of five count.
            if dtype == "f32":
                outputs.append(near(y, dtype, 6, source=ORT))
            else:
                outputs.append(near(softmax(double(x), axis), dtype, 0.503, least_normal(softmax(double(x), axis), dtype)))
        yield case(f"softmax of {dtype}", lines, {"x": x}, outputs)
    x = of("f32", [[1e30, 1e30, -1e30], [0, -INF, -INF], [0, NAN, 1], [INF, 1, 2], [-INF, -INF, -INF]])
    y = of("f32", [[0.5, 0.5, 0], [1, 0, 0], [NAN] * 3, [NAN] * 3, [NAN] * 3])
    yield case("softmax at its ends", "output softmax(x)\n", {"x": x}, [exact(y)])


def least_normal(numbers, dtype):
    """Magnitudes, but not below the least normal number: below it distances stay."""
    return np.maximum(np.abs(numbers), {"f32": 2.0**-126, "bf16": 2.0**-126, "fp8": 2.0**-6}[dtype])


def norms():
    for dtype in FLOATS:
        rng = draw(f"norms {dtype}")
        x, scale, bias = normal(rng, dtype, 2, 3, 8, scale=2), normal(rng, dtype, 8), normal(rng, dtype, 8)
        half = 4 if dtype == "f32" else 0.503
        outputs = []
        for eps in (1e-5, 0.25):
            inputs = [x.astype(f32), scale.astype(f32), bias.astype(f32)]
            exactly = layernorm(*map(double, (x, scale, bias)), f32(eps).astype(float))
            theirs = onnx_run("LayerNormalization", inputs, axis=-1, epsilon=eps)[0]
            assert np.allclose(theirs, exactly, 1e-5, 1e-5)
            y, source = (theirs, ORT) if dtype == "f32" else (exactly, "float64")
            outputs.append(near(y, dtype, half, norm_sizes(exactly, dtype), source))
        for eps in (1e-6, 0.25):
            y = rmsnorm(double(x), double(scale), float(f32(eps)))
            outputs.append(near(y, dtype, half, norm_sizes(y, dtype)))
        program = (
            "output layernorm(x, g, b)\noutput layernorm(x, g, b, eps=0.25)\noutput rmsnorm(x, g)\noutput rmsnorm(x, g, eps=0.25)\n"
        )
        yield case(f"norms of {dtype}", program, {"x": x, "g": scale, "b": bias}, outputs)
    rng = draw("norms of mixed dtypes")
    x, scale, bias = normal(rng, "bf16", 3, 6), normal(rng, "f32", 6), normal(rng, "fp8", 6)
    y, z = layernorm(*map(double, (x, scale, bias))), rmsnorm(*map(double, (x, scale)))
    program = "output layernorm(x, g, b)\noutput rmsnorm(x, g)\n"
    outputs = [near(y, "bf16", 0.503, norm_sizes(y, "bf16")), near(z, "bf16", 0.503, norm_sizes(z, "bf16"))]
    yield case("norms of mixed dtypes", program, {"x": x, "g": scale, "b": bias}, outputs)


def norm_sizes(numbers, dtype):
    """In f32 the greatest of a row: where a mean or a summand nearly cancels it, an element's own last places have no more to
    tell. In bf16 and fp8 an element's own magnitude, and a thousandth of the greatest for what f32 was off.
    """
    most = np.abs(numbers).max(axis=-1, keepdims=True) + np.zeros_like(numbers)
    return most if dtype == "f32" else least_normal(numbers, dtype) + most / 1000


def masks():
    for dtype in FLOATS:
        x = normal(draw(f"causal {dtype}"), dtype, 2, 3, 5)
        program = "output causal(x)\noutput causal(x, offset=2)\noutput causal(x, offset=9)\noutput causal(x.T)\n"
        outputs = [causal(x), causal(x, 2), causal(x, 9), causal(x.transpose(0, 2, 1))]
        yield case(f"causal masks of {dtype}", program, {"x": x}, [exact(y) for y in outputs])


# --- Parts of tensors ------------------------------------------------------------------------------------------------


def parts():
    cuts = [
        "x[2]", "x[-1]", "x[1:4:2]", "x[:, -1]", "x[..., 0:2]", "x[1:, ::2]", "x[0][1]", "x[:-1]", "x[2:3]", "x[1, 2, 3]",
        "x[-3:-1, 1, ::3]", "x[...]", "x[..., -2]", "x[0, ..., 1]", "x[::4, 1:2, 1:]",
    ]
    for dtype in DTYPES:
        x = any_of(draw(f"cuts {dtype}"), dtype, 5, 3, 4)
        outputs = [exact(np.asarray(eval(cut, {"x": x}), x.dtype)) for cut in cuts]
        yield case(f"parts of {dtype}", "".join(f"output {cut}\n" for cut in cuts), {"x": x}, outputs)
    for dtype in DTYPES:
        x = any_of(draw(f"orders {dtype}"), dtype, 2, 3, 4)
        lines = {
            "x.T": x.swapaxes(1, 2),
            "transpose(x)": x.swapaxes(1, 2),
            "transpose(x, [2, 0, 1])": x.transpose(2, 0, 1),
            "transpose(x, [1, 0, -1])": x.transpose(1, 0, 2),
            "reshape(x, [6, 4])": x.reshape(6, 4),
            "reshape(x.T, [-1])": x.swapaxes(1, 2).reshape(-1),
            "reshape(transpose(x, [1, 2, 0]), [2, -1, 3])": x.transpose(1, 2, 0).reshape(2, -1, 3),
            "reshape(x[1, 1, 1], [1, 1])": x[1, 1, 1].reshape(1, 1),
            "concat([x, x[0:1]])": np.concatenate([x, x[0:1]]),
            "concat([x, x[:, :, 1:3], x], axis=-1)": np.concatenate([x, x[:, :, 1:3], x], axis=-1),
            "concat([x[:, 0:1], x], axis=1)": np.concatenate([x[:, 0:1], x], axis=1),
        }
        program = "".join(f"output {line}\n" for line in lines)
        yield case(f"orders of {dtype}", program, {"x": x}, [exact(np.ascontiguousarray(y)) for y in lines.values()])
    for dtype in DTYPES:
        rng = draw(f"gather {dtype}")
        x = any_of(rng, dtype, 4, 3, 2)
        i = np.array([[0, 3, -1], [4, 2, 2**31 - 1]], np.int32)
        one, low = np.array(2, np.int32), np.array([-(2**31)], np.int32)
        program = (
            "output gather(x, i)\noutput gather(x, i, axis=1)\noutput gather(x, i, axis=-1)\noutput gather(x, j)\noutput gather(x, k)\n"
        )
        outputs = [gather(x, i), gather(x, i, 1), gather(x, i, 2), gather(x, one), gather(x, low)]
        yield case(f"gather of {dtype}", program, {"x": x, "i": i, "j": one, "k": low}, [exact(y) for y in outputs])
    x = normal(draw("eight axes"), "f32", 2, 1, 2, 1, 2, 1, 2, 3)
    program = "output transpose(x, [7, 0, 2, 4, 6, 1, 3, 5])\noutput sum(x, axis=[0, 2, 7])\noutput x[1, ..., 0:3:2]\noutput x.T\n"
    outputs = [x.transpose(7, 0, 2, 4, 6, 1, 3, 5), reduce("sum", x, [0, 2, 7]), x[1, ..., 0:3:2], x.swapaxes(6, 7)]
    yield case("eight axes", program, {"x": x}, [exact(np.ascontiguousarray(y)) for y in outputs])
    yield large()
    x = normal(draw("sizes"), "f32", 4, 7)
    program = (
        "size n = 7 // 2\nsize k = (2 * n + 3) % 5 + 8 / 4 - 1\noutput x[n % 2, 0:k + 1]\noutput x / x.shape[0]\n"
        "output reshape(x, [n - 1, -1])\noutput full(f32[k, n - 2], n)\n"
    )
    n, k = 3, 5
    outputs = [x[1, 0:6], x / f32(4), x.reshape(2, -1), of("f32", np.full((k, n - 2), n))]
    yield case("sizes", program, {"x": x}, [exact(y) for y in outputs])
    x = any_of(draw("a tensor as it is"), "bf16", 3)
    yield case("a tensor as it is", "output x\noutput x\n", {"x": x}, [exact(x), exact(x)])


def large():
    """More elements than the evaluator takes in a step; what comes of each of them counts in few outputs."""
    rng = draw("large")
    x, w, p, v = (whole(rng, "i8", *shape, most=4) for shape in ([33, 40], [66, 64], [66], [40]))
    lines = {
        "einsum(\"ij,i->j\", concat([x, x]), p)": np.einsum("ij,i->j", np.concatenate([x, x]), p, dtype=np.int64),
        "sum(reshape(x.T, [33, 40]) * v, axis=1)": (x.T.reshape(33, 40) * v.astype(np.int64)).sum(axis=1),
        "sum(x[::1] * v, axis=0)": (x * v.astype(np.int64)).sum(axis=0),
        "sum(requant(relu(x + v) * 3, shift=1) * v, axis=1)": (
            requant(np.maximum(wide(x) + wide(v), 0) * 3, 1) * v.astype(np.int64)
        ).sum(axis=1),
        "reshape(p, [1, 66]) @ w": p[None].astype(np.int64) @ w.astype(np.int64),
        "argmax(x, axis=0)": argmax(x, 0),
        "einsum(\"ijk->j\", transpose(reshape(w, [8, 8, 66]), [2, 0, 1]))": wide(w).reshape(8, 8, 66).transpose(2, 0, 1).sum(axis=(0, 2)),
    }
    program = "".join(f"output {line}\n" for line in lines) + "v9, p9 = topk(x[0:4], 9)\noutput v9\noutput p9\n"
    outputs = [rounded(y.astype(np.int64), "i32") for y in lines.values()] + list(topk(x[0:4], 9))
    return case("more than a step takes", program, {"x": x, "w": w, "p": p, "v": v}, [exact(y) for y in outputs])


if __name__ == "__main__":
    main()
