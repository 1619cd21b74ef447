//! Whole programs, and what NumPy and onnxruntime make of them: `tests/data/graph/`, whose README says how they were made. They
//! hold reading, checking and the reference evaluator, each operator alone and networks of many.

#![allow(clippy::unwrap_used)] // a test may fail

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use systole::graph::{
    BUILTINS, CombineKind, Evaluation, Graph, MapKind, OpKind, PoolKind, ReduceKind, verify,
};
use systole::import::{Files, npy};
use systole::job;
use systole::num::{Array, DType, Function, Shape, SumOrder, Type, Values};

const FILES: [&str; 7] = ["elements", "products", "windows", "rows", "parts", "repeats", "networks"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    program: String,
    /// Of the order of sums.
    block: usize,
    arrays: BTreeMap<String, Stored>,
    outputs: Vec<Expected>,
}

/// Floats by their bits, whole numbers as they are.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    dtype: String,
    shape: Vec<usize>,
    bits: Vec<i64>,
}

/// Bits that are equal, or numbers that are near, or both.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    dtype: String,
    shape: Vec<usize>,
    bits: Option<Vec<i64>>,
    numbers: Option<Vec<f64>>,
    /// What computed them.
    #[serde(default)]
    source: String,
    /// How far from a number, in distances from 1 to the next number of the dtype, times its size.
    #[serde(default)]
    ulps: f64,
    /// Of each number, or of all; without them the numbers' own magnitudes.
    sizes: Option<Vec<f64>>,
}

