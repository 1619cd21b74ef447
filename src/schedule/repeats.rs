//! Bodies of repeats as loops of the program.
//!
//! Memory of a body's tensor has room for those of all its iterations, one after the other: a tensor is a view of it that moves
//! with the loops. What is carried has one place more: iteration `i` reads the `i`th and leaves the next one, so that nothing is
//! copied from one iteration to the next where an operator leaves it there by itself. What is collected is the memory of
//! all iterations as it lies. On the chip, two iterations' places are held at a time.

use super::moves::Part;
use super::{Place, Planned, PlannedId, Planner};
use crate::base::Bytes;
use crate::graph::{Graph, Index, OpId, OpKind, RepeatId, Source, TensorId};

/// Repeats within each other, at most, as many as a text has braces within each other: a layer has up to four loops of its own in a program of `isa::MOST_DEPTH`.
pub const MOST_REPEATS: usize = 8;

/// How many elements a place moves with each iteration of the repeats around it, outermost first.
pub type Steps = [i64; MOST_REPEATS];

/// A repeat around a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Around {
    /// Which.
    pub repeat: RepeatId,
    /// How often its body is done.
    pub count: usize,
}

/// A repeat and those around it, outermost first.
pub fn path(graph: &Graph, within: Option<RepeatId>) -> Vec<Around> {
    let up = std::iter::successors(within, |repeat| graph.repeats[*repeat].within);
    let mut path: Vec<Around> =
        up.map(|repeat| Around { repeat, count: graph.repeats[repeat].count }).collect();
    path.reverse();
    path
}

/// Where so many places of `elements` each lie, as many by depth as `counts` say: how far they are apart, and how many
/// elements there are in all.
fn spread(counts: &[usize], elements: u64) -> (Steps, u64) {
    let (mut steps, mut all) = (Steps::default(), elements);
    for (depth, count) in counts.iter().enumerate().rev() {
        steps[depth] = all as i64;
        all *= *count as u64;
    }
    (steps, all)
}

/// By tensor: whether it is read by its only reader, and that one is this repeat as it begins.
fn begins_alone(uses: &[Vec<Option<OpId>>], tensor: TensorId, repeat: OpId) -> bool {
    uses[tensor.index()][..] == [Some(repeat)]
}

