//! The reference answer: each operator as its definition says, on whole tensors, with no tile or cycle in sight. Of the machine
//! it knows the order in which an array adds up products, [`SumOrder`], by what is pruned [`Skipping`], and nothing else.
//!
//! Whole numbers are exact. Floats are widened to f32, every operation there is rounded once, and the result once more to its
//! dtype; sums along axes run in ascending order, row-major. What only moves elements leaves their bits as they are.
//!
//! With [`Evaluation::with_exact`] every float has an f64 beside it, which is made from the same declared values by the same
//! formulas and is rounded to no dtype on its way: what the floats' error is measured against. Where elements are chosen by
//! comparing them (`argmax`, `topk`), and where floats become whole numbers, both follow the floats.

mod line;
mod product;
mod store;
mod view;
mod work;

use store::Store;
use work::{Place, Work};

use super::ir::{Graph, Op, OpKind, RepeatId, TensorId};
use crate::num::{Skipping, SumOrder, Values};

/// An evaluation under way. It advances in small steps, so that a caller can show progress and stop.
#[derive(Debug)]
pub struct Evaluation {
    store: Store,
    orders: Orders,
    /// By operator: what it costs; nothing if no output needs it.
    efforts: Vec<u64>,
    /// By repeat: the weights of its own body.
    weights: Vec<Vec<TensorId>>,
    /// By repeat: the first operator that is done in its body.
    begins: Vec<usize>,
    /// By repeat: the iteration that it is in, or was last.
    iterations: Vec<usize>,
    /// Repeats whose bodies are being done, outermost first.
    open: Vec<RepeatId>,
    /// The operator to go on with.
    at: usize,
    /// What is left of it.
    under_way: Option<(Work, usize)>,
    effort: u64,
    /// What is done beside each step. By name only where it is asked for, so that a module without it has none of its code.
    beside: Option<fn(&mut Work, &mut Place, usize)>,
}

/// In which products are added up.
#[derive(Clone, Copy, Debug)]
struct Orders {
    of_all: SumOrder,
    skipping: Option<Skipping>,
}

/// How far a tensor's floats are off.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Deviation {
    /// Greatest difference of an element from its f64; infinite where one of them is no number or infinite and the other is
    /// something else.
    pub absolute: f64,
    /// Greatest difference of an element over the magnitude of its f64, of those whose f64 is not 0.
    pub relative: f64,
}

impl Evaluation {
    /// Begins with the declared tensors, of a graph that keeps the rules and is not [`Graph::too_large`]. Products are added up
    /// in an order whose block is at least 1.
    pub fn new(graph: &Graph, order: SumOrder) -> Evaluation {
        Evaluation::of(graph, order, Store::new(graph), None)
    }

    /// With f64 beside all floats: about three times the work, and eight bytes more for each.
    pub fn with_exact(graph: &Graph, order: SumOrder) -> Evaluation {
        Evaluation::of(graph, order, Store::with_exact(graph), Some(Work::exact_step))
    }

    /// As a chip does it that skips weights which are pruned so.
    pub fn skipping(mut self, by: Option<Skipping>) -> Evaluation {
        self.orders.skipping = by;
        self
    }

    fn of(
        graph: &Graph,
        order: SumOrder,
        store: Store,
        beside: Option<fn(&mut Work, &mut Place, usize)>,
    ) -> Evaluation {
        let mut efforts = vec![0; graph.ops.len()];
        graph.needed().for_each(|op| efforts[op.index()] = graph.evaluation_effort(op));
        Evaluation {
            store,
            orders: Orders { of_all: order, skipping: None },
            begins: begins(graph),
            weights: graph.repeats.ids().map(|repeat| graph.weights_of(repeat).collect()).collect(),
            efforts,
            iterations: vec![0; graph.repeats.len()],
            open: Vec::new(),
            at: 0,
            under_way: None,
            effort: 0,
            beside,
        }
    }

    /// Values of a tensor whose operator has been evaluated; within repeats those of the last iteration.
    pub fn values(&self, tensor: TensorId) -> &Values {
        &self.store.values[tensor.index()]
    }

    /// The same in f64, of floats, if that was asked for.
    pub fn exact(&self, tensor: TensorId) -> Option<&[f64]> {
        Some(&self.store.exact[tensor.index()][..]).filter(|exact| !exact.is_empty())
    }

