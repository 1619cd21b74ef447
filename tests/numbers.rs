//! Numbers held to NumPy and ml_dtypes, `tests/data/numbers/`, and f32 to f64.

#![allow(clippy::unwrap_used)] // a test may fail

mod bits;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use systole::num::{Bf16, DType, Fp8, Function, Real, SumOrder, Values, reduce};

fn read<T: DeserializeOwned>(name: &str) -> Vec<T> {
    let path = format!("{}/tests/data/numbers/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn floats(bits: &[u32]) -> Vec<f32> {
    bits.iter().copied().map(f32::from_bits).collect()
}

fn widened(row: &[f32]) -> Vec<f64> {
    row.iter().copied().map(f64::from).collect()
}

/// How many floats lie between two, plus one; +0 and -0 are neighbours, as are the greatest and infinity. NaN is near NaN alone.
fn ulps(a: f32, b: f32) -> f64 {
    let place = |x: f32| {
        let magnitude = f64::from(x.to_bits() & 0x7fff_ffff);
        if x.is_sign_negative() { -1.0 - magnitude } else { magnitude }
    };
    match (a.is_nan(), b.is_nan()) {
        (false, false) => (place(a) - place(b)).abs(),
        (true, true) => 0.0,
        _ => f64::INFINITY,
    }
}

/// Floats by their bits, whole numbers as they are.
#[derive(Deserialize)]
struct Cast {
    from: String,
    to: String,
    values: Vec<i64>,
    cast: Vec<i64>,
}

impl Cast {
    fn holds(&self) {
        let [from, to] = [&self.from, &self.to].map(|name| dtype(name));
        let (given, ours) = (values(from, &self.values), values(from, &self.values).cast(to));
        let theirs = values(to, &self.cast);
        for (at, number) in given.numbers().enumerate() {
            let one = |values: &Values| {
                values.le_bytes().skip(at * to.bytes()).take(to.bytes()).collect::<Vec<_>>()
            };
            assert_eq!(one(&ours), one(&theirs), "{number} from {from} to {to}");
        }
    }
}

fn dtype(name: &str) -> DType {
    DType::ALL.into_iter().find(|dtype| dtype.name() == name).unwrap()
}

fn values(dtype: DType, of: &[i64]) -> Values {
    let of = of.iter().copied();
    match dtype {
        DType::I8 => Values::I8(of.map(|x| x.try_into().unwrap()).collect()),
        DType::I16 => Values::I16(of.map(|x| x.try_into().unwrap()).collect()),
        DType::I32 => Values::I32(of.map(|x| x.try_into().unwrap()).collect()),
        DType::Fp8 => Values::Fp8(of.map(|x| Fp8(x.try_into().unwrap())).collect()),
        DType::Bf16 => Values::Bf16(of.map(|x| Bf16(x.try_into().unwrap())).collect()),
        DType::F32 => Values::F32(of.map(|x| f32::from_bits(x.try_into().unwrap())).collect()),
    }
}

#[test]
fn small_floats_are_rounded_as_by_ml_dtypes() {
    let cases: Vec<Cast> = read("rounding.json");
    assert_eq!(cases.len(), 4);
    assert_eq!(cases[2].values, (0..256).collect::<Vec<i64>>());
    cases.iter().for_each(Cast::holds);
}

#[test]
fn every_dtype_is_cast_to_every_other() {
    let cases: Vec<Cast> = read("casts.json");
    assert_eq!(cases.len(), DType::ALL.len().pow(2));
    cases.iter().for_each(Cast::holds);
}

#[derive(Deserialize)]
struct Dot {
    block: usize,
    a: Vec<u32>,
    b: Vec<u32>,
    f32: u32,
    /// Nothing where a product is infinite or NaN.
    f64: Option<f64>,
}

#[test]
fn dot_products_are_summed_in_their_order() {
    let cases: Vec<Dot> = read("dots.json");
    for case in &cases {
        let (a, b, order) = (floats(&case.a), floats(&case.b), SumOrder { block: case.block });
        assert_eq!(order.dot::<f32, f32>(&a, &b).to_bits(), case.f32, "{a:?} {b:?} {order:?}");
        let Some(exact) = case.f64 else { continue };
        let size: f64 = a.iter().zip(&b).map(|(a, b)| (f64::from(*a) * f64::from(*b)).abs()).sum();
        let error = (order.dot::<f32, f64>(&a, &b) - exact).abs();
        assert!(error <= f64::EPSILON * a.len() as f64 * size, "{a:?} {b:?}: {error}");
    }
    // Orders differ, or the test above would show little.
    let another = |case: &&Dot| {
        let order = SumOrder { block: case.a.len() };
        order.dot::<f32, f32>(&floats(&case.a), &floats(&case.b)).to_bits() != case.f32
    };
    assert!(cases.iter().filter(another).count() > 10);
}

#[derive(Deserialize)]
struct Applied {
    name: String,
    x: Vec<u32>,
    y: Vec<u32>,
}

#[test]
fn functions_are_near_numpys() {
    let cases: Vec<Applied> = read("functions.json");
    assert!(cases.iter().map(|case| case.name.as_str()).eq(Function::ALL.map(Function::name)));
    for (case, function) in cases.iter().zip(Function::ALL) {
        for (x, theirs) in floats(&case.x).into_iter().zip(floats(&case.y)) {
            let (ours, of_double): (f32, f64) = (function.apply(x), function.apply(f64::from(x)));
            assert!(
                ulps(ours, theirs) <= bound(function, x),
                "{function:?} of {x:e}: {ours:e}, not {theirs:e}"
            );
            // NumPy's last bit of 53 may tip the rounding to 24.
            assert!(
                ulps(of_double as f32, theirs) <= 1.0,
                "{function:?} of {x:e}: {of_double:e}, not {theirs:e}"
            );
        }
    }
}

/// What each function's documentation says that f32 may be off, in units in the last place.
fn bound(function: Function, x: f32) -> f64 {
    // What belongs to negative x only is 0 elsewhere.
    let x = f64::from(x).min(0.0);
    match function {
        Function::Sqrt => 0.0,
        Function::Exp | Function::Log | Function::Rsqrt => 1.0,
        Function::Tanh | Function::Sigmoid => 2.0,
        Function::Silu if x < -87.0 => x.abs(),
        Function::Silu => 3.0,
        Function::Gelu => 2.0 + 2.0 * x.powi(2),
        Function::GeluTanh => 2.0 + 3.0 * (1.595_769_121_605_731 * (x + 0.044_715 * x.powi(3))).abs(),
    }
}

#[test]
fn functions_in_f32_are_near_those_in_f64_everywhere() {
    for x in bits::floats(4093) {
        for function in Function::ALL {
            let (ours, exact): (f32, f64) = (function.apply(x), function.apply(f64::from(x)));
            assert!(
                ulps(ours, exact as f32) <= bound(function, x),
                "{function:?} of {x:e}: {ours:e}, not {exact:e}"
            );
        }
    }
}

#[derive(Deserialize)]
struct Row {
    x: Vec<u32>,
    gamma: Vec<u32>,
    beta: Vec<u32>,
    eps: u32,
    sum: u32,
    mean: u32,
    softmax: Vec<f64>,
    layernorm: Vec<f64>,
    rmsnorm: Vec<f64>,
}

#[test]
fn rows_are_summed_in_ascending_order() {
    for case in read::<Row>("rows.json") {
        let x = floats(&case.x);
        assert_eq!((reduce::sum(&x).to_bits(), reduce::mean(&x).to_bits()), (case.sum, case.mean), "{x:?}");
    }
}

/// Relative to a row's greatest element: where a sum nearly cancels, an element's own last places have no more to tell.
#[test]
fn norms_are_near_numpys() {
    for case in read::<Row>("rows.json") {
        let (x, gamma, beta) = (floats(&case.x), floats(&case.gamma), floats(&case.beta));
        let eps = f32::from_bits(case.eps);
        let theirs = [&case.softmax, &case.layernorm, &case.rmsnorm];
        for (ours, theirs) in norms(&x, &gamma, &beta, eps).iter().zip(theirs) {
            near(&widened(ours), theirs, 1e-6);
        }
        let exact = norms(&widened(&x), &widened(&gamma), &widened(&beta), eps.into());
        exact.iter().zip(theirs).for_each(|(ours, theirs)| near(ours, theirs, 1e-14));
    }
}

/// Softmax, layernorm, rmsnorm.
fn norms<R: Real>(x: &[R], gamma: &[R], beta: &[R], eps: R) -> [Vec<R>; 3] {
    let mut rows = [x.to_vec(), x.to_vec(), x.to_vec()];
    reduce::softmax(&mut rows[0]);
    reduce::layernorm(&mut rows[1], gamma, beta, eps);
    reduce::rmsnorm(&mut rows[2], gamma, eps);
    rows
}

fn near(ours: &[f64], theirs: &[f64], relative: f64) {
    assert_eq!(ours.len(), theirs.len());
    let most = theirs.iter().fold(0f64, |most, x| most.max(x.abs()));
    for (a, b) in ours.iter().zip(theirs) {
        assert!((a - b).abs() <= relative * most, "{a:e}, not {b:e}, where the greatest is {most:e}");
    }
}

#[derive(Deserialize)]
struct Greatest {
    x: Vec<u32>,
    argmax: usize,
    max: u32,
}

#[test]
fn the_greatest_is_numpys() {
    for case in read::<Greatest>("greatest.json") {
        let x = floats(&case.x);
        assert_eq!((reduce::argmax(&x), reduce::max(&x).to_bits()), (case.argmax, case.max), "{x:?}");
        assert_eq!(reduce::argmax(&widened(&x)), case.argmax);
    }
}

#[test]
fn bits_are_those_of_every_platform() {
    bits::hold();
}
