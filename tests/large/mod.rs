//! A program whose tensors have more elements than 32 bits count: natively and in wasm it takes as long.

/// 2^32 scores in each of three iterations, of which all are kept. Keys are read from the last ones to the first.
pub const PROGRAM: &str = r#"input q  : bf16[64, 8192, 128]
input ks : bf16[3, 64, 8192, 128]
repeat 3 as t {
    k = ks[2 - t]
    scores = einsum("hqd,hkd->hqk", q, k)
    q = einsum("hqk,hkd->hqd", softmax(causal(scores)), k)
    all[t] = scores
}
output q
output all[0, 63, 8191]
"#;

/// The chip, and what is changed of it.
pub const CHIP: (&str, &str, &str) = ("tpu-v4", "dram_gib", "256");

/// Cycles that it takes there.
pub const CYCLES: u64 = 199_443_414;
