"""Cases element by element: two tensors, a tensor and a number, functions, casts."""

import numpy as np

from reference import *

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
        a, b = of(dtype, [(x, y) for x in ends for y in ends]).T.copy()
        arithmetic = {key: COMBINED[key] for key in ["a + b", "a - b", "a * b", "a / b"]}
        program = "".join(f"output {expression}\n" for expression in arithmetic) + "output -a\noutput relu(a)\n"
        outputs = [exact(combine(function, a, b)) for function in arithmetic.values()]
        outputs += [exact(each(np.negative, a)), exact(each(lambda x: np.where(x < 0, f32(0), x), a))]
        yield case(f"ends of {dtype}", program, {"a": a, "b": b}, outputs)
        # Of +0 and -0 NumPy takes one or the other.
        a, b = (x[(wide(a) != 0) | (wide(b) != 0)] for x in (a, b))
        program = "output maximum(a, b)\noutput minimum(a, b)\n"
        outputs = [exact(combine(f, a, b)) for f in (np.maximum, np.minimum)]
        yield case(f"greater and lesser of {dtype}", program, {"a": a, "b": b}, outputs)


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
