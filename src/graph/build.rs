//! Syntax tree to graph: names are looked up, types checked, values loaded, sums bounded. Every statement is checked,
//! also after errors; what depends on something wrong is passed over in silence.

use super::ir::{Graph, Limits, Loader, Op, OpKind, Output, Source, Tensor, TensorId};
use litemap::LiteMap;

use crate::base::{Diagnostics, Lines, Span};
use crate::lang::{Argument, Ast, Declaration, ExprId, ExprKind, Name, StatementKind, Storage, TypeExpr};
use crate::num::{Array, DType, Requant, Shape, Type, seeded};

/// Checks a program. The graph may be used only if no error was added to `diagnostics`.
pub fn build(text: &str, ast: &Ast, loader: &dyn Loader, diagnostics: &mut Diagnostics) -> Graph {
    let mut builder = Builder {
        text,
        lines: Lines::new(text),
        ast,
        loader,
        diagnostics,
        graph: Graph::default(),
        names: LiteMap::new(),
        values: vec![Value::Wrong; ast.exprs.len()],
        ranges: Vec::new(),
        bytes: 0,
        vector_elements: 0,
        macs: 0,
    };
    builder.statements();
    builder.graph
}

/// Least and greatest value of i8.
const I8: (i64, i64) = (i8::MIN as i64, i8::MAX as i64);

/// What an expression or a name turned out to be.
#[derive(Clone, Copy)]
enum Value {
    Tensor(TensorId),
    Number(i64),
    /// In error, and reported.
    Wrong,
}

/// What stands behind a name.
struct Binding {
    /// `None` if its definition is in error.
    tensor: Option<TensorId>,
    span: Span,
    used: bool,
}

struct Builder<'a> {
    text: &'a str,
    lines: Lines<'a>,
    ast: &'a Ast,
    loader: &'a dyn Loader,
    diagnostics: &'a mut Diagnostics,
    graph: Graph,
    names: LiteMap<String, Binding>,
    /// By expression.
    values: Vec<Value>,
    /// Least and greatest value that each tensor's elements can have.
    ranges: Vec<(i64, i64)>,
    bytes: usize,
    vector_elements: u64,
    macs: u64,
}

const FUNCTIONS: [&str; 3] = ["argmax", "relu", "requant"];

impl<'a> Builder<'a> {
    fn statements(&mut self) {
        let ast = self.ast;
        let mut next = ast.exprs.ids();
        for statement in &ast.statements {
            match &statement.kind {
                StatementKind::Declare(declaration) => self.declare(declaration),
                StatementKind::Let { name, value } => {
                    self.evaluate_up_to(*value, &mut next);
                    let tensor = self.tensor(*value);
                    self.bind(name, tensor);
                    self.call_result(name, tensor);
                }
                StatementKind::Output { value } => {
                    self.evaluate_up_to(*value, &mut next);
                    if let Some(tensor) = self.tensor(*value) {
                        self.graph.outputs.push(Output { tensor, span: statement.span });
                    }
                }
                StatementKind::Broken { name } => self.bind(name, None),
                StatementKind::BrokenOutput => {}
            }
        }
        self.finish();
    }

    fn finish(&mut self) {
        let outputs = self
            .ast
            .statements
            .iter()
            .any(|s| matches!(s.kind, StatementKind::Output { .. } | StatementKind::BrokenOutput));
        if !outputs {
            let span = self.ast.statements.last().map(|s| s.span.after()).unwrap_or_default();
            let last = self.ast.statements.iter().rev().find_map(|s| match &s.kind {
                StatementKind::Let { name, .. } => Some(name.text.as_str()),
                _ => None,
            });
            let hint = format!("end it with `output {}`", shorten(last.unwrap_or("x @ w")));
            self.diagnostics.error(span, "the program puts nothing out", hint);
        }
        // After an error, a name may be unused only because of it.
        let sound = !self.diagnostics.has_errors();
        for (name, binding) in &self.names {
            if sound && !binding.used {
                let hint = "use it or remove the line; it is not simulated";
                self.diagnostics.warning(binding.span, format!("`{}` is never used", shorten(name)), hint);
            }
        }
    }

