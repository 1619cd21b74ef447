"""Cases of repeats and of small networks: the same formulas in float64 as the user would write them in NumPy, or onnxruntime."""

from reference import *


# --- Repeats ---------------------------------------------------------------------------------------------------------


def repeats():
    yield from carried()
    yield from weights_of_iterations()
    yield from moving_parts()
    yield from nested()
    yield from functions()


def carried():
    rng = draw("carried")
    x, w = whole(rng, "i8", 3, 4), whole(rng, "i8", 4, 4, most=20)
    y = x
    for _ in range(5):
        y = requant(matmul(y, w, 8), 5)
    yield case("a carried tensor", "repeat 5 {\n    x = requant(x @ w, shift=5)\n}\noutput x\n", {"x": x, "w": w}, [exact(y)])

    a, b = of("f32", [0, 0.1]), of("f32", [1, 0.7])
    program = "repeat 6 as t {\n    next = a + b\n    a = b\n    b = next\n    all[t] = a\n    sums[t] = a + b\n}\n"
    outputs, now, then = [[], []], a, b
    for _ in range(6):
        now, then = then, now + then
        outputs[0].append(now)
        outputs[1].append(now + then)
    yield case(
        "two that change places",
        program + "output a\noutput b\noutput all\noutput sums\n",
        {"a": a, "b": b},
        [exact(now), exact(then), exact(np.stack(outputs[0])), exact(np.stack(outputs[1]))],
    )

    a, b, c = (of("f32", [number]) for number in (1, 2, 3))
    program = "repeat 4 as t {\n    d = a\n    a = b\n    b = c\n    c = d\n    seen[t] = a\n}\n"
    program += "output a\noutput b\noutput c\noutput seen\n"
    yield case(
        "three in a ring", program, {"a": a, "b": b, "c": c}, [exact(b), exact(c), exact(a), exact(np.stack([b, c, a, b]))]
    )

    h = normal(draw("what an iteration begins with"), "bf16", 3)
    program = "repeat 3 as t {\n    before[t] = h\n    h = h * 0.3\n    behind[t] = h\n}\noutput before\noutput behind\noutput h\n"
    steps = [h]
    for _ in range(3):
        steps.append(rounded(wide(steps[-1]) * f32(0.3), "bf16"))
    outputs = [np.stack(steps[:3]), np.stack(steps[1:]), steps[3]]
    yield case("what an iteration begins with", program, {"h": h}, [exact(y) for y in outputs])

    x = whole(draw("once"), "i8", 3)
    program = "repeat 1 as t {\n    ys[t] = x * 2\n}\noutput ys\n"
    yield case("a body that is done once", program, {"x": x}, [exact((wide(x) * 2)[None].astype(np.int32))])


def weights_of_iterations():
    for dtype in ("i8", "f32", "bf16"):
        rng = draw(f"weights {dtype}")
        x, w, b = any_of(rng, dtype, 2, 4), any_of(rng, dtype, 3, 4, 4, most=20), any_of(rng, dtype, 3, 4)
        body = "requant(x @ w + b, shift=5)" if dtype == "i8" else "x @ w + b"
        program = (
            f'repeat 3 as t {{\n    weight w : {dtype}[4, 4] = load("w.npy")\n    weight b : {dtype}[4] = load("b.npy")\n'
            f"    x = {body}\n    xs[t] = x\n}}\noutput x\noutput xs\n"
        )
        steps = []
        for step in range(3):
            x_next = combine(np.add, matmul(steps[-1] if steps else x, w[step], 3), b[step])
            steps.append(requant(x_next, 5) if dtype == "i8" else x_next)
        outputs = [exact(steps[-1]), exact(np.stack(steps))]
        yield case(f"weights of {dtype} for each iteration", program, {"x": x, "w": w, "b": b}, outputs, 3)


