//! Where the cycles of matrix units go (MACHINE.md section 3).

use std::ops::{Add, AddAssign, Mul, Range, Sub};

use crate::base::Cycle;

/// Why a cycle passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The next row enters.
    Active,
    /// The next pass's tile is being loaded.
    WeightShift,
    /// The next pass's tile is not whole in the FIFO.
    WeightStall,
    /// Single-buffered weights are in use, or a drain chain still moves.
    ArrayBusy,
    /// A DMA has not brought what the next pass waits for.
    InputStall,
    /// A wave crosses the array.
    FillDrain,
    /// The next pass waits for work of an operator that has matrix work.
    Dependence,
    /// Everything else.
    NonMatrix,
}

impl Class {
    /// Every class, in the order in which they are decided.
    pub const ALL: [Class; 8] = [
        Class::Active,
        Class::WeightShift,
        Class::WeightStall,
        Class::ArrayBusy,
        Class::InputStall,
        Class::FillDrain,
        Class::Dependence,
        Class::NonMatrix,
    ];

    /// As in reports.
    pub fn name(self) -> &'static str {
        match self {
            Class::Active => "active",
            Class::WeightShift => "weight_shift",
            Class::WeightStall => "weight_stall",
            Class::ArrayBusy => "array_busy",
            Class::InputStall => "input_stall",
            Class::FillDrain => "fill_drain",
            Class::Dependence => "dependence",
            Class::NonMatrix => "non_matrix",
        }
    }

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Class::Active => "active",
            Class::WeightShift => "weight shift",
            Class::WeightStall => "weight stall",
            Class::ArrayBusy => "array busy",
            Class::InputStall => "input stall",
            Class::FillDrain => "fill and drain",
            Class::Dependence => "dependence",
            Class::NonMatrix => "non-matrix",
        }
    }

    /// In a few words, for people.
    pub fn meaning(self) -> &'static str {
        match self {
            Class::Active => "a row enters",
            Class::WeightShift => "the next tile shifts in",
            Class::WeightStall => "the next tile is not here yet",
            Class::ArrayBusy => "the last pass still holds the registers",
            Class::InputStall => "the next rows are not here yet",
            Class::FillDrain => "a wave crosses the array",
            Class::Dependence => "waits for the vector unit",
            Class::NonMatrix => "the start, the end, other work",
        }
    }
}

/// Cycles by class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Classes([Cycle; 8]);

impl Classes {
    /// Of one class.
    pub fn of(&self, class: Class) -> Cycle {
        self.0[class as usize]
    }

    /// Counts more of one class.
    pub fn count(&mut self, class: Class, cycles: Cycle) {
        self.0[class as usize] += cycles;
    }

    /// Of all classes.
    pub fn total(&self) -> Cycle {
        self.0.iter().sum()
    }

    /// Each class with its cycles.
    pub fn iter(&self) -> impl Iterator<Item = (Class, Cycle)> + '_ {
        Class::ALL.into_iter().map(|class| (class, self.of(class)))
    }
}

/// What a matrix unit's cycles between the streams of two passes were spent on: times that decide their classes. None lies
/// before the gap or after it, so that gaps that look alike are alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gap {
    /// The pass before has entered whole; cycle 0 before the first one.
    pub since: Cycle,
    /// R cycles of the next pass's weight load, as far as they lie in the gap.
    pub shift: (Cycle, Cycle),
    /// Its tile is whole in the FIFO.
    pub whole: Cycle,
    /// Single-buffered weights, or a drain chain, are out of the way.
    pub busy: Cycle,
    /// The last DMA that it waits for has brought what it brings.
    pub input: Cycle,
    /// The last wave that it waits for crosses the array.
    pub wave: (Cycle, Cycle),
    /// The last work that it waits for, of an operator that has matrix work, is done.
    pub work: Cycle,
    /// The next pass's first row enters.
    pub until: Cycle,
}

impl Gap {
    /// With all times moved into the gap.
    pub fn clipped(self) -> Gap {
        let Gap { since, until, .. } = self;
        let clip = |time: Cycle| time.clamp(since, until);
        let both = |(from, to): (Cycle, Cycle)| (clip(from), clip(to));
        Gap {
            shift: both(self.shift),
            whole: clip(self.whole),
            busy: clip(self.busy),
            input: clip(self.input),
            wave: both(self.wave),
            work: clip(self.work),
            ..self
        }
    }

    /// The same, later.
    pub fn later(self, by: Cycle) -> Gap {
        let both = |(from, to): (Cycle, Cycle)| (from + by, to + by);
        Gap {
            since: self.since + by,
            shift: both(self.shift),
            whole: self.whole + by,
            busy: self.busy + by,
            input: self.input + by,
            wave: both(self.wave),
            work: self.work + by,
            until: self.until + by,
        }
    }

    /// Counts those of its cycles that lie in a range.
    pub fn classes_in(&self, cycles: Range<Cycle>) -> Classes {
        let mut classes = Classes::default();
        for (stretch, class) in self.stretches(cycles) {
            classes.count(class, stretch.end - stretch.start);
        }
        classes
    }

    /// Those of its cycles that lie in a range, in order: from change to change, each stretch with its class.
    pub fn stretches(&self, cycles: Range<Cycle>) -> impl Iterator<Item = (Range<Cycle>, Class)> {
        let changes = [
            self.shift.0,
            self.shift.1,
            self.whole,
            self.busy,
            self.input,
            self.wave.0,
            self.wave.1,
            self.work,
            self.until.min(cycles.end),
        ];
        let end = self.until.min(cycles.end);
        let mut t = self.since.max(cycles.start);
        // They are few, and a sort would be the largest function of the module.
        std::iter::from_fn(move || {
            let change = changes.into_iter().filter(|change| (t + 1..=end).contains(change)).min()?;
            let from = std::mem::replace(&mut t, change);
            Some((from..change, self.class(from)))
        })
    }

    /// The first line of MACHINE.md's table that holds decides.
    fn class(&self, t: Cycle) -> Class {
        match () {
            () if self.shift.0 <= t && t < self.shift.1 => Class::WeightShift,
            () if t < self.whole => Class::WeightStall,
            () if t < self.busy => Class::ArrayBusy,
            () if t < self.input => Class::InputStall,
            () if self.wave.0 <= t && t < self.wave.1 => Class::FillDrain,
            () if t < self.work => Class::Dependence,
            () => Class::NonMatrix,
        }
    }
}

impl AddAssign for Classes {
    fn add_assign(&mut self, other: Classes) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, more)| *mine += more);
    }
}

impl Add for Classes {
    type Output = Classes;
    fn add(mut self, other: Classes) -> Classes {
        self += other;
        self
    }
}

/// What is left of some cycles without others that are among them.
impl Sub for Classes {
    type Output = Classes;
    fn sub(mut self, other: Classes) -> Classes {
        self.0.iter_mut().zip(other.0).for_each(|(mine, less)| *mine -= less);
        self
    }
}

impl Mul<u64> for Classes {
    type Output = Classes;
    fn mul(self, times: u64) -> Classes {
        Classes(self.0.map(|cycles| cycles * times))
    }
}