    /// Evaluates the expressions of a statement; operands come first in the arena.
    fn evaluate_up_to(&mut self, last: ExprId, next: &mut impl Iterator<Item = ExprId>) {
        for expr in next {
            let value = self.expr(expr);
            self.values[expr.index()] = value.unwrap_or(Value::Wrong);
            if expr == last {
                break;
            }
        }
    }

    /// Names behind which nothing stands yet get the tensor; its own name becomes the user's.
    fn bind(&mut self, name: &Name, tensor: Option<TensorId>) {
        if let Some(earlier) = self.names.get(&name.text) {
            let line = self.lines.position(earlier.span.start).line;
            let message = format!("`{}` is defined twice, first on line {line}", shorten(&name.text));
            self.diagnostics.error(name.span, message, "give this one another name");
            return;
        }
        if FUNCTIONS.contains(&name.text.as_str()) || name.text == "load" {
            let message = format!("`{}` is a function's name", name.text);
            self.diagnostics.error(name.span, message, format!("call it `{}_1`, for instance", name.text));
        }
        self.names.insert(name.text.clone(), Binding { tensor, span: name.span, used: false });
    }

    /// A result is called what the user calls it.
    fn call_result(&mut self, name: &Name, tensor: Option<TensorId>) {
        if let Some(tensor) = tensor.map(|id| &mut self.graph.tensors[id])
            && matches!(tensor.source, Source::Op(_))
            && !self.names.contains_key(&tensor.name)
        {
            tensor.name.clone_from(&name.text);
        }
    }

    fn declare(&mut self, declaration: &Declaration) {
        let tensor = self.ty(&declaration.ty).and_then(|ty| self.declared(declaration, ty));
        self.bind(&declaration.name, tensor);
    }

    fn declared(&mut self, declaration: &Declaration, ty: Type) -> Option<TensorId> {
        self.count_bytes(&ty, declaration.ty.span)?;
        let array = match &declaration.load {
            Some(path) => self.load(path, &ty, declaration.ty.span)?,
            None => seeded(&declaration.name.text, ty.clone()),
        };
        let path = declaration.load.as_ref().map(|name| name.text.clone());
        // An i8 input may change from run to run within its type; everything else is known.
        let range = match (declaration.storage, ty.dtype) {
            (Storage::Input, DType::I8) => I8,
            _ => array
                .values
                .iter()
                .fold((i64::MAX, i64::MIN), |(low, high), x| (low.min(x.into()), high.max(x.into()))),
        };
        let source = match declaration.storage {
            Storage::Input => Source::Input { array, path },
            Storage::Weight => Source::Weight { array },
        };
        let (name, span) = (declaration.name.text.clone(), declaration.name.span);
        Some(self.push(Tensor { name, ty, source, span }, range))
    }

    fn load(&mut self, path: &Name, ty: &Type, ty_span: Span) -> Option<Array> {
        match self.loader.load(&path.text) {
            Err(error) => {
                self.diagnostics.error(path.span, error.message, error.hint);
                None
            }
            Ok(array) if array.ty != *ty => {
                let message = format!("`{}` holds {}, but {ty} is declared", path.text, array.ty);
                let hint = if array.ty.dtype == ty.dtype || array.ty.shape == ty.shape {
                    format!("declare it as {}, or load another file", array.ty)
                } else {
                    format!("declare it as {}: dtype and shape both differ", array.ty)
                };
                self.diagnostics.error(ty_span, message, hint);
                None
            }
            Ok(array) => Some(array),
        }
    }

    fn ty(&mut self, ty: &TypeExpr) -> Option<Type> {
        let dtype = DType::VALUED.into_iter().find(|dtype| dtype.name() == ty.dtype.text);
        if dtype.is_none() {
            let hint = match ty.dtype.text.as_str() {
                "int8" | "I8" | "u8" | "uint8" => "write `i8`",
                "int32" | "I32" | "int" | "u32" => "write `i32`",
                _ => "there are `i8`, for operands of `@`, and `i32`, for sums and biases",
            };
            self.diagnostics.error(ty.dtype.span, format!("there is no dtype `{}`", ty.dtype.text), hint);
        }
        let shape = self.shape(ty);
        Some(Type { dtype: dtype?, shape: shape? })
    }

