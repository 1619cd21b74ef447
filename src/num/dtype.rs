//! Element types and shapes.

use std::fmt;

use smallvec::SmallVec;

/// Type of a tensor's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DType {
    /// Signed 8-bit integer: operands of a product.
    I8,
    /// Signed 16-bit integer: operands of a product, at a lower rate.
    I16,
    /// Signed 32-bit integer: sums, biases, indices.
    I32,
    /// 8-bit float, E4M3FN: operands of a product.
    Fp8,
    /// 16-bit float with 8 bits of exponent: operands of a product.
    Bf16,
    /// 32-bit float: sums, and operands of a product.
    F32,
}

impl DType {
    /// Every dtype.
    pub const ALL: [DType; 6] = [DType::I8, DType::I16, DType::I32, DType::Fp8, DType::Bf16, DType::F32];

    /// As written in a program.
    pub fn name(self) -> &'static str {
        match self {
            DType::I8 => "i8",
            DType::I16 => "i16",
            DType::I32 => "i32",
            DType::Fp8 => "fp8",
            DType::Bf16 => "bf16",
            DType::F32 => "f32",
        }
    }

    /// Bytes of one element.
    pub fn bytes(self) -> usize {
        match self {
            DType::I8 | DType::Fp8 => 1,
            DType::I16 | DType::Bf16 => 2,
            DType::I32 | DType::F32 => 4,
        }
    }
}

impl DType {
    /// What sums of products of it are held in.
    pub fn sums(self) -> DType {
        if self.is_float() { DType::F32 } else { DType::I32 }
    }

    /// Whether its elements are floats.
    pub fn is_float(self) -> bool {
        self.range().is_none()
    }

    /// Least and greatest value of an integer dtype.
    pub fn range(self) -> Option<(i64, i64)> {
        match self {
            DType::I8 => Some((i8::MIN.into(), i8::MAX.into())),
            DType::I16 => Some((i16::MIN.into(), i16::MAX.into())),
            DType::I32 => Some((i32::MIN.into(), i32::MAX.into())),
            DType::Fp8 | DType::Bf16 | DType::F32 => None,
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Extents of a tensor, outermost first, each at least 1; of a single number there are none.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Shape(pub Extents);

/// Numbers by axis: up to four of them lie in place.
pub type Extents = SmallVec<[usize; 4]>;

impl Clone for Shape {
    fn clone(&self) -> Shape {
        // What is derived goes element by element.
        Shape(Extents::from_slice(&self.0))
    }
}

impl From<Vec<usize>> for Shape {
    fn from(extents: Vec<usize>) -> Shape {
        Shape(extents.into())
    }
}

impl Shape {
    /// Number of elements; at most [`Shape::MOST_ELEMENTS`] in a checked program.
    pub fn elements(&self) -> u64 {
        self.0.iter().fold(1, |all, extent| all.saturating_mul(*extent as u64))
    }

    /// Number of elements of a tensor whose values are held.
    ///
    /// # Panics
    ///
    /// If no memory could hold them: what is run is at most [`Shape::MOST_VALUES`].
    pub fn count(&self) -> usize {
        usize::try_from(self.elements()).expect("values are held of small tensors only")
    }

    /// Rows and columns when stored as a matrix: all axes but the last are rows; a vector is one row. More rows than this machine
    /// counts are `usize::MAX`: no plan takes so many.
    pub fn as_matrix(&self) -> (usize, usize) {
        match self.0.split_last() {
            None => (1, 1),
            Some((cols, rows)) => (rows.iter().fold(1, |all: usize, rows| all.saturating_mul(*rows)), *cols),
        }
    }

    /// Most axes of a tensor.
    pub const MOST_AXES: usize = 8;
    /// Greatest number of elements of one tensor.
    pub const MOST_ELEMENTS: u64 = 1 << 40;
    /// Greatest number of elements of one tensor whose values are held.
    pub const MOST_VALUES: usize = 1 << 24;
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dims: Vec<String> = self.0.iter().map(usize::to_string).collect();
        write!(f, "[{}]", dims.join(", "))
    }
}

/// A dtype and a shape, printed as in a program: `i8[8, 64]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Type {
    /// Of each element.
    pub dtype: DType,
    /// How many there are.
    pub shape: Shape,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.dtype, self.shape)
    }
}
