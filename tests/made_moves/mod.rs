//! Random programs that move elements: tensors of several axes, reshaped, transposed, cut, put together, gathered, multiplied.

use proptest::prelude::*;

/// Random numbers by which a program is made: proptest shrinks the list.
pub struct Dice<'a> {
    rolls: std::slice::Iter<'a, u32>,
}

impl Dice<'_> {
    /// From 0 to `sides` - 1; 0 when the list is at its end.
    fn roll(&mut self, sides: usize) -> usize {
        self.rolls.next().map_or(0, |roll| *roll as usize % sides)
    }

    fn shape(&mut self, axes: usize, most: usize) -> Vec<usize> {
        (0..axes).map(|_| 1 + self.roll(most)).collect()
    }
}

fn written(shape: &[usize]) -> String {
    let extents: Vec<String> = shape.iter().map(usize::to_string).collect();
    format!("[{}]", extents.join(", "))
}

/// What moves elements, step by step; some steps lead to an output.
pub fn program() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<u32>(), 0..60).prop_map(|rolls| {
        let mut dice = Dice { rolls: rolls.iter() };
        let axes = 1 + dice.roll(4);
        let mut shape = dice.shape(axes, 7);
        let mut text = format!("input x0 : i8{}\n", written(&shape));
        let steps = 1 + dice.roll(4);
        for at in 0..steps {
            let (declared, value) = step(&mut dice, at, &mut shape);
            text += &format!("{declared}x{} = {value}\n", at + 1);
            if dice.roll(3) == 0 {
                text += &format!("output x{}\n", at + 1);
            }
        }
        // Vector work or a product at the end.
        let (rows, cols) = (shape[..shape.len() - 1].iter().product::<usize>(), shape[shape.len() - 1]);
        match dice.roll(3) {
            0 => text + &format!("output x{steps}\n"),
            _ => {
                let width = 1 + dice.roll(9);
                text + &format!(
                    "weight w : i8[{cols}, {width}]\noutput reshape(x{steps}, [{rows}, {cols}]) @ w\n"
                )
            }
        }
    })
}

/// Contractions of tensors of several axes in any order, work along any axis, and tensors that are repeated.
pub fn products() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<u32>(), 0..60).prop_map(|rolls| {
        let mut dice = Dice { rolls: rolls.iter() };
        let dtype = ["i8", "bf16", "f32"][dice.roll(3)];
        let sides = dice.shape(6, 5);
        // Axes of the first alone, of the second alone, of all three, and those that are summed.
        let mut labels = [Vec::new(), Vec::new(), Vec::new()];
        for (at, label) in ('a'..='f').enumerate() {
            let [left, right, out] = [[1, 0, 1], [0, 1, 1], [1, 1, 0], [1, 1, 1]][(at + dice.roll(3)) % 4];
            [left, right, out].iter().zip(&mut labels).filter(|(has, _)| **has == 1).for_each(|(_, list)| {
                let place = dice.roll(list.len() + 1);
                list.insert(place, label);
            });
        }
        let shape = |list: &Vec<char>| -> Vec<usize> {
            list.iter().map(|label| sides[*label as usize - 'a' as usize]).collect()
        };
        let word = |list: &Vec<char>| -> String { list.iter().collect() };
        let [left, right, out] = &labels;
        if left.is_empty() || right.is_empty() || out.is_empty() {
            return "input x : i8[2, 3]\noutput x.T\n".to_owned();
        }
        let mut text = format!(
            "input x : {dtype}{}\ninput w : {dtype}{}\n",
            written(&shape(left)),
            written(&shape(right))
        );
        text += &format!("y = einsum(\"{},{}->{}\", x, w)\n", word(left), word(right), word(out));
        let of = if dtype == "i8" { "i32" } else { dtype };
        // Some axes of extent 1, some missing.
        let added = shape(out).split_off(dice.roll(out.len()));
        let added: Vec<usize> =
            added.iter().map(|extent| if dice.roll(3) == 0 { 1 } else { *extent }).collect();
        let more = shape(&out.to_vec());
        let axis = dice.roll(more.len());
        text += &format!("input b : {of}{}\n", written(&added));
        let value = match dice.roll(5) {
            0 => "y + b".to_owned(),
            1 => "b + y".to_owned(),
            2 => format!("sum(y, axis={axis})"),
            3 => format!("argmax(y + b, axis={axis})"),
            _ if of == "i32" => format!("max(y, axis={axis})"),
            _ => format!("softmax(y, axis={axis})"),
        };
        text + &format!("output {value}\noutput y\n")
    })
}

