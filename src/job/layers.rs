//! A topology's layers through the whole machine, timed without values.
//!
//! A convolution is the product of its windows by its filters: the windows lie in DRAM as a matrix of M = oh x ow rows by
//! K = kh x kw x c columns, as if copied out of the input map (im2col), so that a pixel crosses the bus as often as windows
//! hold it. A depthwise layer (`DP`) is a loop over its channels. Operands and results are i8, as SCALE-Sim's words are
//! bytes; sums are cast on their way out. Layers follow each other; the tiling is [`crate::schedule`]'s.

use super::{Arrange, Refused, Timed, as_planned, time_products_arranged};
use crate::chip::Chip;
use crate::import::scalesim::{Layer, Topology};
use crate::num::DType;
use crate::schedule::Product;

/// Runs every layer in turn.
pub fn time_topology(topology: &Topology, chip: &Chip) -> Result<Timed, Refused> {
    time_topology_arranged(topology, chip, &mut as_planned)
}

/// The same, its plan arranged otherwise.
pub fn time_topology_arranged(
    topology: &Topology,
    chip: &Chip,
    arrange: &mut Arrange,
) -> Result<Timed, Refused> {
    let products: Vec<Product> = topology.layers.iter().map(product).collect();
    time_products_arranged(&products, chip, arrange)
}

fn product(layer: &Layer) -> Product {
    let size = |size: u64| usize::try_from(size).expect("sizes of a topology are below 2^32");
    Product {
        name: layer.name.clone(),
        span: layer.span,
        copies: size(layer.copies),
        extents: [layer.m, layer.k, layer.n].map(size),
        dtypes: [DType::I8; 3],
    }
}
