//! `einsum`: axes by letters.

use super::arguments::Arguments;
use super::names::shorten;
use super::operators::Reduction;
use super::results::Wanted;
use super::{Builder, Value};
use crate::base::Span;
use crate::graph::ir::{Contract, Labels, OpKind, ReduceKind, TensorId};
use crate::num::{Extents, Shape, Type};

/// Letters of one operand or of the result.
type Letters = Vec<u8>;

pub(super) fn einsum(builder: &mut Builder, given: &Arguments) -> Option<Value> {
    let (text, span) = (given.text(builder, 0)?, given.span_of(builder, 0));
    let mut operands: Vec<(TensorId, usize)> = Vec::new();
    for at in 1..=2 {
        operands.extend(given.tensor(builder, at).map(|tensor| (tensor, at)));
    }
    let (inputs, out) = letters(builder, text, operands.len(), span)?;
    // By letter: its extent.
    let mut extents: [Option<usize>; 256] = [None; 256];
    for ((tensor, at), own) in operands.iter().zip(&inputs) {
        let ty = builder.graph.tensors[*tensor].ty.clone();
        let shown = String::from_utf8_lossy(own).into_owned();
        if ty.shape.0.len() != own.len() {
            let message = format!("`{shown}` names {} axes, but the operand is {ty}", own.len());
            builder.diagnostics.error(span, message, "give one letter for each axis");
            return None;
        }
        for (letter, extent) in own.iter().zip(&ty.shape.0) {
            let known = extents[usize::from(*letter)].get_or_insert(*extent);
            if known != extent {
                let letter = char::from(*letter);
                let message = format!("`{letter}` is {known} and {extent}: the operand is {ty}");
                let span = given.span_of(builder, *at);
                builder.diagnostics.error(span, message, "a letter stands for one extent");
                return None;
            }
        }
    }
    let extent = |letter: &u8| extents[usize::from(*letter)].unwrap_or(1);
    let Some((b, at_b)) = operands.get(1).copied() else {
        let (x, own) = (operands[0].0, &inputs[0]);
        let (x, own) = summed(builder, x, own, &[&out], given.span)?;
        let order =
            out.iter().map(|letter| own.iter().position(|known| known == letter)).collect::<Option<_>>()?;
        return builder.transposed(x, order, given.span);
    };
    let a = operands[0].0;
    let (a_span, b_span) = (given.span_of(builder, 1), given.span_of(builder, at_b));
    // What one operand alone has is summed first.
    let (a, left) = summed(builder, a, &inputs[0], &[&inputs[1], &out], given.span)?;
    let (b, right) = summed(builder, b, &inputs[1], &[&inputs[0], &out], given.span)?;
    let dtype = builder.product_dtype("einsum", (a, a_span), (b, b_span), given.span)?;
    let mut labels = out.clone();
    labels.extend(left.iter().chain(&right));
    let label = |letter: &u8| {
        let mut seen: Letters = Vec::new();
        for known in &labels {
            if !seen.contains(known) {
                seen.push(*known);
            }
        }
        seen.iter().position(|known| known == letter).unwrap_or(0) as u8
    };
    let of = |letters: &[u8]| letters.iter().map(label).collect::<Labels>();
    let contract = Contract { left: of(&left), right: of(&right), out: of(&out) };
    let summed_over = left.iter().filter(|letter| !out.contains(letter));
    let terms = summed_over.fold(1u64, |all, letter| all.saturating_mul(extent(letter) as u64));
    let range = builder.product_range(a, b, terms);
    let shape = Shape(out.iter().map(extent).collect());
    let wanted = Wanted::new(Type { dtype, shape }, range);
    builder.op(OpKind::Contract(contract), &[a, b], wanted, given.span)
}

/// An operand with the axes summed that nothing else names.
fn summed(
    builder: &mut Builder,
    x: TensorId,
    own: &[u8],
    others: &[&Letters],
    span: Span,
) -> Option<(TensorId, Letters)> {
    let alone = |letter: &u8| others.iter().all(|letters| !letters.contains(letter));
    let axes: Extents =
        own.iter().enumerate().filter(|(_, letter)| alone(letter)).map(|(at, _)| at).collect();
    if axes.is_empty() {
        return Some((x, own.to_vec()));
    }
    let left = own.iter().filter(|letter| !alone(letter)).copied().collect();
    let by = Reduction { kind: ReduceKind::Sum, axes, keep: false };
    match builder.reduced(x, by, span)? {
        Value::Tensor(x) => Some((x, left)),
        _ => None,
    }
}

/// Letters of the operands and of the result.
fn letters(
    builder: &mut Builder,
    text: &str,
    operands: usize,
    span: Span,
) -> Option<(Vec<Letters>, Letters)> {
    const HINT: &str =
        "as in `einsum(\"ij,jk->ik\", a, b)`: a letter for each axis, those behind `->` are left";
    let mut error = |message: String, hint: &str| {
        builder.diagnostics.error(span, message, hint);
        None
    };
    let words: Vec<u8> = text.bytes().filter(|c| *c != b' ').collect();
    let Some(arrow) = words.windows(2).position(|pair| pair == b"->") else {
        return error("`einsum` without `->`".into(), HINT);
    };
    let inputs: Vec<Letters> = words[..arrow].split(|c| *c == b',').map(<[u8]>::to_vec).collect();
    let out = words[arrow + 2..].to_vec();
    let strange = inputs.iter().flatten().chain(&out).find(|c| !c.is_ascii_alphabetic());
    if strange.is_some() {
        return error("axes are letters from a to z and A to Z".into(), HINT);
    }
    if inputs.len() != operands {
        let message = format!("the text names {} operands, the call has {operands}", inputs.len());
        return error(message, "one or two operands: write longer products as several");
    }
    for letters in inputs.iter().chain([&out]) {
        if let Some(twice) = letters.iter().enumerate().find(|(at, c)| letters[..*at].contains(c)) {
            let message = format!(
                "`{}` stands twice in `{}`",
                char::from(*twice.1),
                shorten(&String::from_utf8_lossy(letters))
            );
            return error(message, "every axis of a tensor has a letter of its own");
        }
    }
    if let Some(unknown) = out.iter().find(|c| !inputs.iter().any(|letters| letters.contains(c))) {
        let message = format!("`{}` of the result is no operand's", char::from(*unknown));
        return error(message, "the result has letters of the operands only");
    }
    Some((inputs, out))
}