/// Declarations, and what is made of `x{at}`, whose shape becomes the result's.
fn step(dice: &mut Dice, at: usize, shape: &mut Vec<usize>) -> (String, String) {
    let none = String::new();
    match dice.roll(5) {
        0 => {
            let mut order: Vec<usize> = (0..shape.len()).collect();
            (0..order.len()).for_each(|axis| order.swap(axis, dice.roll(shape.len())));
            let value = format!("transpose(x{at}, {})", written(&order));
            *shape = order.iter().map(|axis| shape[*axis]).collect();
            (none, value)
        }
        1 => {
            let all: usize = shape.iter().product();
            let divisors: Vec<usize> = (1..=all).filter(|side| all.is_multiple_of(*side)).collect();
            let side = divisors[dice.roll(divisors.len())];
            *shape = vec![side, all / side];
            (none, format!("reshape(x{at}, {})", written(shape)))
        }
        2 => {
            let cut = |extent: &usize| {
                let from = dice.roll(*extent);
                let until = from + 1 + dice.roll(extent - from);
                let step = 1 + dice.roll(3);
                (from, until, step)
            };
            let cuts: Vec<(usize, usize, usize)> = shape.iter().map(cut).collect();
            let value: Vec<String> =
                cuts.iter().map(|(from, until, step)| format!("{from}:{until}:{step}")).collect();
            *shape = cuts.iter().map(|(from, until, step)| (until - from).div_ceil(*step)).collect();
            (none, format!("x{at}[{}]", value.join(", ")))
        }
        3 => {
            let axis = dice.roll(shape.len());
            let other: Vec<usize> = shape
                .iter()
                .enumerate()
                .map(|(at, extent)| if at == axis { 1 + dice.roll(4) } else { *extent })
                .collect();
            let before = shape[axis];
            shape[axis] += before + other[axis];
            let declared = format!("input y{at} : i8{}\n", written(&other));
            (declared, format!("concat([x{at}, y{at}, x{at}], axis={axis})"))
        }
        _ => {
            let axis = dice.roll(shape.len());
            let axes = 1 + dice.roll(2);
            let places = dice.shape(axes, 4);
            let declared = format!("input p{at} : i32{}\n", written(&places));
            shape.splice(axis..=axis, places);
            if shape.len() > 6 {
                let (rows, cols) = (shape[..3].iter().product(), shape[3..].iter().product());
                *shape = vec![rows, cols];
                return (declared, format!("reshape(gather(x{at}, p{at}, axis={axis}), {})", written(shape)));
            }
            (declared, format!("gather(x{at}, p{at}, axis={axis})"))
        }
    }
}

/// Repeats: nested, with tensors that are carried, collected, moved with the iterations, and weights of their own.
pub fn repeats() -> impl Strategy<Value = String> {
    repeats_of(Just(0))
}

/// The same, five to eight within each other, of one or two iterations each.
#[allow(dead_code)] // not every test has them
pub fn deep_repeats() -> impl Strategy<Value = String> {
    repeats_of(5..=8usize)
}

fn repeats_of(deep: impl Strategy<Value = usize>) -> impl Strategy<Value = String> {
    (deep, prop::collection::vec(any::<u32>(), 0..90)).prop_map(|(deep, rolls)| {
        let mut dice = Dice { rolls: rolls.iter() };
        let dtype = ["i8", "bf16", "f32"][dice.roll(3)];
        let mut made = Repeats {
            dtype,
            rows: 1 + dice.roll(4),
            cols: 1 + dice.roll(5),
            deep,
            text: String::new(),
            names: 0,
            known: Vec::new(),
            dice,
        };
        let [ty, more] = [made.ty(""), made.ty("12, ")];
        let swapped = "fn swapped(a, b) {\n  return b, a\n}\n";
        made.text = format!(
            "{swapped}input h : {ty}\ninput g0 : {ty}\ninput xs : {more}\ninput p : i32[{}]\n",
            made.rows
        );
        made.text += "g = relu(g0)\n";
        made.known = vec!["h".into(), "g".into(), "g0".into()];
        for _ in 0..1 + if deep > 0 { 0 } else { made.dice.roll(2) } {
            made.repeat(0);
        }
        made.text + "output h\noutput g\n"
    })
}

