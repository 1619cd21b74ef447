//! Syntax tree to graph: names are looked up, types checked, values loaded, sums bounded. Every statement is checked,
//! also after errors; what depends on something wrong is passed over in silence.

use super::ir::{Graph, Limits, Loader, Op, OpKind, Output, Source, Tensor, TensorId};
use litemap::LiteMap;

use crate::base::{Diagnostics, Edit, Lines, Span};
use crate::lang::{
    Argument, Ast, BinaryOp, Declaration, Dim, Expr, ExprId, ExprKind, Function, Name, Parameter, Statement,
    StatementKind, Storage, TypeExpr,
};
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
        scopes: vec![Scope::default()],
        functions: LiteMap::new(),
        values: vec![Value::Wrong; ast.exprs.len()],
        several: Vec::new(),
        calls: 0,
        lines_of_calls: 0,
        named: Vec::new(),
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
    /// What a function returned, by its place in [`Builder::several`].
    Several(usize),
    /// In error, and reported.
    Wrong,
}

/// What stands behind a name.
struct Binding {
    value: Value,
    span: Span,
    used: bool,
}

/// The names of the program, or of a call.
#[derive(Default)]
struct Scope {
    names: LiteMap<String, Binding>,
    /// The call as it stands before the names of its tensors: `layer.` or `block.layer_2.`
    prefix: String,
}

/// A function that calls can find.
struct Known<'a> {
    /// `None` if its definition is in error.
    function: Option<&'a Function>,
    span: Span,
    calls: usize,
    /// Whether a call of it is under way.
    active: bool,
}

