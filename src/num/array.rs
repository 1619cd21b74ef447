//! Values in row-major order.

use super::float::canonical;
use super::{Bf16, DType, Fp8, Type};

/// The elements of a tensor, row-major. Equality is of bits: -0 is not +0, and a NaN equals itself.
#[derive(Clone, Debug)]
pub enum Values {
    /// 8-bit elements.
    I8(Vec<i8>),
    /// 16-bit elements.
    I16(Vec<i16>),
    /// 32-bit elements.
    I32(Vec<i32>),
    /// 8-bit floats.
    Fp8(Vec<Fp8>),
    /// 16-bit floats.
    Bf16(Vec<Bf16>),
    /// 32-bit floats.
    F32(Vec<f32>),
}

impl Values {
    /// `len` zeros, of floats +0.
    pub fn zeros(dtype: DType, len: usize) -> Values {
        match dtype {
            DType::I8 => Values::I8(vec![0; len]),
            DType::I16 => Values::I16(vec![0; len]),
            DType::I32 => Values::I32(vec![0; len]),
            DType::Fp8 => Values::Fp8(vec![Fp8(0); len]),
            DType::Bf16 => Values::Bf16(vec![Bf16(0); len]),
            DType::F32 => Values::F32(vec![0.0; len]),
        }
    }

    /// `len` times the least number that there is.
    pub fn least(dtype: DType, len: usize) -> Values {
        match dtype {
            DType::I8 => Values::I8(vec![i8::MIN; len]),
            DType::I16 => Values::I16(vec![i16::MIN; len]),
            DType::I32 => Values::I32(vec![i32::MIN; len]),
            DType::Fp8 => Values::Fp8(vec![Fp8::LEAST; len]),
            DType::Bf16 => Values::Bf16(vec![Bf16::from_f32(f32::NEG_INFINITY); len]),
            DType::F32 => Values::F32(vec![f32::NEG_INFINITY; len]),
        }
    }