    /// How far [`Evaluation::values`] are from [`Evaluation::exact`].
    pub fn deviation(&self, tensor: TensorId) -> Option<Deviation> {
        let mut most = Deviation::default();
        for (x, exact) in self.values(tensor).numbers().zip(self.exact(tensor)?) {
            let same = x == *exact || x.is_nan() && exact.is_nan();
            let off = match (x - exact).abs() {
                _ if same => 0.0,
                off if off.is_nan() => f64::INFINITY,
                off => off,
            };
            most.absolute = most.absolute.max(off);
            if *exact != 0.0 && off > 0.0 {
                let relative = off / exact.abs();
                most.relative = most.relative.max(if relative.is_nan() { f64::INFINITY } else { relative });
            }
        }
        Some(most)
    }

    /// Work done so far, as [`Graph::all_effort`] measures it.
    pub fn effort(&self) -> u64 {
        self.effort
    }

    /// Works until about `budget` of effort is spent; true when nothing is left.
    pub fn advance(&mut self, graph: &Graph, budget: u64) -> bool {
        let stop = self.effort.saturating_add(budget);
        loop {
            let Some(id) = graph.ops.ids().nth(self.at) else { return true };
            let op = &graph.ops[id];
            let effort = self.efforts[self.at];
            if effort == 0 {
                self.at += 1;
                continue;
            }
            if self.effort >= stop {
                return false;
            }
            if self.under_way.is_none() {
                self.enter(graph);
            }
            let (mut work, mut step) =
                self.under_way.take().unwrap_or_else(|| (Work::new(graph, op, &self.iterations), 0));
            let each = effort / work.steps as u64;
            while step < work.steps && self.effort < stop {
                let mut place = Place { graph, op, store: &mut self.store, orders: self.orders };
                work.step(&mut place, step);
                if let Some(beside) = self.beside {
                    beside(&mut work, &mut place, step);
                }
                step += 1;
                self.effort += if step < work.steps { each } else { effort - each * (step as u64 - 1) };
            }
            if step < work.steps {
                self.under_way = Some((work, step));
                return false;
            }
            match op.kind {
                OpKind::Repeat(repeat) => self.end_iteration(graph, op, repeat),
                _ => self.at += 1,
            }
        }
    }

    /// Enters the repeats whose bodies begin here, outermost first.
    fn enter(&mut self, graph: &Graph) {
        for (id, repeat) in graph.repeats.iter() {
            if self.begins[id.index()] == self.at && !self.open.contains(&id) {
                self.open.push(id);
                self.iterations[id.index()] = 0;
                for carried in &repeat.carried {
                    self.store.copy_all(carried.begin, carried.now, 0);
                }
                self.declare(graph, id);
            }
        }
    }

    /// Gives the weights of a body their values in this iteration.
    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn declare(&mut self, graph: &Graph, repeat: RepeatId) {
        let mut iteration = 0u64;
        for open in &self.open {
            iteration = iteration * graph.repeats[*open].count as u64 + self.iterations[open.index()] as u64;
        }
        for weight in &self.weights[repeat.index()] {
            if let Some(array) = graph.declared(*weight, iteration) {
                self.store.declare(*weight, array);
            }
        }
    }

    /// Collects what an iteration leaves, and goes on with the next one or behind the last.
    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn end_iteration(&mut self, graph: &Graph, op: &Op, id: RepeatId) {
        let (repeat, iteration) = (&graph.repeats[id], self.iterations[id.index()]);
        let (ends, collections) = op.results.split_at(repeat.carried.len());
        for (each, all) in repeat.collected.iter().zip(collections) {
            let len = self.values(*each).len();
            self.store.copy_all(*each, *all, iteration * len);
        }
        if iteration + 1 < repeat.count {
            self.iterations[id.index()] += 1;
            // All are read before one is written: what goes on may be what was carried here as another.
            let next: Vec<_> = repeat.carried.iter().map(|carried| self.store.all(carried.next)).collect();
            for (carried, next) in repeat.carried.iter().zip(next) {
                self.store.put(carried.now, next);
            }
            self.at = self.begins[id.index()];
            self.declare(graph, id);
        } else {
            for (carried, end) in repeat.carried.iter().zip(ends) {
                self.store.copy_all(carried.next, *end, 0);
            }
            self.open.pop();
            self.at += 1;
        }
    }
}

/// By repeat: the first operator that is done in its body; of one without any its own.
fn begins(graph: &Graph) -> Vec<usize> {
    let mut begins = vec![usize::MAX; graph.repeats.len()];
    for id in graph.needed() {
        let op = &graph.ops[id];
        let mut within = match op.kind {
            OpKind::Repeat(repeat) => Some(repeat),
            _ => op.within,
        };
        while let Some(repeat) = within {
            begins[repeat.index()] = begins[repeat.index()].min(id.index());
            within = graph.repeats[repeat].within;
        }
    }
    begins
}
