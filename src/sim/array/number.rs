//! What an array computes with.

use std::fmt::Debug;

use wide::bytemuck::{Pod, cast};
use wide::{f32x4, f32x8, i8x16, i16x8, i16x16, i32x4, i32x8};

/// Sums side by side in [`Number::Sums`].
pub const WIDE: usize = 4;

/// Sums side by side that add a product each.
pub const WIDER: usize = 2 * WIDE;

/// Numbers of sums (MACHINE.md section 4): i32 for operands of 8 bits and other small ones, i64 for operands of up to
/// 16 bits, f32 for floats.
pub trait Number: Copy + Default + PartialEq + Debug + 'static {
    /// Numbers of activations and weights.
    type Operand: Pod + Default + PartialEq + Debug;

    /// Operands of neighbouring k that are multiplied together, [`Number::PACKED`] of them, in this order.
    type Pack: Pod + Default + AsRef<[Self::Operand]> + AsMut<[Self::Operand]>;

    /// How many: one or two.
    const PACKED: usize;

    /// Whether sums depend on the order in which they are made.
    const ORDERED: bool;

    /// Sums of nothing.
    const NONE: [Self; WIDE];

    /// [`WIDE`] packs as the processor holds them.
    type Packs: Copy;

    /// [`WIDE`] sums as the processor holds them.
    type Sums: Copy;

    /// An operand as it is shown.
    fn of(operand: Self::Operand) -> Self;

    /// Operands as they are shown, one to one.
    fn show(operands: &[Self::Operand], into: &mut [Self]) {
        for (into, operand) in into.iter_mut().zip(operands) {
            *into = Self::of(*operand).settled();
        }
    }

    /// Sums as they are shown, one to one.
    fn show_sums(sums: &[Self], into: &mut [Self]) {
        into.iter_mut().zip(sums).for_each(|(into, sum)| *into = sum.settled());
    }

    /// One operand of each pack as it is shown.
    fn shown(packs: &[Self::Pack; WIDE], within: usize) -> [Self; WIDE] {
        packs.map(|pack| Self::of(pack.as_ref()[within]).settled())
    }

    /// The next sum: this one and a product.
    fn mac(self, activation: Self::Operand, weight: Self::Operand) -> Self;

    /// Packs side by side.
    fn packs(packs: &[Self::Pack; WIDE]) -> Self::Packs;

    /// The same pack on every side.
    fn splat(pack: Self::Pack) -> Self::Packs;

    /// Zeros in place of the operands that are not `of`: bit 0 is the first one of a pack.
    fn only<const OF: u8>(packs: Self::Packs) -> Self::Packs;

    /// Sums side by side.
    fn sums(sums: &[Self; WIDE]) -> Self::Sums;

    /// One by one.
    fn values(sums: Self::Sums) -> [Self; WIDE];

    /// Adds to each sum the products of its packs, in ascending k: what the fast engines spend their time on.
    fn add_products(sums: Self::Sums, activations: Self::Packs, weights: Self::Packs) -> Self::Sums;

    /// The next sums side by side: these and a product each.
    fn add_each(
        sums: &[Self; WIDER],
        activations: &[Self::Operand; WIDER],
        weights: &[Self::Operand; WIDER],
    ) -> [Self; WIDER];

    /// As [`Number::add_products`], of packs that begin with k, for those k below each sum's own `end`.
    fn add_products_below(
        sums: Self::Sums,
        activations: Self::Packs,
        weights: Self::Packs,
        k: i32,
        end: &[i32; WIDE],
    ) -> Self::Sums;

    /// The new ones on the first sides, as many as asked, and the old ones on the others.
    fn choose(new: Self::Sums, old: Self::Sums, first: usize) -> Self::Sums;

    /// The sum of two sums, as accumulators add.
    fn plus(self, other: Self) -> Self;

    /// A result as it is shown: a NaN is 0x7fc00000.
    fn settled(self) -> Self {
        self
    }
}

// Instructions of the processor by name, and no loop over few of them: the page's module is compiled for size, where
// neither would be found or unrolled.

/// Bytes as operands, as many as both have.
pub fn widen(from: &[i8], into: &mut [i16]) {
    let ((blocks, rest), (wide, wide_rest)) = (from.as_chunks(), into.as_chunks_mut());
    for (from, into) in blocks.iter().zip(wide) {
        *into = i16x16::from_i8x16(i8x16::new(*from)).to_array();
    }
    wide_rest.iter_mut().zip(rest).for_each(|(into, from)| *into = i16::from(*from));
}

/// The same bits on every side.
#[inline(always)]
fn on_every_side(bits: u32) -> [u64; WIDE / 2] {
    let two = u64::from(bits) << 32 | u64::from(bits);
    [two, two]
}