    fn shape(&mut self, ty: &TypeExpr) -> Option<Shape> {
        if ty.dims.len() > 2 {
            let message = format!("a tensor of {} dimensions", ty.dims.len());
            self.diagnostics.error(
                ty.span,
                message,
                "one or two are possible: fold the outer ones into the rows",
            );
            return None;
        }
        let mut elements = 1usize;
        for dim in &ty.dims {
            if dim.value == 0 {
                self.diagnostics.error(dim.span, "an extent of 0", "every extent is at least 1");
                return None;
            }
            let extent = usize::try_from(dim.value).unwrap_or(usize::MAX);
            elements = elements.saturating_mul(extent);
            if elements > Shape::MOST_ELEMENTS {
                let message = format!("a tensor of more than {} elements", Shape::MOST_ELEMENTS);
                self.diagnostics.error(dim.span, message, "make an extent smaller");
                return None;
            }
        }
        Some(Shape(ty.dims.iter().map(|dim| dim.value as usize).collect()))
    }

    fn expr(&mut self, expr: ExprId) -> Option<Value> {
        let ast = self.ast;
        let span = ast.exprs[expr].span;
        match &ast.exprs[expr].kind {
            ExprKind::Name(name) => self.look_up(name, span).map(Value::Tensor),
            ExprKind::Number(value) => Some(Value::Number(*value)),
            ExprKind::MatMul(a, b) => {
                let (a, b) = (self.tensor(*a), self.tensor(*b));
                self.matmul(a?, b?, span)
            }
            ExprKind::Add(a, b) => {
                let (a, b) = (self.tensor(*a), self.tensor(*b));
                self.add(a?, b?, span)
            }
            ExprKind::Call { function, arguments } => self.call(function, arguments, span),
        }
    }

    fn look_up(&mut self, name: &str, span: Span) -> Option<TensorId> {
        if let Some(binding) = self.names.get_mut(name) {
            binding.used = true;
            return binding.tensor;
        }
        if self.diagnostics.is_full() {
            return None;
        }
        let hint = match nearest(name, self.names.keys().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if self.names.is_empty() => "declare it first, as in `input x : i8[4, 4]`".into(),
            None => {
                let known: Vec<String> =
                    self.names.keys().take(8).map(|known| format!("`{}`", shorten(known))).collect();
                format!("defined so far: {}", known.join(", "))
            }
        };
        self.diagnostics.error(span, format!("nothing is called `{}`", shorten(name)), hint);
        None
    }

    /// The tensor that an expression stands for; a number is an error here.
    fn tensor(&mut self, expr: ExprId) -> Option<TensorId> {
        match self.values[expr.index()] {
            Value::Tensor(tensor) => Some(tensor),
            Value::Number(_) => {
                let span = self.ast.exprs[expr].span;
                self.diagnostics.error(
                    span,
                    "a number where a tensor is needed",
                    "numbers are arguments, as in `shift=7`",
                );
                None
            }
            Value::Wrong => None,
        }
    }

