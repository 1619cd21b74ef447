//! Arguments of the language's functions: given by place or by name, as the parameters say.

use super::builtins::{BUILTINS, Builtin, Kind};
use super::names::{count, meant, shorten};
use super::{Builder, Value};
use crate::base::{Edit, Span, nearest};
use crate::graph::ir::TensorId;
use crate::lang::{Argument, ExprId, ExprKind, Name};
use crate::num::{DType, Type};

/// The arguments of a call, each of the kind that its parameter says.
pub(super) struct Arguments {
    pub builtin: &'static Builtin,
    /// By parameter.
    pub given: Vec<Option<ExprId>>,
    pub span: Span,
}

impl<'a> Builder<'a> {
    pub(super) fn call(&mut self, expr: ExprId, function: &'a Name, arguments: &[Argument]) -> Option<Value> {
        let span = self.ast.exprs[expr].span;
        match self.builtins[expr.index()] {
            Some(builtin) => {
                let call = self.arguments_of(builtin, function, arguments, span)?;
                (builtin.make)(self, &call)
            }
            None if let Some(known) = self.functions.get(function.text.as_str()).copied() => {
                self.call_of(known, function, arguments, span)
            }
            None => {
                self.unknown_function(function);
                None
            }
        }
    }

    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn unknown_function(&mut self, function: &Name) {
        let known = || self.functions.iter().filter(|(_, known)| self.known[**known].function.is_some());
        let own = || known().map(|(name, _)| *name);
        let all = || BUILTINS.iter().map(|builtin| builtin.name);
        let near = instead_of(&function.text).or_else(|| nearest(&function.text, all().chain(own())));
        let hint = match (function.text.as_str(), near) {
            (name, _) if is_product(name) => PRODUCT.into(),
            ("ones" | "ones_like" | "full_like", _) => "write `full(f32[4], 1)`, with the type".into(),
            ("power" | "pow" | "square", _) => "a square is written `x * x`".into(),
            ("where" | "abs" | "clip" | "clamp", _) => {
                "`maximum`, `minimum` and `relu` choose between numbers: `maximum(x, -x)` is the absolute value".into()
            }
            (_, Some(near)) => meant(near),
            (_, None) => {
                let known: Vec<&str> = own().take(8).chain(all()).collect();
                format!("there are `{}`", known.join("`, `"))
            }
        };
        let edit = near.map(|near| Edit::replace(function.span, near));
        let message = format!("there is no function `{}`", shorten(&function.text));
        self.diagnostics.error_with(function.span, message, hint, edit);
    }

    fn arguments_of(
        &mut self,
        builtin: &'static Builtin,
        function: &Name,
        arguments: &[Argument],
        span: Span,
    ) -> Option<Arguments> {
        let parameters = builtin.parameters;
        let mut given: Vec<Option<ExprId>> = vec![None; parameters.len()];
        let mut fine = true;
        let mut places = 0..;
        for argument in arguments {
            let Some(name) = &argument.name else {
                let at = self.ast.exprs[argument.value].span;
                let message = match places.next().and_then(|place| given.get_mut(place)) {
                    Some(place @ None) => {
                        *place = Some(argument.value);
                        continue;
                    }
                    Some(_) => "an argument is given by place that was given by name".to_owned(),
                    None => format!("`{}` takes {}", builtin.name, count(parameters.len(), "argument")),
                };
                self.diagnostics.error(at, message, example_of(builtin));
                fine = false;
                continue;
            };
            match parameters.iter().position(|parameter| parameter.name == name.text) {
                Some(at) if given[at].is_none() => given[at] = Some(argument.value),
                Some(_) => {
                    let message = format!("`{}` is given twice", name.text);
                    self.diagnostics.error(name.span, message, example_of(builtin));
                    fine = false;
                }
                None => {
                    let names = parameters.iter().map(|parameter| parameter.name);
                    let alias = match name.text.as_str() {
                        "dim" => Some("axis"),
                        "keepdim" => Some("keepdims"),
                        "kernel_size" | "size" => Some("window"),
                        "strides" => Some("stride"),
                        other => nearest(other, names.clone()),
                    };
                    let near = alias.filter(|near| {
                        names.clone().position(|known| known == *near).is_some_and(|at| given[at].is_none())
                    });
                    let message = format!("`{}` has no argument `{}`", builtin.name, shorten(&name.text));
                    let edit = near.map(|near| Edit::replace(name.span, near));
                    let hint = near.map_or_else(|| example_of(builtin), meant);
                    self.diagnostics.error_with(name.span, message, hint, edit);
                    fine = false;
                }
            }
        }
        let missing = parameters.iter().zip(&given).find(|(p, given)| p.default.is_none() && given.is_none());
        if let Some((parameter, _)) = missing.filter(|_| fine) {
            let message =
                format!("`{}` needs `{}`, {}", builtin.name, parameter.name, parameter.kind.describe());
            let end = Span { start: span.end - 1, end: span.end - 1 };
            let (hint, edit) = match (builtin.name, arguments) {
                ("requant", [x]) => {
                    let x = shorten(self.ast.exprs[x.value].span.of(self.text));
                    let hint = format!("as in `requant({x}, shift=7)`: divide by 2^7 and round");
                    (hint, Some(Edit::replace(end, ", shift=7")))
                }
                _ => (example_of(builtin), None),
            };
            self.diagnostics.error_with(function.span, message, hint, edit);
            fine = false;
        }
        for (parameter, expr) in parameters.iter().zip(&given) {
            let Some(expr) = *expr else { continue };
            if fine && !self.is_of_kind(parameter.kind, expr, builtin) {
                let value = self.values[expr.index()];
                fine = false;
                if matches!(value, Value::Wrong) {
                    continue;
                }
                if parameter.kind == Kind::Tensor {
                    self.tensor(expr);
                    continue;
                }
                let span = self.ast.exprs[expr].span;
                let found = self.described(value, expr);
                let message = format!(
                    "`{}` has to be {}, but this is {found}",
                    parameter.name,
                    parameter.kind.describe()
                );
                self.diagnostics.error(span, message, example_of(builtin));
            }
        }
        fine.then_some(Arguments { builtin, given, span })
    }

