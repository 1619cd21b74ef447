//! Random programs over the whole language: every operator, functions, repeats within repeats, moving places, choices. Shapes
//! are tracked while a program is written, so that nearly all of them are right.

use proptest::prelude::*;

/// A program. It is written by a list of numbers, each of which decides something; fewer numbers write a shorter one.
pub fn program() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<u32>(), 8..260).prop_map(|numbers| Writer::new(numbers).program())
}

const FLOATS: [&str; 3] = ["f32", "bf16", "fp8"];
/// Elements of the largest tensor that is written.
const MOST_ELEMENTS: usize = 1 << 14;

#[derive(Clone, Debug, PartialEq)]
struct Ty {
    dtype: &'static str,
    shape: Vec<usize>,
}

impl Ty {
    fn is_float(&self) -> bool {
        FLOATS.contains(&self.dtype)
    }

    fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

#[derive(Clone)]
struct Known {
    name: String,
    ty: Ty,
}

struct Function {
    name: String,
    takes: Ty,
    gives: Vec<Ty>,
}

struct Writer {
    numbers: std::vec::IntoIter<u32>,
    text: String,
    indent: usize,
    /// What is visible: of the program or a function, and of the bodies that are open.
    scopes: Vec<Vec<Known>>,
    /// Those that are open, with how often they are done.
    repeats: Vec<(String, usize)>,
    functions: Vec<Function>,
    sizes: Vec<(String, usize)>,
    names: usize,
    in_function: bool,
}

impl Writer {
    fn new(numbers: Vec<u32>) -> Writer {
        Writer {
            numbers: numbers.into_iter(),
            text: String::new(),
            indent: 0,
            scopes: vec![Vec::new()],
            repeats: Vec::new(),
            functions: Vec::new(),
            sizes: Vec::new(),
            names: 0,
            in_function: false,
        }
    }

    fn program(mut self) -> String {
        for _ in 0..self.below(3) {
            let (name, value) = (self.fresh("n"), 1 + self.below(6));
            self.line(&format!("size {name} = {value}"));
            self.sizes.push((name, value));
        }
        for _ in 0..self.below(3) {
            self.function();
        }
        for _ in 0..1 + self.below(3) {
            self.input();
        }
        for _ in 0..2 + self.below(12) {
            self.statement();
        }
        let last = self.scopes[0].len() - 1;
        for at in [last, self.below(last + 1), self.below(last + 1)] {
            let name = self.scopes[0][at].name.clone();
            self.line(&format!("output {name}"));
        }
        self.text
    }

    fn next(&mut self) -> usize {
        self.numbers.next().unwrap_or(0) as usize
    }

    fn below(&mut self, end: usize) -> usize {
        self.next() % end
    }

    fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    fn fresh(&mut self, letter: &str) -> String {
        self.names += 1;
        format!("{letter}{}", self.names)
    }

    fn line(&mut self, line: &str) {
        self.text += &format!("{}{line}\n", "    ".repeat(self.indent));
    }

    /// Writes `name = value`, which is of a type from then on.
    fn let_be(&mut self, value: &str, ty: Ty) {
        self.several(value, vec![ty]);
    }

    fn several(&mut self, value: &str, types: Vec<Ty>) {
        let known: Vec<Known> = types.into_iter().map(|ty| Known { name: self.fresh("v"), ty }).collect();
        let names: Vec<&str> = known.iter().map(|known| known.name.as_str()).collect();
        self.line(&format!("{} = {value}", names.join(", ")));
        self.scopes.last_mut().unwrap().extend(known);
    }

    fn any(&mut self) -> Known {
        let all: Vec<&Known> = self.scopes.iter().flatten().collect();
        // Later ones more often, so that programs are deep.
        let at = all.len() - 1 - self.numbers.next().unwrap_or(0) as usize % all.len().min(5);
        all[at].clone()
    }

    fn shape(&mut self, axes: usize) -> Vec<usize> {
        (0..axes).map(|_| 1 + self.below(5)).collect()
    }

    fn written(&mut self, ty: &Ty) -> String {
        let mut extents = Vec::new();
        for extent in &ty.shape {
            let size = self.sizes.iter().find(|(_, value)| value == extent);
            extents.push(size.map_or(extent.to_string(), |(name, _)| name.clone()));
        }
        format!("{}[{}]", ty.dtype, extents.join(", "))
    }

