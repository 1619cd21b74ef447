//! The products of a program that the machine does not run as a whole yet: each timed on its own, without values.
//!
//! | operator | M | K | N | copies |
//! |---|---|---|---|---|
//! | `@`, `einsum` | axes of the left operand and the result | axes that are summed | axes of the right operand and the result | axes of all three |
//! | `conv2d` | n x oh x ow | kh x kw x c / groups | f / groups | groups |
//!
//! Operands lie in DRAM and results go there, a convolution's windows copied out as in [`super::layers`]. The total is as if all
//! followed each other, in every iteration of the repeats around them; what stands between them takes no time.

use litemap::LiteMap;
use serde::Serialize;

use super::report::ChipReport;
use super::{Arrange, Refused, time_products_arranged};
use crate::base::{Cycle, Diagnostic, Lines, Span};
use crate::chip::Chip;
use crate::graph::{Contract, Graph, OpId, OpKind, TensorId};
use crate::num::Shape;
use crate::schedule::{Product, TooMuch};

/// A product of a program.
#[derive(Clone, Debug)]
pub struct Counted {
    /// Which operator it is.
    pub op: OpId,
    /// What is computed once.
    pub product: Product,
    /// How often: iterations of the repeats around it.
    pub times: u64,
}

impl Counted {
    /// Multiply-accumulates of all times together.
    pub fn macs(&self) -> u64 {
        let [m, k, n] = self.product.extents;
        let factors = [self.product.copies, m, k, n].map(|side| side as u64);
        factors.into_iter().fold(self.times, u64::saturating_mul)
    }
}

/// Every product that an output depends on, in the order of the program.
pub fn products(graph: &Graph) -> Vec<Counted> {
    let live = graph.live();
    let counted = |id: OpId| {
        let op = &graph.ops[id];
        let ty = |tensor: TensorId| &graph.tensors[tensor].ty;
        let shape = |operand: usize| &ty(op.operands[operand]).shape;
        let [copies, m, k, n] = match &op.kind {
            OpKind::Contract(contract) => sides_of_contraction(contract, shape(0), shape(1)),
            OpKind::Conv2d { groups, .. } => sides_of_convolution(shape(1), &ty(op.result()).shape, *groups),
            _ => return None,
        };
        let product = Product {
            name: graph.name(op.result()),
            span: op.span,
            copies,
            extents: [m, k, n],
            dtypes: [op.operands[0], op.operands[1], op.result()].map(|tensor| ty(tensor).dtype),
        };
        Some(Counted { op: id, product, times: graph.iterations(op.within) })
    };
    graph.ops.ids().filter(|op| live[op.index()]).filter_map(counted).collect()
}

/// Copies, M, K and N. Extents that no machine has are cut to the greatest number, and refused as too large.
fn sides_of_contraction(contract: &Contract, left: &Shape, right: &Shape) -> [usize; 4] {
    let mut sides = [1usize; 4];
    for (label, extent) in contract.extents(left, right) {
        let [in_left, in_right, in_out] =
            [&contract.left, &contract.right, &contract.out].map(|labels| labels.contains(&label));
        let side = match (in_out, in_left, in_right) {
            (true, true, true) => 0,
            (true, true, false) => 1,
            (false, ..) => 2,
            (true, false, _) => 3,
        };
        sides[side] = sides[side].saturating_mul(extent);
    }
    sides
}

fn sides_of_convolution(filter: &Shape, result: &Shape, groups: usize) -> [usize; 4] {
    let all = |extents: &[usize]| extents.iter().fold(1usize, |all, extent| all.saturating_mul(*extent));
    let filters = result.0.last().copied().unwrap_or(1);
    [groups, all(&result.0[..3]), all(&filter.0[..3]), filters / groups]
}

/// What of a program ran: its products.
#[derive(Clone, Debug)]
pub struct ProductsRun {
    /// What they ran on.
    pub chip: Chip,
    /// What is to be said of the program, which has no errors.
    pub warnings: Vec<Diagnostic>,
    /// What kept the whole program from running.
    pub obstacle: TooMuch,
    /// Those that ran, in the order of the program, with the cycles of each time.
    pub timed: Vec<(Counted, Cycle)>,
    /// Everything else, each operator once.
    pub rest: Vec<NotSimulated>,
}

/// An operator that was not simulated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotSimulated {
    /// As the language calls it.
    pub operator: &'static str,
    /// How often it occurs, iterations of repeats counted.
    pub count: u64,
    /// Where it stands first.
    pub span: Span,
    /// What keeps a product from running by itself.
    pub reason: Option<String>,
}

