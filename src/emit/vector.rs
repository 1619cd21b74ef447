//! Vector work on its own: on a whole tensor where tensors stay, else on blocks of rows, all on the first core.

use super::build::{Builder, Index, Matrix, before_layer, wait};
use super::product::plain;
use crate::isa::{Unit, VectorSource, VectorStep, Wait, Work};
use crate::schedule::{Elementwise, Layer, PlannedId, added};

const CORE: u32 = 0;

/// Emits a layer without a product.
pub(super) fn emit(builder: &mut Builder, layer: &Layer, x: PlannedId, block_rows: usize) {
    let rows = builder.plan.tensors[x].rows;
    let mut inputs: Vec<Input> = Vec::new();
    for id in [x].into_iter().chain(added(layer)) {
        let input = Input::new(builder, id, rows, block_rows);
        inputs.push(input);
    }
    let result = &builder.plan.tensors[layer.result];
    let width = result.elements() / rows;
    let place = builder.result(layer.result, CORE, 2 * block_rows * width);
    let leaves = (!builder.stays() || builder.plan.leaves(layer.result)).then(|| builder.dram(layer.result));
    // One element of each row is a row of one column.
    let by_row = |matrix: Matrix| Matrix { row_stride: width, col_stride: 1, ..matrix };
    let work = Blocks { layer, inputs, place: by_row(place), leaves: leaves.map(by_row), width };
    builder.repeat(rows / block_rows, |builder, depth| {
        work.block(builder, Index::default().along(depth, block_rows), block_rows);
    });
    if !rows.is_multiple_of(block_rows) {
        work.block(builder, Index::at(rows / block_rows * block_rows), rows % block_rows);
    }
}

struct Blocks<'a> {
    layer: &'a Layer,
    /// What the work starts from, then what is added.
    inputs: Vec<Input>,
    place: Matrix,
    leaves: Option<Matrix>,
    /// Elements of the result for each row.
    width: usize,
}

struct Input {
    place: Matrix,
    /// In DRAM, if blocks of it are copied.
    from: Option<Matrix>,
    waits: Vec<Wait>,
    cols: usize,
    every_row: bool,
}

impl Input {
    fn new(builder: &mut Builder, id: PlannedId, rows: usize, block_rows: usize) -> Input {
        let tensor = &builder.plan.tensors[id];
        let (cols, every_row) = (tensor.cols, tensor.rows == 1 && rows > 1);
        if builder.stays() || every_row {
            let (place, waits) = builder.operand(id, CORE);
            return Input { place, from: None, waits, cols, every_row };
        }
        let from = builder.dram(id);
        let place = builder.unified(id, CORE, 2 * block_rows * cols);
        Input { place, from: Some(from), waits: builder.until_in_dram(id, CORE), cols, every_row }
    }
}

impl Blocks<'_> {
    fn block(&self, builder: &mut Builder, row: Index, rows: usize) {
        let core = CORE as usize;
        // Blocks take the place of those before the last.
        let free = wait(builder.events.left[core], 1);
        let mut waits = Vec::new();
        for input in &self.inputs {
            let Some(from) = &input.from else {
                waits.extend(&input.waits);
                continue;
            };
            let window = |matrix: &Matrix| matrix.window(row, Index::default(), rows, input.cols);
            let copy_waits = input.waits.iter().copied().chain([free]).collect();
            builder.copy_in(
                CORE,
                [window(from), window(&input.place)],
                copy_waits,
                builder.events.operand[core],
            );
            waits.push(wait(builder.events.operand[core], 0));
        }
        if !builder.stays() {
            waits.push(free);
        }
        let operand = |input: &Input| {
            let first = if input.every_row { Index::default() } else { row };
            let mut window = input.place.window(first, Index::default(), rows, input.cols);
            if input.every_row {
                window.row_stride = 0;
            }
            window
        };
        let mut others = self.inputs.iter().skip(1);
        let step = |step: &Elementwise| match step {
            Elementwise::Add(_) => {
                VectorStep::Add(operand(others.next().expect("as many as steps that add")))
            }
            other => plain(other),
        };
        let steps = self.layer.steps.iter().map(step).collect();
        let target = self.place.window(row, Index::default(), rows, self.width);
        let source = VectorSource::Buffer(operand(&self.inputs[0]));
        waits.push(before_layer(builder.events.worked[core]));
        let signals = vec![builder.events.worked[core]];
        builder.push(Unit::Vector(CORE), Work::Vector { source, steps, target }, waits, signals);
        if let Some(dram) = &self.leaves {
            builder.copy_out(CORE, [target, dram.window(row, Index::default(), rows, self.width)]);
        }
    }
}