    /// Type of the elements.
    pub fn dtype(&self) -> DType {
        match self {
            Values::I8(_) => DType::I8,
            Values::I16(_) => DType::I16,
            Values::I32(_) => DType::I32,
            Values::Fp8(_) => DType::Fp8,
            Values::Bf16(_) => DType::Bf16,
            Values::F32(_) => DType::F32,
        }
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            Values::I8(v) => v.len(),
            Values::I16(v) => v.len(),
            Values::I32(v) => v.len(),
            Values::Fp8(v) => v.len(),
            Values::Bf16(v) => v.len(),
            Values::F32(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Element `index` of an integer dtype, widened.
    ///
    /// # Panics
    ///
    /// On floats: read as whole numbers they would be others. [`Values::get_f32`] is for them.
    pub fn get(&self, index: usize) -> i32 {
        match self {
            Values::I8(v) => v[index].into(),
            Values::I16(v) => v[index].into(),
            Values::I32(v) => v[index],
            floats => unreachable!("whole numbers are read, of {}", floats.dtype()),
        }
    }

    /// Overwrites element `index` of an integer dtype; the checked program never stores what does not fit.
    ///
    /// # Panics
    ///
    /// On floats, and if the value does not fit.
    pub fn set(&mut self, index: usize, value: i32) {
        match self {
            Values::I8(v) => {
                v[index] = i8::try_from(value).expect("only requantised values reach an i8 tensor")
            }
            Values::I16(v) => {
                v[index] = i16::try_from(value).expect("only values of 16 bits reach an i16 tensor")
            }
            Values::I32(v) => v[index] = value,
            floats => unreachable!("whole numbers are stored, to {}", floats.dtype()),
        }
    }

    /// Element `index` of a float dtype, the same number.
    ///
    /// # Panics
    ///
    /// On whole numbers, which f32 cannot all hold: [`Values::cast`] rounds them.
    pub fn get_f32(&self, index: usize) -> f32 {
        match self {
            Values::Fp8(v) => v[index].to_f32(),
            Values::Bf16(v) => v[index].to_f32(),
            Values::F32(v) => v[index],
            whole => unreachable!("floats are read, of {}", whole.dtype()),
        }
    }

    /// Overwrites element `index` of a float dtype by a result: NaN by the one of it, whose sign differs from processor to
    /// processor; what is beyond fp8's range by [`Fp8::from_f32`] keeps its own.
    ///
    /// # Panics
    ///
    /// On whole numbers.
    pub fn set_f32(&mut self, index: usize, value: f32) {
        match self {
            Values::Fp8(v) => v[index] = Fp8::from_f32(canonical(value)),
            Values::Bf16(v) => v[index] = Bf16::from_f32(value),
            Values::F32(v) => v[index] = canonical(value),
            whole => unreachable!("floats are stored, to {}", whole.dtype()),
        }
    }

    /// Overwrites element `index` of any dtype by its bits, as many as it has. Every NaN becomes the one of f32 or bf16; fp8 keeps
    /// the sign of its own, which tells to which side a number was beyond its range.
    pub fn set_bits(&mut self, index: usize, bits: u32) {
        match self {
            Values::I8(v) => v[index] = bits as i8,
            Values::I16(v) => v[index] = bits as i16,
            Values::I32(v) => v[index] = bits as i32,
            Values::Fp8(v) => v[index] = Fp8(bits as u8),
            Values::Bf16(_) => self.set_f32(index, Bf16(bits as u16).to_f32()),
            Values::F32(_) => self.set_f32(index, f32::from_bits(bits)),
        }
    }

    /// Some of the elements.
    ///
    /// # Panics
    ///
    /// If there are not as many.
    pub fn part(&self, range: std::ops::Range<usize>) -> Values {
        match self {
            Values::I8(v) => Values::I8(v[range].to_vec()),
            Values::I16(v) => Values::I16(v[range].to_vec()),
            Values::I32(v) => Values::I32(v[range].to_vec()),
            Values::Fp8(v) => Values::Fp8(v[range].to_vec()),
            Values::Bf16(v) => Values::Bf16(v[range].to_vec()),
            Values::F32(v) => Values::F32(v[range].to_vec()),
        }
    }

    /// FNV-1a hash of [`Values::le_bytes`], as sixteen hexadecimal digits: tells results apart.
    pub fn checksum(&self) -> String {
        format!("{:016x}", self.le_bytes().fold(FNV_OFFSET, fnv1a))
    }

    /// The elements' bits, little-endian.
    pub fn le_bytes(&self) -> impl Iterator<Item = u8> + '_ {
        let bytes = self.dtype().bytes();
        (0..self.len()).flat_map(move |i| self.bits(i).to_le_bytes().into_iter().take(bytes))
    }

    /// The first element, if any, whose bits are not those of another list of the same dtype.
    pub fn first_difference(&self, other: &Values) -> Option<usize> {
        (0..self.len().min(other.len())).find(|at| self.bits(*at) != other.bits(*at))
    }

    /// Bits of element `index`; those above its own are its sign's or zeros.
    pub fn bits(&self, index: usize) -> u32 {
        match self {
            Values::Fp8(v) => v[index].0.into(),
            Values::Bf16(v) => v[index].0.into(),
            Values::F32(v) => v[index].to_bits(),
            whole => whole.get(index) as u32,
        }
    }

    /// All elements of an integer dtype, widened; panics on floats, as [`Values::get`] does.
    pub fn iter(&self) -> impl Iterator<Item = i32> + '_ {
        (0..self.len()).map(|i| self.get(i))
    }

    /// All elements of any dtype: f64 holds each of them exactly.
    pub fn numbers(&self) -> impl Iterator<Item = f64> + '_ {
        (0..self.len()).map(|index| self.number(index))
    }

    /// One of [`Values::numbers`].
    pub fn number(&self, index: usize) -> f64 {
        if self.dtype().is_float() { self.get_f32(index).into() } else { self.get(index).into() }
    }
}

impl PartialEq for Values {
    fn eq(&self, other: &Values) -> bool {
        match (self, other) {
            (Values::I8(a), Values::I8(b)) => a == b,
            (Values::I16(a), Values::I16(b)) => a == b,
            (Values::I32(a), Values::I32(b)) => a == b,
            (Values::Fp8(a), Values::Fp8(b)) => a == b,
            (Values::Bf16(a), Values::Bf16(b)) => a == b,
            (Values::F32(a), Values::F32(b)) => {
                a.iter().map(|x| x.to_bits()).eq(b.iter().map(|x| x.to_bits()))
            }
            _ => false,
        }
    }
}

impl Eq for Values {}

/// A tensor's type and values; their lengths agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array {
    /// Dtype and shape.
    pub ty: Type,
    /// As many as the shape says.
    pub values: Values,
}