    fn matmul(&mut self, a: TensorId, b: TensorId, span: Span) -> Option<Value> {
        let (left, right) = (self.graph.tensors[a].ty.clone(), self.graph.tensors[b].ty.clone());
        for (tensor, ty) in [(a, &left), (b, &right)] {
            if ty.dtype != DType::I8 {
                let name = shorten(&self.graph.tensors[tensor].name);
                let message = format!("`@` multiplies i8 by i8, but `{name}` is {ty}");
                self.diagnostics.error(
                    span,
                    message,
                    format!("bring it back to 8 bits: `requant({name}, shift=7)`"),
                );
                return None;
            }
        }
        let ([m, k], [k2, n]) = (left.shape.0.as_slice(), right.shape.0.as_slice()) else {
            let message = format!("`@` multiplies two matrices, but these are {left} and {right}");
            self.diagnostics.error(span, message, "declare both with two dimensions, as in `i8[1, 64]`");
            return None;
        };
        if k != k2 {
            let message = format!("the shapes do not fit: {left} @ {right}");
            let mut hint = format!("the left has {k} columns, the right {k2} rows; they must be equal");
            if k == n {
                hint += " (the right one looks transposed)";
            }
            self.diagnostics.error(span, message, hint);
            return None;
        }
        self.count_macs([*m, *k, *n], span)?;
        let magnitude = |(low, high): (i64, i64)| low.unsigned_abs().max(high.unsigned_abs()) as i64;
        let most = *k as i64 * magnitude(self.ranges[a.index()]) * magnitude(self.ranges[b.index()]);
        let ty = Type { dtype: DType::I32, shape: Shape(vec![*m, *n]) };
        self.result(OpKind::MatMul { a, b }, ty, (-most, most), span)
    }

    fn add(&mut self, a: TensorId, b: TensorId, span: Span) -> Option<Value> {
        let width = |ty: &Type| ty.shape.as_matrix().1;
        let (mut a, mut b) = (a, b);
        // A bias may stand on either side.
        if self.graph.tensors[a].ty.shape.0.len() < self.graph.tensors[b].ty.shape.0.len() {
            (a, b) = (b, a);
        }
        let (left, right) = (self.graph.tensors[a].ty.clone(), self.graph.tensors[b].ty.clone());
        for (tensor, ty) in [(a, &left), (b, &right)] {
            if ty.dtype != DType::I32 {
                let name = shorten(&self.graph.tensors[tensor].name);
                let message = format!("`+` adds i32 to i32, but `{name}` is {ty}");
                self.diagnostics.error(span, message, "add before `requant`; declare a bias as i32");
                return None;
            }
        }
        let vector = right.shape.0.len() == 1;
        if !(left.shape == right.shape || vector && width(&left) == width(&right)) {
            let message = format!("the shapes do not fit: {left} + {right}");
            let hint = format!("add {left}, or a vector i32[{}] to every row", width(&left));
            self.diagnostics.error(span, message, hint);
            return None;
        }
        let ((a0, a1), (b0, b1)) = (self.ranges[a.index()], self.ranges[b.index()]);
        self.result(OpKind::Add { a, b }, left, (a0 + b0, a1 + b1), span)
    }

    fn call(&mut self, function: &Name, arguments: &[Argument], span: Span) -> Option<Value> {
        match function.text.as_str() {
            "relu" => {
                let x = self.only_operand(function, arguments, &[])?;
                let (low, high) = self.ranges[x.index()];
                let ty = self.graph.tensors[x].ty.clone();
                self.result(OpKind::Relu { x }, ty, (low.max(0), high.max(0)), span)
            }
            "requant" => self.requant(function, arguments, span),
            "argmax" => self.argmax(function, arguments, span),
            other => {
                let hint = match other {
                    "requantize" | "requantise" | "quantize" => "did you mean `requant`?".into(),
                    "matmul" | "dot" => "a matrix product is written `x @ w`".into(),
                    _ => match nearest(other, FUNCTIONS.into_iter()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("there are `{}`", FUNCTIONS.join("`, `")),
                    },
                };
                self.diagnostics.error(
                    function.span,
                    format!("there is no function `{}`", shorten(other)),
                    hint,
                );
                None
            }
        }
    }

