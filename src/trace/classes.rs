//! Where the cycles of matrix units go (MACHINE.md section 3).

use std::ops::{Add, AddAssign, Mul};

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

impl Mul<u64> for Classes {
    type Output = Classes;
    fn mul(self, times: u64) -> Classes {
        Classes(self.0.map(|cycles| cycles * times))
    }
}
