//! A plan for people: its tensors, and its layers with what each does to what.

use std::fmt;

use super::convolution::Image;
use super::{
    Ahead, Convolution, Layer, LayerKind, Plan, Planned, PlannedId, Pool, TileOrder, Tiling, VectorStep,
};
use crate::graph::Window;
use crate::num::{Operand, OperationKind, Side};

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.places.len() {
            0 => f.write_str("tensors lie in DRAM between layers\n")?,
            1 => writeln!(f, "1 tensor stays in the unified buffer, in {} bytes", self.streams_from)?,
            stay => writeln!(f, "{stay} tensors stay in the unified buffer, in {} bytes", self.streams_from)?,
        }
        let (cores, units) = (self.split.cores, self.split.units);
        writeln!(f, "products run on {units} of the matrix units, {cores} of the cores")?;
        let when = match self.ahead {
            Ahead::Never => "when the layer before is done",
            Ahead::OneLayer => "a layer ahead where there is room",
        };
        writeln!(
            f,
            "what passes through has {} places of each kind; what no layer leaves comes {when}",
            self.blocks
        )?;
        for (id, tensor) in self.tensors.iter() {
            self.tensor(id, tensor, f)?;
        }
        self.layers.iter().try_for_each(|layer| self.layer(layer, f))
    }
}

impl Plan {
    fn tensor(&self, id: PlannedId, tensor: &Planned, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Planned { name, dtype, times, place, .. } = tensor;
        // A tensor in each row of memory for several.
        let [rows, cols] = match times {
            1 => [tensor.rows as u64, tensor.cols as u64],
            _ => [*times, tensor.elements() / times],
        };
        write!(f, "t{} : {dtype}[{rows}, {cols}]", id.index())?;
        if let Some(within) = place.within {
            write!(f, " from element {} of t{}", place.first, within.index())?;
            let steps = place.steps.iter().enumerate().filter(|(_, step)| **step != 0);
            for (depth, step) in steps {
                let way = if *step < 0 { "back" } else { "further" };
                write!(f, ", {} {way} with repeat {depth}", step.unsigned_abs())?;
            }
        }
        if let Some(place) = self.places.get(&id) {
            write!(f, " at byte {} of the unified buffer", place.address)?;
        }
        for (is, word) in [(tensor.declared, "declared"), (tensor.output, "output")] {
            if is {
                write!(f, " {word}")?;
            }
        }
        writeln!(f, "  # {name:?}")
    }

    fn layer(&self, layer: &Layer, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\n")?;
        for around in &layer.repeats {
            write!(f, "{} times ", around.count)?;
        }
        write!(f, "t{} = ", layer.result.index())?;
        match &layer.kind {
            LayerKind::Product { a, b, tiling, .. } => {
                let [m, k, n] = self.extents(layer).unwrap_or_default();
                write!(f, "product t{} t{}: {m} x {k} x {n}", a.index(), b.index())?;
                if layer.copies > 1 {
                    write!(f, ", {} copies", layer.copies)?;
                }
                let (dataflow, [m, k, n]) = (tiling.dataflow.name(), [tiling.m, tiling.k, tiling.n]);
                write!(f, ", {dataflow} in tiles of {m} x {n}, {k} of k at a time{}", order(tiling))?;
                writeln!(f, "{}", packed(tiling))?;
            }
            LayerKind::Convolution(Convolution { image, w, groups, tiling, bands }) => {
                write!(f, "convolution {} by t{}", windows(image), w.index())?;
                let (dataflow, [m, k, n]) = (tiling.dataflow.name(), [tiling.m, tiling.k, tiling.n]);
                write!(f, ", {groups} groups, {dataflow} in tiles of {m} x {n}, {k} of k at a time")?;
                write!(f, "{}{}", order(tiling), packed(tiling))?;
                writeln!(f, ", {} images and {} rows of places at a time", bands.images, bands.rows)?;
            }
            LayerKind::Pool(Pool { image, bands }) => {
                write!(f, "pool {}", windows(image))?;
                writeln!(f, ", {} images and {} rows of places at a time", bands.images, bands.rows)?;
            }
            LayerKind::Vector { x, block_rows } => {
                writeln!(f, "vector t{}, {block_rows} rows at a time", x.index())?;
            }
            LayerKind::Move(work) => {
                f.write_str("move\n")?;
                for part in &work.parts {
                    let [rows, cols] = part.block;
                    write!(f, "  t{} in blocks of {rows} x {cols}", part.from.index())?;
                    for axis in &part.loops {
                        write!(f, ", {} times {} to {}", axis.extent, axis.from, axis.to)?;
                    }
                    if let Some((places, of)) = part.chosen {
                        write!(f, ", rows of {of} by t{}", places.index())?;
                    }
                    f.write_str("\n")?;
                }
            }
        }
        layer.steps.iter().try_for_each(|step| print_step(step, f))
    }
}

fn order(tiling: &Tiling) -> &'static str {
    match tiling.order {
        TileOrder::Rows => "",
        TileOrder::Columns => ", columns outermost",
    }
}

fn packed(tiling: &Tiling) -> String {
    tiling.packed.map_or_else(String::new, |sparsity| format!(", packed {sparsity}"))
}

fn windows(image: &Image) -> String {
    let Image { x, extents, places, window: Window { size, stride, padding, dilation } } = image;
    format!(
        "t{} {extents:?} at {places:?} places, size={size:?} stride={stride:?} padding={padding:?} dilation={dilation:?}",
        x.index()
    )
}

fn print_step(step: &VectorStep, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "  | {}", name(step.kind))?;
    for operand in &step.operands {
        match operand {
            Operand::Elements(id) => write!(f, " t{}", id.index())?,
            Operand::Number(number) => write!(f, " {number}")?,
        }
    }
    writeln!(f, "{} to {}", numbers_of(step.kind), step.to)
}

/// What is written behind a step's operands.
pub(super) fn numbers_of(kind: OperationKind) -> String {
    match kind {
        OperationKind::Combine(_, Side::Right) => " reversed".to_owned(),
        OperationKind::Requant(by) => format!(" scale={} shift={} zero={}", by.scale, by.shift, by.zero),
        OperationKind::TopK(k) | OperationKind::TopKPlaces(k) => format!(" k={k}"),
        _ => String::new(),
    }
}

/// A step as the language calls it.
pub(super) fn name(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::Map(kind) => kind.name(),
        OperationKind::Combine(kind, _) => kind.name(),
        OperationKind::Reduce(kind) => kind.name(),
        OperationKind::Requant(_) => "requant",
        OperationKind::Cast => "cast",
        OperationKind::ArgMax => "argmax",
        OperationKind::TopK(_) => "topk",
        OperationKind::TopKPlaces(_) => "topk places",
        OperationKind::Softmax => "softmax",
        OperationKind::LayerNorm { .. } => "layernorm",
        OperationKind::RmsNorm { .. } => "rmsnorm",
        OperationKind::Causal { .. } => "causal",
    }
}