    fn declare(&mut self, storage: &str, ty: Ty) -> String {
        let letter = if storage == "input" { "a" } else { "w" };
        let (name, written) = (self.fresh(letter), self.written(&ty));
        self.line(&format!("{storage} {name} : {written}"));
        self.scopes.last_mut().unwrap().push(Known { name: name.clone(), ty });
        name
    }

    fn input(&mut self) {
        let dtype = self.one_of(&["f32", "bf16", "i8", "f32", "i16", "fp8", "i32"]);
        let axes = 1 + self.below(4);
        let shape = self.shape(axes);
        self.declare("input", Ty { dtype, shape });
    }

    fn function(&mut self) {
        let (name, dtype, axes) = (self.fresh("f"), self.one_of(&["f32", "bf16", "i8"]), 1 + self.below(3));
        let takes = Ty { dtype, shape: self.shape(axes) };
        let (x, written) = (self.fresh("x"), self.written(&takes));
        self.line(&format!("fn {name}({x} : {written}) {{"));
        let outside = std::mem::replace(&mut self.scopes, vec![vec![Known { name: x, ty: takes.clone() }]]);
        (self.indent, self.in_function) = (1, true);
        for _ in 0..1 + self.below(3) {
            self.statement();
        }
        let values: Vec<Known> = (0..1 + self.below(2)).map(|_| self.any()).collect();
        let names: Vec<&str> = values.iter().map(|value| value.name.as_str()).collect();
        self.line(&format!("return {}", names.join(", ")));
        self.scopes = outside;
        (self.indent, self.in_function) = (0, false);
        self.line("}");
        let gives = values.into_iter().map(|value| value.ty).collect();
        self.functions.push(Function { name, takes, gives });
    }

    fn statement(&mut self) {
        match self.below(8) {
            0 | 1 if self.repeats.len() < 3 => self.repeat(),
            2 if !self.in_function && !self.functions.is_empty() => self.call(),
            3 => {
                let axes = 1 + self.below(3);
                let (dtype, shape) = (self.one_of(&["f32", "i8", "bf16"]), self.shape(axes));
                let ty = Ty { dtype, shape };
                let written = self.written(&ty);
                let value = self.one_of(&["zeros(T)", "full(T, 3)", "full(T, -1)"]).replace('T', &written);
                self.let_be(&value, ty);
            }
            _ => {
                let x = self.any();
                self.operator(&x);
            }
        }
    }

    fn call(&mut self) {
        let at = self.below(self.functions.len());
        let Function { name, takes, gives } = &self.functions[at];
        let (name, takes, gives) = (name.clone(), takes.clone(), gives.clone());
        let fitting =
            self.scopes.iter().flatten().find(|known| known.ty == takes).map(|known| known.name.clone());
        let argument = match fitting {
            Some(name) => name,
            None => self.declare("weight", takes),
        };
        self.several(&format!("{name}({argument})"), gives);
    }

    fn repeat(&mut self) {
        let (variable, count) = (self.fresh("t"), self.one_of(&[3, 1, 2, 4, 12]));
        let outside: Vec<Known> = self.scopes.iter().flatten().cloned().collect();
        self.line(&format!("repeat {count} as {variable} {{"));
        self.indent += 1;
        self.repeats.push((variable.clone(), count));
        self.scopes.push(Vec::new());
        for _ in 0..1 + self.below(3) {
            self.statement();
        }
        for _ in 0..self.below(3) {
            let at = self.below(outside.len());
            self.carry(&outside[at]);
        }
        let mut collected = Vec::new();
        for _ in 0..self.below(3) {
            let each = self.any();
            if each.ty.shape.len() == 8 || each.ty.elements() * count > MOST_ELEMENTS {
                continue;
            }
            let name = self.fresh("c");
            self.line(&format!("{name}[{variable}] = {}", each.name));
            let shape = [&[count], &each.ty.shape[..]].concat();
            collected.push(Known { name, ty: Ty { shape, ..each.ty } });
        }
        self.scopes.pop();
        self.repeats.pop();
        self.indent -= 1;
        self.line("}");
        self.scopes.last_mut().unwrap().extend(collected);
    }

