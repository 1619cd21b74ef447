//! The reference evaluator, held to definitions written out naively (`tests/naive/`); in slices of any size; on random programs.

#![allow(clippy::unwrap_used)] // a test may fail

mod naive;
mod whole;

use naive::{Draw, Nd, Way, along, each, repeated};
use proptest::prelude::*;
use systole::graph::{Deviation, Evaluation, Given, Graph, Output, Source, verify};
use systole::import::Files;
use systole::job;
use systole::num::{Array, DType, Function, Requant, Shape, SumOrder, Type, Values, reduce, seeded};

/// More effort than a program in a test may be.
const MOST_EFFORT: u64 = 1 << 24;
const FLOATS: [DType; 3] = [DType::F32, DType::Bf16, DType::Fp8];

fn evaluated(graph: &Graph, block: usize) -> Evaluation {
    let mut evaluation = Evaluation::new(graph, SumOrder { block });
    assert!(evaluation.advance(graph, u64::MAX));
    evaluation
}

/// A program whose inputs have values.
fn given(text: &str, inputs: &[(&str, &Nd)]) -> Graph {
    // Of a single number an axis goes first: there are no inputs without axes.
    let stored = |nd: &Nd| match nd.shape[..] {
        [] => Nd { shape: vec![1], ..nd.clone() },
        _ => nd.clone(),
    };
    let declared = inputs.iter().map(|(name, nd)| match nd.shape[..] {
        [] => format!("input {name}0 : {}\n{name} = {name}0[0]\n", stored(nd).ty()),
        _ => format!("input {name} : {}\n", nd.ty()),
    });
    let declared: String = declared.collect();
    let text = format!("{declared}{text}");
    let (diagnostics, graph) = job::graph(&text, &Files::default());
    let mut graph = graph.unwrap_or_else(|| panic!("{text}\n{diagnostics:#?}"));
    for (name, nd) in inputs {
        let name = if nd.shape.is_empty() { format!("{name}0") } else { (*name).to_owned() };
        give(&mut graph, &name, stored(nd).array());
    }
    graph
}

fn give(graph: &mut Graph, name: &str, array: Array) {
    let id = graph.tensors.ids().find(|id| graph.name(*id) == name).unwrap();
    let given =
        Given { path: Some(format!("{name}.npy")), array: Some(std::rc::Rc::new(array)), sparsity: None };
    let tensor = &mut graph.tensors[id];
    tensor.source = match tensor.source {
        Source::Input(_) => Source::Input(given),
        _ => Source::Weight(given),
    };
    assert_eq!(verify(graph), Ok(()));
}

/// What a program puts out.
fn outputs(graph: &Graph, block: usize) -> Vec<Array> {
    let evaluation = evaluated(graph, block);
    let array = |output: &Output| Array {
        ty: graph.tensors[output.tensor].ty.clone(),
        values: evaluation.values(output.tensor).clone(),
    };
    graph.outputs.iter().map(array).collect()
}

/// The only output of `name(inputs)` is what its definition says.
#[track_caller]
fn is(expression: &str, inputs: &[(&str, &Nd)], block: usize, expected: &Nd) {
    let graph = given(&format!("output {expression}\n"), inputs);
    let found = outputs(&graph, block).remove(0);
    assert_eq!(found, expected.array(), "{expression} of {inputs:?}, block {block}");
    is_near_its_exact_value(&graph, block, inputs, &found);
}