struct Builder<'a> {
    text: &'a str,
    lines: Lines<'a>,
    ast: &'a Ast,
    loader: &'a dyn Loader,
    diagnostics: &'a mut Diagnostics,
    graph: Graph,
    /// The program's, and those of the calls under way.
    scopes: Vec<Scope>,
    functions: LiteMap<String, Known<'a>>,
    /// By expression.
    values: Vec<Value>,
    several: Vec<Vec<Value>>,
    /// So far.
    calls: usize,
    /// Lines of functions worked so far.
    lines_of_calls: usize,
    /// By tensor: whether its name is the user's.
    named: Vec<bool>,
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
        self.know_functions(&ast.statements);
        for statement in &ast.statements {
            self.statement(statement);
        }
        self.finish();
    }

    fn know_functions(&mut self, statements: &'a [Statement]) {
        for statement in statements {
            let StatementKind::Function(function) = &statement.kind else { continue };
            let name = &function.name;
            if let Some(earlier) = self.functions.get(&name.text) {
                let line = self.lines.position(earlier.span.start).line;
                let message = format!("`{}` is defined twice, first on line {line}", shorten(&name.text));
                self.diagnostics.error(name.span, message, "give this one another name");
                continue;
            }
            if FUNCTIONS.contains(&name.text.as_str()) || name.text == "load" {
                let message = format!("`{}` is there already", name.text);
                self.diagnostics.error(
                    name.span,
                    message,
                    format!("call it `{}_1`, for instance", name.text),
                );
            }
            let known = Known { function: Some(function), span: name.span, calls: 0, active: false };
            self.functions.insert(name.text.clone(), known);
        }
    }

    /// Works a statement; `return`'s values are given back.
    fn statement(&mut self, statement: &'a Statement) -> Option<&'a [ExprId]> {
        let (first, end) = statement.exprs;
        match statement.kind {
            // Their expressions are those of a function's body, or have no end.
            StatementKind::Function(_) | StatementKind::Broken { .. } | StatementKind::BrokenOutput => {}
            _ => self.evaluate(first, end),
        }
        let in_call = self.scopes.len() > 1;
        match &statement.kind {
            StatementKind::Declare(declaration) if in_call && declaration.storage == Storage::Input => {
                let message = "an input within a function";
                let hint =
                    format!("declare it outside and hand it over: `fn ...({})`", declaration.name.text);
                self.diagnostics.error(statement.span, message, hint);
                self.bind(&declaration.name, Value::Wrong);
            }
            StatementKind::Declare(declaration) => self.declare(declaration),
            StatementKind::Size { name, value } => {
                let value = self.whole(*value, "a size").map_or(Value::Wrong, Value::Number);
                self.bind(name, value);
            }
            StatementKind::Let { names, value } => self.let_be(names, *value),
            StatementKind::Function(_) => {}
            StatementKind::Return { values } if in_call => return Some(values),
            StatementKind::Return { values } => {
                let hint = "the program itself puts out: `output ...`";
                let start = statement.span.start;
                let word = Span { start, end: start + "return".len() as u32 };
                let edit = (values.len() == 1).then(|| Edit::replace(word, "output"));
                self.diagnostics.error_with(statement.span, "`return` outside of a function", hint, edit);
            }
            StatementKind::Output { .. } if in_call => {
                let hint = "return the value, and put it out where the function is called";
                self.diagnostics.error(statement.span, "`output` within a function", hint);
            }
            StatementKind::Output { value } => {
                if let Some(tensor) = self.tensor(*value) {
                    self.graph.outputs.push(Output { tensor, span: statement.span });
                }
            }
            StatementKind::Broken { names } => names.iter().for_each(|name| self.break_name(name)),
            StatementKind::BrokenOutput => {}
        }
        None
    }

    /// It may have been meant as a function or as a value.
    fn break_name(&mut self, name: &Name) {
        let known = Known { function: None, span: name.span, calls: 1, active: false };
        self.functions.try_insert(name.text.clone(), known);
        self.scope()
            .names
            .try_insert(name.text.clone(), Binding { value: Value::Wrong, span: name.span, used: true });
    }

    fn let_be(&mut self, names: &[Name], value: ExprId) {
        let values = match (self.values[value.index()], names) {
            (Value::Several(at), _) => self.several[at].clone(),
            (Value::Wrong, _) => vec![Value::Wrong; names.len()],
            (Value::Number(_), [name]) => {
                let (span, start) = (self.ast.exprs[value].span, name.span.start);
                let hint = format!("a number with a name is a size: `size {} = ...`", shorten(&name.text));
                let edit = Some(Edit::replace(Span { start, end: start }, "size "));
                self.diagnostics.error_with(span, "a number where a tensor is needed", hint, edit);
                vec![Value::Wrong]
            }
            _ => vec![self.tensor(value).map_or(Value::Wrong, Value::Tensor)],
        };
        if values.len() != names.len() {
            let message = format!("{} for {}", count(names.len(), "name"), count(values.len(), "value"));
            let hint = match values.len() {
                1 => "one name takes one value: only a function that returns several has more".to_owned(),
                more => format!("write {more} names with `,` between them"),
            };
            self.diagnostics.error(names[0].span.to(names[names.len() - 1].span), message, hint);
        }
        for (at, name) in names.iter().enumerate() {
            let value = if values.len() == names.len() { values[at] } else { Value::Wrong };
            if name.text == "_" {
                continue;
            }
            self.bind(name, value);
            self.call_result(name, value);
        }
    }

    fn scope(&mut self) -> &mut Scope {
        self.scopes.last_mut().expect("the program's scope is never left")
    }

    fn finish(&mut self) {
        // `return` was meant as `output`, and is reported.
        let meant = |statement: &Statement| matches!(statement.kind, StatementKind::Return { .. });
        let outputs = self.ast.statements.iter().any(|statement| meant(statement) || puts_out(statement));
        if !outputs {
            let span = self.ast.statements.last().map(|s| s.span.after()).unwrap_or_default();
            let last = self.ast.statements.iter().rev().find_map(|s| match &s.kind {
                StatementKind::Let { names, .. } => names.first().map(|name| name.text.as_str()),
                _ => None,
            });
            let hint = format!("end it with `output {}`", shorten(last.unwrap_or("x @ w")));
            let edit = last.map(|last| Edit::replace(span, format!("\noutput {last}")));
            self.diagnostics.error_with(span, "the program puts nothing out", hint, edit);
        }
        // After an error, a name may be unused only because of it.
        if self.diagnostics.has_errors() {
            return;
        }
        self.warn_of_unused();
        for (name, known) in &self.functions {
            if known.calls == 0 {
                let message = format!("`{}` is never called", shorten(name));
                self.diagnostics.warning(
                    known.span,
                    message,
                    "call it or remove it; its types are not checked",
                );
            }
        }
    }

    /// Names of the innermost scope that nothing uses.
    fn warn_of_unused(&mut self) {
        let Some(scope) = self.scopes.last() else { return };
        for (name, binding) in &scope.names {
            if !binding.used {
                let hint = "use it or remove the line; it is not simulated";
                self.diagnostics.warning(binding.span, format!("`{}` is never used", shorten(name)), hint);
            }
        }
    }

    /// Evaluates expressions in the order of the arena, where operands come first.
    fn evaluate(&mut self, first: ExprId, end: ExprId) {
        for expr in self.ast.exprs.ids_between(first, end) {
            let value = self.expr(expr);
            self.values[expr.index()] = value.unwrap_or(Value::Wrong);
        }
    }

    /// Gives a value a name, if the name is free.
    fn bind(&mut self, name: &Name, value: Value) {
        if let Some(earlier) = self.scope().names.get(&name.text) {
            let earlier = earlier.span;
            let line = self.lines.position(earlier.start).line;
            let message = format!("`{}` is defined twice, first on line {line}", shorten(&name.text));
            self.diagnostics.error(name.span, message, "give this one another name");
            return;
        }
        self.refuse_function_name(&name.text, name.span);
        let binding = Binding { value, span: name.span, used: false };
        self.scope().names.insert(name.text.clone(), binding);
    }

    fn refuse_function_name(&mut self, name: &str, span: Span) {
        if FUNCTIONS.contains(&name) || name == "load" || self.functions.contains_key(name) {
            let message = format!("`{}` is a function's name", shorten(name));
            self.diagnostics.error(span, message, format!("call it `{}_1`, for instance", shorten(name)));
        }
    }

    /// A result is called what the user calls it first.
    fn call_result(&mut self, name: &Name, value: Value) {
        let Value::Tensor(tensor) = value else { return };
        let full = format!("{}{}", self.scope().prefix, name.text);
        if !std::mem::replace(&mut self.named[tensor.index()], true) {
            self.graph.tensors[tensor].name = full;
        }
    }

    fn declare(&mut self, declaration: &Declaration) {
        let tensor = self.ty(&declaration.ty).and_then(|ty| self.declared(declaration, ty));
        self.bind(&declaration.name, tensor.map_or(Value::Wrong, Value::Tensor));
    }

    fn declared(&mut self, declaration: &Declaration, ty: Type) -> Option<TensorId> {
        self.count_bytes(&ty, declaration.ty.span)?;
        let name = format!("{}{}", self.scope().prefix, declaration.name.text);
        let array = match &declaration.load {
            Some(path) => self.load(path, &ty, declaration.ty.span)?,
            None => seeded(&name, ty.clone()),
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
        let span = declaration.name.span;
        let tensor = self.push(Tensor { name, ty, source, span }, range);
        self.named[tensor.index()] = true;
        Some(tensor)
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
        let dtype = self.dtype(ty);
        let shape = self.shape(ty);
        Some(Type { dtype: dtype?, shape: shape? })
    }

    fn dtype(&mut self, ty: &TypeExpr) -> Option<DType> {
        let dtype = DType::VALUED.into_iter().find(|dtype| dtype.name() == ty.dtype.text);
        if dtype.is_none() {
            let (hint, meant) = match ty.dtype.text.as_str() {
                "int8" | "I8" | "u8" | "uint8" => ("write `i8`", Some("i8")),
                "int32" | "I32" | "int" | "u32" => ("write `i32`", Some("i32")),
                _ => ("there are `i8`, for operands of `@`, and `i32`, for sums and biases", None),
            };
            let edit = meant.map(|dtype| Edit::replace(ty.dtype.span, dtype));
            let message = format!("there is no dtype `{}`", ty.dtype.text);
            self.diagnostics.error_with(ty.dtype.span, message, hint, edit);
        }
        dtype
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
        let mut dims = Vec::new();
        for dim in &ty.dims {
            let span = self.ast.exprs[dim.value].span;
            let extent = self.whole(dim.value, "an extent")?;
            if extent < 1 {
                let message = format!("an extent of {extent}");
                self.diagnostics.error(span, message, "every extent is at least 1");
                return None;
            }
            let extent = usize::try_from(extent).unwrap_or(usize::MAX);
            elements = elements.saturating_mul(extent);
            if elements > Shape::MOST_ELEMENTS {
                let message = format!("a tensor of more than {} elements", Shape::MOST_ELEMENTS);
                self.diagnostics.error(span, message, "make an extent smaller");
                return None;
            }
            dims.push(extent);
        }
        Some(Shape(dims))
    }

    fn expr(&mut self, expr: ExprId) -> Option<Value> {
        let ast = self.ast;
        let span = ast.exprs[expr].span;
        match &ast.exprs[expr].kind {
            ExprKind::Name(name) => self.look_up(name, span),
            ExprKind::Number(value) => Some(Value::Number(*value)),
            ExprKind::Negate(operand) => {
                let value = self.whole(*operand, "what has a `-` before it")?;
                self.number_of(value.checked_neg(), span)
            }
            ExprKind::Binary(op, a, b) => self.binary(*op, *a, *b, span),
            ExprKind::Call { function, arguments } => self.call(function, arguments, span),
        }
    }

    fn binary(&mut self, op: BinaryOp, a: ExprId, b: ExprId, span: Span) -> Option<Value> {
        let numbers = |value: Value| match value {
            Value::Number(number) => Some(number),
            _ => None,
        };
        let (left, right) = (self.values[a.index()], self.values[b.index()]);
        if let (Some(left), Some(right), true) = (numbers(left), numbers(right), op != BinaryOp::MatMul) {
            return self.arithmetic(op, left, right, span);
        }
        if matches!(left, Value::Wrong) || matches!(right, Value::Wrong) {
            return None;
        }
        match op {
            BinaryOp::MatMul => {
                let (left, right) = (self.tensor(a), self.tensor(b));
                self.matmul((left?, a), (right?, b), span)
            }
            BinaryOp::Add => {
                let (a, b) = (self.tensor(a), self.tensor(b));
                self.add(a?, b?, span)
            }
            other => {
                let message =
                    format!("`{}` works on whole numbers, as in sizes, not on tensors", other.symbol());
                self.diagnostics.error(span, message, "a matrix product is written `x @ w`, a sum `x + b`");
                None
            }
        }
    }

    fn arithmetic(&mut self, op: BinaryOp, a: i64, b: i64, span: Span) -> Option<Value> {
        let value = match op {
            BinaryOp::Add => a.checked_add(b),
            BinaryOp::Subtract => a.checked_sub(b),
            BinaryOp::Multiply => a.checked_mul(b),
            BinaryOp::Divide | BinaryOp::MatMul => {
                if b == 0 || a % b != 0 {
                    let message = format!("{a} cannot be divided by {b} without a rest");
                    self.diagnostics.error(span, message, "sizes are whole: choose them so that they fit");
                    return None;
                }
                a.checked_div(b)
            }
        };
        self.number_of(value, span)
    }

    fn number_of(&mut self, value: Option<i64>, span: Span) -> Option<Value> {
        if value.is_none() {
            self.diagnostics.error(span, "a number beyond 64 bits", "make the sizes smaller");
        }
        value.map(Value::Number)
    }

    /// The whole number that an expression stands for, as `what` needs one.
    fn whole(&mut self, expr: ExprId, what: &str) -> Option<i64> {
        match self.values[expr.index()] {
            Value::Number(value) => return Some(value),
            Value::Wrong => {}
            Value::Tensor(_) | Value::Several(_) => {
                let span = self.ast.exprs[expr].span;
                let message =
                    format!("{what} is a whole number, but `{}` is none", shorten(span.of(self.text)));
                self.diagnostics.error(span, message, "name a size: `size rows = 8`");
            }
        }
        None
    }

    fn look_up(&mut self, name: &str, span: Span) -> Option<Value> {
        if let Some(binding) = self.scope().names.get_mut(name) {
            binding.used = true;
            return Some(binding.value);
        }
        // A call sees the program's sizes, but no tensor that it is not given.
        let outer = self.scopes[0].names.get_mut(name);
        if let Some(binding) = outer {
            binding.used = true;
            match binding.value {
                Value::Number(_) | Value::Wrong => return Some(binding.value),
                Value::Tensor(_) | Value::Several(_) => {
                    let message = format!("`{}` is a tensor from outside of the function", shorten(name));
                    let hint = format!("make it a parameter: `fn ...({})`", shorten(name));
                    self.diagnostics.error(span, message, hint);
                    return None;
                }
            }
        }
        if self.diagnostics.is_full() {
            return None;
        }
        let names = &self.scopes[self.scopes.len() - 1].names;
        let sizes = self.scopes[0].names.iter().filter(|(_, b)| matches!(b.value, Value::Number(_)));
        let near = nearest(name, names.keys().chain(sizes.map(|(name, _)| name)).map(String::as_str));
        let edit = near.map(|near| Edit::replace(span, near));
        let hint = match near {
            Some(near) => meant(near),
            None if self.functions.contains_key(name) => format!("a function is called: `{name}(...)`"),
            None if names.is_empty() => "declare it first, as in `input x : i8[4, 4]`".into(),
            None => {
                let known: Vec<String> =
                    names.keys().take(8).map(|known| format!("`{}`", shorten(known))).collect();
                format!("defined so far: {}", known.join(", "))
            }
        };
        self.diagnostics.error_with(span, format!("nothing is called `{}`", shorten(name)), hint, edit);
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
            Value::Several(at) => {
                let span = self.ast.exprs[expr].span;
                let message = format!("{} where one is needed", count(self.several[at].len(), "value"));
                self.diagnostics.error(span, message, "give each a name first, as in `a, b = f(x)`");
                None
            }
            Value::Wrong => None,
        }
    }

    fn matmul(
        &mut self,
        (a, a_expr): (TensorId, ExprId),
        (b, b_expr): (TensorId, ExprId),
        span: Span,
    ) -> Option<Value> {
        let (left, right) = (self.graph.tensors[a].ty.clone(), self.graph.tensors[b].ty.clone());
        for (tensor, ty, expr) in [(a, &left, a_expr), (b, &right, b_expr)] {
            if ty.dtype != DType::I8 {
                let name = shorten(&self.graph.tensors[tensor].name);
                let message = format!("`@` multiplies i8 by i8, but `{name}` is {ty}");
                let hint = format!("bring it back to 8 bits: `requant({name}, shift=7)`");
                let operand = self.ast.exprs[expr].span;
                let edit = format!("requant({}, shift=7)", operand.of(self.text));
                self.diagnostics.error_with(span, message, hint, Some(Edit::replace(operand, edit)));
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
            other if self.functions.contains_key(other) => self.call_of(function, arguments, span),
            other => {
                let known = || self.functions.iter().filter(|(_, known)| known.function.is_some());
                let own = || known().map(|(name, _)| name.as_str());
                let near = match other {
                    "requantize" | "requantise" | "quantize" => Some("requant"),
                    _ => nearest(other, FUNCTIONS.into_iter().chain(own())),
                };
                let hint = match (other, near) {
                    ("matmul" | "dot", _) => "a matrix product is written `x @ w`".into(),
                    (_, Some(near)) => meant(near),
                    (_, None) => {
                        let known: Vec<&str> = FUNCTIONS.into_iter().chain(own().take(8)).collect();
                        format!("there are `{}`", known.join("`, `"))
                    }
                };
                let edit = near.map(|near| Edit::replace(function.span, near));
                let message = format!("there is no function `{}`", shorten(other));
                self.diagnostics.error_with(function.span, message, hint, edit);
                None
            }
        }
    }

    /// A call of one of the program's functions: its lines, once more, with the arguments in place of the parameters.
    fn call_of(&mut self, name: &Name, arguments: &[Argument], span: Span) -> Option<Value> {
        let depth = self.scopes.len();
        let known = self.functions.get_mut(&name.text)?;
        known.calls += 1;
        let (function, nth, active) = (known.function?, known.calls, known.active);
        if self.calls > Self::MOST_CALLS {
            return None;
        }
        if self.calls == Self::MOST_CALLS {
            self.give_up(span, format!("more than {} calls", Self::MOST_CALLS));
            return None;
        }
        self.calls += 1;
        let message = if active {
            format!("`{}` calls itself", shorten(&name.text))
        } else if depth > Self::MOST_DEPTH {
            format!("calls are nested more than {} deep", Self::MOST_DEPTH)
        } else {
            return self.enter(function, nth, arguments, span);
        };
        self.diagnostics.error(
            span,
            message,
            "a call stands for the function's lines: let it stand for fewer",
        );
        None
    }

    /// Calls for too much, once: no further call is worked.
    fn give_up(&mut self, span: Span, message: String) {
        if self.calls <= Self::MOST_CALLS {
            self.calls = Self::MOST_CALLS + 1;
            let hint = "a call stands for the function's lines: let it stand for fewer";
            self.diagnostics.error(span, message, hint);
        }
    }

    /// Lines that the calls of one program stand for.
    const MOST_LINES: usize = 100_000;

    /// Values of one `return`.
    const MOST_VALUES: usize = 64;

    /// Calls within calls: the only recursion here.
    const MOST_DEPTH: usize = 64;

    /// Calls of one program, those within calls included.
    const MOST_CALLS: usize = 10_000;

    fn enter(
        &mut self,
        function: &'a Function,
        nth: usize,
        arguments: &[Argument],
        span: Span,
    ) -> Option<Value> {
        let given = self.arguments(function, arguments, span)?;
        let name = &function.name.text;
        let first = nth == 1;
        // No other name can be this.
        let nth = if first { String::new() } else { format!("#{nth}") };
        let name_of_call = format!("{}{}{nth}", self.scope().prefix, shorten(name));
        let errors = self.diagnostics.errors();
        self.mark_active(name, true);
        self.scopes.push(Scope { names: LiteMap::new(), prefix: format!("{name_of_call}.") });
        let values = self.run(function, &given);
        // The next calls would say the same.
        if first && !self.diagnostics.has_errors() {
            self.warn_of_unused();
        }
        self.scopes.pop();
        self.mark_active(name, false);
        let line = self.lines.position(span.start).line;
        self.diagnostics
            .add_to_hints(errors, &format!(" (in the call of `{}` on line {line})", shorten(name)));
        let values = values?;
        for value in &values {
            // Until the caller gives it a name, a result is called as the call.
            if let Value::Tensor(tensor) = value
                && !self.named[tensor.index()]
            {
                self.graph.tensors[*tensor].name = name_of_call.clone();
            }
        }
        match values[..] {
            [value] => Some(value),
            ref values => {
                self.several.push(values.to_vec());
                Some(Value::Several(self.several.len() - 1))
            }
        }
    }

    fn mark_active(&mut self, function: &str, active: bool) {
        if let Some(known) = self.functions.get_mut(function) {
            known.active = active;
        }
    }

    /// The lines of a function; what it returns.
    fn run(&mut self, function: &'a Function, given: &[ExprId]) -> Option<Vec<Value>> {
        // Numbers come first: a shape may name them.
        let parameters = || function.parameters.iter().zip(given);
        let untyped = parameters().filter(|(parameter, _)| parameter.ty.is_none());
        for (parameter, argument) in
            untyped.chain(parameters().filter(|(parameter, _)| parameter.ty.is_some()))
        {
            let value = self.parameter(parameter, *argument);
            self.bind(&parameter.name, value.unwrap_or(Value::Wrong));
        }
        let mut returned = None;
        for statement in &function.body {
            self.lines_of_calls += 1;
            if self.lines_of_calls > Self::MOST_LINES {
                self.give_up(statement.span, format!("calls of more than {} lines in all", Self::MOST_LINES));
                return None;
            }
            if returned.is_some() {
                let known = self.functions.get(&function.name.text).is_some_and(|known| known.calls > 1);
                if known {
                    break;
                }
                self.diagnostics.warning(
                    statement.span,
                    "behind `return` nothing is done",
                    "remove the line",
                );
                break;
            }
            returned = self.statement(statement);
        }
        let Some(values) = returned else {
            let name = &function.name;
            let broken = function.body.iter().any(|s| matches!(s.kind, StatementKind::Broken { .. }));
            if !broken {
                let message = format!("`{}` returns nothing", shorten(&name.text));
                self.diagnostics.error(name.span, message, "end it with a line `return ...`");
            }
            return None;
        };
        if values.len() > Self::MOST_VALUES {
            self.give_up(function.name.span, format!("more than {} values of a call", Self::MOST_VALUES));
            return None;
        }
        if let [value] = values {
            return Some(vec![self.values[value.index()]]);
        }
        Some(values.iter().map(|value| self.one(*value)).collect())
    }

    /// A tensor or a number; several values are an error here.
    fn one(&mut self, expr: ExprId) -> Value {
        match self.values[expr.index()] {
            Value::Several(_) => self.tensor(expr).map_or(Value::Wrong, Value::Tensor),
            one => one,
        }
    }

    /// What a parameter stands for, if its argument is of its type.
    fn parameter(&mut self, parameter: &Parameter, argument: ExprId) -> Option<Value> {
        let Some(ty) = &parameter.ty else { return Some(self.one(argument)) };
        let Some(tensor) = self.tensor(argument) else {
            // What it would have given names to is wrong as well, and needs no further word.
            for (name, span) in ty.dims.iter().filter_map(|dim| self.new_name(dim)).collect::<Vec<_>>() {
                let binding = Binding { value: Value::Wrong, span, used: true };
                self.scope().names.insert(name.to_owned(), binding);
            }
            return None;
        };
        let found = self.graph.tensors[tensor].ty.clone();
        let wanted = self.dtype(ty)?;
        let mut fits = wanted == found.dtype && ty.dims.len() == found.shape.0.len();
        let mut known = Vec::new();
        for (at, dim) in ty.dims.iter().enumerate() {
            let extent = self.extent_of(dim, found.shape.0.get(at).copied())?;
            fits &= found.shape.0.get(at).is_none_or(|found| usize::try_from(extent) == Ok(*found));
            let text = self.ast.exprs[dim.value].span.of(self.text);
            if text.parse() != Ok(extent) && known.len() < 4 {
                known.push(format!("`{}` is {extent}", shorten(text)));
            }
        }
        if !fits {
            let span = self.ast.exprs[argument].span;
            let (name, wanted) = (shorten(&parameter.name.text), shorten(ty.span.of(self.text)));
            let message = format!("`{name}` has to be {wanted}, but this is {found}");
            let mut hint = "change the argument, or the parameter's type".to_owned();
            if ty.dims.len() == found.shape.0.len() && !known.is_empty() {
                known.dedup();
                hint += &format!(": here {}", known.join(", "));
            }
            self.diagnostics.error(span, message, hint);
            return None;
        }
        Some(Value::Tensor(tensor))
    }

    /// An extent that is a name which stands for nothing yet.
    fn new_name(&self, dim: &Dim) -> Option<(&'a str, Span)> {
        let Expr { kind, span } = &self.ast.exprs[dim.value];
        let ExprKind::Name(name) = kind else { return None };
        let outside = self.scopes[0].names.get(name).map(|binding| binding.value);
        let seen = matches!(outside, Some(Value::Number(_) | Value::Wrong))
            || self.scopes[self.scopes.len() - 1].names.contains_key(name);
        (!seen).then_some((name.as_str(), *span))
    }

    /// An extent of a parameter's type; a name that stands for nothing yet becomes what is found.
    fn extent_of(&mut self, dim: &Dim, found: Option<usize>) -> Option<i64> {
        if let Some((name, span)) = self.new_name(dim) {
            let value = i64::try_from(found.unwrap_or(1)).ok()?;
            self.refuse_function_name(name, span);
            let binding = Binding { value: Value::Number(value), span, used: true };
            self.scope().names.insert(name.to_owned(), binding);
            return Some(value);
        }
        self.evaluate(dim.first, dim.value);
        let value = self.expr(dim.value)?;
        self.values[dim.value.index()] = value;
        self.whole(dim.value, "an extent")
    }

    /// By parameter, its argument.
    fn arguments(&mut self, function: &Function, arguments: &[Argument], span: Span) -> Option<Vec<ExprId>> {
        let mut given: Vec<Option<ExprId>> = vec![None; function.parameters.len()];
        let mut fine = true;
        let mut next = 0;
        for argument in arguments {
            let at = match &argument.name {
                Some(name) => function.parameters.iter().position(|p| p.name.text == name.text),
                None => Some(next).filter(|at| *at < given.len()),
            };
            next += usize::from(argument.name.is_none());
            let at_span =
                argument.name.as_ref().map_or(self.ast.exprs[argument.value].span, |name| name.span);
            match at.map(|at| &mut given[at]) {
                Some(place @ None) => *place = Some(argument.value),
                Some(_) => {
                    self.diagnostics.error(at_span, "a parameter is given twice", head(function));
                    fine = false;
                }
                None => {
                    let message = match &argument.name {
                        Some(name) => format!("`{}` has no parameter `{}`", function.name.text, name.text),
                        None => format!("`{}` takes {}", function.name.text, count(given.len(), "argument")),
                    };
                    self.diagnostics.error(at_span, message, head(function));
                    fine = false;
                }
            }
        }
        let missing = given.iter().position(Option::is_none).filter(|_| fine);
        if let Some(missing) = missing.map(|at| &function.parameters[at].name.text) {
            let message = format!("`{}` is not given its `{}`", function.name.text, shorten(missing));
            self.diagnostics.error(span, message, head(function));
        }
        given.into_iter().collect::<Option<Vec<ExprId>>>().filter(|_| fine)
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
            let end = Span { start: span.end - 1, end: span.end - 1 };
            let edit = Some(Edit::replace(end, ", shift=7"));
            self.diagnostics.error_with(span, "`requant` needs `shift=`", hint, edit);
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
            let given = arguments.iter().find(|argument| argument.name.is_some());
            let edit = given.map(|given| Edit::replace(self.ast.exprs[given.value].span, "1"));
            self.diagnostics.error_with(span, message, "it finds the greatest of each row: `axis=1`", edit);
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
            let near = nearest(&name.text, named.iter().copied());
            let edit = near.filter(|near| !seen.contains(near)).map(|near| Edit::replace(name.span, near));
            let hint = near.map_or_else(|| signature(&function.text), meant);
            self.diagnostics.error_with(name.span, message, hint, edit);
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
            Value::Number(value) => {
                self.diagnostics.error(
                    span,
                    format!("`{name}={value}` is out of range"),
                    format!("from {low} to {high}"),
                );
                None
            }
            Value::Tensor(_) | Value::Several(_) => {
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
        self.named.push(false);
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

/// Or was meant to: in a function whose end is missing.
fn puts_out(statement: &Statement) -> bool {
    match &statement.kind {
        StatementKind::Output { .. } | StatementKind::BrokenOutput => true,
        StatementKind::Function(function) => function.body.iter().any(puts_out),
        _ => false,
    }
}

fn meant(near: &str) -> String {
    format!("did you mean `{near}`?")
}

/// `1 name`, `2 names`.
fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// How one of the program's functions is called.
fn head(function: &Function) -> String {
    let parameters: Vec<String> = function.parameters.iter().map(|p| shorten(&p.name.text)).collect();
    format!("it is `{}({})`", shorten(&function.name.text), shorten(&parameters.join(", ")))
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