    /// What an argument is, in words.
    fn described(&self, value: Value, expr: ExprId) -> String {
        match value {
            Value::Tensor(tensor) => self.graph.tensors[tensor].ty.to_string(),
            Value::Index(_) => "the number of an iteration".into(),
            Value::Several(at) => count(self.several[at].len(), "value"),
            Value::DType(_) => "a dtype".into(),
            Value::Type(_) => "a type".into(),
            Value::List(_) => format!("the list {}", shorten(self.ast.exprs[expr].span.of(self.text))),
            _ => shorten(self.ast.exprs[expr].span.of(self.text)),
        }
    }

    fn is_of_kind(&self, kind: Kind, expr: ExprId, builtin: &Builtin) -> bool {
        let value = self.values[expr.index()];
        let all = |list: usize, is: fn(&Value) -> bool| self.lists[list].iter().all(is);
        match (kind, value) {
            (Kind::Tensor, Value::Tensor(_)) => true,
            // Numbers may stand among tensors where they have the other's dtype; and functions of numbers are numbers.
            (Kind::Tensor, Value::Number(_) | Value::Real(_)) => {
                matches!(builtin.name, "maximum" | "minimum" | "sqrt")
            }
            (Kind::Tensors, Value::List(list)) => all(list, |item| matches!(item, Value::Tensor(_))),
            (Kind::Whole, Value::Number(_)) | (Kind::Real, Value::Number(_) | Value::Real(_)) => true,
            (Kind::Wholes, Value::Number(_)) => true,
            (Kind::Wholes, Value::List(list)) => all(list, |item| matches!(item, Value::Number(_))),
            (Kind::Flag, Value::Number(0 | 1)) => true,
            (Kind::DType, Value::DType(_)) | (Kind::Type, Value::Type(_)) | (Kind::Text, Value::Text) => true,
            _ => false,
        }
    }
}

/// The function of the language that does what one of NumPy, JAX or PyTorch does.
pub(super) fn instead_of(name: &str) -> Option<&'static str> {
    Some(match name {
        "requantize" | "requantise" | "quantize" => "requant",
        "concatenate" | "cat" | "hstack" | "vstack" => "concat",
        "take" | "embedding" | "index_select" => "gather",
        "astype" | "to" | "float" => "cast",
        "swish" => "silu",
        "permute" | "swapaxes" => "transpose",
        "view" => "reshape",
        "conv" | "Conv2d" => "conv2d",
        "amax" => "max",
        "max_pool2d" | "MaxPool2d" => "maxpool",
        "avg_pool2d" | "AvgPool2d" => "avgpool",
        _ => return None,
    })
}

/// Whether it is a function of NumPy, JAX or PyTorch for what is written `@` here.
pub(super) fn is_product(name: &str) -> bool {
    matches!(name, "matmul" | "dot" | "mm" | "bmm")
}

pub(super) const PRODUCT: &str = "a matrix product is written `x @ w`";