/// A program with repeats in the making.
struct Repeats<'a> {
    dice: Dice<'a>,
    dtype: &'static str,
    rows: usize,
    cols: usize,
    /// So many repeats stand within each other at least.
    deep: usize,
    text: String,
    names: usize,
    /// Names that can be read here, each of the one type.
    known: Vec<String>,
}

impl Repeats<'_> {
    fn ty(&self, before: &str) -> String {
        format!("{}[{before}{}, {}]", self.dtype, self.rows, self.cols)
    }

    fn line(&mut self, depth: usize, line: &str) {
        self.text += &format!("{}{line}\n", "  ".repeat(depth));
    }

    fn name(&mut self) -> String {
        self.names += 1;
        format!("v{}", self.names)
    }

    fn any(&mut self) -> String {
        let at = self.dice.roll(self.known.len());
        self.known[at].clone()
    }

    fn repeat(&mut self, depth: usize) {
        let [counts, lines] = if self.deep > 0 { [2, 2] } else { [5, 4] };
        let (count, outer) = (1 + self.dice.roll(counts), self.known.len());
        self.line(depth, &format!("repeat {count} as t{depth} {{"));
        let mut collected = Vec::new();
        let lines = 1 + self.dice.roll(lines);
        // The first one, so that the others read what it leaves, or the last one.
        let inner = (depth + 1 < self.deep).then(|| self.dice.roll(2) * (lines - 1));
        for line in 0..lines {
            if inner == Some(line) {
                self.repeat(depth + 1);
                continue;
            }
            match self.dice.roll(7) {
                0 if self.deep == 0 && depth < 3 => self.repeat(depth + 1),
                1 => {
                    let (name, value) = (self.name(), self.any());
                    self.line(depth + 1, &format!("{name}[t{depth}] = {value}"));
                    collected.push(name);
                }
                2 => self.line(depth + 1, "h, g = swapped(h, g)"),
                _ => self.step(depth),
            }
        }
        self.line(depth, "}");
        self.known.truncate(outer);
        for name in collected {
            if depth == 0 {
                self.line(depth, &format!("output {name}"));
                continue;
            }
            let part = self.name();
            let at = self.dice.roll(count);
            self.line(depth, &format!("{part} = {name}[{at}]"));
            self.known.push(part);
            if self.dice.roll(2) == 0 {
                let all = self.name();
                self.line(
                    depth,
                    &format!("{all} = reshape({name}, [{count} * {}, {}])", self.rows, self.cols),
                );
                let rows = self.rows;
                let part = self.name();
                self.line(depth, &format!("{part} = {all}[{count} * {rows} - {rows}:]"));
                self.known.push(part);
            }
        }
    }

    /// A value of the one type, of those that are known.
    fn step(&mut self, depth: usize) {
        let (rows, cols, at, x) = (self.rows, self.cols, depth + 1, self.any());
        let other = self.any();
        let float = self.dtype != "i8";
        let shape = format!("[{rows}, {cols}]");
        let value = match self.dice.roll(15) {
            0 | 1 => {
                let w = self.name();
                let pruned = if cols % 2 == 0 { " sparse[2:4]" } else { "" };
                self.line(at, &format!("weight {w} : {}[{cols}, {cols}]{pruned}", self.dtype));
                if float { format!("relu({x} @ {w})") } else { format!("requant({x} @ {w}, shift=4)") }
            }
            2 => format!("maximum({x}, xs[t{depth}])"),
            3 => format!("minimum(xs[2 * t{depth} + {}], {x})", self.dice.roll(3)),
            4 => format!(
                "relu(reshape(reshape(xs, [{}, {cols}])[t{depth}:t{depth} + {rows}], {shape}))",
                12 * rows
            ),
            5 => format!("reshape({x}.T, {shape})"),
            6 => format!("concat([{x}, {other}], axis=0)[{rows} - 1:2 * {rows} - 1]"),
            7 => format!("gather({x}, p)"),
            8 => {
                let places = self.name();
                self.line(at, &format!("{places}, {places}p = topk({x}, k={cols})"));
                self.known.push(places.clone());
                format!("gather({other}, {places}p[:, {}])", self.dice.roll(cols))
            }
            9 if float => format!("softmax({x} + {other})"),
            10 if float => format!("einsum(\"ab,cb->ac\", {x}, {other}) @ {x}"),
            11 => format!("maximum({x}, xs[:, {}:, :][t{depth}, 0])", self.dice.roll(rows)),
            // At most five iterations: back from any place to the first one, or not so far.
            12 => format!("minimum(xs[{} - 2 * t{depth}], {x})", 8 + self.dice.roll(4)),
            13 => {
                let from = self.dice.roll(depth + 1);
                let first = 4 + 11 * (rows - 1) + self.dice.roll(4);
                let all = format!("reshape(xs, [{}, {cols}])", 12 * rows);
                format!("relu(reshape({all}[{first} - t{from}:{first} - t{from} + {rows}], {shape}))")
            }
            14 => format!("maximum({x}, xs[t{depth} + {} - t0])", 4 + self.dice.roll(4)),
            _ => format!("maximum({x}, {other})"),
        };
        match self.dice.roll(3) {
            0 => self.line(at, &format!("h = {value}")),
            1 => self.line(at, &format!("g = {value}")),
            _ => {
                let name = self.name();
                self.line(at, &format!("{name} = {value}"));
                self.known.push(name);
            }
        }
    }
}