    /// Gives a name from outside another value of its type.
    fn carry(&mut self, outer: &Known) {
        let name = &outer.name;
        let value = match outer.ty.dtype {
            "i32" => name.clone(),
            "i8" | "i16" => self.one_of(&["relu(N)", "N", "maximum(N, N)"]).replace('N', name),
            dtype => match self.any() {
                other if other.ty.elements() == outer.ty.elements() => {
                    format!("{name} - reshape(cast({}, {dtype}), {:?})", other.name, outer.ty.shape)
                }
                _ => self.one_of(&["N * 0.5", "-N", "tanh(N)", "1 / N", "N"]).replace('N', name),
            },
        };
        self.line(&format!("{name} = {value}"));
    }

    fn operator(&mut self, x: &Known) {
        let Known { name, ty } = x;
        match self.below(20) {
            0 => self.reshape(x),
            1 => self.transpose(x),
            2 | 3 => self.slice(x),
            4 => self.concat(x),
            5 => self.gather(x),
            6 if !ty.shape.is_empty() => self.top(x),
            7 => self.reduce(x),
            8 if ty.is_float() => self.element(x),
            9 if ty.dtype != "i32" => {
                let value = self.one_of(&["-N", "relu(N)"]).replace('N', name);
                let dtype = if value.starts_with('-') && !ty.is_float() { "i32" } else { ty.dtype };
                self.let_be(&value, Ty { dtype, ..ty.clone() });
            }
            10 => {
                let dtype = self.one_of(&["f32", "bf16", "fp8", "i8", "i16"]);
                self.let_be(&format!("cast({name}, {dtype})"), Ty { dtype, ..ty.clone() });
            }
            11 | 12 => self.combine(x),
            13 | 14 if ty.dtype != "i32" && ty.shape.len() >= 2 => self.product(x),
            15 if ty.dtype != "i32" => self.einsum(x),
            16 if ty.dtype != "i32" => self.convolve(x),
            17 if ty.dtype != "i16" => self.pool(x),
            18 if ty.is_float() && !ty.shape.is_empty() => self.norm(x),
            _ if ty.dtype == "i32" => {
                let (shift, zero) = (self.below(9), self.below(3));
                let value = format!("requant({name}, shift={shift}, scale=3, zero={zero})");
                self.let_be(&value, Ty { dtype: "i8", ..ty.clone() });
            }
            _ => self.combine(x),
        }
    }

    fn reshape(&mut self, Known { name, ty }: &Known) {
        let mut shape = ty.shape.clone();
        let written = match self.below(3) {
            0 => {
                shape = vec![ty.elements()];
                "[-1]".to_owned()
            }
            1 if shape.len() < 8 => {
                shape.insert(self.below(shape.len() + 1), 1);
                format!("{shape:?}")
            }
            _ => {
                shape.reverse();
                format!("{shape:?}")
            }
        };
        self.let_be(&format!("reshape({name}, {written})"), Ty { shape, ..ty.clone() });
    }

    fn order(&mut self, axes: usize) -> Vec<usize> {
        let mut left: Vec<usize> = (0..axes).collect();
        (0..axes).map(|_| left.remove(self.below(left.len()))).collect()
    }

    fn transpose(&mut self, Known { name, ty }: &Known) {
        let axes = ty.shape.len();
        if axes >= 2 && self.below(2) == 0 {
            let mut shape = ty.shape.clone();
            shape.swap(axes - 2, axes - 1);
            return self.let_be(&format!("{name}.T"), Ty { shape, ..ty.clone() });
        }
        let order = self.order(axes);
        let shape = order.iter().map(|axis| ty.shape[*axis]).collect();
        self.let_be(&format!("transpose({name}, {order:?})"), Ty { shape, ..ty.clone() });
    }

    fn slice(&mut self, x: &Known) {
        let (mut cuts, mut shape) = (Vec::new(), Vec::new());
        for extent in &x.ty.shape {
            let (cut, left) = self.cut(*extent);
            cuts.push(cut);
            shape.extend(left);
        }
        if cuts.is_empty() {
            return self.combine(x);
        }
        self.let_be(&format!("{}[{}]", x.name, cuts.join(", ")), Ty { shape, ..x.ty.clone() });
    }