/// What is made of small whole numbers is off by roundings alone, and of most operators by that to its dtype alone.
#[track_caller]
fn is_near_its_exact_value(graph: &Graph, block: usize, inputs: &[(&str, &Nd)], found: &Array) {
    let mut evaluation = Evaluation::with_exact(graph, SumOrder { block });
    assert!(evaluation.advance(graph, u64::MAX));
    let output = graph.outputs[0].tensor;
    assert_eq!(evaluation.values(output), &found.values);
    let Some(exact) = evaluation.exact(output) else { return assert!(!found.ty.dtype.is_float()) };
    let small = |nd: &&Nd| nd.items.iter().all(|x| x.fract() == 0.0 && x.abs() <= 3.0);
    if !inputs.iter().map(|(_, nd)| nd).all(small) {
        return;
    }
    let (unit, most) = match found.ty.dtype {
        DType::F32 => (2f64.powi(-18), f64::INFINITY),
        DType::Bf16 => (2f64.powi(-8), f64::INFINITY),
        // Beyond that it has no numbers, and below it they are all as far apart.
        _ => (2f64.powi(-4), 448.0),
    };
    for (x, exact) in found.values.numbers().zip(exact) {
        let same = x == *exact || x.is_nan() && (exact.is_nan() || exact.abs() > most);
        assert!(
            same || (x - exact).abs() <= unit * exact.abs().max(1.0),
            "{x} for {exact}: {graph}{inputs:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Labels in any order, in two or three of the tensors; every pair of dtypes that is multiplied.
    #[test]
    fn contractions(seed: u64, block in 1usize..12) {
        let mut draw = Draw::new(seed);
        let mut lists = [String::new(), String::new(), String::new()];
        for label in "abcdefg".chars().take(1 + draw.below(7)) {
            // Where it is not: in none, or in one of them.
            let missing = draw.below(4);
            for (_, list) in lists.iter_mut().enumerate().filter(|(at, _)| *at != missing) {
                list.insert(draw.below(list.len() + 1), label);
            }
        }
        let [left, right, out] = lists.each_ref().map(String::as_str);
        let most = if lists.iter().map(String::len).max() > Some(4) { 3 } else { 6 };
        let extents = draw.shape(7, most);
        let shape = |labels: &str| labels.bytes().map(|label| extents[usize::from(label - b'a')]).collect::<Vec<_>>();
        let pairs = [(DType::I8, DType::I8), (DType::I16, DType::I8), (DType::I8, DType::I16), (DType::I16, DType::I16),
            (DType::Bf16, DType::Bf16), (DType::F32, DType::F32), (DType::Fp8, DType::Fp8)];
        let (of_a, of_b) = draw.one_of(&pairs);
        // A sum of products of i16 may leave 32 bits, and is refused.
        prop_assume!(of_a == DType::I8 || of_b == DType::I8 || of_a.is_float() || left.chars().all(|label| out.contains(label)));
        let (a, b) = (draw.tensor(of_a, &shape(left)), draw.tensor(of_b, &shape(right)));
        let expected = naive::einsum([left, right, out], &a, &b, block);
        is(&format!("einsum(\"{left},{right}->{out}\", a, b)"), &[("a", &a), ("b", &b)], block, &expected);
    }

    #[test]
    fn convolutions(seed: u64, block in 1usize..12) {
        let mut draw = Draw::new(seed);
        let dtype = draw.one_of(&[DType::I8, DType::Bf16, DType::F32, DType::Fp8]);
        let (groups, each_in, each_out) = (1 + draw.below(3), 1 + draw.below(3), 1 + draw.below(3));
        let (size, image) = (draw.shape(2, 3), draw.shape(3, 6));
        let way = Way {
            stride: [1 + draw.below(3), 1 + draw.below(3)],
            padding: [draw.below(4), draw.below(4), draw.below(4), draw.below(4)],
            dilation: [1 + draw.below(3), 1 + draw.below(2)],
        };
        prop_assume!(way.places([size[0], size[1]], [image[1], image[2]]).is_some());
        let x = draw.tensor(dtype, &[&image[..], &[groups * each_in]].concat());
        let w = draw.tensor(dtype, &[&size[..], &[each_in, groups * each_out]].concat());
        let Way { stride, padding, dilation } = way;
        let expression =
            format!("conv2d(x, w, stride={stride:?}, padding={padding:?}, dilation={dilation:?}, groups={groups})");
        is(&expression, &[("x", &x), ("w", &w)], block, &naive::conv2d(&x, &w, way, groups, block));
    }

    #[test]
    fn pools(seed: u64) {
        let mut draw = Draw::new(seed);
        let (size, image) = (draw.shape(2, 3), draw.shape(4, 6));
        let mut pad = |side: usize| draw.below(size[side]);
        let padding = [pad(0), pad(0), pad(1), pad(1)];
        let way = Way { stride: [1 + draw.below(3), 1 + draw.below(3)], padding, dilation: [1, 1] };
        let size = [size[0], size[1]];
        prop_assume!(way.places(size, [image[1], image[2]]).is_some());
        let options = format!("window={size:?}, stride={:?}, padding={padding:?}", way.stride);
        let x = draw.tensor(draw.clone().one_of(&[DType::F32, DType::Bf16, DType::Fp8, DType::I8, DType::I16, DType::I32]), &image);
        let greatest = |window: &[Option<f32>]| reduce::max(&window.iter().copied().flatten().collect::<Vec<_>>());
        is(&format!("maxpool(x, {options})"), &[("x", &x)], 1, &naive::pool(&x, size, way, greatest));
        if x.dtype.is_float() {
            let mean = |window: &[Option<f32>]| reduce::mean(&window.iter().map(|x| x.unwrap_or(0.0)).collect::<Vec<_>>());
            is(&format!("avgpool(x, {options})"), &[("x", &x)], 1, &naive::pool(&x, size, way, mean));
        }
    }

    #[test]
    fn two_element_by_element(seed: u64) {
        let mut draw = Draw::new(seed);
        let whole = [DType::I8, DType::I16, DType::I32];
        let dtypes = if draw.below(2) == 0 { FLOATS } else { whole };
        let axes = draw.below(5);
        let shape = draw.shape(axes, 4);
        let part = |draw: &mut Draw| {
            let front = draw.below(axes + 1);
            let own: Vec<usize> = shape[front..].iter().map(|extent| if draw.below(3) == 0 { 1 } else { *extent }).collect();
            let dtype = draw.one_of(&dtypes);
            draw.tensor(dtype, &own)
        };
        let (a, b) = (part(&mut draw), part(&mut draw));
        let wider = if a.dtype.bytes() >= b.dtype.bytes() { a.dtype } else { b.dtype };
        let out = naive::broadcast(&a.shape, &b.shape);
        let of = |index: &[usize]| (a.at(&repeated(index, &a.shape)), b.at(&repeated(index, &b.shape)));
        let expected = |kind: &str| match wider.is_float() {
            true => Nd::of_floats(wider, &out, |index| {
                let (x, y) = of(index);
                let (x, y) = (x as f32, y as f32);
                match kind {
                    "a + b" => x + y,
                    "a - b" => x - y,
                    "a * b" => x * y,
                    "a / b" => x / y,
                    _ if x.is_nan() || y.is_nan() => f32::NAN,
                    "maximum(a, b)" => if y > x { y } else { x },
                    _ => if y < x { y } else { x },
                }
            }),
            false => Nd::from(if kind.starts_with('a') { DType::I32 } else { wider }, &out, |index| {
                let (x, y) = of(index);
                match kind {
                    "a + b" => x + y,
                    "a - b" => x - y,
                    "a * b" => x * y,
                    "maximum(a, b)" => x.max(y),
                    _ => x.min(y),
                }
            }),
        };
        let products = wider.is_float() || wider.bytes() + a.dtype.bytes().min(b.dtype.bytes()) <= 3;
        let sums = wider != DType::I32;
        for (kind, allowed) in [("a + b", sums), ("a - b", sums), ("a * b", products), ("a / b", wider.is_float()),
            ("maximum(a, b)", true), ("minimum(a, b)", true)] {
            if allowed {
                is(kind, &[("a", &a), ("b", &b)], 1, &expected(kind));
            }
        }
    }

    #[test]
    fn one_element_by_element(seed: u64) {
        let mut draw = Draw::new(seed);
        let (axes, dtype) = (draw.below(4), draw.one_of(&DType::ALL));
        let shape = draw.shape(axes, 5);
        let x = draw.tensor(dtype, &shape);
        let to = draw.one_of(&DType::ALL);
        let graph = given(&format!("output cast(x, {to})\n"), &[("x", &x)]);
        prop_assert_eq!(&outputs(&graph, 1)[0].values, &x.array().values.cast(to), "{:?}", x);
        let below = |index: &[usize]| x.at(index) < 0.0;
        let relu = match dtype.is_float() {
            true => Nd::of_floats(dtype, &shape, |index| if below(index) { 0.0 } else { x.float(index) }),
            false => Nd::from(dtype, &shape, |index| if below(index) { 0.0 } else { x.at(index) }),
        };
        is("relu(x)", &[("x", &x)], 1, &relu);
        if dtype.is_float() {
            is("-x", &[("x", &x)], 1, &Nd::of_floats(dtype, &shape, |index| -x.float(index)));
            let function = draw.one_of(&Function::ALL);
            let expected = Nd::of_floats(dtype, &shape, |index| function.apply(x.float(index)));
            is(&format!("{}(x)", function.name()), &[("x", &x)], 1, &expected);
        } else if dtype != DType::I32 {
            is("-x", &[("x", &x)], 1, &Nd::from(DType::I32, &shape, |index| 0.0 - x.at(index)));
        } else {
            let by = Requant { scale: draw.below(1000) as i32 - 500, shift: draw.below(20) as u32, zero: draw.below(256) as u8 as i8 };
            let expected = Nd::from(DType::I8, &shape, |index| by.apply(x.at(index) as i32).into());
            let Requant { scale, shift, zero } = by;
            is(&format!("requant(x, shift={shift}, scale={scale}, zero={zero})"), &[("x", &x)], 1, &expected);
        }
    }

    /// In ascending order, row-major, over axes that lie anywhere.
    #[test]
    fn reductions(seed: u64, keep: bool) {
        let mut draw = Draw::new(seed);
        let axes = draw.below(5);
        let dtype = draw.one_of(&[DType::F32, DType::Bf16, DType::Fp8, DType::I8, DType::I16]);
        let shape = draw.shape(axes, 4);
        let x = draw.tensor(dtype, &shape);
        let reduced: Vec<usize> = (0..axes).filter(|_| draw.below(2) == 0).collect();
        let gone = |axis: &usize| reduced.contains(axis);
        let kept: Vec<usize> = (0..axes).filter(|axis| keep || !gone(axis)).collect();
        let out: Vec<usize> = kept.iter().map(|axis| if gone(axis) { 1 } else { shape[*axis] }).collect();
        let line = |index: &[usize]| {
            let mut whole = vec![0; axes];
            kept.iter().zip(index).for_each(|(axis, at)| whole[*axis] = *at);
            along(&x, &reduced, &whole)
        };
        let options = format!("axis={reduced:?}, keepdims={keep}");
        let max = Nd::of_floats(dtype, &out, |index| reduce::max(&line(index)));
        is(&format!("max(x, {options})"), &[("x", &x)], 1, &max);
        let of_sum = if dtype.is_float() { dtype } else { DType::I32 };
        let sum = Nd::of_floats(of_sum, &out, |index| line(index).iter().fold(0.0, |sum, x| sum + x));
        is(&format!("sum(x, {options})"), &[("x", &x)], 1, &sum);
        if dtype.is_float() {
            let mean = Nd::of_floats(dtype, &out, |index| reduce::mean(&line(index)));
            is(&format!("mean(x, {options})"), &[("x", &x)], 1, &mean);
        }
    }

    #[test]
    fn lines(seed: u64, eps in 0.0..0.1f64) {
        let mut draw = Draw::new(seed);
        let axes = 1 + draw.below(4);
        let shape = draw.shape(axes, 5);
        let (last, axis) = (axes - 1, draw.below(axes));
        let x = { let dtype = draw.one_of(&FLOATS); draw.tensor(dtype, &shape) };
        let softmax = |index: &[usize]| {
            let mut line = along(&x, &[axis], index);
            reduce::softmax(&mut line);
            line[index[axis]]
        };
        is(&format!("softmax(x, axis={axis})"), &[("x", &x)], 1, &Nd::of_floats(x.dtype, &shape, softmax));
        let mut vector = || { let dtype = draw.one_of(&FLOATS); draw.tensor(dtype, &shape[last..]) };
        let (g, b) = (vector(), vector());
        let floats = |nd: &Nd| nd.items.iter().map(|x| *x as f32).collect::<Vec<f32>>();
        let normed = |index: &[usize], norm: &dyn Fn(&mut [f32])| {
            let mut line = along(&x, &[last], index);
            norm(&mut line);
            line[index[last]]
        };
        let layer = |line: &mut [f32]| reduce::layernorm(line, &floats(&g), &floats(&b), eps as f32);
        let root = |line: &mut [f32]| reduce::rmsnorm(line, &floats(&g), eps as f32);
        let expected = Nd::of_floats(x.dtype, &shape, |index| normed(index, &layer));
        is(&format!("layernorm(x, g, b, eps={eps:?})"), &[("x", &x), ("g", &g), ("b", &b)], 1, &expected);
        let expected = Nd::of_floats(x.dtype, &shape, |index| normed(index, &root));
        is(&format!("rmsnorm(x, g, eps={eps:?})"), &[("x", &x), ("g", &g)], 1, &expected);
        if axes > 1 {
            let offset = draw.below(4);
            let masked = |index: &[usize]| if index[last] <= index[last - 1] + offset { x.float(index) } else { f32::NEG_INFINITY };
            is(&format!("causal(x, offset={offset})"), &[("x", &x)], 1, &Nd::of_floats(x.dtype, &shape, masked));
        }
    }

    /// Places of equals, and of NaN.
    #[test]
    fn the_greatest(seed: u64) {
        let mut draw = Draw::new(seed);
        let axes = 1 + draw.below(4);
        let (shape, dtype) = (draw.shape(axes, 6), draw.one_of(&DType::ALL));
        let mut x = draw.tensor(dtype, &shape);
        // Few different ones, so that some are equal.
        if draw.below(2) == 0 {
            x.items.iter_mut().for_each(|x| *x = if x.is_nan() { *x } else { x.signum() });
        }
        let (axis, last) = (draw.below(axes), axes - 1);
        let place = |line: &[f32], rank: usize| {
            let mut order: Vec<usize> = (0..line.len()).collect();
            let key = |at: &usize| if line[*at].is_nan() { f64::INFINITY } else { f64::from(line[*at]).clamp(f64::MIN, f64::MAX) };
            // -0 and +0 are equal: of these the first too.
            order.sort_by(|a, b| key(b).partial_cmp(&key(a)).unwrap());
            order[rank]
        };
        let mut out = shape.clone();
        out.remove(axis);
        let full = |index: &[usize]| [&index[..axis], &[0], &index[axis..]].concat();
        let argmax = Nd::from(DType::I32, &out, |index| place(&along(&x, &[axis], &full(index)), 0) as f64);
        is(&format!("argmax(x, axis={axis})"), &[("x", &x)], 1, &argmax);
        let k = 1 + draw.below(shape[last]);
        let out = [&shape[..last], &[k]].concat();
        let places = Nd::from(DType::I32, &out, |index| place(&along(&x, &[last], index), index[last]) as f64);
        let elements = Nd::from(dtype, &out, |index| x.at(&[&index[..last], &[places.at(index) as usize]].concat()));
        let graph = given(&format!("v, i = topk(x, k={k})\noutput v\noutput i\n"), &[("x", &x)]);
        prop_assert_eq!(outputs(&graph, 1), [elements.array(), places.array()], "{:?}", x);
    }

    #[test]
    fn moved_elements(seed: u64) {
        let mut draw = Draw::new(seed);
        let axes = 1 + draw.below(4);
        let (shape, dtype) = (draw.shape(axes, 5), draw.one_of(&DType::ALL));
        let x = draw.tensor(dtype, &shape);
        let order = draw.order(axes);
        let out: Vec<usize> = order.iter().map(|axis| shape[*axis]).collect();
        let back = |index: &[usize]| (0..axes).map(|axis| index[order.iter().position(|of| *of == axis).unwrap()]).collect::<Vec<_>>();
        is(&format!("transpose(x, {order:?})"), &[("x", &x)], 1, &Nd::from(dtype, &out, |index| x.at(&back(index))));
        let flat = vec![x.items.len()];
        is("reshape(x, [-1])", &[("x", &x)], 1, &Nd { shape: flat, ..x.clone() });

        let axis = draw.below(axes);
        let mut other = shape.clone();
        other[axis] = 1 + draw.below(4);
        let y = draw.tensor(dtype, &other);
        let mut out = shape.clone();
        out[axis] = 2 * shape[axis] + other[axis];
        let joined = Nd::from(dtype, &out, |index| {
            let (first, all) = (shape[axis], shape[axis] + other[axis]);
            let mut own = index.to_vec();
            match index[axis] {
                at if at < first => x.at(&own),
                at if at < all => { own[axis] = at - first; y.at(&own) }
                at => { own[axis] = at - all; x.at(&own) }
            }
        });
        is(&format!("concat([x, y, x], axis={axis})"), &[("x", &x), ("y", &y)], 1, &joined);

        // Also places that lie outside.
        let count = draw.below(3);
        let by = draw.shape(count, 3);
        let places = Nd { dtype: DType::I32, shape: by.clone(), items: each(&by).iter().map(|_| draw.below(12) as f64 - 4.0).collect() };
        let out = [&shape[..axis], &by, &shape[axis + 1..]].concat();
        let taken = Nd::from(dtype, &out, |index| {
            let at = places.at(&index[axis..axis + count]).clamp(0.0, shape[axis] as f64 - 1.0) as usize;
            x.at(&[&index[..axis], &[at], &index[axis + count..]].concat())
        });
        is(&format!("gather(x, p, axis={axis})"), &[("x", &x), ("p", &places)], 1, &taken);
    }

    #[test]
    fn slices_of_tensors(seed: u64) {
        let mut draw = Draw::new(seed);
        let axes = 1 + draw.below(4);
        let (shape, dtype) = (draw.shape(axes, 6), draw.one_of(&DType::ALL));
        let x = draw.tensor(dtype, &shape);
        // First element, step and, if the axis stays, extent.
        let mut cuts = Vec::new();
        for extent in &shape {
            let (from, step) = (draw.below(*extent), 1 + draw.below(3));
            let len = 1 + draw.below((extent - from).div_ceil(step));
            cuts.push((from, step, (draw.below(4) > 0).then_some(len)));
        }
        let written: Vec<String> = cuts.iter().map(|(from, step, len)| match len {
            Some(len) => format!("{from}:{}:{step}", from + (len - 1) * step + 1),
            None => from.to_string(),
        }).collect();
        let out: Vec<usize> = cuts.iter().filter_map(|(_, _, len)| *len).collect();
        let expected = Nd::from(dtype, &out, |index| {
            let mut left = index.iter();
            let place = |(from, step, len): &(usize, usize, Option<usize>)| from + len.map_or(0, |_| step * left.next().unwrap());
            x.at(&cuts.iter().map(place).collect::<Vec<_>>())
        });
        is(&format!("x[{}]", written.join(", ")), &[("x", &x)], 1, &expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Any program, in slices of any size, with f64 beside it: the same values as in one go, for the effort that was said before.
    #[test]
    fn slices_change_nothing(text in whole::program(), budgets in prop::collection::vec(1u64..5000, 1..8), block in 1usize..40) {
        let (_, graph) = job::graph(&text, &Files::default());
        let Some(graph) = graph.filter(|graph| graph.all_effort() < MOST_EFFORT) else { return Ok(()) };
        let at_once = evaluated(&graph, block);
        prop_assert_eq!(at_once.effort(), graph.all_effort(), "{}", text);
        let mut sliced = Evaluation::with_exact(&graph, SumOrder { block });
        let (mut budgets, mut before) = (budgets.iter().cycle(), 0);
        while !sliced.advance(&graph, *budgets.next().unwrap()) {
            prop_assert!(sliced.effort() > before);
            before = sliced.effort();
        }
        for tensor in graph.tensors.ids() {
            prop_assert_eq!(sliced.values(tensor), at_once.values(tensor), "{}\n%{}", text, tensor.index());
        }
    }
}

/// Carried, exchanged, collected, nested, with weights of their own and places that move either way: what the lines written
/// out one below the other come to.
#[test]
fn repeats_are_their_lines_written_out() {
    for (n, m, seed) in [(1, 1, 1), (3, 2, 2), (2, 3, 3), (5, 1, 4)] {
        let mut draw = Draw::new(seed);
        let [x, w, v] = [&[n, 3][..], &[n, 3, 3], &[n, m, 3]].map(|shape| draw.tensor(DType::Bf16, shape));
        let begin = "h = zeros(bf16[1, 3])\ng = full(bf16[1, 3], 1)\n";
        let text = format!(
            "{begin}repeat {n} as t {{\n  weight w : bf16[3, 3]\n  a = tanh(x[t:t + 1] + h @ w)\n  repeat {m} as u {{\n    \
             weight v : bf16[3]\n    h = h * v + x[{n} - 1 - t]\n    zs[u] = h\n  }}\n  h = g + h\n  g = a\n  b = h\n  \
             h = g\n  g = b\n  ys[t] = h\n  all[t] = zs\n}}\noutput h\noutput g\noutput ys\noutput all\n"
        );
        let mut graph = given(&text, &[("x", &x)]);
        give(&mut graph, "w", w.array());
        give(&mut graph, "v", v.array());

        let (mut lines, mut ys, mut all) = (begin.to_owned(), Vec::new(), Vec::new());
        for t in 0..n {
            lines += &format!("a = tanh(x[{t}:{t} + 1] + h @ w[{t}])\n");
            for u in 0..m {
                lines += &format!("h = h * v[{t}, {u}] + x[{}]\nz{t}_{u} = h\n", n - 1 - t);
                all.push(format!("z{t}_{u}"));
            }
            lines += &format!("b = g + h\nh = a\ng = b\ny{t} = h\n");
            ys.push(format!("y{t}"));
        }
        let lists = [ys, all].map(|list| format!("output concat([{}], axis=0)\n", list.join(", ")));
        let lines = format!("{lines}output h\noutput g\n{}", lists.concat());
        let written_out = given(&lines, &[("x", &x), ("w", &w), ("v", &v)]);
        for (of_repeat, of_lines) in outputs(&graph, 2).into_iter().zip(outputs(&written_out, 2)) {
            assert_eq!(of_repeat.values, of_lines.values, "{text}");
        }
    }
}

/// Without files every iteration's weight is made from its name and number; repeats around it count too.
#[test]
fn iterations_have_weights_of_their_own() {
    let text = "repeat 2 as t {\n  repeat 3 as u {\n    weight w : i8[4]\n    b[u] = w\n  }\n  a[t] = b\n}\noutput a\n";
    let graph = given(text, &[]);
    let found = outputs(&graph, 1).remove(0).values;
    let ty = Type { dtype: DType::I8, shape: Shape::from(vec![4]) };
    for iteration in 0..6 {
        let expected = seeded(&format!("w[{iteration}]"), ty.clone()).values;
        assert_eq!(found.part(4 * iteration..4 * iteration + 4), expected);
    }
}

/// The value of the last iteration is what a tensor within a repeat is asked for.
#[test]
fn the_last_iteration_stays() {
    let graph = given(
        "h = x\nrepeat 3 as t {\n  y = relu(h) - h\n  h = cast(y, i8)\n}\noutput h\n",
        &[("x", &Nd { dtype: DType::I8, shape: vec![2], items: vec![-5.0, 3.0] })],
    );
    let evaluation = evaluated(&graph, 1);
    let named = |name: &str| graph.tensors.ids().filter(|id| graph.name(*id) == name).last().unwrap();
    assert_eq!(evaluation.values(named("y")), &Values::I32(vec![0, 0]));
    assert_eq!(evaluation.values(graph.outputs[0].tensor), &Values::I8(vec![0, 0]));
}

/// What goes on may be what was carried there as another.
#[test]
fn values_change_places() {
    let [x, y] = [1.0, 2.0].map(|item| Nd { dtype: DType::F32, shape: vec![1], items: vec![item] });
    let text = "p = x\nq = y\nrepeat 3 {\n  b = p\n  p = q\n  q = b\n}\noutput p\noutput q\n";
    let graph = given(text, &[("x", &x), ("y", &y)]);
    assert_eq!(outputs(&graph, 1), [y.array(), x.array()]);
}

/// The formulas in f64, one after the other, with no rounding to bf16 between them; by hand.
#[test]
fn exact_values_go_through_a_program_unrounded() {
    let text = "y = x @ w\nz = softmax(gelu(y * 0.25) + cast(i, bf16))\nm = argmax(z)\noutput z\noutput m\n";
    let mut draw = Draw::new(1);
    let (x, w) = (draw.tensor(DType::Bf16, &[2, 5]), draw.tensor(DType::Bf16, &[5, 3]));
    let i = Nd { dtype: DType::I32, shape: vec![3], items: vec![0.0, 1.0, 257.0] };
    let graph = given(text, &[("x", &x), ("w", &w), ("i", &i)]);
    let mut evaluation = Evaluation::with_exact(&graph, SumOrder { block: 2 });
    while !evaluation.advance(&graph, 3) {}
    let (z, m) = (graph.outputs[0].tensor, graph.outputs[1].tensor);
    let mut worst = 0f64;
    for row in 0..2 {
        let mut line = [0.0; 3];
        for (col, out) in line.iter_mut().enumerate() {
            let product = |k: usize| x.at(&[row, k]) * w.at(&[k, col]);
            let sum = (product(0) + product(1)) + (product(2) + product(3)) + product(4);
            *out = Function::Gelu.apply(sum * 0.25) + i.items[col];
        }
        reduce::softmax(&mut line);
        assert_eq!(evaluation.exact(z).unwrap()[3 * row..3 * row + 3], line);
        for (col, exact) in line.iter().enumerate() {
            worst = worst.max((f64::from(evaluation.values(z).get_f32(3 * row + col)) - exact).abs());
        }
    }
    let Deviation { absolute, relative } = evaluation.deviation(z).unwrap();
    assert!(absolute == worst && relative >= absolute, "{absolute} {relative} {worst}");
    assert_eq!((evaluation.exact(m), evaluation.deviation(m)), (None, None));
    assert_eq!(evaluated(&graph, 2).deviation(z), None);
}

/// Which element is the greatest is decided once: here bf16 has two equal ones, f64 has not.
#[test]
fn exact_values_follow_where_elements_are_chosen() {
    let x = Nd { dtype: DType::Bf16, shape: vec![1, 2], items: vec![1.0, 1.0] };
    let w = Nd { dtype: DType::Bf16, shape: vec![2], items: vec![1.0, 1.0 + 2f64.powi(-7)] };
    let graph = given("v, p = topk(x + w * 0.001, k=1)\noutput v\noutput p\n", &[("x", &x), ("w", &w)]);
    let mut evaluation = Evaluation::with_exact(&graph, SumOrder { block: 1 });
    assert!(evaluation.advance(&graph, u64::MAX));
    let [v, p] = [0, 1].map(|at| graph.outputs[at].tensor);
    assert_eq!(evaluation.values(p), &Values::I32(vec![0]), "both are 1 in bf16");
    assert_eq!(evaluation.exact(v).unwrap(), [1.0 + f64::from(0.001f32)]);
    assert_eq!(evaluation.deviation(v).unwrap().absolute, f64::from(0.001f32));
}

/// 0 times infinity: what is padded is multiplied, as in an array, whose zeros are elements like others.
#[test]
fn padding_is_multiplied() {
    let x = Nd { dtype: DType::F32, shape: vec![1, 1, 2, 1], items: vec![2.0, 3.0] };
    let w = Nd { dtype: DType::F32, shape: vec![1, 2, 1, 1], items: vec![f64::INFINITY, 1.0] };
    let graph = given("output conv2d(x, w, padding=[0, 0, 1, 0])\n", &[("x", &x), ("w", &w)]);
    assert_eq!(outputs(&graph, 9)[0].values, Values::F32(vec![f32::NAN, f32::INFINITY]));
}

/// 2^24 + 1 is 2^24 in f32: only where the ones stand in a block of their own do they count.
#[test]
fn blocks_of_products_go_on_over_all_summed_axes() {
    let x = Nd { dtype: DType::F32, shape: vec![2, 3], items: vec![16_777_216.0, 0.0, 0.0, 1.0, 1.0, 1.0] };
    let w = Nd { dtype: DType::F32, shape: vec![3, 2], items: vec![1.0; 6] };
    let graph = given("output einsum(\"ij,ji->\", x, w)\n", &[("x", &x), ("w", &w)]);
    let sums = [1, 2, 3, 4, 6].map(|block| outputs(&graph, block)[0].values.get_f32(0) - 16_777_216.0);
    // Of 1 + 1 + 1 and of 1 + 1 what f32 has beside 2^24 is 4 and 2: halves go to even.
    assert_eq!(sums, [0.0, 2.0, 4.0, 2.0, 0.0]);
}
