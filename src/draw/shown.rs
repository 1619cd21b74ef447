//! What stands in a register as text: its number in decimal or as the bits that its dtype stores, or which element it is. A sum is
//! called as the element of the result that it becomes.

use super::Moment;
use super::elements::{Element, Register, compact};
use super::number::{hexadecimal, short, signed};
use crate::base::Cycle;
use crate::chip::Stationary;
use crate::isa::{AsResult, BufferId, Factor, Unit, VectorSource, Window, Work};
use crate::num::DType;
use crate::timing;
use crate::trace::{NONE, Pass, Scalar, UnitRun, Waiting};

/// How numbers are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Notation {
    /// In decimal; of floats four digits.
    #[default]
    Decimal,
    /// As the bits that their dtype stores, two digits a byte.
    Hexadecimal,
    /// By which elements they are.
    Indices,
}

impl Notation {
    /// `hexadecimal` or `indices`; anything else is decimal.
    pub fn named(name: &str) -> Notation {
        match name {
            "hexadecimal" => Notation::Hexadecimal,
            "indices" => Notation::Indices,
            _ => Notation::Decimal,
        }
    }
}

/// A register of a PE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// An operand.
    Operand(Register),
    /// The sum on its way down, in one of the lanes; where sums stay, the one that grows here.
    Sum(usize),
    /// A sum on its way out, where sums stay.
    Drain,
}

/// A text, and a shorter one where there is too little room for it.
#[derive(Clone, Debug, Default)]
pub(super) struct Label {
    whole: String,
    short: String,
    /// The size down to which the whole text is taken.
    least: f64,
}

/// Names of elements are not written smaller than this, but without the tensor's name.
const READABLE: f64 = 10.0;

/// Share of their room that short texts take, so that two beside each other are two.
const BESIDE: f64 = 0.82;

impl Label {
    fn hexadecimal(scalar: Scalar, dtype: DType) -> Label {
        let whole = hexadecimal(scalar, dtype);
        // The last digits tell small whole numbers apart, the first ones how large a float is.
        let short = match (scalar, whole.len()) {
            (_, ..=4) => String::new(),
            (Scalar::Whole(_), len) => format!("…{}", &whole[len - 2..]),
            (Scalar::Float(_), _) => format!("{}…", &whole[..3]),
        };
        Label { whole, short, least: super::array::LEGIBLE }
    }

    fn element(whole: String, index: &str) -> Label {
        Label { whole, short: compact(index), least: READABLE }
    }

    /// The text, and its size, up to `size`, where it has so much room.
    pub(super) fn fitted(self, size: f64, room: f64) -> (String, f64) {
        let fits = super::array::fitted(&self.whole, size, room);
        if self.short.is_empty() || fits >= self.least.min(size) {
            return (self.whole, fits);
        }
        let fits = super::array::fitted(&self.short, size, BESIDE * room);
        (self.short, fits)
    }

    /// The whole text.
    pub(super) fn whole(self) -> String {
        self.whole
    }

    /// With something before both.
    pub(super) fn behind(self, mark: &str) -> Label {
        let short = if self.short.is_empty() { self.short } else { format!("{mark}{}", self.short) };
        Label { whole: format!("{mark}{}", self.whole), short, least: self.least }
    }

    /// With another one behind it.
    pub(super) fn and(self, next: Label) -> Label {
        let short =
            |label: &Label| if label.short.is_empty() { label.whole.clone() } else { label.short.clone() };
        let shorter = match self.short.is_empty() && next.short.is_empty() {
            true => String::new(),
            false => format!("{} {}", short(&self), short(&next)),
        };
        Label { whole: format!("{} {}", self.whole, next.whole), short: shorter, least: next.least }
    }
}

impl From<String> for Label {
    fn from(whole: String) -> Label {
        Label { whole, ..Label::default() }
    }
}

