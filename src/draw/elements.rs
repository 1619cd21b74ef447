//! Which elements stand in a PE's registers: what is shown where a run has no numbers.

use super::Moment;
use crate::base::Cycle;
use crate::chip::Stationary;
use crate::isa::Factor;
use crate::trace::{NONE, Pass};

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
    /// In its buffer; nothing in padding, which is 0.
    place: Option<usize>,
}

impl Moment<'_> {
    /// Whether a pass's numbers are known.
    pub fn has_numbers(&self, pass: u32) -> bool {
        pass != NONE && self.numbers.are_of(self.view.passes[pass as usize].op)
    }

    /// Whether the numbers of all that a PE holds are known.
    pub(super) fn knows(&self, at: usize) -> bool {
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
        let Some(place) = element.place else { return "0".into() };
        let indices = (self.indices)(element.of.buffer(), place);
        let mut text = String::from("[");
        for (at, index) in indices.iter().enumerate() {
            text += if at == 0 { "" } else { ", " };
            text += &index.to_string();
        }
        text + "]"
    }

    pub(super) fn name(&self, element: Element) -> String {
        let name = match element.place {
            Some(_) => &self.program.buffers[element.of.buffer()].name,
            None => "",
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
        let pass = passes.get(place).filter(|pass| **pass != NONE)?;
        let pass = &self.view.passes[*pass as usize];
        let entered = frame.cycle - (row + col) as Cycle;
        let step = |lane: usize| pass.stream.entering(entered).nth(lane);
        Some(match (register, frame.stationary) {
            (Register::Act(lane), _) => left(pass, row, step(lane)?),
            (Register::Weight(_) | Register::Shadow, Stationary::Weights) => above(pass, row, col),
            (Register::Weight(lane), Stationary::Sums) => above(pass, step(lane)?, col),
            (Register::Bus, _) => above(pass, usize::try_from(entered - pass.run.load).ok()?, col),
            (Register::Shadow, Stationary::Sums) => return None,
        })
    }

    /// An activation so many hops before the left edge.
    pub(super) fn waiting_left(&self, pass: u32, hops: usize, row: usize) -> Option<Element<'_>> {
        let pass = &self.view.passes[pass as usize];
        let enters = (self.frame.cycle + hops as Cycle).checked_sub(row as Cycle)?;
        Some(left(pass, row, pass.stream.entering(enters).next()?))
    }

    /// A weight so many hops above the top edge.
    pub(super) fn waiting_above(&self, pass: u32, hops: usize, col: usize) -> Option<Element<'_>> {
        let pass = &self.view.passes[pass as usize];
        let enters = (self.frame.cycle + hops as Cycle).checked_sub(col as Cycle)?;
        let k = match self.frame.stationary {
            Stationary::Weights => usize::try_from(enters.checked_sub(pass.run.load)?).ok()?,
            Stationary::Sums => pass.stream.entering(enters).next()?,
        };
        Some(above(pass, k, col))
    }
}

fn left(pass: &Pass, row: usize, step: usize) -> Element<'_> {
    Element { of: &pass.streamed, place: pass.left(row, step) }
}

fn above(pass: &Pass, k: usize, col: usize) -> Element<'_> {
    Element { of: &pass.tile, place: pass.above(k, col) }
}
