"""Trains the digits network, quantises it, and writes the arrays that the example and the tests use.

    pip install numpy==2.4.6 scikit-learn==1.9.1
    python train.py

The same versions write the same files. The network in integers, as the program computes it:

    h = relu(requant(x @ w1 + b1, shift=SHIFT))     x: 0 to 16, w1: i8, sums: i32, h: i8
    y = h @ w2 + b2                                  the answer is the column of the greatest y
"""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE.parents[2] / "www" / "public" / "examples" / "digits"
HIDDEN, EPOCHS, BATCH, COPIES, SHIFT = 32, 120, 64, 6, 7


def main():
    x, labels = load_digits(return_X_y=True)
    x, held_x, labels, held_labels = train_test_split(x, labels, test_size=360, random_state=7, stratify=labels)
    rng = np.random.default_rng(7)
    network = train(x, labels, rng)
    report("float", network_in_floats(network, x), labels, network_in_floats(network, held_x), held_labels)
    w1, b1, w2, b2 = quantise(network, x)
    hidden, scores, answers = network_in_integers(held_x.astype(np.int8), w1, b1, w2, b2)
    report("integer", network_in_integers(x.astype(np.int8), w1, b1, w2, b2)[2], labels, answers, held_labels)
    print(f"hidden values at 127: {np.mean(hidden == 127):.2%}, largest sum {np.abs(held_x @ w1 + b1).max():.0f}")

    EXAMPLE.mkdir(parents=True, exist_ok=True)
    for name, array in {"w1": w1, "b1": b1, "w2": w2, "b2": b2}.items():
        np.save(EXAMPLE / f"{name}.npy", array)
    np.save(EXAMPLE / "x.npy", digits_of_pi(held_x, held_labels, answers, scores))
    np.save(HERE / "heldout_x.npy", held_x.astype(np.int8))
    np.save(HERE / "heldout_labels.npy", held_labels.astype(np.int32))
    np.save(HERE / "heldout_predictions.npy", answers.astype(np.int32))