def moving_parts():
    x = normal(draw("moving"), "f32", 12, 5)
    parts = [
        ("x[t]", lambda t: x[t]),
        ("x[2 * t + 1]", lambda t: x[2 * t + 1]),
        ("x[3 * t:3 * t + 3]", lambda t: x[3 * t : 3 * t + 3]),
        ("x[11 - t]", lambda t: x[11 - t]),
        ("x[:, t]", lambda t: x[:, t]),
        ("x[2 * t:2 * t + 6:3, 1:]", lambda t: x[2 * t : 2 * t + 6 : 3, 1:]),
        ("x[t + 2, 4 - t]", lambda t: x[t + 2, 4 - t]),
        ("x[t + 1:t + 3, 4 - t:5 - t]", lambda t: x[t + 1 : t + 3, 4 - t : 5 - t]),
    ]
    lines = [f"    y{at}[t] = {part}\n" for at, (part, _) in enumerate(parts)]
    program = f"repeat 4 as t {{\n{''.join(lines)}}}\n" + "".join(f"output y{at}\n" for at in range(len(parts)))
    yield case("moving parts", program, {"x": x}, [exact(np.stack([part(t) for t in range(4)])) for _, part in parts])

    x = whole(draw("moving sum"), "i8", 4, 3)
    h = np.zeros(3, np.int8)
    program = "h = zeros(i8[3])\nrepeat 4 as t {\n    h = requant(h + x[t], shift=1)\n}\noutput h\n"
    for t in range(4):
        h = requant(wide(h) + wide(x[t]), 1)
    yield case("a sum over time", program, {"x": x}, [exact(h)])


def nested():
    rng = draw("nested")
    x, w = normal(rng, "f32", 2), normal(rng, "f32", 2, 3, 2, 2, scale=0.8)
    program = (
        'repeat 2 as t {\n    repeat 3 as s {\n        weight w : f32[2, 2] = load("w.npy")\n        x = einsum("i,ij->j", x, w)\n'
        "        inner[s] = x\n    }\n    outer[t] = inner\n    x = x + 1\n}\noutput x\noutput outer\n"
    )
    outer = np.zeros((2, 3, 2), f32)
    now = x
    for t in range(2):
        for s in range(3):
            now = contract("i,ij->j", now, w[t, s], 8)
            outer[t, s] = now
        now = now + f32(1)
    yield case("repeats within repeats", program, {"x": x, "w": w}, [exact(now), exact(outer)])

    x = normal(draw("nested places"), "bf16", 3, 8)
    program = (
        "repeat 3 as t {\n    repeat 4 as s {\n        a[s] = x[t, 2 * s + 1]\n        b[s] = x[2 - t, s + t:s + t + 2]\n    }\n"
        "    ones[t] = a\n    pairs[t] = b\n}\noutput ones\noutput pairs\n"
    )
    outputs = [
        np.stack([np.stack([x[t, 2 * s + 1] for s in range(4)]) for t in range(3)]),
        np.stack([np.stack([x[2 - t, s + t : s + t + 2] for s in range(4)]) for t in range(3)]),
    ]
    yield case("parts that move with two repeats", program, {"x": x}, [exact(y) for y in outputs])

    x = whole(draw("inner state"), "i8", 2, 3)
    program = (
        "repeat 2 as t {\n    h = x[t]\n    repeat 3 {\n        h = requant(h * 3, shift=1)\n    }\n    ys[t] = h\n}\noutput ys\n"
    )
    rows = []
    for t in range(2):
        h = x[t]
        for _ in range(3):
            h = requant(wide(h) * 3, 1)
        rows.append(h)
    yield case("an inner repeat begins anew", program, {"x": x}, [exact(np.stack(rows))])


def functions():
    rng = draw("functions")
    x, w, v = normal(rng, "f32", 2, 3), normal(rng, "f32", 3, 3), normal(rng, "f32", 3)
    program = (
        'fn layer(x : f32[n, k], by) {\n    weight w : f32[k, k] = load("w.npy")\n    weight v : f32[k] = load("v.npy")\n'
        "    y = relu(x @ w + v) * by\n    return y, x.T\n}\n"
        "a, _ = layer(x, 0.5)\nb, c = layer(a, by=2)\noutput a\noutput b\noutput c\n"
    )

    def layer(x, by):
        return np.maximum(matmul(x, w, 2) + v, f32(0)) * f32(by)

    a = layer(x, 0.5)
    yield case(
        "a function called twice", program, {"x": x, "w": w, "v": v}, [exact(a), exact(layer(a, 2)), exact(a.T.copy())], 2
    )

    rng = draw("functions in repeats")
    x, w = whole(rng, "i8", 2, 3), whole(rng, "i8", 2, 3, 3, most=30)
    program = (
        'fn layer(x) {\n    weight w : i8[3, 3] = load("w.npy")\n    return requant(x @ w, shift=5)\n}\n'
        "repeat 2 {\n    x = layer(layer(x))\n}\noutput x\n"
    )
    y = x
    for step in range(2):
        y = requant(matmul(requant(matmul(y, w[step], 8), 5), w[step], 8), 5)
    yield case("a function called in a repeat", program, {"x": x, "w": w}, [exact(y)])