/// Vector work of every kind one after the other, in every dtype, with operands of every extent.
pub fn chains() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<u32>(), 0..50).prop_map(|rolls| {
        let mut dice = Dice { rolls: rolls.iter() };
        let (rows, cols) = (1 + dice.roll(6), 1 + dice.roll(9));
        let mut dtype = ["i8", "i16", "i32", "bf16", "f32", "fp8"][dice.roll(6)];
        let mut text = format!("input x0 : {dtype}[{rows}, {cols}]\n");
        let steps = 1 + dice.roll(6);
        for at in 0..steps {
            let float = !dtype.starts_with('i');
            let other =
                [format!("[{rows}, {cols}]"), format!("[{cols}]"), format!("[{rows}, 1]"), "[1]".into()];
            let other = &other[dice.roll(4)];
            text += &format!("input y{at} : {dtype}{other}\ninput v{at} : {dtype}[{cols}]\n");
            let function =
                ["exp", "tanh", "sigmoid", "gelu", "gelu_tanh", "silu", "rsqrt", "sqrt", "log"][dice.roll(9)];
            let value = match dice.roll(12) {
                0 => format!("relu(x{at})"),
                1 => format!("maximum(x{at}, y{at})"),
                2 => format!("minimum(y{at}, x{at})"),
                3 if float => format!("x{at} + y{at}"),
                4 if float => format!("y{at} - x{at}"),
                5 if float => format!("x{at} / y{at}"),
                6 if float => format!("{function}(x{at})"),
                7 if float => format!("softmax(x{at})"),
                8 if float => format!("layernorm(x{at}, v{at}, v{at})"),
                9 if float => format!("rmsnorm(x{at}, v{at})"),
                10 if float => format!("causal(x{at}, offset={})", dice.roll(3)),
                3 if dtype == "i32" => format!("requant(x{at}, shift={})", dice.roll(6)),
                4 if dtype != "i32" => format!("cast(x{at} + y{at}, {dtype})"),
                5 if dtype != "i32" => format!("cast(x{at} * y{at}, {dtype})"),
                _ => {
                    let to = ["i8", "i16", "i32", "bf16", "f32", "fp8"][dice.roll(6)];
                    dtype = to;
                    format!("cast(x{at}, {to})")
                }
            };
            if value.starts_with("requant") {
                dtype = "i8";
            }
            text += &format!("x{} = {value}\n", at + 1);
        }
        let float = !dtype.starts_with('i');
        let last = match dice.roll(6) {
            0 => format!("argmax(x{steps}, axis={})", dice.roll(2)),
            1 => format!("max(x{steps}, axis={})", dice.roll(2)),
            2 if dtype != "i32" => format!("sum(x{steps}, axis={})", dice.roll(2)),
            3 if float => format!("mean(x{steps}, axis={})", dice.roll(2)),
            4 => {
                let k = 1 + dice.roll(cols);
                return text + &format!("most, places = topk(x{steps}, k={k})\noutput most\noutput places\n");
            }
            _ => format!("x{steps}"),
        };
        text + &format!("output {last}\n")
    })
}