    fn requant(&mut self, function: &Name, arguments: &[Argument], span: Span) -> Option<Value> {
        let x = self.only_operand(function, arguments, &["shift", "scale", "zero"])?;
        let ty = self.graph.tensors[x].ty.clone();
        if ty.dtype != DType::I32 {
            let name = shorten(&self.graph.tensors[x].name);
            let hint = "requantise a sum, as in `requant(x @ w, shift=7)`";
            self.diagnostics.error(span, format!("`requant` takes i32 to i8, but `{name}` is {ty}"), hint);
            return None;
        }
        let Some(shift) = self.number(arguments, "shift", 0, Requant::MOST_SHIFT.into())? else {
            let hint = format!(
                "as in `requant({}, shift=7)`: divide by 2^7 and round",
                shorten(&self.graph.tensors[x].name)
            );
            self.diagnostics.error(span, "`requant` needs `shift=`", hint);
            return None;
        };
        let scale = self.number(arguments, "scale", i32::MIN.into(), i32::MAX.into())?.unwrap_or(1);
        let zero = self.number(arguments, "zero", i8::MIN.into(), i8::MAX.into())?.unwrap_or(0);
        let by = Requant { scale: scale as i32, shift: shift as u32, zero: zero as i8 };
        let ty = Type { dtype: DType::I8, shape: ty.shape };
        self.result(OpKind::Requant { x, by }, ty, I8, span)
    }

    fn argmax(&mut self, function: &Name, arguments: &[Argument], span: Span) -> Option<Value> {
        let x = self.only_operand(function, arguments, &["axis"])?;
        let ty = self.graph.tensors[x].ty.clone();
        let axis = self.number(arguments, "axis", i64::MIN, i64::MAX)?.unwrap_or(1);
        if !matches!(axis, 1 | -1) {
            let message = format!("`argmax` along axis {axis}");
            self.diagnostics.error(span, message, "it finds the greatest of each row: `axis=1`");
            return None;
        }
        let [rows, cols] = ty.shape.0[..] else {
            let message = format!("`argmax` looks along the rows of a matrix, but this is {ty}");
            self.diagnostics.error(span, message, "declare it with two dimensions, as in `i32[1, 10]`");
            return None;
        };
        let result = Type { dtype: DType::I32, shape: Shape(vec![rows]) };
        self.result(OpKind::ArgMax { x }, result, (0, cols as i64 - 1), span)
    }

