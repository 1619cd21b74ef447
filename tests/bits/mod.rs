//! Bits of floats that every platform must give: natively and in wasm, and with the next version of `libm`.

use systole::num::{DType, Function, Shape, SumOrder, Type, Values, reduce, seeded};

/// Checksums by name. Another value means that programs have other results than before: say so in the changelog.
const CHECKSUMS: [(&str, &str); 14] = [
    ("exp", "16fe4db4a55efe9f"),
    ("log", "3178cec873eb3bf0"),
    ("sqrt", "ab27c242771d8859"),
    ("rsqrt", "20e85471f60f8158"),
    ("tanh", "9efd6df0a165dc78"),
    ("sigmoid", "321e32723bad18cc"),
    ("silu", "d5bc653c12087e03"),
    ("gelu", "1e0eeca3f2567c82"),
    ("gelu_tanh", "582cd80d9cb8578b"),
    ("dot", "faab3d05b0763a08"),
    ("softmax", "a8a5ea3a35f58673"),
    ("layernorm", "d08b26632985b83a"),
    ("rmsnorm", "78d75882f816fe76"),
    ("seeded", "5e9be13c6df3f91d"),
];

pub fn hold() {
    let ours = checksums();
    let ours: Vec<(&str, &str)> = ours.iter().map(|(name, sum)| (*name, sum.as_str())).collect();
    assert_eq!(ours, CHECKSUMS);
}

fn checksums() -> Vec<(&'static str, String)> {
    let all = floats(40_009);
    let of = |f: &dyn Fn(&mut Vec<f32>)| {
        let mut row = finite();
        f(&mut row);
        Values::F32(row).checksum()
    };
    let functions = Function::ALL.map(|function| {
        let results = all.iter().map(|x| function.apply(*x)).collect();
        (function.name(), Values::F32(results).checksum())
    });
    let ones = vec![1f32; finite().len()];
    let rows = [
        ("dot", of(&|row| *row = products(row))),
        ("softmax", of(&|row| reduce::softmax(row))),
        ("layernorm", of(&|row| reduce::layernorm(row, &ones, &ones, 1e-5))),
        ("rmsnorm", of(&|row| reduce::rmsnorm(row, &ones, 1e-5))),
        (
            "seeded",
            seeded("w", Type { dtype: DType::Fp8, shape: Shape::from(vec![64, 64]) }).values.checksum(),
        ),
    ];
    functions.into_iter().chain(rows).collect()
}

/// Floats of every size and sign, infinities and NaNs among them: each `step`-th of all bits.
pub fn floats(step: usize) -> Vec<f32> {
    (0..=u32::MAX).step_by(step).map(f32::from_bits).collect()
}

/// 2048 numbers from -10 to 10.
fn finite() -> Vec<f32> {
    (0..2048u32).map(|i| (i.wrapping_mul(0x9e37_79b9) as i32) as f32 / 214_748_364.8).collect()
}

/// 64 x 32 of them times the same ones as 32 x 64, in blocks of 5.
fn products(x: &[f32]) -> Vec<f32> {
    let mut out = vec![0f32; 64 * 64];
    for (a, out) in x.chunks(32).zip(out.chunks_mut(64)) {
        SumOrder { block: 5 }.row(a, x, out);
    }
    out
}