    /// What is kept of an axis, and its length if it stays.
    fn cut(&mut self, extent: usize) -> (String, Option<usize>) {
        let moving = self.repeats.iter().rev().find(|(_, count)| *count <= extent).cloned();
        let from = self.below(extent);
        let len = 1 + self.below(extent - from);
        match (self.below(9), moving) {
            (0, _) => (from.to_string(), None),
            (1, _) => ("-1".into(), None),
            (2, _) => (format!("{from}:{}", from + len), Some(len)),
            (3, _) => {
                let step = 1 + self.below(3);
                (format!("{from}:{}:{step}", from + len), Some(len.div_ceil(step)))
            }
            (4, Some((variable, _))) => (variable, None),
            (5, Some((variable, count))) => (format!("{} - {variable}", count - 1), None),
            (6, Some((variable, count))) => {
                let len = extent - count + 1;
                (format!("{variable}:{variable} + {len}"), Some(len))
            }
            (7, Some((variable, count))) if 2 * count <= extent => {
                (format!("2 * {variable}:2 * {variable} + 2"), Some(2))
            }
            (8, Some((variable, count))) => {
                let len = extent - count + 1;
                let at = format!("{} - {variable}", count - 1);
                (format!("{at}:{at} + {len}"), Some(len))
            }
            _ => (":".into(), Some(extent)),
        }
    }

    fn concat(&mut self, x: &Known) {
        let mut shape = x.ty.shape.clone();
        if shape.is_empty() {
            return self.combine(x);
        }
        let axis = self.below(shape.len());
        let extra = 1 + self.below(3);
        shape[axis] = extra;
        let part = self.declare("weight", Ty { shape: shape.clone(), ..x.ty.clone() });
        shape[axis] = 2 * x.ty.shape[axis] + extra;
        let value = format!("concat([{0}, {part}, {0}], axis={axis})", x.name);
        self.bounded(&value, Ty { shape, ..x.ty.clone() });
    }

    /// Writes a value unless it is too large.
    fn bounded(&mut self, value: &str, ty: Ty) {
        if ty.elements() <= MOST_ELEMENTS && ty.shape.len() <= 8 {
            self.let_be(value, ty);
        }
    }

    fn gather(&mut self, x: &Known) {
        if x.ty.shape.is_empty() {
            return self.combine(x);
        }
        let (axis, axes) = (self.below(x.ty.shape.len()), self.below(3));
        let places = Ty { dtype: "i32", shape: self.shape(1 + axes) };
        let by = self.declare("weight", places.clone());
        let mut shape = x.ty.shape.clone();
        shape.splice(axis..=axis, places.shape);
        self.bounded(&format!("gather({}, {by}, axis={axis})", x.name), Ty { shape, ..x.ty.clone() });
    }

    fn top(&mut self, Known { name, ty }: &Known) {
        let axes = ty.shape.len();
        let mut shape = ty.shape.clone();
        if self.below(2) == 0 {
            let axis = self.below(axes);
            shape.remove(axis);
            let value = format!("argmax({name}, axis={})", axis as i64 - axes as i64);
            return self.let_be(&value, Ty { dtype: "i32", shape });
        }
        let k = 1 + self.below(shape[axes - 1]);
        shape[axes - 1] = k;
        let places = Ty { dtype: "i32", shape: shape.clone() };
        self.several(&format!("topk({name}, k={k})"), vec![Ty { shape, ..ty.clone() }, places]);
    }

    fn reduce(&mut self, Known { name, ty }: &Known) {
        let kind = self.one_of(if ty.is_float() { &["sum", "mean", "max"] } else { &["max", "sum", "max"] });
        let axes: Vec<usize> = (0..ty.shape.len()).filter(|_| self.below(2) == 0).collect();
        let keep = self.below(2) == 0;
        let left = |(axis, extent): (usize, &usize)| match axes.contains(&axis) {
            true => keep.then_some(1),
            false => Some(*extent),
        };
        let shape = ty.shape.iter().enumerate().filter_map(left).collect();
        let dtype = if kind == "sum" && !ty.is_float() { "i32" } else { ty.dtype };
        self.let_be(&format!("{kind}({name}, axis={axes:?}, keepdims={keep})"), Ty { dtype, shape });
    }

    fn element(&mut self, Known { name, ty }: &Known) {
        let functions = ["exp", "log", "sqrt", "rsqrt", "tanh", "sigmoid", "silu", "gelu", "gelu_tanh"];
        let function = self.one_of(&functions);
        self.let_be(&format!("{function}({name})"), ty.clone());
    }

