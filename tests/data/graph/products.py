"""Cases of products: matrices, einsum, convolutions; and of pools, which go over windows as convolutions do."""

import numpy as np

from reference import *


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
    x, w = of("f32", [1, 2, -3, 0]).reshape(1, 2, 2, 1), of("f32", [INF, 1, 2, -INF]).reshape(2, 2, 1, 1)
    options = ([1, 1], [1, 1, 1, 1], [1, 1], 1)
    program = "output conv2d(x, w, padding=1)\n"
    yield case("conv2d of infinities in padding", program, {"x": x, "w": w}, [exact(conv2d(x, w, *options, 8))])
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