/// Times every product of a program, its plan arranged otherwise; products of one shape run once.
pub(super) fn run_products(
    graph: &Graph,
    chip: &Chip,
    warnings: Vec<Diagnostic>,
    obstacle: TooMuch,
    arrange: &mut Arrange,
) -> ProductsRun {
    let mut run = ProductsRun { chip: chip.clone(), warnings, obstacle, timed: Vec::new(), rest: Vec::new() };
    let live = graph.live();
    for op in graph.ops.ids().filter(|op| live[op.index()] && graph.macs(*op) == 0) {
        if !matches!(graph.ops[op].kind, OpKind::Repeat(_)) {
            run.leave_out(graph, op, None);
        }
    }
    let mut known = LiteMap::<_, Result<Cycle, String>>::new();
    for counted in products(graph) {
        let Product { copies, extents, dtypes, .. } = counted.product;
        let cycles = known.entry((copies, extents, dtypes)).or_insert_with(|| {
            match time_products_arranged(std::slice::from_ref(&counted.product), chip, arrange) {
                Ok(timed) => Ok(timed.trace.cycles),
                Err(Refused::TooMuch(TooMuch { message, .. })) => Err(message),
                Err(Refused::Halt(halt)) => Err(halt.to_string()),
            }
        });
        match cycles {
            Ok(cycles) => run.timed.push((counted, *cycles)),
            Err(reason) => run.leave_out(graph, counted.op, Some(reason.clone())),
        }
    }
    run
}

impl ProductsRun {
    fn leave_out(&mut self, graph: &Graph, op: OpId, reason: Option<String>) {
        let (operator, span) = (graph.ops[op].kind.name(), graph.ops[op].span);
        let times = graph.iterations(graph.ops[op].within);
        let same = |known: &&mut NotSimulated| known.operator == operator && known.reason == reason;
        match self.rest.iter_mut().find(same) {
            Some(known) => known.count = known.count.saturating_add(times),
            None => self.rest.push(NotSimulated { operator, count: times, span, reason }),
        }
    }

    /// The report; `text` is the program's.
    pub fn report(&self, text: &str) -> ProductsReport {
        let lines = Lines::new(text);
        let line = |span: Span| lines.position(span.start).line;
        let ops: Vec<ProductReport> = self
            .timed
            .iter()
            .map(|(counted, cycles)| {
                let Counted { product, times, .. } = counted;
                let [m, k, n] = product.extents;
                ProductReport {
                    name: product.name.clone(),
                    line: line(product.span),
                    m,
                    k,
                    n,
                    copies: product.copies,
                    times: *times,
                    cycles_each: *cycles,
                    cycles: cycles.saturating_mul(*times),
                    macs: counted.macs(),
                    utilization: self.utilization([(counted, *cycles)].into_iter()),
                }
            })
            .collect();
        let all = |of: fn(&ProductReport) -> u64| ops.iter().map(of).fold(0u64, u64::saturating_add);
        let cycles = all(|op| op.cycles);
        let rest = self.rest.iter().map(|left| NotSimulatedReport {
            operator: left.operator,
            count: left.count,
            line: line(left.span),
            reason: left.reason.clone(),
        });
        ProductsReport {
            version: env!("CARGO_PKG_VERSION"),
            chip: ChipReport::new(&self.chip),
            cycles,
            seconds: self.chip.seconds(cycles.saturating_add(self.handover())),
            macs: all(|op| op.macs),
            utilization: self.utilization(self.timed.iter().map(|(counted, cycles)| (counted, *cycles))),
            matrix_units: self.chip.matrix_units,
            not_simulated: rest.collect(),
            ops,
        }
    }

    /// Cycles in which operands and results are handed over, beside those of the products.
    fn handover(&self) -> Cycle {
        let of = |counted: &Counted| {
            let Product { extents, dtypes, copies, .. } = &counted.product;
            let each = self.chip.handover(*extents, *dtypes);
            each.saturating_mul(*copies as u64).saturating_mul(counted.times)
        };
        self.timed.iter().map(|(counted, _)| of(counted)).fold(0, Cycle::saturating_add)
    }