# --- Networks --------------------------------------------------------------------------------------------------------


def networks():
    yield mlp()
    yield cnn()
    yield lstm()
    yield from transformer()
    yield experts()
    yield scan()


def mlp():
    """Two layers of integers: exact."""
    rng = draw("mlp")
    x, w1, w2 = whole(rng, "i8", 4, 12), whole(rng, "i8", 12, 8, most=60), whole(rng, "i8", 8, 5, most=60)
    b1, b2 = whole(rng, "i32", 8, most=4000), whole(rng, "i32", 5, most=4000)
    program = (
        "h = relu(requant(x @ w1 + b1, shift=7))\ny = h @ w2 + b2\np = softmax(cast(y, f32) / 4096)\noutput argmax(y, axis=1)\n"
        "output y\noutput p\n"
    )
    h = np.maximum(requant(wide(matmul(x, w1, 8)) + b1, 7), 0)
    y = (wide(matmul(h, w2, 8)) + b2).astype(np.int32)
    outputs = [exact(argmax(y, 1)), exact(y), near(softmax(double(y) / 4096), "f32", 6)]
    return case("two layers of integers", program, {"x": x, "w1": w1, "b1": b1, "w2": w2, "b2": b2}, outputs)


def cnn():
    """A small residual block, pooled and classified; onnxruntime's convolutions."""
    rng = draw("cnn")
    x, w = normal(rng, "f32", 1, 6, 6, 3), normal(rng, "f32", 3, 3, 3, 4, scale=0.3)
    deep, point, head = normal(rng, "f32", 3, 3, 1, 4, scale=0.4), normal(rng, "f32", 1, 1, 4, 4, scale=0.5), normal(rng, "f32", 4, 3)
    program = (
        "h = relu(conv2d(x, w, stride=2, padding=[0, 1, 0, 1]))\nd = relu(conv2d(h, deep, padding=1, groups=4))\n"
        "h = h + conv2d(d, point)\nh = maxpool(h, window=2, stride=1)\noutput mean(h, axis=[1, 2]) @ head\n"
    )

    def convolved(x, w, pads, strides=(1, 1), group=1):
        w = np.ascontiguousarray(w.transpose(3, 2, 0, 1))
        return onnx_run("Conv", [x, w], pads=pads, strides=list(strides), group=group)[0]

    h = np.maximum(convolved(channels_first(x), w, [0, 0, 1, 1], (2, 2)), 0)
    h = h + convolved(np.maximum(convolved(h, deep, [1, 1, 1, 1], group=4), 0), point, [0, 0, 0, 0])
    (h,) = onnx_run("MaxPool", [h], kernel_shape=[2, 2], strides=[1, 1])
    y = double(h).mean(axis=(2, 3)) @ double(head)
    given = {"x": x, "w": w, "deep": deep, "point": point, "head": head}
    return case("a convolutional network", program, given, [near(y, "f32", 4, np.abs(y).max(), ORT)])


