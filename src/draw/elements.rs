//! Which elements stand in a PE's registers: what is shown where a run has no numbers.

use super::Moment;
use super::shown::Notation;
use crate::base::Cycle;
use crate::chip::Stationary;
use crate::isa::{BufferId, Factor};
use crate::trace::{NONE, Scalar, Waiting};

/// A register that holds an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Register {
    /// The activation, in one of the lanes.
    Act(usize),
    /// The weight that is multiplied; where sums stay, in one of the lanes.
    Weight(usize),
    /// The next weight.
    Shadow,
    /// A weight on its way down.
    Bus,
}

/// An operand's element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element<'a> {
    of: &'a Factor,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In its buffer.
    At(u64),
    /// In padding, or where nothing is stored: it is 0.
    Nowhere,
    /// It depends on numbers that are not known.
    Unknown,
}

impl Element<'_> {
    /// The buffer that it is of, or would be of if it were not padding.
    pub(super) fn buffer(&self) -> BufferId {
        self.of.buffer()
    }
}

impl Moment<'_> {
    /// Whether a pass's numbers are known.
    pub fn has_numbers(&self, pass: u32) -> bool {
        pass != NONE && self.numbers.are_of(self.view.passes[pass as usize].op)
    }

    /// A frame's entry, of a pass that there is.
    pub fn scalar(&self, entry: i32, pass: u32) -> Scalar {
        self.view.passes[pass as usize].scalar(entry)
    }

    /// Whether all that a PE holds can be told as is asked: by indices, or by numbers that are known.
    pub(super) fn has_labels(&self, at: usize) -> bool {
        self.notation == Notation::Indices || self.knows(at)
    }

    /// Whether the numbers of all that a PE holds are known.
    fn knows(&self, at: usize) -> bool {
        let frame = self.frame;
        let registers = [
            &frame.pass,
            &frame.weight_pass,
            &frame.psum_pass,
            &frame.shadow_pass,
            &frame.bus_pass,
            &frame.drain_pass,
        ];
        let mut passes = registers.into_iter().filter_map(|passes| passes.get(at));
        passes.all(|pass| *pass == NONE || self.has_numbers(*pass))
    }

    /// `x[17, 204]`, or `0` in padding; nothing of a register that is empty.
    pub fn named(&self, register: Register, row: usize, col: usize) -> Option<String> {
        self.element(register, row, col).map(|element| self.name(element))
    }

    /// The same without the tensor's name.
    pub(super) fn index(&self, element: Element) -> String {
        let place = match element.place {
            Place::At(place) => place,
            Place::Nowhere => return "0".into(),
            Place::Unknown => return "?".into(),
        };
        self.index_of(element.of.buffer(), place)
    }

    /// `[17, 204]`, of an element of a buffer.
    pub(super) fn index_of(&self, buffer: BufferId, place: u64) -> String {
        let indices = (self.indices)(buffer, place);
        let mut text = String::from("[");
        for (at, index) in indices.iter().enumerate() {
            text += if at == 0 { "" } else { ", " };
            text += &index.to_string();
        }
        text + "]"
    }

    pub(super) fn name(&self, element: Element) -> String {
        let name = match element.place {
            Place::At(_) => &self.program.buffers[element.of.buffer()].name,
            _ => "",
        };
        name.to_owned() + &self.index(element)
    }

    /// What a register holds at the end of the cycle (MACHINE.md sections 1.1 and 1.3).
    pub(super) fn element(&self, register: Register, row: usize, col: usize) -> Option<Element<'_>> {
        let frame = self.frame;
        let at = frame.at(row, col);
        let (passes, place) = match register {
            Register::Act(lane) => (&frame.pass, at + lane * frame.layer()),
            Register::Weight(lane) => (&frame.weight_pass, at + lane * frame.layer()),
            Register::Shadow => (&frame.shadow_pass, at),
            Register::Bus => (&frame.bus_pass, at),
        };
        let number = passes.get(place).copied().filter(|pass| *pass != NONE)?;
        let pass = &self.view.passes[number as usize];
        let entered = frame.cycle - (row + col) as Cycle;
        let step = |lane: usize| pass.stream.entering(entered).nth(lane);
        let (list, own) = match register {
            Register::Shadow => (&frame.shadow_k, row),
            Register::Bus => (&frame.bus_k, usize::try_from(entered - pass.run.load).ok()?),
            _ => (&frame.weight_k, row),
        };
        let k = if pass.packed.is_some() { frame.row_of_k(list, row, col) } else { Some(own) };
        Some(match (register, frame.stationary) {
            (Register::Act(lane), Stationary::Weights) => {
                self.along_k(&pass.streamed, number, pass.left(k.unwrap_or(0), step(lane)?), k)
            }
            (Register::Act(lane), Stationary::Sums) => element(&pass.streamed, pass.left(row, step(lane)?)),
            (Register::Weight(lane), Stationary::Sums) => element(&pass.tile, pass.above(step(lane)?, col)),
            (Register::Shadow, Stationary::Sums) => return None,
            _ => self.along_k(&pass.tile, number, pass.above(k.unwrap_or(0), col), k),
        })
    }

    /// An element by its row of k, if something is stored there.
    fn along_k<'e>(&self, of: &'e Factor, pass: u32, place: Option<u64>, k: Option<usize>) -> Element<'e> {
        match k {
            Some(_) => element(of, place),
            None if self.has_numbers(pass) => Element { of, place: Place::Nowhere },
            None => Element { of, place: Place::Unknown },
        }
    }

    /// An activation before the left edge, by its row of PEs; of a group the first one.
    pub(super) fn waiting_left(&self, waiting: &Waiting, hops: usize, row: usize) -> Option<Element<'_>> {
        let pass = &self.view.passes[waiting.pass as usize];
        let enters = (self.frame.cycle + hops as Cycle).checked_sub(row as Cycle)?;
        let step = pass.stream.entering(enters).next()?;
        let row = if pass.packed.is_some() { waiting.k as usize } else { row };
        Some(element(&pass.streamed, pass.left(row, step)))
    }

    /// A weight above the top edge.
    pub(super) fn waiting_above(&self, waiting: &Waiting, col: usize) -> Element<'_> {
        let pass = &self.view.passes[waiting.pass as usize];
        let k = Some(waiting.k as usize).filter(|_| waiting.k != NONE);
        self.along_k(&pass.tile, waiting.pass, pass.above(k.unwrap_or(0), col), k)
    }
}

/// Indices where there is little room: `1004,16`.
pub(super) fn compact(index: &str) -> String {
    index.chars().filter(|letter| !"[] ".contains(*letter)).collect()
}

fn element(of: &Factor, place: Option<u64>) -> Element<'_> {
    Element { of, place: place.map_or(Place::Nowhere, Place::At) }
}
