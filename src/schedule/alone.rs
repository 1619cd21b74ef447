//! One product of a plan by itself, and cut otherwise: what a mapper tries.

use litemap::LiteMap;

use super::{Layer, LayerKind, Place, Plan, Planned, PlannedId, Shared, TooMuch, tiling};
use crate::base::{Arena, Span};
use crate::chip::Chip;
use crate::graph::Choices;

impl Plan {
    /// A layer's product by itself, its operands in DRAM when the run begins and its result there when it ends; nothing of other
    /// layers. Those that are alike give equal plans: names, places and repeats are left out.
    pub fn alone(&self, layer: &Layer) -> Option<Plan> {
        let mut tensors = Arena::default();
        let mut known = LiteMap::<PlannedId, PlannedId>::new();
        let mut own = |id: PlannedId, declared: bool| {
            *known.entry(id).or_insert_with(|| {
                let Planned { dtype, rows, cols, .. } = self.tensors[id];
                let (name, place) = (String::new(), Place::default());
                let output = !declared;
                tensors.push(Planned {
                    name,
                    dtype,
                    rows,
                    cols,
                    times: 1,
                    declared,
                    output,
                    graph: None,
                    place,
                })
            })
        };
        let kind = match layer.kind {
            LayerKind::Product { a, b, tiling } => {
                LayerKind::Product { a: own(a, true), b: own(b, true), tiling }
            }
            LayerKind::Convolution(mut convolution) => {
                convolution.image.x = own(convolution.image.x, true);
                convolution.w = own(convolution.w, true);
                LayerKind::Convolution(convolution)
            }
            _ => return None,
        };
        let steps = layer.steps.iter().map(|step| step.map(|id| own(*id, true))).collect();
        let result = own(layer.result, false);
        let (choices, copies, pruned) = (layer.choices.clone(), layer.copies, layer.pruned);
        let (ops, repeats, span) = (Vec::new(), Vec::new(), Span::default());
        let layers = vec![Layer { ops, kind, pruned, steps, result, copies, choices, span, repeats }];
        let Plan { split, tile_rows, sharing, streams_from, blocks, ahead, .. } = *self;
        let mut places = LiteMap::new();
        // Together they fit, as they are there at the same time; where they lie is of other layers.
        let mut address = 0;
        let staying = known.iter().filter(|(id, _)| self.stays(**id)).map(|(_, own)| *own);
        // In the order of the new tensors, so that it does not matter which of the old ones came first.
        for own in tensors.ids().filter(|id| staying.clone().any(|own| own == *id)) {
            places.insert(own, Shared { address, taken_over: false });
            address += tensors[own].bytes();
        }
        Some(Plan {
            tensors,
            layers,
            folded: Vec::new(),
            kept: LiteMap::new(),
            split,
            tile_rows,
            places,
            streams_from,
            sharing,
            blocks,
            ahead,
        })
    }

    /// Cuts a layer's product as it is chosen. The plan stays as it is if that cannot be.
    pub fn choose(&mut self, at: usize, choices: Choices, chip: &Chip) -> Result<(), TooMuch> {
        let (before, chip) = (self.layers[at].clone(), &self.lent(chip));
        self.layers[at].choices = Some(Box::new(choices));
        let cut = tiling::cut(self, at, chip).and_then(|kind| {
            self.layers[at].kind = kind;
            tiling::check_counts(self, chip)
        });
        if cut.is_err() {
            self.layers[at] = before;
        }
        cut
    }
}
