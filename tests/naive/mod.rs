//! Operators by their definitions, an element at a time: every index is a list, nothing is fast, nothing is shared with what is
//! tested but the arithmetic of single lines.

use systole::num::{Array, Bf16, DType, Fp8, Shape, Type, Values, canonical};

/// A tensor. f64 holds the numbers of every dtype.
#[derive(Clone, Debug)]
pub struct Nd {
    pub dtype: DType,
    pub shape: Vec<usize>,
    pub items: Vec<f64>,
}

/// Every index of a shape, row-major.
pub fn each(shape: &[usize]) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for extent in shape {
        all = all.iter().flat_map(|front| (0..*extent).map(|at| [&front[..], &[at]].concat())).collect();
    }
    all
}

/// An f32 as a dtype has it; a negative NaN is what fp8 has of a negative number that is too large for it.
pub fn rounded(dtype: DType, x: f32) -> f64 {
    match dtype {
        DType::Fp8 if Fp8::from_f32(canonical(x)) == Fp8(0xff) => -f64::NAN,
        DType::Fp8 => Fp8::from_f32(x).into(),
        DType::Bf16 => Bf16::from_f32(x).into(),
        _ => canonical(x).into(),
    }
}

impl Nd {
    /// Of the element at each index.
    pub fn from(dtype: DType, shape: &[usize], item: impl Fn(&[usize]) -> f64) -> Nd {
        Nd { dtype, shape: shape.to_vec(), items: each(shape).iter().map(|index| item(index)).collect() }
    }

    /// Of floats that are still to be rounded.
    pub fn of_floats(dtype: DType, shape: &[usize], item: impl Fn(&[usize]) -> f32) -> Nd {
        Nd::from(dtype, shape, |index| rounded(dtype, item(index)))
    }

    pub fn at(&self, index: &[usize]) -> f64 {
        assert_eq!(index.len(), self.shape.len());
        let place = index.iter().zip(&self.shape).fold(0, |place, (at, extent)| {
            assert!(at < extent);
            place * extent + at
        });
        self.items[place]
    }

    pub fn float(&self, index: &[usize]) -> f32 {
        self.at(index) as f32
    }

    pub fn array(&self) -> Array {
        let ty = Type { dtype: self.dtype, shape: Shape::from(self.shape.clone()) };
        let mut values = Values::zeros(self.dtype, self.items.len());
        for (at, x) in self.items.iter().enumerate() {
            match &mut values {
                Values::Fp8(codes) if x.is_nan() && x.is_sign_negative() => codes[at] = Fp8(0xff),
                floats if self.dtype.is_float() => floats.set_f32(at, *x as f32),
                whole => whole.set(at, *x as i32),
            }
        }
        Array { ty, values }
    }

    /// As in a declaration.
    pub fn ty(&self) -> String {
        format!("{}{:?}", self.dtype, self.shape)
    }
}

/// Random numbers, by splitmix64.
#[derive(Clone, Debug)]
pub struct Draw {
    state: u64,
    /// Whether floats are small whole numbers.
    plain: bool,
}

impl Draw {
    pub fn new(seed: u64) -> Draw {
        Draw { state: seed, plain: seed.is_multiple_of(3) }
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end as u64) as usize
    }

    pub fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    pub fn shape(&mut self, axes: usize, most: usize) -> Vec<usize> {
        (0..axes).map(|_| 1 + self.below(most)).collect()
    }

    pub fn order(&mut self, axes: usize) -> Vec<usize> {
        let mut left: Vec<usize> = (0..axes).collect();
        (0..axes).map(|_| left.remove(self.below(left.len()))).collect()
    }

    /// Floats of like size, whose sums depend on their order, and now and then a special one; or small whole numbers, of which
    /// they do not. Whole numbers of all sizes.
    pub fn tensor(&mut self, dtype: DType, shape: &[usize]) -> Nd {
        let len = shape.iter().product();
        let small = self.plain && dtype.is_float();
        let special = [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, -0.0, 0.0, 1e30, -1e-30];
        let items = (0..len).map(|_| match dtype.range() {
            Some((least, most)) => {
                // Of i32 so few that no sum leaves 32 bits.
                let (least, most) = (least.max(-1 << 16), most.min(1 << 16));
                (least + self.below((most - least + 1) as usize) as i64) as f64
            }
            None if small => self.below(7) as f64 - 3.0,
            None if self.below(60) == 0 => rounded(dtype, self.one_of(&special)),
            None => rounded(dtype, (self.below(1 << 20) as f32 / (1 << 19) as f32 - 1.0) * 3.0),
        });
        Nd { dtype, shape: shape.to_vec(), items: items.collect() }
    }
}

/// Of a product's operands.
pub fn product_dtype(left: DType) -> DType {
    match left {
        DType::I8 | DType::I16 => DType::I32,
        DType::Fp8 => DType::F32,
        other => other,
    }
}

/// A sum of products, of floats in blocks.
fn dot(terms: &[(f64, f64)], dtype: DType, block: usize) -> f64 {
    if !dtype.is_float() {
        return terms.iter().map(|(a, b)| a * b).sum();
    }
    let mut all = 0f32;
    for terms in terms.chunks(block) {
        let mut sum = 0f32;
        for (a, b) in terms {
            sum += *a as f32 * *b as f32;
        }
        all += sum;
    }
    rounded(dtype, all)
}

