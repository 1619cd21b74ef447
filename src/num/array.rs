//! Values in row-major order.

use super::{DType, Type};

/// The elements of a tensor, row-major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Values {
    /// 8-bit elements.
    I8(Vec<i8>),
    /// 32-bit elements.
    I32(Vec<i32>),
}

impl Values {
    /// `len` zeros.
    pub fn zeros(dtype: DType, len: usize) -> Values {
        match dtype {
            DType::I8 => Values::I8(vec![0; len]),
            DType::I32 => Values::I32(vec![0; len]),
            other => unreachable!("{other} is none of DType::VALUED"),
        }
    }

    /// Type of the elements.
    pub fn dtype(&self) -> DType {
        match self {
            Values::I8(_) => DType::I8,
            Values::I32(_) => DType::I32,
        }
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            Values::I8(v) => v.len(),
            Values::I32(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Element `index`.
    pub fn get(&self, index: usize) -> i32 {
        match self {
            Values::I8(v) => v[index].into(),
            Values::I32(v) => v[index],
        }
    }

    /// Overwrites element `index`; the checked program never stores what does not fit.
    pub fn set(&mut self, index: usize, value: i32) {
        match self {
            Values::I8(v) => {
                v[index] = i8::try_from(value).expect("only requantised values reach an i8 tensor")
            }
            Values::I32(v) => v[index] = value,
        }
    }

    /// FNV-1a hash of the elements' little-endian bytes, as sixteen hexadecimal digits: tells results apart.
    pub fn checksum(&self) -> String {
        let bytes = self.iter().flat_map(|x| x.to_le_bytes().into_iter().take(self.dtype().bytes()));
        format!("{:016x}", bytes.fold(FNV_OFFSET, fnv1a))
    }

    /// All elements, widened.
    pub fn iter(&self) -> impl Iterator<Item = i32> + '_ {
        (0..self.len()).map(|i| self.get(i))
    }
}

/// A tensor's type and values; their lengths agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array {
    /// Dtype and shape.
    pub ty: Type,
    /// As many as the shape says.
    pub values: Values,
}

/// Values for a tensor that loads none, made from its name alone: the same everywhere. i8 from -9 to 9, i32 from -99
/// to 99: small enough to read in a cell, and to add up in one's head.
pub fn seeded(name: &str, ty: Type) -> Array {
    let mut state = name.bytes().fold(FNV_OFFSET, fnv1a);
    let len = ty.shape.elements();
    let values = match ty.dtype {
        DType::I8 => Values::I8((0..len).map(|_| small(&mut state, 9) as i8).collect()),
        DType::I32 => Values::I32((0..len).map(|_| small(&mut state, 99)).collect()),
        other => unreachable!("{other} is none of DType::VALUED"),
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

    #[test]
    fn seeded_values_depend_on_the_name_alone_and_stay_small() {
        let ty = Type { dtype: DType::I8, shape: Shape(vec![32, 32]) };
        let a = seeded("a", ty.clone());
        assert_eq!(a, seeded("a", ty.clone()));
        assert_ne!(a, seeded("b", ty));
        assert_eq!(a.values.iter().min(), Some(-9));
        assert_eq!(a.values.iter().max(), Some(9));
    }
}