def train(x, labels, rng):
    """Plain Adam on the cross entropy; each epoch sees every digit COPIES times, each time bent another way."""
    sizes = [(64, HIDDEN), (HIDDEN,), (HIDDEN, 10), (10,)]
    network = [rng.normal(0, np.sqrt(2 / size[0]), size) if len(size) == 2 else np.zeros(size) for size in sizes]
    mean, square = [np.zeros(s) for s in sizes], [np.zeros(s) for s in sizes]
    step = 0
    for epoch in range(EPOCHS):
        rate = 2e-3 * 0.5 * (1 + np.cos(np.pi * epoch / EPOCHS))
        seen = np.concatenate([bent(thickened(x, rng), rng) for _ in range(COPIES)])
        order = rng.permutation(len(seen))
        for batch in np.array_split(order, len(order) // BATCH):
            step += 1
            for i, gradient in enumerate(gradients(network, seen[batch], labels[batch % len(x)])):
                mean[i] = 0.9 * mean[i] + 0.1 * gradient
                square[i] = 0.999 * square[i] + 0.001 * gradient**2
                corrected = np.sqrt(square[i] / (1 - 0.999**step)) + 1e-8
                network[i] -= rate * mean[i] / (1 - 0.9**step) / corrected
    return network


def gradients(network, x, labels):
    w1, b1, w2, b2 = network
    x = x / 16
    hidden = np.maximum(x @ w1 + b1, 0)
    scores = hidden @ w2 + b2
    wrong = np.exp(scores - scores.max(axis=1, keepdims=True))
    wrong /= wrong.sum(axis=1, keepdims=True)
    wrong[np.arange(len(x)), labels] -= 1
    wrong /= len(x)
    back = (wrong @ w2.T) * (hidden > 0)
    decay = 1e-4
    return [x.T @ back + decay * w1, back.sum(axis=0), hidden.T @ wrong + decay * w2, wrong.sum(axis=0)]


def bent(x, rng):
    """Every digit turned, scaled, sheared and shifted a little, as a hand with a mouse would: bilinear sampling."""
    count = len(x)
    angle, shear = rng.normal(0, 0.12, count), rng.normal(0, 0.1, count)
    stretch = rng.normal(1, 0.08, (2, count))
    shift = rng.normal(0, 0.45, (2, count))
    row, col = np.meshgrid(np.arange(8) - 3.5, np.arange(8) - 3.5, indexing="ij")
    row, col = row.ravel()[None], col.ravel()[None]
    sin, cos = np.sin(angle)[:, None], np.cos(angle)[:, None]
    r = (cos * row - sin * col) * stretch[0][:, None] + shift[0][:, None] + 3.5
    c = (sin * row + cos * col + shear[:, None] * row) * stretch[1][:, None] + shift[1][:, None] + 3.5
    framed = np.pad(x.reshape(-1, 8, 8), ((0, 0), (1, 2), (1, 2)))
    r, c = np.clip(r, -1, 8) + 1, np.clip(c, -1, 8) + 1
    r0, c0 = r.astype(int), c.astype(int)
    fr, fc = r - r0, c - c0
    n = np.arange(count)[:, None]
    value = (framed[n, r0, c0] * (1 - fc) + framed[n, r0, c0 + 1] * fc) * (1 - fr)
    value += (framed[n, r0 + 1, c0] * (1 - fc) + framed[n, r0 + 1, c0 + 1] * fc) * fr
    ink = rng.normal(1, 0.12, count)[:, None]
    return np.clip(np.round(value * ink), 0, 16)


def thickened(x, rng):
    """Every digit's strokes made a little thicker or thinner: a mouse paints wider or finer lines than a pen."""
    framed = np.pad(x.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
    here = framed[:, 1:-1, 1:-1]
    around = np.sort([framed[:, :-2, 1:-1], framed[:, 2:, 1:-1], framed[:, 1:-1, :-2], framed[:, 1:-1, 2:]], axis=0)
    thick, thin = np.maximum(here, around[3]), np.minimum(here, around[1])
    amount = rng.normal(0, 0.15, (len(x), 1, 1))
    return (here + np.maximum(amount, 0) * (thick - here) + np.minimum(amount, 0) * (here - thin)).reshape(-1, 64)


def quantise(network, x):
    """One scale a layer. The first is chosen so that a division by 2^SHIFT brings all but the rarest sums into 8 bits."""
    w1, b1, w2, b2 = network
    largest = np.quantile(np.maximum(x / 16 @ w1 + b1, 0), 0.9999)
    scale1 = min(127 * 2**SHIFT / largest / 16, 127 / np.abs(w1).max())
    scale2 = 127 / np.abs(w2).max()
    hidden_scale = 16 * scale1 / 2**SHIFT
    whole = lambda values, dtype: np.round(values).astype(dtype)
    return (
        whole(w1 * scale1, np.int8),
        whole(b1 * 16 * scale1, np.int32),
        whole(w2 * scale2, np.int8),
        whole(b2 * hidden_scale * scale2, np.int32),
    )


def network_in_floats(network, x):
    w1, b1, w2, b2 = network
    return np.argmax(np.maximum(x / 16 @ w1 + b1, 0) @ w2 + b2, axis=1)


def network_in_integers(x, w1, b1, w2, b2):
    sums = x.astype(np.int64) @ w1 + b1
    rounded = np.sign(sums) * ((np.abs(sums) + 2 ** (SHIFT - 1)) >> SHIFT)
    hidden = np.maximum(np.clip(rounded, -128, 127), 0)
    scores = hidden @ w2.astype(np.int64) + b2
    return hidden, scores, np.argmax(scores, axis=1)


def digits_of_pi(x, labels, answers, scores):
    """Eight held-out digits for the page, 3 1 4 1 5 9 2 6: those the network is surest of, as they are the most legible."""
    ranked = np.sort(scores, axis=1)
    surest = np.argsort(ranked[:, -2] - ranked[:, -1], kind="stable")
    right = [i for i in surest if labels[i] == answers[i]]
    chosen = []
    for digit in [3, 1, 4, 1, 5, 9, 2, 6]:
        chosen.append(next(i for i in right if labels[i] == digit and i not in chosen))
    return x[chosen].astype(np.int8)


def report(kind, trained, labels, held, held_labels):
    print(f"{kind}: {np.mean(trained == labels):.2%} of the training digits, {np.mean(held == held_labels):.2%} held out")


if __name__ == "__main__":
    main()