    /// The one unnamed argument; `named` lists what else is allowed.
    fn only_operand(&mut self, function: &Name, arguments: &[Argument], named: &[&str]) -> Option<TensorId> {
        let mut seen: Vec<&str> = Vec::new();
        let mut fine = true;
        for name in arguments.iter().filter_map(|a| a.name.as_ref()) {
            let message = if !named.contains(&name.text.as_str()) {
                format!("`{}` has no argument `{}`", function.text, shorten(&name.text))
            } else if seen.contains(&name.text.as_str()) {
                format!("`{}` is given twice", name.text)
            } else {
                seen.push(&name.text);
                continue;
            };
            let near =
                nearest(&name.text, named.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            self.diagnostics.error(name.span, message, near.unwrap_or_else(|| signature(&function.text)));
            fine = false;
        }
        let operands: Vec<&Argument> = arguments.iter().filter(|a| a.name.is_none()).collect();
        let [operand] = operands[..] else {
            let message = format!("`{}` takes one tensor, found {}", function.text, operands.len());
            self.diagnostics.error(function.span, message, signature(&function.text));
            return None;
        };
        self.tensor(operand.value).filter(|_| fine)
    }

    /// A named whole number within bounds: `None` in error, `Some(None)` if it is not given.
    fn number(&mut self, arguments: &[Argument], name: &str, low: i64, high: i64) -> Option<Option<i64>> {
        let given = arguments.iter().find(|a| a.name.as_ref().is_some_and(|n| n.text == name));
        let Some(argument) = given else { return Some(None) };
        let span = self.ast.exprs[argument.value].span;
        match self.values[argument.value.index()] {
            Value::Number(value) if (low..=high).contains(&value) => Some(Some(value)),
            Value::Number(_) => {
                let shown = shorten(span.of(self.text));
                self.diagnostics.error(
                    span,
                    format!("`{name}={shown}` is out of range"),
                    format!("from {low} to {high}"),
                );
                None
            }
            Value::Tensor(_) => {
                self.diagnostics.error(
                    span,
                    format!("`{name}` is a whole number"),
                    format!("as in `{name}=1`"),
                );
                None
            }
            Value::Wrong => None,
        }
    }

    /// Adds an operator and its result, if no value of it can leave its dtype.
    fn result(&mut self, kind: OpKind, ty: Type, range: (i64, i64), span: Span) -> Option<Value> {
        if ty.dtype.range().is_some_and(|(least, most)| range.0 < least || range.1 > most) {
            let worst = range.0.unsigned_abs().max(range.1.unsigned_abs());
            let message = format!("a sum could reach {worst} and leave its 32 bits");
            self.diagnostics.error(span, message, "use fewer terms or smaller weights");
            return None;
        }
        if self.graph.ops.len() >= Limits::OPS {
            let message = format!("a program of more than {} operators", Limits::OPS);
            self.diagnostics.error(span, message, "split it into several programs");
            return None;
        }
        self.count_bytes(&ty, span)?;
        self.count_vector_work(kind, span)?;
        let name = shorten(span.of(self.text));
        let op = self.graph.ops.next_id();
        let result = self.push(Tensor { name, ty, source: Source::Op(op), span }, range);
        self.graph.ops.push(Op { kind, result, span });
        Some(Value::Tensor(result))
    }

    fn push(&mut self, tensor: Tensor, range: (i64, i64)) -> TensorId {
        self.ranges.push(range);
        self.graph.tensors.push(tensor)
    }

    fn count_macs(&mut self, extents: [usize; 3], span: Span) -> Option<()> {
        // Two extents at a time are those of a tensor, so the product of three fits 64 bits.
        let more: u64 = extents.iter().map(|extent| *extent as u64).product();
        if self.macs.saturating_add(more) <= Limits::MACS {
            self.macs += more;
            return Some(());
        }
        let all = self.macs.saturating_add(more);
        let message = format!(
            "up to here the products need {all} multiply-accumulates, more than the {} of a run",
            Limits::MACS
        );
        self.diagnostics.error(span, message, "make the matrices smaller");
        None
    }

    fn count_vector_work(&mut self, kind: OpKind, span: Span) -> Option<()> {
        self.vector_elements += self.graph.vector_elements(kind);
        if self.vector_elements <= Limits::VECTOR_ELEMENTS {
            return Some(());
        }
        let message = format!(
            "up to here the vector unit works on more than the {} elements of a run",
            Limits::VECTOR_ELEMENTS
        );
        self.diagnostics.error(span, message, "make the tensors smaller or the program shorter");
        None
    }

    fn count_bytes(&mut self, ty: &Type, span: Span) -> Option<()> {
        let more = ty.shape.elements() * ty.dtype.bytes();
        if self.bytes + more <= Limits::ALL_BYTES {
            self.bytes += more;
            return Some(());
        }
        let message = format!("with this tensor the program has more than {} bytes", Limits::ALL_BYTES);
        self.diagnostics.error(span, message, "make the tensors smaller");
        None
    }
}

/// How a function is called.
fn signature(function: &str) -> String {
    match function {
        "requant" => "as in `requant(x, shift=7)`, `requant(x, scale=3, shift=9, zero=-1)`",
        "argmax" => "as in `argmax(y, axis=1)`",
        _ => "as in `relu(x)`",
    }
    .to_owned()
}

/// A known word within two or three letters of what was written.
fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    // Distances cost the product of the lengths; nobody misspells a name of this length.
    if word.len() > 100 {
        return None;
    }
    // Of a single letter nothing would be left.
    let far = match word.chars().count() {
        0 | 1 => 0,
        2 | 3 => 1,
        _ => 2,
    };
    known
        .filter(|near| near.len().abs_diff(word.len()) <= 4 * far)
        .map(|near| (strsim::osa_distance(word, near), near))
        .filter(|(distance, _)| *distance <= far)
        .min()
        .map(|(_, near)| near)
}

/// A piece of the program in one line of bounded length; a long one is read only as far as it is shown.
fn shorten(text: &str) -> String {
    const MOST: usize = 60;
    let mut line = String::new();
    for (count, c) in text.split_whitespace().flat_map(|word| word.chars().chain([' '])).enumerate() {
        if count >= MOST {
            line.push('…');
            return line;
        }
        line.push(c);
    }
    line.truncate(line.trim_end().len());
    line
}