/// Ones on the sides whose number is above k.
#[inline(always)]
fn above(numbers: i32x4, k: i32) -> i32x4 {
    numbers.simd_gt(cast::<_, i32x4>(on_every_side(k as u32)))
}

/// Products side by side.
#[cfg(not(target_arch = "wasm32"))]
#[inline(always)]
fn products(a: &[i16; WIDER], w: &[i16; WIDER]) -> i32x8 {
    i16x8::new(*a).widening_mul(i16x8::new(*w))
}

/// The same by the instructions that `wide` does not use for it.
#[cfg(target_arch = "wasm32")]
#[inline(always)]
fn products(a: &[i16; WIDER], w: &[i16; WIDER]) -> i32x8 {
    use std::arch::wasm32::{
        i16x8, i32x4_extmul_high_i16x8, i32x4_extmul_low_i16x8, i32x4_extract_lane as lane, v128,
    };
    let vector = |[a, b, c, d, e, f, g, h]: [i16; WIDER]| i16x8(a, b, c, d, e, f, g, h);
    let four = |v: v128| [lane::<0>(v), lane::<1>(v), lane::<2>(v), lane::<3>(v)];
    let (a, w) = (vector(*a), vector(*w));
    let ([a, b, c, d], [e, f, g, h]) =
        (four(i32x4_extmul_low_i16x8(a, w)), four(i32x4_extmul_high_i16x8(a, w)));
    i32x8::new([a, b, c, d, e, f, g, h])
}

impl Number for i32 {
    type Operand = i16;
    type Pack = [i16; 2];
    const PACKED: usize = 2;
    const NONE: [i32; WIDE] = [0; WIDE];
    const ORDERED: bool = false;
    type Packs = i16x8;
    type Sums = i32x4;

    fn of(operand: i16) -> i32 {
        operand.into()
    }

    fn show(operands: &[i16], into: &mut [i32]) {
        let ((blocks, rest), (wide, wide_rest)) = (operands.as_chunks(), into.as_chunks_mut());
        for (from, into) in blocks.iter().zip(wide) {
            *into = i32x8::from_i16x8(i16x8::new(*from)).to_array();
        }
        wide_rest.iter_mut().zip(rest).for_each(|(into, from)| *into = i32::from(*from));
    }

    fn show_sums(sums: &[i32], into: &mut [i32]) {
        into.copy_from_slice(sums);
    }

    #[inline(always)]
    fn shown(packs: &[[i16; 2]; WIDE], within: usize) -> [i32; WIDE] {
        let both: i32x4 = cast(*packs);
        // The second operand is the higher half.
        let high: i32x4 = if within == 0 { both << 16_i32 } else { both };
        let shown: i32x4 = high >> 16_i32;
        shown.to_array()
    }

    fn mac(self, activation: i16, weight: i16) -> i32 {
        self + i32::from(activation) * i32::from(weight)
    }

    #[inline(always)]
    fn packs(packs: &[[i16; 2]; WIDE]) -> i16x8 {
        cast(*packs)
    }

    #[inline(always)]
    fn splat(pack: [i16; 2]) -> i16x8 {
        cast(on_every_side(cast(pack)))
    }

    #[inline(always)]
    fn only<const OF: u8>(packs: i16x8) -> i16x8 {
        packs & cast::<_, i16x8>(on_every_side(if OF == 1 { 0xffff } else { !0xffff }))
    }

    #[inline(always)]
    fn sums(sums: &[i32; WIDE]) -> i32x4 {
        i32x4::new(*sums)
    }

    #[inline(always)]
    fn values(sums: i32x4) -> [i32; WIDE] {
        sums.to_array()
    }

    /// Sums of whole numbers may pass through any others on their way: these wrap.
    #[inline(always)]
    fn add_products(sums: i32x4, activations: i16x8, weights: i16x8) -> i32x4 {
        sums + activations.dot(weights)
    }

    #[inline(always)]
    fn add_each(sums: &[i32; WIDER], activations: &[i16; WIDER], weights: &[i16; WIDER]) -> [i32; WIDER] {
        (i32x8::new(*sums) + products(activations, weights)).to_array()
    }

    #[inline(always)]
    fn add_products_below(
        sums: i32x4,
        activations: i16x8,
        weights: i16x8,
        k: i32,
        end: &[i32; WIDE],
    ) -> i32x4 {
        let end = i32x4::new(*end);
        let first = i32::only::<1>(cast(above(end, k)));
        let second = i32::only::<2>(cast(above(end, k + 1)));
        sums + activations.dot(weights & (first | second))
    }

    #[inline(always)]
    fn choose(new: i32x4, old: i32x4, first: usize) -> i32x4 {
        let others = above(i32x4::new([1, 2, 3, 4]), first as i32);
        (new & !others) | (old & others)
    }