fn example_of(builtin: &Builtin) -> String {
    format!("as in `{}`", builtin.example)
}

/// Reading arguments: each is of its parameter's kind, and there if it has no default.
impl Arguments {
    /// Where an argument is written; the call if it is not given.
    pub fn span_of(&self, builder: &Builder, at: usize) -> Span {
        self.given[at].map_or(self.span, |expr| builder.ast.exprs[expr].span)
    }

    fn value(&self, builder: &Builder, at: usize) -> Value {
        self.given[at].map_or(Value::Wrong, |expr| builder.values[expr.index()])
    }

    pub fn tensor(&self, builder: &Builder, at: usize) -> Option<TensorId> {
        match self.value(builder, at) {
            Value::Tensor(tensor) => Some(tensor),
            _ => None,
        }
    }

    pub fn tensors(&self, builder: &Builder, at: usize) -> Vec<TensorId> {
        let Value::List(list) = self.value(builder, at) else { return Vec::new() };
        let tensor = |item: &Value| match item {
            Value::Tensor(tensor) => Some(*tensor),
            _ => None,
        };
        builder.lists[list].iter().filter_map(tensor).collect()
    }

    pub fn whole(&self, builder: &Builder, at: usize) -> Option<i64> {
        match self.value(builder, at) {
            Value::Number(value) => Some(value),
            _ => None,
        }
    }

    pub fn real(&self, builder: &Builder, at: usize) -> Option<f64> {
        match self.value(builder, at) {
            Value::Number(value) => Some(value as f64),
            Value::Real(value) => Some(value),
            _ => None,
        }
    }

    /// One number is a list of one.
    pub fn wholes(&self, builder: &Builder, at: usize) -> Option<Vec<i64>> {
        match self.value(builder, at) {
            Value::Number(value) => Some(vec![value]),
            Value::List(list) => {
                let number = |item: &Value| match item {
                    Value::Number(value) => Some(*value),
                    _ => None,
                };
                builder.lists[list].iter().map(number).collect()
            }
            _ => None,
        }
    }

    pub fn flag(&self, builder: &Builder, at: usize) -> bool {
        self.whole(builder, at) == Some(1)
    }

    pub fn dtype(&self, builder: &Builder, at: usize) -> Option<DType> {
        match self.value(builder, at) {
            Value::DType(dtype) => Some(dtype),
            _ => None,
        }
    }

    pub fn ty(&self, builder: &Builder, at: usize) -> Option<Type> {
        match self.value(builder, at) {
            Value::Type(at) => Some(builder.types[at].clone()),
            _ => None,
        }
    }

    pub fn text<'a>(&self, builder: &Builder<'a>, at: usize) -> Option<&'a str> {
        match &builder.ast.exprs[self.given[at]?].kind {
            ExprKind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number within bounds, if it is given.
    pub fn whole_within(&self, builder: &mut Builder, at: usize, low: i64, high: i64) -> Option<Option<i64>> {
        let Some(value) = self.whole(builder, at) else { return Some(None) };
        if (low..=high).contains(&value) {
            return Some(Some(value));
        }
        let name = self.builtin.parameters[at].name;
        let span = self.span_of(builder, at);
        builder.diagnostics.error(
            span,
            format!("`{name}={value}` is out of range"),
            format!("from {low} to {high}"),
        );
        None
    }

    /// An axis of a tensor, counted from the end if it is negative.
    pub fn axis(&self, builder: &mut Builder, at: usize, of: &Type, default: i64) -> Option<usize> {
        let axis = self.whole(builder, at).unwrap_or(default);
        self.axis_of(builder, at, of, axis)
    }

    pub fn axis_of(&self, builder: &mut Builder, at: usize, of: &Type, axis: i64) -> Option<usize> {
        let axes = of.shape.0.len() as i64;
        let place = if axis < 0 { axis + axes } else { axis };
        if (0..axes).contains(&place) {
            return usize::try_from(place).ok();
        }
        let message = format!("`{}` along axis {axis} of {of}", self.builtin.name);
        let (edit, hint) = match axes {
            0 => (None, "it is a single number".to_owned()),
            1 => (Some("0"), "it has one axis: 0".to_owned()),
            _ => (Some("-1"), format!("axes are from 0 to {}, or from -1 back", axes - 1)),
        };
        let given = self.given[at].filter(|_| self.whole(builder, at).is_some());
        let edit = given.zip(edit).map(|(expr, edit)| Edit::replace(builder.ast.exprs[expr].span, edit));
        builder.diagnostics.error_with(self.span, message, hint, edit);
        None
    }
}
