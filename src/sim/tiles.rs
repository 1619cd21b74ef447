//! Which of its operator's passes a pass is. Nothing is looked for in the run: the loops of the program tell.

use crate::isa::{Node, Program, ProgramOpId, Unit};
use crate::trace::PassRun;

/// A pass among those of its operator on one matrix unit, in one iteration of the repeats around the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Passes before it.
    pub before: u64,
    /// All of them.
    pub all: u64,
}

/// Where a unit's pass stands among the passes of its operator.
pub(super) fn place_of(program: &Program, unit: u32, run: &PassRun) -> Place {
    let op = program.instructions[run.instruction].op;
    let (nodes, depth) = home(program, op);
    let of = Passes { program, op, unit: Unit::Matrix(unit) };
    Place { before: of.before(nodes, depth, run).unwrap_or(0), all: of.all(nodes) }
}

/// The innermost piece of the program, and its depth, that has all of an operator's passes, but for loops that are the operator's
/// own: those go over its tiles.
fn home(program: &Program, op: ProgramOpId) -> (&[Node], usize) {
    let (mut nodes, mut depth) = (&program.body[..], 0);
    loop {
        let mut with = nodes.iter().filter(|node| any(program, **node, &|other| other == op));
        match (with.next(), with.next()) {
            (Some(Node::Repeat(id)), None) if any(program, Node::Repeat(*id), &|other| other != op) => {
                (nodes, depth) = (&program.loops[*id].body, depth + 1);
            }
            _ => return (nodes, depth),
        }
    }
}

/// Whether a piece has an instruction of such an operator.
fn any(program: &Program, node: Node, is: &dyn Fn(ProgramOpId) -> bool) -> bool {
    match node {
        Node::Do(id) => is(program.instructions[id].op),
        Node::Repeat(id) => program.loops[id].body.iter().any(|node| any(program, *node, is)),
    }
}

/// An operator's passes on one unit.
struct Passes<'a> {
    program: &'a Program,
    op: ProgramOpId,
    unit: Unit,
}

impl Passes<'_> {
    fn all(&self, nodes: &[Node]) -> u64 {
        nodes.iter().map(|node| self.of(*node)).fold(0, u64::saturating_add)
    }

    fn of(&self, node: Node) -> u64 {
        match node {
            Node::Do(id) => {
                let instruction = &self.program.instructions[id];
                u64::from(instruction.op == self.op && instruction.unit == self.unit)
            }
            Node::Repeat(id) => {
                let inner = &self.program.loops[id];
                self.all(&inner.body).saturating_mul(inner.count.into())
            }
        }
    }

    /// How many there are before a run in some nodes of a depth; nothing if it is not among them.
    fn before(&self, nodes: &[Node], depth: usize, run: &PassRun) -> Option<u64> {
        let mut places = nodes.iter().enumerate();
        let (place, within) =
            places.find_map(|(place, node)| Some((place, self.within(*node, depth, run)?)))?;
        Some(self.all(&nodes[..place]).saturating_add(within))
    }

    fn within(&self, node: Node, depth: usize, run: &PassRun) -> Option<u64> {
        match node {
            Node::Do(id) => (id == run.instruction).then_some(0),
            Node::Repeat(id) => {
                let body = &self.program.loops[id].body;
                let within = self.before(body, depth + 1, run)?;
                let gone = u64::from(run.iteration[depth]).saturating_mul(self.all(body));
                Some(gone.saturating_add(within))
            }
        }
    }
}