    fn plus(self, other: i32) -> i32 {
        self + other
    }
}

impl Number for i64 {
    type Operand = i16;
    type Pack = [i16; 1];
    const PACKED: usize = 1;
    const NONE: [i64; WIDE] = [0; WIDE];
    const ORDERED: bool = false;
    type Packs = [i16; WIDE];
    type Sums = [i64; WIDE];

    fn of(operand: i16) -> i64 {
        operand.into()
    }

    fn mac(self, activation: i16, weight: i16) -> i64 {
        self + i64::from(i32::from(activation) * i32::from(weight))
    }

    fn packs(packs: &[[i16; 1]; WIDE]) -> [i16; WIDE] {
        cast(*packs)
    }

    fn splat([operand]: [i16; 1]) -> [i16; WIDE] {
        [operand; WIDE]
    }

    fn only<const OF: u8>(packs: [i16; WIDE]) -> [i16; WIDE] {
        packs
    }

    fn sums(sums: &[i64; WIDE]) -> [i64; WIDE] {
        *sums
    }

    fn values(sums: [i64; WIDE]) -> [i64; WIDE] {
        sums
    }

    fn add_products(mut sums: [i64; WIDE], activations: [i16; WIDE], weights: [i16; WIDE]) -> [i64; WIDE] {
        for ((sum, a), w) in sums.iter_mut().zip(activations).zip(weights) {
            *sum = sum.mac(a, w);
        }
        sums
    }

    fn add_each(sums: &[i64; WIDER], activations: &[i16; WIDER], weights: &[i16; WIDER]) -> [i64; WIDER] {
        std::array::from_fn(|at| sums[at].mac(activations[at], weights[at]))
    }

    fn add_products_below(
        sums: [i64; WIDE],
        activations: [i16; WIDE],
        mut weights: [i16; WIDE],
        k: i32,
        end: &[i32; WIDE],
    ) -> [i64; WIDE] {
        weights.iter_mut().zip(end).filter(|(_, end)| **end <= k).for_each(|(weight, _)| *weight = 0);
        i64::add_products(sums, activations, weights)
    }

    fn choose(mut new: [i64; WIDE], old: [i64; WIDE], first: usize) -> [i64; WIDE] {
        new[first..].copy_from_slice(&old[first..]);
        new
    }

    fn plus(self, other: i64) -> i64 {
        self + other
    }
}

/// Products and sums each rounded to nearest even; a product of bf16 is exact but for over- and underflow.
impl Number for f32 {
    type Operand = f32;
    type Pack = [f32; 1];
    const PACKED: usize = 1;
    const NONE: [f32; WIDE] = [0.0; WIDE];
    const ORDERED: bool = true;
    type Packs = f32x4;
    type Sums = f32x4;

    fn of(operand: f32) -> f32 {
        operand
    }

    fn mac(self, activation: f32, weight: f32) -> f32 {
        self + activation * weight
    }

    #[inline(always)]
    fn packs(packs: &[[f32; 1]; WIDE]) -> f32x4 {
        cast(*packs)
    }

    #[inline(always)]
    fn splat([operand]: [f32; 1]) -> f32x4 {
        cast(on_every_side(operand.to_bits()))
    }

    #[inline(always)]
    fn only<const OF: u8>(packs: f32x4) -> f32x4 {
        packs
    }

    #[inline(always)]
    fn sums(sums: &[f32; WIDE]) -> f32x4 {
        f32x4::new(*sums)
    }

    #[inline(always)]
    fn values(sums: f32x4) -> [f32; WIDE] {
        sums.to_array()
    }

    #[inline(always)]
    fn add_products(sums: f32x4, activations: f32x4, weights: f32x4) -> f32x4 {
        sums + activations * weights
    }

    /// No sum is ever -0, so +0 changes none.
    #[inline(always)]
    fn add_each(sums: &[f32; WIDER], activations: &[f32; WIDER], weights: &[f32; WIDER]) -> [f32; WIDER] {
        (f32x8::new(*sums) + f32x8::new(*activations) * f32x8::new(*weights)).to_array()
    }

    #[inline(always)]
    fn add_products_below(
        sums: f32x4,
        activations: f32x4,
        weights: f32x4,
        k: i32,
        end: &[i32; WIDE],
    ) -> f32x4 {
        let products: i32x4 = cast(activations * weights);
        sums + cast::<i32x4, f32x4>(products & above(i32x4::new(*end), k))
    }

    #[inline(always)]
    fn choose(new: f32x4, old: f32x4, first: usize) -> f32x4 {
        cast(i32::choose(cast(new), cast(old), first))
    }

    fn plus(self, other: f32) -> f32 {
        self + other
    }

    fn settled(self) -> f32 {
        if self.is_nan() { f32::from_bits(0x7fc0_0000) } else { self }
    }
}