impl Moment<'_> {
    /// Whether a pass's numbers are known, and asked for.
    pub fn shows_numbers(&self, pass: u32) -> bool {
        self.notation != Notation::Indices && self.has_numbers(pass)
    }

    /// A number of a pass in words, `−` as `-`.
    pub(super) fn told(&self, held: Held, scalar: Scalar, pass: u32) -> String {
        match self.notation {
            Notation::Hexadecimal => self.bits(held, scalar, pass).whole,
            _ => short(scalar),
        }
    }

    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn bits(&self, held: Held, scalar: Scalar, pass: u32) -> Label {
        Label::hexadecimal(scalar, self.dtype_of(held, pass))
    }

    /// What a register of a PE holds, by its entry in the frame and the pass of that: a number where it is known and asked for, or
    /// else an element.
    pub(super) fn label(&self, held: Held, [row, col]: [usize; 2], entry: i32, pass: u32) -> Label {
        match self.notation {
            Notation::Decimal if self.has_numbers(pass) => signed(self.scalar(entry, pass)).into(),
            _ => self.other_label(held, [row, col], entry, pass),
        }
    }

    /// The same as a text, if there is anything to be said of it.
    pub fn text(&self, held: Held, place: [usize; 2], entry: i32, pass: u32) -> Option<String> {
        Some(self.label(held, place, entry, pass).whole()).filter(|text| !text.is_empty())
    }

    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn other_label(&self, held: Held, [row, col]: [usize; 2], entry: i32, pass: u32) -> Label {
        if self.shows_numbers(pass) {
            return self.bits(held, self.scalar(entry, pass), pass);
        }
        let place = match held {
            Held::Operand(register) => {
                let Some(element) = self.element(register, row, col) else { return Label::default() };
                return Label::element(self.name(element), &self.index(element));
            }
            Held::Sum(lane) => self.place_of_sum(pass, [row, col], lane),
            Held::Drain => self.place_of_drained(pass, [row, col]),
        };
        self.sum_label(pass, place)
    }

    /// What an accumulator holds: a number, or which element of the result it becomes. Rows are counted from the pass's first one.
    pub(super) fn accumulator(&self, place: [usize; 2], entry: i32, pass: u32) -> Label {
        match self.notation {
            Notation::Decimal if self.has_numbers(pass) => signed(self.scalar(entry, pass)).into(),
            _ => self.other_accumulator(place, entry, pass),
        }
    }

    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn other_accumulator(&self, place: [usize; 2], entry: i32, pass: u32) -> Label {
        match self.shows_numbers(pass) {
            true => self.bits(Held::Drain, self.scalar(entry, pass), pass),
            false => self.sum_label(pass, Some(place)),
        }
    }

    /// An operand before the array: its number, or which one it is.
    pub(super) fn waiting(&self, waiting: &Waiting, element: Option<Element>) -> Label {
        match self.notation {
            Notation::Decimal if self.has_numbers(waiting.pass) => {
                signed(self.scalar(waiting.value, waiting.pass)).into()
            }
            _ => element.map_or_else(Label::default, |element| self.other_waiting(waiting, element)),
        }
    }

    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn other_waiting(&self, waiting: &Waiting, element: Element) -> Label {
        if self.shows_numbers(waiting.pass) {
            let dtype = self.program.buffers[element.buffer()].dtype;
            return Label::hexadecimal(self.scalar(waiting.value, waiting.pass), dtype);
        }
        let index = self.index(element);
        match self.notation {
            Notation::Indices => Label::element(self.name(element), &index),
            _ => compact(&index).into(),
        }
    }

    /// The dtype of a register of a pass.
    fn dtype_of(&self, held: Held, pass: u32) -> DType {
        let pass = &self.view.passes[pass as usize];
        let of = |factor: &Factor| self.program.buffers[factor.buffer()].dtype;
        match held {
            Held::Operand(Register::Act(_)) => of(&pass.streamed),
            Held::Operand(_) => of(&pass.tile),
            Held::Sum(_) | Held::Drain => pass.sums,
        }
    }

    /// `y[3, 2]`: which element of the result the sum in a PE becomes, if that is asked for.
    pub fn named_sum(&self, place: [usize; 2], lane: usize) -> Option<String> {
        if self.notation == Notation::Indices { self.name_of_sum(place, lane) } else { None }
    }

    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn name_of_sum(&self, [row, col]: [usize; 2], lane: usize) -> Option<String> {
        let frame = self.frame;
        let pass = *frame.psum_pass.get(frame.at(row, col) + lane * frame.layer())?;
        (pass != NONE).then(|| self.label(Held::Sum(lane), [row, col], 0, pass).whole())
    }

    /// Only where elements are asked for: without numbers, a sum then has none.
    fn sum_label(&self, pass: u32, place: Option<[usize; 2]>) -> Label {
        if self.notation != Notation::Indices {
            return Label::default();
        }
        match place.map(|place| self.becomes(pass, place)) {
            Some(Becomes::Element(buffer, at)) => {
                let index = self.index_of(buffer, at);
                let name = &self.program.buffers[buffer].name;
                if name.contains(' ') {
                    // What has no name of its own is long: only where there is all the room.
                    let least = f64::INFINITY;
                    return Label { least, ..Label::element(format!("({name}){index}"), &index) };
                }
                Label::element(name.clone() + &index, &index)
            }
            Some(Becomes::Nothing) => "·".to_owned().into(),
            Some(Becomes::Unknown) | None => "?".to_owned().into(),
        }
    }

    /// Where a PE's sum goes: the accumulator's row and column.
    fn place_of_sum(&self, pass: u32, [row, col]: [usize; 2], lane: usize) -> Option<[usize; 2]> {
        if self.frame.stationary == Stationary::Sums {
            return Some([row, col]);
        }
        let stream = self.view.passes[pass as usize].stream;
        let entered = self.frame.cycle.checked_sub((row + col) as Cycle)?;
        Some([stream.entering(entered).nth(lane)?, col])
    }

    /// The same of a sum in a drain register: it has moved down since the lowest one of its column was done.
    fn place_of_drained(&self, pass: u32, [row, col]: [usize; 2]) -> Option<[usize; 2]> {
        let stream = self.view.passes[pass as usize].stream;
        let lowest = timing::sides(self.chip).is_final(&stream, self.frame.rows - 1, col);
        let hops = usize::try_from(self.frame.cycle.saturating_sub(lowest)).ok()?;
        Some([row.checked_sub(hops)?, col])
    }

    /// What becomes of a sum: vector work reads its accumulator once all of it is there.
    fn becomes(&self, pass: u32, [row, col]: [usize; 2]) -> Becomes {
        let pass = &self.view.passes[pass as usize];
        // Rows of PEs below those of the pass.
        if self.frame.stationary == Stationary::Sums && row >= pass.streamed.rows() {
            return Becomes::Nothing;
        }
        self.read_of(pass, row).map_or(Becomes::Unknown, |read| read.element(col))
    }

    fn read_of(&self, pass: &Pass, row: usize) -> Option<Read> {
        let core = self.unit / self.chip.units_per_core();
        let lane = self.trace.lane(Unit::Vector(core as u32))?;
        let rows = match &self.program.instructions[pass.run.instruction].work {
            Work::Multiply { sums, .. } | Work::Contract { sums, .. } => sums.rows,
            _ => return None,
        };
        let row = rows.in_iteration(&pass.run.iteration) + row;
        let reads = |run: &UnitRun| match &self.program.instructions[run.instruction].work {
            Work::Vector { source: VectorSource::Accumulators { unit, .. }, .. } => {
                *unit as usize == self.unit
            }
            _ => false,
        };
        let mut at = pass.run.event.checked_sub(1).map_or(0, |before| lane.come(before, |run| run.start));
        for _ in 0..MOST_READS {
            at = lane.first_from(at, reads)?;
            let read =
                Read::new(&self.program.instructions[lane.get(at)?.instruction].work, &lane.get(at)?, row);
            if read.is_some() {
                return read;
            }
            at += 1;
        }
        None
    }
}