    fn combine(&mut self, Known { name, ty }: &Known) {
        let operators: &[&str] = match ty.dtype {
            "f32" | "bf16" | "fp8" => &["A + B", "A - B", "A * B", "A / B", "maximum(A, B)", "minimum(A, B)"],
            "i32" => &["maximum(A, B)", "minimum(A, B)"],
            _ => &["A + B", "A - B", "A * B", "maximum(A, B)", "minimum(A, B)"],
        };
        let operator = self.one_of(operators);
        let write = |a: &str, b: &str| operator.replace('A', a).replace('B', b);
        let whole = if operator.starts_with('m') { ty.dtype } else { "i32" };
        if self.below(3) == 0 {
            let number = self.one_of(if ty.is_float() { &["0.5", "2", "1e-3"] } else { &["2", "-7", "100"] });
            let dtype = if ty.is_float() { ty.dtype } else { "i32" };
            let value = if self.below(2) == 0 { write(name, number) } else { write(number, name) };
            return self.let_be(&value, Ty { dtype, ..ty.clone() });
        }
        let mut shape =
            ty.shape[self.below(ty.shape.len() + 1).min(ty.shape.len().saturating_sub(1))..].to_vec();
        for extent in &mut shape {
            *extent = if self.below(3) == 0 { 1 } else { *extent };
        }
        if shape.is_empty() {
            shape.push(3);
        }
        let other = if ty.is_float() { self.one_of(&FLOATS) } else { ty.dtype };
        let result = match (ty.is_float(), other) {
            (true, "f32") => "f32",
            (true, "bf16") if ty.dtype == "fp8" => "bf16",
            (true, _) => ty.dtype,
            (false, _) => whole,
        };
        let b = self.declare("weight", Ty { dtype: other, shape: shape.clone() });
        let full = if ty.shape.is_empty() { shape } else { ty.shape.clone() };
        let value = if self.below(2) == 0 { write(name, &b) } else { write(&b, name) };
        self.let_be(&value, Ty { dtype: result, shape: full });
    }

