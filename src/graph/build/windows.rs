//! Convolutions and pooling.

use smallvec::smallvec;

use super::arguments::Arguments;
use super::results::Wanted;
use super::{Builder, Value};
use crate::graph::ir::{OpKind, PoolKind, TensorId, Window};
use crate::num::{Shape, Type};

pub(super) fn conv2d(builder: &mut Builder, given: &Arguments) -> Option<Value> {
    let (x, w) = (given.tensor(builder, 0)?, given.tensor(builder, 1)?);
    let spans = [0, 1].map(|at| given.span_of(builder, at));
    let dtype = builder.product_dtype("conv2d", (x, spans[0]), (w, spans[1]), given.span)?;
    let ty = |tensor: TensorId| builder.graph.tensors[tensor].ty.clone();
    let (image, filter) = (ty(x), ty(w));
    let ([n, h, wide, c], [kh, kw, each, f]) = (&image.shape.0[..], &filter.shape.0[..]) else {
        let message = format!(
            "`conv2d` convolves x[n, h, w, c] with w[kh, kw, c, f], but these are {image} and {filter}"
        );
        let hint = "`reshape` to four axes: an image of one row is [n, 1, w, c]";
        builder.diagnostics.error(given.span, message, hint);
        return None;
    };
    let groups = given.whole_within(builder, 5, 1, *c as i64)?.unwrap_or(1) as usize;
    if c % groups != 0 || f % groups != 0 {
        let message = format!("{c} channels in and {f} out do not fall into {groups} groups");
        let span = given.span_of(builder, 5);
        builder.diagnostics.error(span, message, "both must be multiples of `groups`");
        return None;
    }
    if each * groups != *c {
        let message = format!("the shapes do not fit: conv2d({image}, {filter})");
        let hint = match groups {
            1 if *each == 1 => {
                format!("the filter takes 1 channel, the image has {c}: is it depthwise, with `groups={c}`?")
            }
            1 => format!(
                "the filter's third axis is the image's channels: {c}, not {each}; axes are x[n, h, w, c] and w[kh, kw, c, f]"
            ),
            _ => format!("the filter's third axis is channels / groups: {c} / {groups}, not {each}"),
        };
        builder.diagnostics.error(given.span, message, hint);
        return None;
    }
    let stride = pair(builder, given, 2, 1)?;
    let padding = padding(builder, given, 3)?;
    let dilation = pair(builder, given, 4, 1)?;
    let window = Window { size: [*kh, *kw], stride, padding, dilation };
    let (oh, ow) = places(builder, given, &window, [*h, *wide])?;
    let terms = (*kh as u64).saturating_mul(*kw as u64).saturating_mul(*each as u64);
    let range = builder.product_range(x, w, terms);
    let wanted = Wanted::new(Type { dtype, shape: Shape(smallvec![*n, oh, ow, *f]) }, range);
    builder.op(OpKind::Conv2d { window, groups }, &[x, w], wanted, given.span)
}

pub(super) fn maxpool(builder: &mut Builder, given: &Arguments) -> Option<Value> {
    pool(builder, given, PoolKind::Max)
}

pub(super) fn avgpool(builder: &mut Builder, given: &Arguments) -> Option<Value> {
    pool(builder, given, PoolKind::Mean)
}

fn pool(builder: &mut Builder, given: &Arguments, kind: PoolKind) -> Option<Value> {
    let x = given.tensor(builder, 0)?;
    let ty = builder.graph.tensors[x].ty.clone();
    if kind == PoolKind::Mean && !ty.dtype.is_float() {
        let message = format!("`avgpool` works on floats, but this is {ty}");
        builder.diagnostics.error(given.span, message, "`cast` it first, or take `maxpool`");
        return None;
    }
    let [n, h, w, c] = ty.shape.0[..] else {
        let message = format!("`{}` works on x[n, h, w, c], but this is {ty}", given.builtin.name);
        builder.diagnostics.error(given.span, message, "`reshape` it to four axes");
        return None;
    };
    let size = pair(builder, given, 1, 1)?;
    let stride = if given.given[2].is_some() { pair(builder, given, 2, 1)? } else { size };
    let padding = padding(builder, given, 3)?;
    if (0..2).any(|side| padding[2 * side].max(padding[2 * side + 1]) >= size[side]) {
        let span = given.span_of(builder, 3);
        builder.diagnostics.error(
            span,
            "a window that lies in the padding alone",
            "pad by less than the window",
        );
        return None;
    }
    let window = Window { size, stride, padding, dilation: [1, 1] };
    let (oh, ow) = places(builder, given, &window, [h, w])?;
    let wanted = Wanted::new(
        Type { dtype: ty.dtype, shape: Shape(smallvec![n, oh, ow, c]) },
        builder.ranges[x.index()],
    );
    builder.op(OpKind::Pool(kind, window), &[x], wanted, given.span)
}

/// Height and width: one number is both.
fn pair(builder: &mut Builder, given: &Arguments, at: usize, default: usize) -> Option<[usize; 2]> {
    let Some(numbers) = given.wholes(builder, at) else { return Some([default; 2]) };
    let side = |number: i64| usize::try_from(number).ok().filter(|side| (1..1 << 31).contains(side));
    let pair = match numbers[..] {
        [both] => side(both).map(|both| [both; 2]),
        [high, wide] => side(high).zip(side(wide)).map(|(high, wide)| [high, wide]),
        _ => None,
    };
    if pair.is_none() {
        let name = given.builtin.parameters[at].name;
        let span = given.span_of(builder, at);
        let message = format!("`{name}` is one number or two, each at least 1");
        builder.diagnostics.error(span, message, format!("as in `{name}=2` or `{name}=[2, 1]`"));
    }
    pair
}

/// Above, below, left and right: one number is all four, two are above and below, left and right.
fn padding(builder: &mut Builder, given: &Arguments, at: usize) -> Option<[usize; 4]> {
    let Some(numbers) = given.wholes(builder, at) else { return Some([0; 4]) };
    let side = |number: &i64| usize::try_from(*number).ok().filter(|side| *side < 1 << 31);
    let sides: Option<Vec<usize>> = numbers.iter().map(side).collect();
    let padding = match sides.as_deref() {
        Some([all]) => Some([*all; 4]),
        Some([high, wide]) => Some([*high, *high, *wide, *wide]),
        Some([above, below, left, right]) => Some([*above, *below, *left, *right]),
        _ => None,
    };
    if padding.is_none() {
        let span = given.span_of(builder, at);
        let hint = "as in `padding=1`, `padding=[1, 0]` (rows, columns) or `padding=[0, 1, 0, 1]` (above, below, left, right)";
        builder.diagnostics.error(span, "`padding` is one number, two or four, none below 0", hint);
    }
    padding
}

/// Height and width of the result.
fn places(
    builder: &mut Builder,
    given: &Arguments,
    window: &Window,
    sides: [usize; 2],
) -> Option<(usize, usize)> {
    let places = window.places(0, sides[0]).zip(window.places(1, sides[1]));
    if places.is_none() {
        let reach = |side: usize| (window.size[side] as u64 - 1) * window.dilation[side] as u64 + 1;
        let [top, below, left, right] = window.padding.map(|side| side as u64);
        let (high, wide) = (sides[0] as u64 + top + below, sides[1] as u64 + left + right);
        let message =
            format!("a window of {} x {} does not fit an image of {high} x {wide}", reach(0), reach(1));
        builder.diagnostics.error(given.span, message, "pad the image, or take a smaller window");
    }
    places
}