/// Vector work that is looked through for the one that reads a row: a tile is read in a few blocks, one after the other.
const MOST_READS: usize = 64;

enum Becomes {
    /// An element of a buffer.
    Element(BufferId, u64),
    /// It is padding.
    Nothing,
    Unknown,
}

/// Vector work on a row of accumulators.
struct Read {
    target: Window,
    as_result: AsResult,
    /// The row among those that it reads.
    row: usize,
    cols: usize,
}

impl Read {
    /// Nothing if it reads other rows.
    fn new(work: &Work, run: &UnitRun, row: usize) -> Option<Read> {
        let Work::Vector { source, target, .. } = work else { return None };
        let VectorSource::Accumulators { place, rows, cols, as_result, .. } = source else { return None };
        let row = row.checked_sub(place.in_iteration(&run.iteration)).filter(|row| row < rows)?;
        let target = target.in_iteration(&run.iteration);
        Some(Read { target, as_result: *as_result, row, cols: *cols })
    }

    fn element(&self, col: usize) -> Becomes {
        if col >= self.cols {
            return Becomes::Nothing;
        }
        let [row, col] = match self.as_result {
            AsResult::Straight => [self.row, col],
            AsResult::Transposed => [col, self.row],
        };
        Becomes::Element(self.target.buffer, self.target.at(row, col))
    }
}