/// Values for a tensor that loads none, made from its name alone: the same everywhere. i8 and i16 from -9 to 9, i32 from
/// -99 to 99: small enough to read in a cell, and to add up in one's head. Floats are multiples of 1/8 from -1 to 1, which
/// each float dtype holds exactly: a tensor has the same numbers in all three.
pub fn seeded(name: &str, ty: Type) -> Array {
    let mut state = name.bytes().fold(FNV_OFFSET, fnv1a);
    let len = ty.shape.count();
    let mut whole = |most| small(&mut state, most);
    let mut eighths = || whole(8) as f32 / 8.0;
    let values = match ty.dtype {
        DType::I8 => Values::I8((0..len).map(|_| whole(9) as i8).collect()),
        DType::I16 => Values::I16((0..len).map(|_| whole(9) as i16).collect()),
        DType::I32 => Values::I32((0..len).map(|_| whole(99)).collect()),
        DType::Fp8 => Values::Fp8((0..len).map(|_| Fp8::from_f32(eighths())).collect()),
        DType::Bf16 => Values::Bf16((0..len).map(|_| Bf16::from_f32(eighths())).collect()),
        DType::F32 => Values::F32((0..len).map(|_| eighths()).collect()),
    };
    Array { ty, values }
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

/// One step of the FNV-1a hash.
fn fnv1a(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
}

/// Next number from -most to most, by splitmix64.
fn small(state: &mut u64, most: i32) -> i32 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) % (2 * most as u64 + 1)) as i32 - most
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::Shape;

    const EIGHT_BY_SEVEN: [usize; 2] = [8, 7];

    fn of(name: &str, dtype: DType) -> Values {
        seeded(name, Type { dtype, shape: Shape::from(EIGHT_BY_SEVEN.to_vec()) }).values
    }

    #[test]
    fn seeded_values_depend_on_the_name_alone_and_stay_small() {
        let ty = Type { dtype: DType::I8, shape: Shape::from(vec![32, 32]) };
        let a = seeded("a", ty.clone());
        assert_eq!(a, seeded("a", ty.clone()));
        assert_ne!(a, seeded("b", ty));
        assert_eq!(a.values.iter().min(), Some(-9));
        assert_eq!(a.values.iter().max(), Some(9));
    }

    #[test]
    fn seeded_values_are_the_same_in_dtypes_that_hold_them() {
        let numbers = |dtype| of("a", dtype).numbers().collect::<Vec<f64>>();
        assert_eq!(numbers(DType::I16), numbers(DType::I8));
        assert_eq!(numbers(DType::Fp8), numbers(DType::F32));
        assert_eq!(numbers(DType::Bf16), numbers(DType::F32));
        assert!(numbers(DType::F32).iter().all(|x| x.abs() <= 1.0 && (x * 8.0).fract() == 0.0));
        assert!(numbers(DType::F32).contains(&1.0) && numbers(DType::F32).contains(&-0.875));
    }

    #[test]
    fn every_dtype_is_read_as_it_was_stored() {
        for dtype in DType::ALL {
            let mut values = Values::zeros(dtype, 3);
            assert_eq!((values.dtype(), values.len(), values.numbers().sum::<f64>()), (dtype, 3, 0.0));
            let zeros = values.clone();
            if dtype.is_float() {
                values.set_f32(1, -1.5);
                assert_eq!(values.get_f32(1), -1.5);
            } else {
                values.set(1, -15);
                assert_eq!(values.get(1), -15);
            }
            assert_ne!(values, zeros);
            assert_ne!(values.checksum(), zeros.checksum());
            assert_eq!(values.le_bytes().count(), 3 * dtype.bytes());
        }
    }

    #[test]
    fn floats_are_compared_by_their_bits() {
        let values = |x: f32| Values::F32(vec![x]);
        assert_eq!(values(f32::NAN), values(f32::NAN));
        assert_ne!(values(0.0), values(-0.0));
        assert_ne!(values(0.0).checksum(), values(-0.0).checksum());
        assert_ne!(Values::I32(vec![0]), values(0.0));
        let mut stored = values(0.0);
        stored.set_f32(0, f32::from_bits(0xff80_0001));
        assert_eq!(stored.le_bytes().collect::<Vec<u8>>(), [0, 0, 0xc0, 0x7f]);
        let mut narrow = Values::Fp8(vec![Fp8(0); 2]);
        narrow.set_f32(0, -f32::NAN);
        narrow.set_f32(1, f32::NEG_INFINITY);
        assert_eq!(narrow, Values::Fp8(vec![Fp8(0x7f), Fp8(0xff)]));
    }
}