def lstm():
    """onnxruntime's, whose gates are in the order i, o, f, c."""
    rng = draw("lstm")
    steps, batch, inputs, hidden = 5, 2, 3, 4
    x = normal(rng, "f32", steps, batch, inputs)
    w, u, b = (normal(rng, "f32", *shape, scale=0.7) for shape in ([inputs, 4 * hidden], [hidden, 4 * hidden], [4 * hidden]))
    program = (
        "size steps = 5\nsize n = 4\nh = zeros(f32[2, n])\nc = zeros(f32[2, n])\nrepeat steps as t {\n    z = x[t] @ w + h @ u + b\n"
        "    i = sigmoid(z[:, 0:n])\n    o = sigmoid(z[:, n:2 * n])\n    f = sigmoid(z[:, 2 * n:3 * n])\n"
        "    c = f * c + i * tanh(z[:, 3 * n:])\n    h = o * tanh(c)\n    ys[t] = h\n}\noutput ys\noutput h\noutput c\n"
    )
    bias = np.concatenate([b, np.zeros_like(b)])[None]
    ys, h, c = onnx_run("LSTM", [x, np.ascontiguousarray(w.T)[None], np.ascontiguousarray(u.T)[None], bias], 3, hidden_size=hidden)
    outputs = [near(ys[:, 0], "f32", 2, 1, ORT), near(h[0], "f32", 2, 1, ORT), near(c[0], "f32", 4, 1, ORT)]
    return case("an LSTM", program, {"x": x, "w": w, "u": u, "b": b}, outputs)


def transformer():
    """Two layers of attention and gelu on gathered rows; in bf16 what an operator leaves is rounded, as in the program."""
    for dtype in ("f32", "bf16"):
        rng = draw(f"transformer {dtype}")
        s, d, heads, layers, words = 5, 8, 2, 2, 11
        table = normal(rng, dtype, words, d)
        tokens = whole(rng, "i32", s, most=5) + np.int32(6)
        shapes = {"wq": [d, d], "wk": [d, d], "wv": [d, d], "wo": [d, d], "up": [d, 2 * d], "down": [2 * d, d], "g1": [d], "g2": [d]}
        given = {key: normal(rng, dtype, layers, *shape, scale=0.4) for key, shape in shapes.items()}

        def weights(keys):
            types = {key: f"{dtype}[{', '.join(map(str, shapes[key]))}]" for key in keys}
            return "".join(f'    weight {key} : {ty} = load("{key}.npy")\n' for key, ty in types.items())

        program = (
            "size s = 5\nsize d = 8\nsize heads = 2\n\nfn split(x) {\n    return transpose(reshape(x, [s, heads, d // heads]), [1, 0, 2])\n}\n\n"
            f"fn attention(x) {{\n{weights(['wq', 'wk', 'wv', 'wo'])}"
            "    a = softmax(causal(split(x @ wq) @ split(x @ wk).T / sqrt(d // heads)))\n"
            "    return reshape(transpose(a @ split(x @ wv), [1, 0, 2]), [s, d]) @ wo\n}\n\n"
            f"fn mlp(x) {{\n{weights(['up', 'down'])}    return gelu(x @ up) @ down\n}}\n\nh = gather(table, tokens)\nrepeat 2 {{\n"
            f"{weights(['g1', 'g2'])}    h = h + attention(rmsnorm(h, g1))\n    h = h + mlp(rmsnorm(h, g2))\n}}\n"
            "output h\noutput h[-1:] @ table.T\n"
        )
        output = transformed(dtype, table, tokens, given, heads)
        # Roundings of either path add up to some last places of the greatest element.
        ulps = {"f32": 4, "bf16": 1}[dtype]
        source = "float64" if dtype == "f32" else "float64, rounded to bf16 by every operator"
        outputs = [near(y, dtype, ulps, np.abs(y).max(), source) for y in output]
        yield case(f"a transformer of {dtype}", program, {"table": table, "tokens": tokens, **given}, outputs)


def transformed(dtype, table, tokens, given, heads):
    def kept(x):
        return x if dtype == "f32" else double(x.astype(f32).astype(DTYPES[dtype]))

    def split(x):
        return x.reshape(len(tokens), heads, -1).transpose(1, 0, 2)

    h = gather(double(table), tokens)
    for layer in range(len(given["wq"])):
        w = {key: double(array[layer]) for key, array in given.items()}
        x = kept(rmsnorm(h, w["g1"]))
        q, k, v = (split(kept(x @ w[key])) for key in ("wq", "wk", "wv"))
        scores = kept(kept(q @ k.transpose(0, 2, 1)) / np.sqrt(q.shape[-1]))
        scores = np.where(np.tril(np.ones(scores.shape[-2:], bool)), scores, -INF)
        a = kept(kept(softmax(scores)) @ v).transpose(1, 0, 2).reshape(h.shape)
        h = kept(h + kept(a @ w["wo"]))
        x = kept(rmsnorm(h, w["g2"]))
        h = kept(h + kept(kept(FUNCTIONS["gelu"](kept(x @ w["up"]))) @ w["down"]))
    return h, kept(h[-1:] @ double(table).T)