/// As `einsum("left,right->out")` has it; summed in the order in which the left one has its labels.
pub fn einsum(labels: [&str; 3], a: &Nd, b: &Nd, block: usize) -> Nd {
    let [left, right, out] = labels;
    let extent = |label: char| match left.find(label) {
        Some(at) => a.shape[at],
        None => b.shape[right.find(label).unwrap()],
    };
    let summed: String = left.chars().filter(|label| !out.contains(*label)).collect();
    let extents = |labels: &str| labels.chars().map(extent).collect::<Vec<usize>>();
    let dtype = product_dtype(a.dtype);
    Nd::from(dtype, &extents(out), |index| {
        let terms = each(&extents(&summed)).into_iter().map(|k| {
            let place =
                |label: char| out.find(label).map_or_else(|| k[summed.find(label).unwrap()], |at| index[at]);
            let of = |labels: &str| labels.chars().map(place).collect::<Vec<usize>>();
            (a.at(&of(left)), b.at(&of(right)))
        });
        dot(&terms.collect::<Vec<_>>(), dtype, block)
    })
}

/// Where a window goes: stride, padding above, below, left and right, dilation.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    pub stride: [usize; 2],
    pub padding: [usize; 4],
    pub dilation: [usize; 2],
}

impl Way {
    /// Extents of the result, if the window fits.
    pub fn places(&self, size: [usize; 2], image: [usize; 2]) -> Option<[usize; 2]> {
        let side = |side: usize| {
            let room = image[side] + self.padding[2 * side] + self.padding[2 * side + 1];
            let reach = (size[side] - 1) * self.dilation[side] + 1;
            Some(room.checked_sub(reach)? / self.stride[side] + 1)
        };
        Some([side(0)?, side(1)?])
    }

    /// The row and column of a window's element, if they are not padding.
    fn inside(&self, place: &[usize], at: &[usize], image: &[usize]) -> Option<[usize; 2]> {
        let side = |side: usize| {
            let padded = place[side] * self.stride[side] + at[side] * self.dilation[side];
            padded.checked_sub(self.padding[2 * side]).filter(|inside| *inside < image[side])
        };
        Some([side(0)?, side(1)?])
    }
}

/// Padding is zeros, multiplied like others.
pub fn conv2d(x: &Nd, w: &Nd, way: Way, groups: usize, block: usize) -> Nd {
    let [kh, kw, each_in, f] = w.shape[..] else { panic!() };
    let [oh, ow] = way.places([kh, kw], [x.shape[1], x.shape[2]]).unwrap();
    let dtype = product_dtype(x.dtype);
    Nd::from(dtype, &[x.shape[0], oh, ow, f], |index| {
        let group = index[3] / (f / groups);
        let terms = each(&[kh, kw, each_in]).into_iter().map(|k| {
            let pixel = way.inside(&index[1..3], &k, &x.shape[1..3]);
            let a = pixel.map_or(0.0, |[row, col]| x.at(&[index[0], row, col, group * each_in + k[2]]));
            (a, w.at(&[k[0], k[1], k[2], index[3]]))
        });
        dot(&terms.collect::<Vec<_>>(), dtype, block)
    })
}

/// What `of` makes of the elements of each window; padding is none.
pub fn pool(x: &Nd, size: [usize; 2], way: Way, of: impl Fn(&[Option<f32>]) -> f32) -> Nd {
    let [oh, ow] = way.places(size, [x.shape[1], x.shape[2]]).unwrap();
    let item = |index: &[usize]| {
        let window = each(&size).into_iter().map(|at| {
            let [row, col] = way.inside(&index[1..3], &at, &x.shape[1..3])?;
            Some(x.float(&[index[0], row, col, index[3]]))
        });
        of(&window.collect::<Vec<_>>())
    };
    Nd::of_floats(x.dtype, &[x.shape[0], oh, ow, x.shape[3]], item)
}

/// The shape of two tensors element by element, and each one's index in it.
pub fn broadcast(a: &[usize], b: &[usize]) -> Vec<usize> {
    let axes = a.len().max(b.len());
    let extent =
        |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(axes).map_or(1, |at| shape[at]);
    (0..axes).map(|axis| extent(a, axis).max(extent(b, axis))).collect()
}

/// An index of a result as that of an operand which is repeated.
pub fn repeated(index: &[usize], shape: &[usize]) -> Vec<usize> {
    let own = &index[index.len() - shape.len()..];
    own.iter().zip(shape).map(|(at, extent)| if *extent == 1 { 0 } else { *at }).collect()
}

/// The elements along some axes at an index of the others, row-major: `index` has all axes, those along are overwritten.
pub fn along(x: &Nd, axes: &[usize], index: &[usize]) -> Vec<f32> {
    let extents: Vec<usize> = axes.iter().map(|axis| x.shape[*axis]).collect();
    let at = |inner: Vec<usize>| {
        let mut place = index.to_vec();
        axes.iter().zip(inner).for_each(|(axis, at)| place[*axis] = at);
        x.float(&place)
    };
    each(&extents).into_iter().map(at).collect()
}
