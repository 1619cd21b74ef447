//! Inputs and weights, and types as they are written.

use std::rc::Rc;

use super::names::{Origin, shorten};
use super::{Builder, Value};
use crate::base::{Edit, Span};
use crate::graph::ir::{Given, Source, Tensor, TensorId};
use crate::lang::{Declaration, Name, SparseExpr, Storage, TypeExpr};
use crate::num::{Array, DType, Shape, Sparsity, Type};

/// Greatest magnitude of whole numbers that are made from a name: [`crate::num::seeded`].
const SEEDED: i64 = 99;

impl<'a> Builder<'a> {
    pub(super) fn declare(&mut self, declaration: &'a Declaration) {
        let tensor = self.ty(&declaration.ty).and_then(|ty| {
            let sparsity = match &declaration.sparse {
                Some(sparse) => Some(self.sparsity(sparse, &ty)?),
                None => None,
            };
            self.declared(declaration, ty, sparsity)
        });
        self.bind(&declaration.name, tensor.map_or(Value::Wrong, Value::Tensor), Origin::Declared);
    }

    fn declared(
        &mut self,
        declaration: &Declaration,
        ty: Type,
        sparsity: Option<Sparsity>,
    ) -> Option<TensorId> {
        let array = match &declaration.load {
            Some(path) if self.loader.has_values() => {
                let array = self.load(path, &ty, declaration.ty.span)?;
                if let (Some(sparsity), Some(sparse)) = (sparsity, &declaration.sparse) {
                    self.is_pruned(path, &array, sparsity, sparse.span)?;
                }
                Some(Rc::new(array))
            }
            _ => None,
        };
        let range = match (declaration.storage, ty.dtype, &array) {
            // May change from run to run within its type.
            (Storage::Input, DType::I8 | DType::I16, _) => ty.dtype.range().unwrap_or_default(),
            (_, dtype, _) if dtype.is_float() => (0, 0),
            (_, DType::I8 | DType::I16, None) => (-9, 9),
            (_, _, None) => (-SEEDED, SEEDED),
            (_, _, Some(array)) => array
                .values
                .iter()
                .fold((i64::MAX, i64::MIN), |(low, high), x| (low.min(x.into()), high.max(x.into()))),
        };
        let given = Given { path: declaration.load.as_ref().map(|name| name.text.clone()), array, sparsity };
        let source = match declaration.storage {
            Storage::Input => Source::Input(given),
            Storage::Weight => Source::Weight(given),
        };
        let span = declaration.name.span;
        let name = self.named_here(span);
        let within = self.repeats.last().copied();
        let tensor = self.push(Tensor { name, ty, source, within, span }, range);
        self.named[tensor.index()] = true;
        Some(tensor)
    }

    /// What a file holds, if it is of the type: within repeats of that of all iterations.
    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn load(&mut self, path: &Name, ty: &Type, ty_span: Span) -> Option<Array> {
        let counts = self.repeats.iter().map(|repeat| self.graph.repeats[*repeat].count);
        let shape = Shape(counts.chain(ty.shape.0.iter().copied()).collect());
        let wanted = Type { dtype: ty.dtype, shape };
        match self.loader.load(&path.text) {
            Err(error) => {
                self.diagnostics.error(path.span, error.message, error.hint);
                None
            }
            Ok(array) if array.ty != wanted => {
                let message = format!("`{}` holds {}, but {wanted} is declared", path.text, array.ty);
                let hint = if !self.repeats.is_empty() {
                    format!("every iteration has weights of its own: save them as {wanted}")
                } else if array.ty.shape.0.is_empty() {
                    "it is a single number: save it with an axis, as in `np.save(path, x.reshape(1))`"
                        .to_owned()
                } else if array.ty.dtype == ty.dtype || array.ty.shape == ty.shape {
                    format!("declare it as {}, or load another file", array.ty)
                } else {
                    format!("declare it as {}: dtype and shape both differ", array.ty)
                };
                self.diagnostics.error(ty_span, message, hint);
                None
            }
            Ok(array) => Some(array),
        }
    }

    /// How a tensor of a type is pruned.
    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn sparsity(&mut self, sparse: &SparseExpr, ty: &Type) -> Option<Sparsity> {
        let [kept, of] = [sparse.kept, sparse.of].map(|side| self.whole(side, "a count of rows"));
        let (kept, of) = (kept?, of?);
        let sides = [kept, of].map(|side| usize::try_from(side).unwrap_or(0));
        let Some(sparsity) = Sparsity::new(sides[0], sides[1]) else {
            let message = format!("a tensor cannot be pruned {kept}:{of}");
            let hint = format!("some of 2 to {} rows stay, not all: as in `sparse[2:4]`", Sparsity::MOST);
            self.diagnostics.error(sparse.span, message, hint);
            return None;
        };
        if ty.shape.0.len() < 2 {
            let message = format!("rows are pruned, but {ty} has none");
            self.diagnostics.error(
                sparse.span,
                message,
                "rows are the last axis but one: declare two axes or more",
            );
            return None;
        }
        Some(sparsity)
    }