fn cases() -> Vec<Case> {
    let folder = format!("{}/tests/data/graph", env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap();
    FILES.iter().flat_map(|name| serde_json::from_str::<Vec<Case>>(&read(name)).unwrap()).collect()
}

fn ty(dtype: &str, shape: &[usize]) -> Type {
    let dtype = DType::ALL.into_iter().find(|known| known.name() == dtype).unwrap();
    Type { dtype, shape: Shape::from(shape.to_vec()) }
}

fn values(dtype: DType, bits: &[i64]) -> Values {
    let mut values = Values::zeros(dtype, bits.len());
    bits.iter().enumerate().for_each(|(at, bits)| values.set_bits(at, *bits as u32));
    values
}

impl Expected {
    /// What is wrong with values, if anything is: the first element that is not as expected.
    fn differs(&self, ours: &Values) -> Option<String> {
        let dtype = ours.dtype();
        if dtype.name() != self.dtype || ours.len() != self.shape.iter().product::<usize>() {
            return Some(format!("{} elements of {dtype}, not {}{:?}", ours.len(), self.dtype, self.shape));
        }
        let theirs = self.bits.as_ref().map(|bits| values(dtype, bits));
        // From 1 to the next number.
        let epsilon = match dtype {
            DType::Fp8 => f64::exp2(-3.0),
            DType::Bf16 => f64::exp2(-7.0),
            _ => f64::exp2(-23.0),
        };
        let wrong = theirs.and_then(|theirs| unequal(ours, &theirs));
        wrong.or_else(|| self.far(ours.numbers(), epsilon * self.ulps))
    }

    /// The first element that is further from its number than so many times its size.
    fn far(&self, ours: impl Iterator<Item = f64>, relative: f64) -> Option<String> {
        for (at, (ours, theirs)) in ours.zip(self.numbers.as_ref()?).enumerate() {
            let size = match self.sizes.as_deref() {
                None => theirs.abs(),
                Some([all]) => *all,
                Some(each) => each[at],
            };
            let off = (ours - theirs).abs() / (relative * size);
            // NaN is off, too; what is equal is not, of whatever size.
            if ours != *theirs && (off.is_nan() || off > 1.0) {
                return Some(format!(
                    "[{at}] is {ours:e}, not {theirs:e}: {off:.3} times what it may be off"
                ));
            }
        }
        None
    }
}

/// The first element of which a bit differs.
fn unequal(ours: &Values, theirs: &Values) -> Option<String> {
    let at = (0..ours.len()).find(|at| ours.part(*at..at + 1) != theirs.part(*at..at + 1))?;
    let number = |values: &Values| values.numbers().nth(at).unwrap();
    Some(format!("[{at}] is {:e}, not {:e}", number(ours), number(theirs)))
}

impl Case {
    /// The program's graph, with the values of its files.
    fn graph(&self) -> Graph {
        let mut files = Files::default();
        for (path, stored) in &self.arrays {
            let ty = ty(&stored.dtype, &stored.shape);
            let values = values(ty.dtype, &stored.bits);
            files.insert(path, &npy::write(&Array { ty, values })).unwrap();
        }
        let (diagnostics, graph) = job::graph(&self.program, &files);
        let graph = graph.unwrap_or_else(|| panic!("{}:\n{}{diagnostics:#?}", self.name, self.program));
        assert_eq!(verify(&graph), Ok(()), "{}", self.name);
        graph
    }
}

#[test]
fn every_program_is_right_and_puts_out_what_is_expected() {
    let cases = cases();
    // As the README says.
    assert_eq!(cases.len(), 413);
    assert!(cases.iter().all(|case| case.block > 0));
    assert_eq!(cases.iter().map(|case| &case.name).collect::<BTreeSet<_>>().len(), cases.len());
    for case in &cases {
        let graph = case.graph();
        let types = graph.outputs.iter().map(|output| graph.tensors[output.tensor].ty.clone());
        let expected = case.outputs.iter().map(|expected| ty(&expected.dtype, &expected.shape));
        assert_eq!(types.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{}", case.name);
        for expected in &case.outputs {
            let elements = expected.shape.iter().product::<usize>();
            let bits = expected.bits.as_ref().map(Vec::len);
            let numbers = expected.numbers.as_ref().map(Vec::len);
            assert!(bits.or(numbers).is_some(), "{}", case.name);
            assert!(bits.into_iter().chain(numbers).all(|len| len == elements), "{}", case.name);
            // Where both are known they agree.
            let theirs = expected.bits.as_ref().map(|bits| values(ty(&expected.dtype, &[]).dtype, bits));
            assert_eq!(theirs.and_then(|theirs| expected.differs(&theirs)), None, "{}", case.name);
        }
    }
}

/// What the reference makes of a program: for each output that is not as expected, what is wrong.
fn wrong(case: &Case, block: usize) -> Vec<String> {
    let graph = case.graph();
    let mut evaluation = Evaluation::new(&graph, SumOrder { block });
    assert!(evaluation.advance(&graph, u64::MAX), "{}", case.name);
    let outputs = graph.outputs.iter().zip(&case.outputs).enumerate();
    let differs = outputs.filter_map(|(at, (output, expected))| {
        let what = expected.differs(evaluation.values(output.tensor))?;
        Some(format!("{}, output {at}: {what}", case.name))
    });
    differs.collect()
}

#[test]
fn the_reference_answers_as_they_do() {
    let cases = cases();
    let wrong: Vec<String> = cases.iter().flat_map(|case| wrong(case, case.block)).collect();
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// The float64 beside the values, which no dtype rounds on its way, is NumPy's to the digits that are written.
#[test]
fn the_reference_in_float64_answers_as_numpy_does() {
    let mut compared = 0;
    for case in cases().iter().filter(|case| case.outputs.iter().any(|output| output.source == "float64")) {
        let graph = case.graph();
        let mut evaluation = Evaluation::with_exact(&graph, SumOrder { block: case.block });
        assert!(evaluation.advance(&graph, u64::MAX), "{}", case.name);
        for (output, expected) in graph.outputs.iter().zip(&case.outputs) {
            if expected.source == "float64" {
                let exact = evaluation.exact(output.tensor).unwrap();
                assert_eq!(exact.len(), expected.numbers.as_ref().unwrap().len(), "{}", case.name);
                assert_eq!(expected.far(exact.iter().copied(), 1e-9), None, "{}", case.name);
                compared += 1;
            }
        }
    }
    assert!(compared >= 80, "{compared} only");
}

/// Or the test of the values would show little.
#[test]
fn another_order_of_sums_shows() {
    let cases = cases();
    let shows = |case: &&Case| !wrong(case, usize::MAX).is_empty();
    let count = cases.iter().filter(shows).count();
    assert!(count >= 20, "in {count} only");
}

/// A kind's place among all; a new one does not compile before it has one.
fn place(kind: &OpKind) -> usize {
    match kind {
        OpKind::Contract(_) => 0,
        OpKind::Conv2d { .. } => 1,
        OpKind::Pool(PoolKind::Max, _) => 2,
        OpKind::Pool(PoolKind::Mean, _) => 3,
        OpKind::Map(MapKind::Relu) => 4,
        OpKind::Map(MapKind::Negate) => 5,
        OpKind::Requant(_) => 6,
        OpKind::Cast => 7,
        OpKind::ArgMax { .. } => 8,
        OpKind::TopK { .. } => 9,
        OpKind::Softmax { .. } => 10,
        OpKind::LayerNorm { .. } => 11,
        OpKind::RmsNorm { .. } => 12,
        OpKind::Causal { .. } => 13,
        OpKind::Reshape => 14,
        OpKind::Transpose(_) => 15,
        OpKind::Concat { .. } => 16,
        OpKind::Slice(_) => 17,
        OpKind::Gather { .. } => 18,
        OpKind::Repeat(_) => 19,
        OpKind::Reduce { kind: ReduceKind::Sum, .. } => 20,
        OpKind::Reduce { kind: ReduceKind::Mean, .. } => 21,
        OpKind::Reduce { kind: ReduceKind::Max, .. } => 22,
        OpKind::Combine(kind) => {
            23 + match kind {
                CombineKind::Add => 0,
                CombineKind::Subtract => 1,
                CombineKind::Multiply => 2,
                CombineKind::Divide => 3,
                CombineKind::Maximum => 4,
                CombineKind::Minimum => 5,
            }
        }
        OpKind::Map(MapKind::Function(function)) => {
            29 + Function::ALL.iter().position(|known| known == function).unwrap()
        }
    }
}

#[test]
fn every_function_and_every_operator_is_among_them() {
    let cases = cases();
    let programs: String = cases.iter().map(|case| case.program.as_str()).collect();
    for builtin in BUILTINS {
        let call = format!("{}(", builtin.name);
        let word = |at: usize| !programs[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        assert!(programs.match_indices(&call).any(|(at, _)| word(at)), "{}", builtin.name);
    }
    let mut seen = BTreeSet::new();
    for case in &cases {
        let graph = case.graph();
        let live = graph.live();
        let used = graph.ops.ids().filter(|op| live[op.index()]);
        seen.extend(used.map(|op| place(&graph.ops[op].kind)));
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), (0..29 + Function::ALL.len()).collect::<Vec<_>>());
}