def experts():
    """Of four experts each token takes the two that a gate likes best."""
    rng = draw("experts")
    tokens, d, inner, count = 4, 6, 5, 4
    x, gate = normal(rng, "f32", tokens, d), normal(rng, "f32", d, count)
    up, down = normal(rng, "f32", count, d, inner, scale=0.5), normal(rng, "f32", count, inner, d, scale=0.5)
    program = (
        "scores, places = topk(softmax(x @ gate), k=2)\nscores = scores / sum(scores, axis=-1, keepdims=true)\n"
        'h = silu(einsum("td,tkdf->tkf", x, gather(up, places)))\ny = einsum("tkf,tkfd->tkd", h, gather(down, places))\n'
        'output einsum("tk,tkd->td", scores, y)\noutput places\noutput scores\n'
    )
    chances = softmax(double(x) @ double(gate))
    places = np.argsort(-chances, axis=-1, kind="stable")[:, :2]
    scores = np.take_along_axis(chances, places, -1)
    scores = scores / scores.sum(axis=-1, keepdims=True)
    h = FUNCTIONS["silu"](np.einsum("td,tkdf->tkf", double(x), double(up)[places]))
    y = np.einsum("tk,tkf,tkfd->td", scores, h, double(down)[places])
    outputs = [near(y, "f32", 4, np.abs(y).max()), exact(places.astype(np.int32)), near(scores, "f32", 6)]
    return case("a mixture of experts", program, {"x": x, "gate": gate, "up": up, "down": down}, outputs)


def scan():
    """Mamba's: a state that fades by as much as each token says, between a causal convolution and a gate."""
    rng = draw("scan")
    seq, d, state, reach = 6, 4, 3, 3
    x, filters = normal(rng, "f32", 1, seq, d), normal(rng, "f32", 1, reach, 1, d)
    wb, wc, wt = (normal(rng, "f32", d, width, scale=0.6) for width in (state, state, d))
    fade, skip = normal(rng, "f32", d, state, scale=0.5), normal(rng, "f32", d)
    program = (
        "size seq = 6\nsize d = 4\nsize state = 3\nu = conv2d(reshape(x, [1, 1, seq, d]), filters, padding=[0, 0, 2, 0], groups=d)\n"
        "u = silu(reshape(u, [1, seq, d]))\nstep = log(exp(u @ wt) + 1)\ninto = u @ wb\nout = u @ wc\nh = zeros(f32[1, d, state])\n"
        "repeat seq as t {\n    dt = reshape(step[:, t], [1, d, 1])\n"
        "    h = exp(-dt * exp(fade)) * h + dt * reshape(u[:, t], [1, d, 1]) * reshape(into[:, t], [1, 1, state])\n"
        "    ys[t] = sum(h * reshape(out[:, t], [1, 1, state]), axis=-1)\n}\noutput (transpose(ys, [1, 0, 2]) + skip * u) * sigmoid(x)\n"
    )
    w = np.ascontiguousarray(filters.transpose(3, 2, 0, 1))
    (u,) = onnx_run("Conv", [channels_first(x[:, None]), w], pads=[0, reach - 1, 0, 0], group=d)
    u = FUNCTIONS["silu"](double(channels_last(u)[:, 0]))
    step, into, out = np.log(np.exp(u @ double(wt)) + 1), u @ double(wb), u @ double(wc)
    h, ys = np.zeros((1, d, state)), []
    for t in range(seq):
        dt = step[:, t, :, None]
        h = np.exp(-dt * np.exp(double(fade))) * h + dt * u[:, t, :, None] * into[:, t, None, :]
        ys.append((h * out[:, t, None, :]).sum(axis=-1))
    y = (np.stack(ys, axis=1) + double(skip) * u) * FUNCTIONS["sigmoid"](double(x))
    given = {"x": x, "filters": filters, "wb": wb, "wc": wc, "wt": wt, "fade": fade, "skip": skip}
    return case("a scan as Mamba's", program, given, [near(y, "f32", 4, np.abs(y).max(), ORT)])