impl Planner<'_> {
    /// What is worked on now is within these repeats.
    pub(super) fn around(&self) -> Vec<Around> {
        self.open.clone()
    }

    /// The first of several places for a tensor, as many by depth as `counts` say, of which two are held at a time.
    fn memory(&mut self, like: Planned, counts: &[usize]) -> Place {
        let (elements, declared) = (like.elements(), like.declared);
        let (steps, all) = spread(counts, elements);
        let memory = self.tensors.push(Planned { times: all / elements, graph: None, ..like });
        if !declared && all > 2 * elements {
            self.kept.insert(memory, 2 * elements);
        }
        Place { within: Some(memory), first: 0, steps }
    }

    /// A tensor of the body that is open, with a place for each iteration.
    pub(super) fn for_iterations(&mut self, planned: Planned) -> PlannedId {
        if self.open.is_empty() {
            return self.tensors.push(planned);
        }
        let counts: Vec<usize> = self.open.iter().map(|around| around.count).collect();
        let place = self.memory(planned.clone(), &counts);
        self.tensors.push(Planned { place, ..planned })
    }

    /// A tensor of a body, in memory of its own.
    pub(super) fn of_body(&mut self, id: TensorId) -> PlannedId {
        let counts: Vec<usize> =
            path(self.graph, self.graph.tensors[id].within).iter().map(|around| around.count).collect();
        let place = self.memory(self.planned(id), &counts);
        self.view(id, place)
    }

    /// A tensor at a place in another one's memory.
    fn view(&mut self, id: TensorId, place: Place) -> PlannedId {
        let planned = self.planned(id);
        self.tensors.push(Planned { place, ..planned })
    }

    /// Gives everything that is carried its memory, before any operator is planned: what can leave its result there does.
    pub(super) fn carry(&mut self, uses: &[Vec<Option<OpId>>], live: &[bool]) {
        let graph = self.graph;
        for op in graph.ops.ids().filter(|op| live[op.index()]) {
            let OpKind::Repeat(id) = graph.ops[op].kind else { continue };
            let around = path(graph, Some(id));
            let mut counts: Vec<usize> = around.iter().map(|around| around.count).collect();
            let depth = counts.len() - 1;
            counts[depth] += 1;
            for carried in &graph.repeats[id].carried {
                let place = self.memory(self.planned(carried.now), &counts);
                let next = Place { first: place.steps[depth] as u64, ..place };
                let begin = place.outside(depth, 0);
                self.ids[carried.now.index()] = Some(self.view(carried.now, place));
                if self.leaves_itself(carried.next, Some(id)) {
                    self.ids[carried.next.index()] = Some(self.view(carried.next, next));
                }
                if begins_alone(uses, carried.begin, op)
                    && self.leaves_itself(carried.begin, graph.repeats[id].within)
                {
                    self.ids[carried.begin.index()] = Some(self.view(carried.begin, begin));
                }
            }
        }
    }

    /// Whether a tensor is the result of an operator of this body that runs and can leave it anywhere, and has no place yet.
    fn leaves_itself(&self, id: TensorId, within: Option<RepeatId>) -> bool {
        let Source::Op(op, _) = self.graph.tensors[id].source else { return false };
        let op = &self.graph.ops[op];
        op.within == within
            && !matches!(op.kind, OpKind::Repeat(_))
            && !self.draft.folded[id.index()]
            && self.ids[id.index()].is_none()
    }

    /// Goes on within a repeat: those that are not entered yet begin.
    pub(super) fn enter(&mut self, within: Option<RepeatId>) {
        let path = path(self.graph, within);
        for around in &path[self.open.len()..] {
            let repeat = &self.graph.repeats[around.repeat];
            for carried in &repeat.carried {
                let depth = self.open.len();
                let now = self.tensor(carried.now);
                let place = self.tensors[now].place.outside(depth, 0);
                self.brought_to(carried.begin, carried.now, place);
            }
            self.open.push(*around);
        }
    }

    /// Ends the innermost repeat: what it leaves for the next iteration, and behind the last one.
    pub(super) fn end(&mut self, op: OpId, id: RepeatId) {
        let (graph, depth) = (self.graph, self.open.len() - 1);
        let repeat = &graph.repeats[id];
        let (ends, collections) = graph.ops[op].results.split_at(repeat.carried.len());
        let mut left = Vec::new();
        for (carried, end) in repeat.carried.iter().zip(ends) {
            let now = self.tensor(carried.now);
            let place = self.tensors[now].place;
            let step = place.steps[depth] as u64;
            self.brought_to(carried.next, carried.now, Place { first: place.first + step, ..place });
            left.push((*end, place.outside(depth, repeat.count as u64 * step)));
        }
        for (each, all) in repeat.collected.iter().zip(collections) {
            let planned = self.tensor(*each);
            let (elements, place) = (self.tensors[planned].elements(), self.tensors[planned].place);
            let lies_there = place.within.is_some() && place.steps[depth] == elements as i64;
            let place = match lies_there {
                true => place,
                false => {
                    let counts: Vec<usize> = self.open.iter().map(|around| around.count).collect();
                    // Copies of what is declared outside are not declared.
                    let left = Planned { declared: false, ..self.planned(*each) };
                    let place = self.memory(left, &counts);
                    self.brought_to(*each, *each, place);
                    place
                }
            };
            self.keep(&place, depth, repeat.count as u64 * elements);
            left.push((*all, place.outside(depth, 0)));
        }
        self.open.pop();
        for (result, place) in left {
            self.ids[result.index()] = Some(self.view(result, place));
        }
    }

    /// What is collected is held whole: of the iterations around the repeat at this depth two at a time.
    fn keep(&mut self, place: &Place, depth: usize, elements: u64) {
        let Some(memory) = place.within else { return };
        let Some(kept) = self.kept.get(&memory) else { return };
        let (held, all) = (2 * elements.max(*kept), self.tensors[memory].elements());
        match depth > 0 && held < all {
            true => self.kept.insert(memory, held),
            false => self.kept.remove(&memory),
        };
    }

    /// Sees to it that a tensor lies at a place: it is copied there unless it does.
    fn brought_to(&mut self, id: TensorId, like: TensorId, place: Place) {
        let from = self.tensor(id);
        if self.tensors[from].place == place {
            return;
        }
        let planned = self.planned(like);
        let result = self.tensors.push(Planned { graph: None, declared: false, place, ..planned });
        let whole = Part::whole(from, self.tensors[result].elements());
        self.moves(Vec::new(), vec![whole], result, self.graph.tensors[like].span);
    }

    /// A part of a tensor that begins at places which move with repeats, by axis: their distances are given.
    pub(super) fn moving_part<'i>(
        &mut self,
        of: PlannedId,
        starts: impl Iterator<Item = (&'i Index, u64)>,
    ) -> PlannedId {
        let mut place = self.tensors[of].place;
        for (index, stride) in starts {
            for (repeat, step) in &index.steps {
                let depth = path(self.graph, Some(*repeat)).len() - 1;
                place.steps[depth] += step * stride as i64;
            }
        }
        if place == self.tensors[of].place {
            return of;
        }
        place.within = place.within.or(Some(of));
        let planned = Planned { graph: None, place, ..self.tensors[of].clone() };
        self.tensors.push(planned)
    }
}

impl Place {
    /// As it is seen outside of the repeat at this depth, from `first` elements on.
    fn outside(mut self, depth: usize, first: u64) -> Place {
        self.steps[depth] = 0;
        self.first += first;
        self
    }

    /// Its first element in the last iteration of the repeats around it.
    pub fn last(&self, around: &[Around]) -> u64 {
        let moved = self.steps.iter().zip(around).map(|(step, around)| step * (around.count as i64 - 1));
        self.first.wrapping_add_signed(moved.sum())
    }
}

impl super::Plan {
    /// Bytes of memory that all its tensors take, weights as if none were packed.
    pub fn in_memory(&self) -> Bytes {
        let own = self.tensors.iter().filter(|(_, tensor)| tensor.place.within.is_none());
        own.map(|(id, _)| self.held_bytes(id)).fold(0, Bytes::saturating_add)
    }

    /// Bytes of memory that a tensor takes which lies in its own.
    pub fn held_bytes(&self, id: PlannedId) -> Bytes {
        let tensor = &self.tensors[id];
        let held = self.kept.get(&id).copied().unwrap_or_else(|| tensor.elements());
        held * tensor.dtype.bytes() as Bytes
    }
}