    /// Refuses a file with an element that should have been pruned.
    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn is_pruned(&mut self, path: &Name, array: &Array, sparsity: Sparsity, span: Span) -> Option<()> {
        let Some(place) = sparsity.broken_by(&array.values, &array.ty.shape) else { return Some(()) };
        let (mut rest, mut index) = (place, vec![0; array.ty.shape.0.len()]);
        for (at, extent) in index.iter_mut().zip(&array.ty.shape.0).rev() {
            (*at, rest) = (rest % extent, rest / extent);
        }
        let (message, hint) = (
            format!(
                "`{}` is not pruned {sparsity}: its element {index:?} is one too many that is not 0",
                path.text
            ),
            format!(
                "of every {} rows a column keeps {}: prune the file, or leave out `sparse`",
                sparsity.of(),
                sparsity.kept()
            ),
        );
        self.diagnostics.error(span, message, hint);
        None
    }

    pub(super) fn ty(&mut self, ty: &TypeExpr) -> Option<Type> {
        let dtype = self.dtype(&ty.dtype);
        let extents: Vec<_> = ty.dims.iter().map(|dim| (dim.value, self.ast.exprs[dim.value].span)).collect();
        let extents: Option<Vec<(i64, Span)>> =
            extents.into_iter().map(|(value, span)| Some((self.whole(value, "an extent")?, span))).collect();
        let shape = extents.and_then(|extents| self.shape(&extents, ty.span));
        Some(Type { dtype: dtype?, shape: shape? })
    }

    pub(super) fn dtype(&mut self, name: &Name) -> Option<DType> {
        let dtype = DType::ALL.into_iter().find(|dtype| dtype.name() == name.text);
        if dtype.is_none() {
            let meant = dtype_meant(&name.text);
            let hint = match meant {
                Some(dtype) => format!("write `{dtype}`"),
                None => "there are `i8`, `i16`, `i32`, `fp8`, `bf16` and `f32`".into(),
            };
            let edit = meant.map(|dtype| Edit::replace(name.span, dtype));
            let message = format!("there is no dtype `{}`", shorten(&name.text));
            self.diagnostics.error_with(name.span, message, hint, edit);
        }
        dtype
    }

    /// A shape from its extents and their places.
    pub(super) fn shape(&mut self, extents: &[(i64, Span)], span: Span) -> Option<Shape> {
        self.few_axes(extents.len(), span)?;
        let mut shape = Shape::default();
        for (extent, span) in extents {
            if *extent < 1 {
                let message = format!("an extent of {extent}");
                self.diagnostics.error(*span, message, "every extent is at least 1");
                return None;
            }
            shape.0.push(usize::try_from(*extent).unwrap_or(usize::MAX));
            if !self.fits(&shape) {
                self.too_large(*span);
                return None;
            }
        }
        Some(shape)
    }

    /// Refuses more axes than a tensor can have.
    pub(super) fn few_axes(&mut self, axes: usize, span: Span) -> Option<()> {
        if axes <= Shape::MOST_AXES {
            return Some(());
        }
        let hint = format!("at most {} are possible: fold some into one", Shape::MOST_AXES);
        self.diagnostics.error(span, format!("a tensor of {axes} axes"), hint);
        None
    }

    pub(super) fn fits(&self, shape: &Shape) -> bool {
        // Places along an axis are counted in 31 bits, so that they are the same on every platform.
        shape.0.iter().all(|extent| *extent < 1 << 31) && shape.elements() <= Shape::MOST_ELEMENTS
    }

    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    pub(super) fn too_large(&mut self, span: Span) {
        let message = format!("a tensor of more than {} elements", Shape::MOST_ELEMENTS);
        self.diagnostics.error(span, message, "make an extent smaller");
    }
}

/// The dtype that a name from elsewhere stands for, or the nearest there is.
pub(super) fn dtype_meant(name: &str) -> Option<&'static str> {
    Some(match name {
        "int8" | "I8" | "u8" | "uint8" => "i8",
        "int16" | "I16" | "short" => "i16",
        "int32" | "I32" | "int" | "u32" | "long" | "int64" | "i64" => "i32",
        "bfloat16" | "BF16" | "f16" | "float16" | "half" | "fp16" => "bf16",
        "float32" | "F32" | "float" | "fp32" | "f64" | "float64" | "double" => "f32",
        "f8" | "float8" | "float8_e4m3fn" | "fp8_e4m3" | "fp8_e4m3fn" | "e4m3" => "fp8",
        _ => return None,
    })
}
