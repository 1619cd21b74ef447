"""Cases of what goes along axes, and of what takes tensors apart and puts them together."""

import numpy as np

from reference import *


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
    yield single()
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


def single():
    """Tensors without axes."""
    x = of("bf16", [1.7, -0.0, -2.3, 5])
    lines = {
        "x[0] * x[2]": combine(np.multiply, x[0:1], x[2:3]).reshape(()),
        "relu(x[2]) - x[3]": of("bf16", -5),
        "sum(x[1])": of("bf16", 0),
        "mean(x[0])": x[0:1].reshape(()),
        "max(x)": x[3:4].reshape(()),
        "cast(x[2], i8)": np.array(-2, np.int8),
        "gather(x, argmax(x))": x[3:4].reshape(()),
        "reshape(x[0], [1, 1])": x[0:1].reshape(1, 1),
        "x[0] + x": combine(np.add, x[0:1], x),
        "softmax(reshape(x[0], [1]))": of("bf16", [1]),
        'einsum(",->", x[0], x[2])': combine(np.multiply, x[0:1], x[2:3]).reshape(()),
        "concat([x[1:2], reshape(x[0], [1])])": x[[1, 0]],
    }
    program = "".join(f"output {line}\n" for line in lines)
    return case("single numbers", program, {"x": x}, [exact(y) for y in lines.values()])


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