    /// Cycles that products would take at the peak of their dtypes, over those that they take.
    fn utilization<'a>(&self, products: impl Iterator<Item = (&'a Counted, Cycle)>) -> f64 {
        let pes = (self.chip.pes() * self.chip.matrix_units as u64) as f64;
        let (mut busy, mut all) = (0.0, 0.0);
        for (counted, cycles) in products {
            let [a, b, _] = counted.product.dtypes;
            let rate = self.chip.rate(a, b).map_or(1.0, |rate| rate.as_f64());
            busy += counted.macs() as f64 / rate / pes;
            all += cycles as f64 * counted.times as f64;
        }
        if all == 0.0 { 0.0 } else { busy / all }
    }
}

/// A run of products alone. What it shares with [`super::Report`] has the same name there.
#[derive(Clone, Debug, Serialize)]
pub struct ProductsReport {
    /// Of this crate.
    pub version: &'static str,
    /// What they ran on.
    pub chip: ChipReport,
    /// Of all products, one after the other.
    pub cycles: Cycle,
    /// Cycles at the chip's clock, and one launch.
    pub seconds: f64,
    /// Multiply-accumulates of the products that ran.
    pub macs: u64,
    /// MACs over what the arrays could do in all cycles, for the products' dtypes.
    pub utilization: f64,
    /// Arrays on the chip.
    pub matrix_units: usize,
    /// In the order of the program.
    pub ops: Vec<ProductReport>,
    /// What has no part in the cycles.
    pub not_simulated: Vec<NotSimulatedReport>,
}

/// One product.
#[derive(Clone, Debug, Serialize)]
pub struct ProductReport {
    /// The result's name.
    pub name: String,
    /// Where it is written.
    pub line: u32,
    /// Rows of the result.
    pub m: usize,
    /// What is summed over.
    pub k: usize,
    /// Columns of the result.
    pub n: usize,
    /// Products of this shape at a time, each with its own operands.
    pub copies: usize,
    /// How often they are computed.
    pub times: u64,
    /// Of one time, all copies.
    pub cycles_each: Cycle,
    /// Of all times.
    pub cycles: Cycle,
    /// Of all times.
    pub macs: u64,
    /// As in the total.
    pub utilization: f64,
}

/// An operator that did not run.
#[derive(Clone, Debug, Serialize)]
pub struct NotSimulatedReport {
    /// As the language calls it.
    pub operator: &'static str,
    /// How often it occurs, iterations of repeats counted.
    pub count: u64,
    /// Where it stands first.
    pub line: u32,
    /// What keeps a product from running by itself; the machine has no other operators in such a program yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Diagnostics;
    use crate::import::Files;
    use crate::{graph, lang};

    fn sides(text: &str) -> Vec<[usize; 5]> {
        let mut diagnostics = Diagnostics::default();
        let ast = lang::parse(text).ast;
        let graph = graph::build(text, &ast, &Files::default(), &mut diagnostics).graph;
        assert!(!diagnostics.has_errors());
        let all = products(&graph);
        assert!(all.iter().all(|p| p.macs() == graph.macs(p.op) * p.times));
        let row = |p: &Counted| {
            let [m, k, n] = p.product.extents;
            [p.product.copies, m, k, n, p.times as usize]
        };
        all.iter().map(row).collect()
    }

    #[test]
    fn axes_fall_into_copies_rows_columns_and_depth() {
        let given = "input q : bf16[2, 3, 4, 5]\ninput k : bf16[2, 3, 7, 5]\nweight w : bf16[5, 11]\n";
        let sides = |line: &str| sides(&format!("{given}{line}"));
        assert_eq!(sides("output q @ k.T"), [[6, 4, 5, 7, 1]]);
        assert_eq!(sides("output q @ w"), [[1, 24, 5, 11, 1]]);
        assert_eq!(sides("output einsum(\"abcd,abed->ceb\", q, k)"), [[3, 4, 10, 7, 1]]);
        assert_eq!(sides("x = q @ w\noutput q\n"), [[0; 5]; 0]);
        assert_eq!(
            sides("repeat 13 {\nq = q * 2.0\nw = w @ w.T @ w\n}\noutput w\n"),
            [[1, 5, 11, 5, 13], [1, 5, 5, 11, 13]]
        );
    }

    #[test]
    fn windows_are_rows_and_groups_are_copies() {
        let text = "input x : bf16[2, 9, 8, 6]\nweight w : bf16[3, 3, 2, 12]\n";
        assert_eq!(sides(&format!("{text}output conv2d(x, w, groups=3)")), [[3, 2 * 7 * 6, 18, 4, 1]]);
    }
}
