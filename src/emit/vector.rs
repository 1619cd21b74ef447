//! Vector work on its own: on a whole tensor where tensors stay, else on blocks of rows, all on the first core.

use super::build::{Builder, Index, Matrix, Repeats, wait};
use crate::isa::{Unit, VectorSource, Wait, Work};
use crate::schedule::{Layer, PlannedId, operands};

const CORE: u32 = 0;

/// Emits a layer without a product.
pub(super) fn emit(builder: &mut Builder, layer: &Layer, x: PlannedId, block_rows: usize) {
    let [rows, cols] = builder.plan.worked_on(x, layer);
    let mut inputs: Vec<Input> = Vec::new();
    for id in [x].into_iter().chain(operands(layer)) {
        let input = Input::new(builder, id, [rows, cols], block_rows);
        inputs.push(input);
    }
    let result = &builder.plan.tensors[layer.result];
    let width = (result.elements() / rows as u64) as usize;
    let place = builder.result(layer.result, CORE, builder.plan.blocks * block_rows * width);
    let leaves = (!builder.plan.stays(layer.result) || builder.plan.leaves(layer.result))
        .then(|| builder.dram(layer.result));
    // One element of each row is a row of one column.
    let by_row = |matrix: Matrix| Matrix { row_stride: width as u64, col_stride: 1, ..matrix };
    let work = Blocks { layer, inputs, place: by_row(place), leaves: leaves.map(by_row), cols, width };
    builder.repeat(rows / block_rows, |builder, depth| {
        work.block(builder, Index::default().along(depth, block_rows), block_rows);
    });
    if !rows.is_multiple_of(block_rows) {
        work.block(builder, Index::at(rows / block_rows * block_rows), rows % block_rows);
    }
}

struct Blocks<'a> {
    layer: &'a Layer,
    /// What the work starts from, then what its steps read.
    inputs: Vec<Input>,
    place: Matrix,
    leaves: Option<Matrix>,
    /// Elements of each row that is worked on.
    cols: usize,
    /// Elements of the result for each row.
    width: usize,
}

struct Input {
    place: Matrix,
    /// In DRAM, if blocks of it are copied.
    from: Option<Matrix>,
    waits: Vec<Wait>,
    repeats: Repeats,
}

impl Input {
    fn new(builder: &mut Builder, id: PlannedId, worked_on: [usize; 2], block_rows: usize) -> Input {
        let repeats = builder.repeats(id, worked_on);
        if builder.plan.stays(id) || repeats.row {
            let (place, waits) = builder.operand(id, CORE);
            return Input { place, from: None, waits, repeats };
        }
        let from = builder.dram(id);
        let cols = builder.plan.tensors[id].cols;
        let place = builder.unified(id, CORE, builder.plan.blocks * block_rows * cols);
        Input { place, from: Some(from), waits: builder.until_in_dram(id, CORE), repeats }
    }
}

impl Blocks<'_> {
    fn block(&self, builder: &mut Builder, row: Index, rows: usize) {
        let core = CORE as usize;
        // Blocks take the place of those before the last.
        let free = builder.freed(CORE, builder.plan.blocks - 1);
        let mut waits = builder.until_free(self.layer.result, CORE);
        for input in &self.inputs {
            let Some(from) = &input.from else {
                waits.extend(&input.waits);
                continue;
            };
            let window =
                |matrix: &Matrix| input.repeats.once(matrix, [row, Index::default()], [rows, self.cols]);
            let copy_waits = input.waits.iter().copied().chain([free]).collect();
            builder.copy_in(
                CORE,
                [window(from), window(&input.place)],
                copy_waits,
                builder.events.operand[core],
            );
            waits.push(wait(builder.events.operand[core], 0));
        }
        if !builder.plan.stays(self.layer.result) {
            waits.push(wait(builder.events.left[core], builder.plan.blocks - 1));
        }
        let mut windows = self
            .inputs
            .iter()
            .map(|input| input.repeats.window(&input.place, [row, Index::default()], [rows, self.cols]));
        let mut next = || windows.next().expect("as many as the steps read, and one");
        let source = VectorSource::Buffer(next());
        let steps = self.layer.steps.iter().map(|step| step.map(|_| next())).collect();
        let target = self.place.window(row, Index::default(), rows, self.width);
        waits.push(builder.before_layer(builder.events.worked[core]));
        let signals = builder.worked(CORE);
        builder.push(Unit::Vector(CORE), Work::Vector { source, steps, target }, waits, signals);
        if let Some(dram) = &self.leaves {
            builder.copy_out(CORE, [target, dram.window(row, Index::default(), rows, self.width)]);
        }
    }
}