    fn product_dtype(&self, dtype: &'static str) -> &'static str {
        match dtype {
            "i8" | "i16" => "i32",
            "fp8" => "f32",
            same => same,
        }
    }

    fn choices(&mut self) -> String {
        let all = [
            "",
            "",
            "",
            " with dataflow=\"ws\"",
            " with dataflow=\"os\", tile=[4, 8, 2]",
            " with order=\"nkm\"",
            " with buffers=2, fuse=false",
            " with fuse=true, order=\"mnk\", tile=[1, 1, 1]",
        ];
        self.one_of(&all).to_owned()
    }

    fn product(&mut self, x: &Known) {
        let [batch @ .., m, k] = &x.ty.shape[..] else { return };
        let n = 1 + self.below(6);
        let shared = self.below(batch.len() + 1);
        let shape = [&batch[shared..], &[*k, n]].concat();
        let w = self.declare("weight", Ty { dtype: x.ty.dtype, shape });
        let value = format!("{} @ {w}{}", x.name, self.choices());
        let ty = Ty { dtype: self.product_dtype(x.ty.dtype), shape: [batch, &[*m, n]].concat() };
        self.bounded(&value, ty);
    }

    fn einsum(&mut self, x: &Known) {
        let letters: Vec<char> = ('a'..='z').take(x.ty.shape.len()).collect();
        let mut axes: Vec<(char, usize)> = letters.iter().copied().zip(x.ty.shape.iter().copied()).collect();
        if self.below(4) == 0 {
            let out: Vec<usize> = self.order(axes.len()).into_iter().filter(|_| self.below(3) > 0).collect();
            let shape: Vec<usize> = out.iter().map(|at| axes[*at].1).collect();
            let summed = shape.len() < axes.len() && !x.ty.is_float();
            let dtype = if summed { "i32" } else { x.ty.dtype };
            let letters: String = out.iter().map(|at| axes[*at].0).collect();
            let own: String = axes.iter().map(|(letter, _)| *letter).collect();
            return self.let_be(&format!("einsum(\"{own}->{letters}\", {})", x.name), Ty { dtype, shape });
        }
        let own: String = letters.iter().collect();
        let order = self.order(axes.len());
        let mut second: Vec<(char, usize)> =
            order.into_iter().filter(|_| self.below(2) == 0).map(|at| axes[at]).collect();
        second.push(('Y', 2));
        second.push(('Z', 1 + self.below(3)));
        let w =
            self.declare("weight", Ty { dtype: x.ty.dtype, shape: second.iter().map(|(_, n)| *n).collect() });
        axes.extend(&second[second.len() - 2..]);
        // Whole numbers are not summed before they are multiplied: then they would be i32.
        let needed = |letter: char| second.iter().any(|(known, _)| *known == letter) && own.contains(letter);
        let out: Vec<(char, usize)> = self
            .order(axes.len())
            .into_iter()
            .map(|at| axes[at])
            .filter(|(letter, _)| (!x.ty.is_float() && !needed(*letter)) || self.below(2) == 0)
            .collect();
        let word = |list: &[(char, usize)]| list.iter().map(|(letter, _)| *letter).collect::<String>();
        let value =
            format!("einsum(\"{own},{}->{}\", {}, {w}){}", word(&second), word(&out), x.name, self.choices());
        let shape = out.iter().map(|(_, extent)| *extent).collect();
        self.bounded(&value, Ty { dtype: self.product_dtype(x.ty.dtype), shape });
    }

    /// An image of four axes with the elements of a tensor.
    fn image(&mut self, x: &Known) -> Known {
        let [n, h, w, c] = match x.ty.shape[..] {
            [n, h, w, c] => {
                return Known { name: x.name.clone(), ty: Ty { shape: vec![n, h, w, c], ..x.ty.clone() } };
            }
            [h, w, c] => [1, h, w, c],
            [h, w] => [1, h, w, 1],
            _ => [1, 1, x.ty.elements(), 1],
        };
        let shape = vec![n, h, w, c];
        self.let_be(&format!("reshape({}, {shape:?})", x.name), Ty { shape, ..x.ty.clone() });
        self.scopes.last().unwrap().last().unwrap().clone()
    }

    fn convolve(&mut self, x: &Known) {
        let x = self.image(x);
        let [n, h, w, c] = x.ty.shape[..] else { return };
        let (groups, each) = if self.below(2) == 0 { (c, 1) } else { (1, c) };
        let (kh, kw, times) = (1 + self.below(3), 1 + self.below(2), 1 + self.below(3));
        let f = groups * times;
        let [stride, padding, dilation] = [1 + self.below(2), self.below(4), 1 + self.below(2)];
        let side = |extent: usize, k: usize| {
            let reach = (k - 1) * dilation + 1;
            (extent + 2 * padding).checked_sub(reach).map(|rest| rest / stride + 1)
        };
        let (Some(oh), Some(ow)) = (side(h, kh), side(w, kw)) else { return };
        let filter = self.declare("weight", Ty { dtype: x.ty.dtype, shape: vec![kh, kw, each, f] });
        let value = format!(
            "conv2d({}, {filter}, stride={stride}, padding={padding}, dilation={dilation}, groups={groups}){}",
            x.name,
            self.choices()
        );
        self.bounded(&value, Ty { dtype: self.product_dtype(x.ty.dtype), shape: vec![n, oh, ow, f] });
    }

    fn pool(&mut self, x: &Known) {
        let x = self.image(x);
        let [n, h, w, c] = x.ty.shape[..] else { return };
        let kind = if x.ty.is_float() { self.one_of(&["maxpool", "avgpool"]) } else { "maxpool" };
        let (kh, kw) = (1 + self.below(h.min(3)), 1 + self.below(w.min(3)));
        let top = self.below(kh);
        let (oh, ow) = (h + top - kh + 1, (w - kw) / 2 + 1);
        let value =
            format!("{kind}({}, window=[{kh}, {kw}], stride=[1, 2], padding=[{top}, 0, 0, 0])", x.name);
        self.let_be(&value, Ty { shape: vec![n, oh, ow, c], ..x.ty });
    }

    fn norm(&mut self, Known { name, ty }: &Known) {
        let last = ty.shape[ty.shape.len() - 1];
        let vector = |writer: &mut Self| {
            let dtype = writer.one_of(&FLOATS);
            writer.declare("weight", Ty { dtype, shape: vec![last] })
        };
        let value = match self.below(4) {
            0 => {
                let (scale, bias) = (vector(self), vector(self));
                format!("layernorm({name}, {scale}, {bias})")
            }
            1 => format!("rmsnorm({name}, {}, eps=1e-3)", vector(self)),
            2 if ty.shape.len() >= 2 => format!("causal({name}, offset={})", self.below(3)),
            _ => format!("softmax({name}, axis={})", self.below(ty.shape.len())),
        };
        self.let_be(&value, ty.clone());
    }
}
