//! The hardware guesses nothing: a program's waits must keep its accesses apart. Here every word that random programs touch
//! is watched, one by one.

#![allow(clippy::unwrap_used)] // a test may fail

#[allow(dead_code)] // some of it is for others
mod checked;
mod made;
mod made_chains;
mod made_images;
mod made_moves;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use systole::base::Cycle;
use systole::check::{Limit, check_program};
use systole::chip::Chip;
use systole::emit::Emitted;
use systole::import::Files;
use systole::isa::{
    BufferId, Factor, Instruction, InstructionId, Iteration, Order, Program, RowsAre, Space, SumMode,
    SumRows, Unit, VectorSource, VectorStep, Walk, Window, Work, verify,
};
use systole::job::{Finished, compile};
use systole::sim::{Clock, Loops};
use systole::trace::Trace;

/// A word: an element of a buffer, or a row of a matrix unit's accumulators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Element(BufferId, u64),
    Sums(u32, usize),
}

/// What is done to a word, and until when.
#[derive(Clone, Copy, Debug)]
struct Access {
    kind: Kind,
    start: Cycle,
    end: Cycle,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Read,
    Write,
    /// Added to by a pass: passes of a unit follow each other in its own order.
    Add,
}

/// All accesses by word, in the order of the program.
fn accesses(program: &Program, trace: &Trace) -> BTreeMap<Place, Vec<Access>> {
    let order = Order::new(program);
    let mut watch = Watch { program, found: BTreeMap::new() };
    let mut done: BTreeMap<Unit, u64> = BTreeMap::new();
    let mut walk = Walk::default();
    while let Some(step) = order.whole.get(walk.step) {
        let instruction = &program.instructions[step.instruction];
        let nth = done.entry(instruction.unit).or_default();
        let (start, free, event) = match instruction.unit {
            Unit::Load(_) => (0, 0, 0),
            Unit::Matrix(unit) => {
                let run = trace.passes[unit as usize].get(*nth).unwrap();
                (run.start, run.event, run.event)
            }
            unit => {
                let run = trace.lane(unit).unwrap().get(*nth).unwrap();
                assert_eq!((run.instruction, run.iteration), (step.instruction, walk.iteration));
                (run.start, run.busy_until, run.event)
            }
        };
        *nth += 1;
        watch.work(&instruction.work, instruction.unit, &walk.iteration, [start, free, event]);
        walk.advance(&order.whole);
    }
    watch.found
}

struct Watch<'a> {
    program: &'a Program,
    found: BTreeMap<Place, Vec<Access>>,
}

impl Watch<'_> {
    fn work(&mut self, work: &Work, unit: Unit, iteration: &Iteration, [start, free, event]: [Cycle; 3]) {
        let read = Access { kind: Kind::Read, start, end: free };
        let write = Access { kind: Kind::Write, start, end: event };
        match work {
            Work::Copy { from, to, rows } => {
                self.window(&read_from(from, rows), iteration, read);
                if let RowsAre::Chosen { places, .. } = rows {
                    self.window(places, iteration, read);
                }
                self.window(to, iteration, write);
            }
            Work::Fetch { tile, .. } => self.factor(tile, iteration, read),
            Work::Load => {}
            Work::Multiply { streamed, sums, .. } => {
                self.factor(streamed, iteration, read);
                self.sums(unit, &sums.rows, streamed.rows(), iteration, sum(sums.mode, write));
            }
            Work::Contract { activations, weights, sums } => {
                self.factor(activations, iteration, read);
                self.window(weights, iteration, read);
                self.sums(unit, &sums.rows, activations.rows(), iteration, sum(sums.mode, write));
            }
            Work::Vector { source, steps, target } => {
                match source {
                    VectorSource::Accumulators { unit, place, rows, .. } => {
                        self.sums(Unit::Matrix(*unit), place, *rows, iteration, read);
                    }
                    VectorSource::Buffer(window) => self.window(window, iteration, read),
                    VectorSource::Patches(patches, _) => {
                        self.factor(&Factor::Patches(*patches), iteration, read)
                    }
                }
                for window in steps.iter().flat_map(VectorStep::elements) {
                    self.window(window, iteration, read);
                }
                self.window(target, iteration, write);
            }
        }
    }

    /// Of windows of images, what is there.
    fn factor(&mut self, factor: &Factor, iteration: &Iteration, access: Access) {
        if let Factor::Window(window) = factor {
            return self.window(window, iteration, access);
        }
        let (buffer, here) = (factor.buffer(), factor.in_iteration(iteration));
        let places = (0..here.rows()).flat_map(|row| (0..here.cols()).map(move |col| (row, col)));
        // Each element once: neighbouring windows share them.
        let touched: BTreeSet<u64> = places.filter_map(|(row, col)| here.at(row, col)).collect();
        for place in touched {
            self.found.entry(Place::Element(buffer, place)).or_default().push(access);
        }
    }

    fn window(&mut self, window: &Window, iteration: &Iteration, access: Access) {
        // What is declared lies in DRAM before the first cycle; nothing is written there twice.
        if self.program.buffers[window.buffer].space == Space::Dram && access.kind == Kind::Read {
            let written = |place| self.found.contains_key(&place);
            if !written(Place::Element(window.buffer, window.in_iteration(iteration).at(0, 0))) {
                return;
            }
        }
        let window = window.in_iteration(iteration);
        for row in 0..window.rows {
            // A row or column that is repeated is one word.
            for col in 0..window.cols {
                let list = self.found.entry(Place::Element(window.buffer, window.at(row, col))).or_default();
                list.push(access);
            }
        }
    }

    fn sums(&mut self, unit: Unit, place: &SumRows, rows: usize, iteration: &Iteration, access: Access) {
        let Unit::Matrix(unit) = unit else { unreachable!("only matrix units have accumulators") };
        let first = place.in_iteration(iteration);
        for row in 0..rows {
            self.found.entry(Place::Sums(unit, (first + row) % place.ring)).or_default().push(access);
        }
    }
}

/// Any row may be chosen.
fn read_from(from: &Window, rows: &RowsAre) -> Window {
    match rows {
        RowsAre::Chosen { of, .. } => Window { rows: *of, ..*from },
        _ => *from,
    }
}

fn sum(mode: SumMode, write: Access) -> Access {
    match mode {
        SumMode::Begin => write,
        SumMode::Add => Access { kind: Kind::Add, ..write },
    }
}

/// A read sees the last write before it, whole; sums are replaced when all reads before have ended. An element that is
/// copied again is the same element in another place: [`fits`] asks for room for both.
fn apart(place: Place, list: &[Access]) -> Result<(), String> {
    let (mut written, mut read) = (0, 0);
    for (at, access) in list.iter().enumerate() {
        match access.kind {
            Kind::Read => {
                let there = access.start >= written;
                hold(there, || format!("{place:?} is read before it is there: {list:?}, {at}"))?;
            }
            Kind::Write | Kind::Add => {
                let elsewhere = matches!(place, Place::Element(..));
                hold(elsewhere || access.start >= read, || {
                    format!("{place:?} is overwritten while it is read: {list:?}, {at}")
                })?;
            }
        }
        match access.kind {
            Kind::Read => read = read.max(access.end),
            Kind::Write | Kind::Add => written = written.max(access.end),
        }
    }
    Ok(())
}

fn hold(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

/// By word: from when to when it must be kept, once for each time that it is written.
fn kept(list: &[Access]) -> Vec<(Cycle, Cycle)> {
    let mut stays: Vec<(Cycle, Cycle)> = Vec::new();
    for access in list {
        match access.kind {
            Kind::Write => stays.push((access.start, access.end)),
            _ => {
                if let Some(last) = stays.last_mut() {
                    last.1 = last.1.max(access.end);
                }
            }
        }
    }
    stays
}

/// A buffer never keeps more than it was given room for, and buffers that share a place are not in use together.
fn fits(program: &Program, found: &BTreeMap<Place, Vec<Access>>) -> Result<(), String> {
    let mut changes: BTreeMap<BufferId, Vec<(Cycle, i64)>> = BTreeMap::new();
    let mut use_of: BTreeMap<BufferId, Vec<(Cycle, Cycle)>> = BTreeMap::new();
    for (place, list) in found {
        let Place::Element(buffer, _) = place else { continue };
        for (from, to) in kept(list) {
            changes.entry(*buffer).or_default().extend([(to, -1), (from, 1)]);
            // In DRAM all have places of their own.
            if program.buffers[*buffer].space != Space::Dram {
                use_of.entry(*buffer).or_default().push((from, to));
            }
        }
    }
    for (id, mut list) in changes {
        let buffer = &program.buffers[id];
        if buffer.held_bytes == buffer.len * buffer.dtype.bytes() as u64 {
            continue; // every element has a place of its own
        }
        // At the same cycle, what leaves goes first.
        list.sort();
        let mut kept = 0i64;
        for (cycle, change) in list {
            kept += change;
            let bytes = kept.unsigned_abs() * buffer.dtype.bytes() as u64;
            hold(bytes <= buffer.held_bytes, || {
                format!("{}: {bytes} bytes in {cycle}: {buffer:?}", buffer.name)
            })?;
        }
    }
    // In a repeat, buffers take turns.
    let uses: Vec<_> = use_of.into_iter().map(|(id, list)| (id, united(list))).collect();
    for (at, (one, uses_of_one)) in uses.iter().enumerate() {
        for (other, uses_of_other) in &uses[at + 1..] {
            let (one, other) = (&program.buffers[*one], &program.buffers[*other]);
            let shared = one.space == other.space
                && one.address < other.address + other.held_bytes
                && other.address < one.address + one.held_bytes;
            hold(!shared || !overlap(uses_of_one, uses_of_other), || {
                format!("{one:?} and {other:?} share a place")
            })?;
        }
    }
    Ok(())
}

/// Whether a run's accesses are kept apart and its buffers hold what they must; otherwise what went wrong.
fn race(program: &Program, trace: &Trace) -> Result<(), String> {
    let found = accesses(program, trace);
    found.iter().try_for_each(|(place, list)| apart(*place, list))?;
    fits(program, &found)
}

/// The same cycles in as few intervals as possible, ascending.
fn united(mut list: Vec<(Cycle, Cycle)>) -> Vec<(Cycle, Cycle)> {
    list.sort();
    let mut united: Vec<(Cycle, Cycle)> = Vec::new();
    for (from, to) in list {
        match united.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => united.push((from, to)),
        }
    }
    united
}

/// Whether two lists of intervals, both ascending, have a cycle in common.
fn overlap(one: &[(Cycle, Cycle)], other: &[(Cycle, Cycle)]) -> bool {
    one.iter().any(|(from, to)| {
        let at = other.partition_point(|(_, end)| end <= from);
        other.get(at).is_some_and(|(start, _)| start < to)
    })
}

/// The second core has no tile of the middle layer, whose bias would fill its place while the next layer's comes in.
#[test]
fn a_core_without_tiles_is_sent_nothing() {
    let text = "input x : i8[1, 1]\nweight w0 : i8[1, 3]\nweight b0 : i32[3]\nh = requant(x @ w0 + b0, shift=3)\n\
                weight w1 : i8[3, 1]\nweight b1 : i32[1]\noutput h @ w1 + b1\n";
    let chip = Chip {
        cores: 2,
        matrix_units: 4,
        accumulator_rows: 1,
        unified_buffer_bytes: 500,
        ..Chip::classroom(1, 2).unwrap()
    };
    let finished = compile(text, &Files::default(), &chip).job.unwrap().finish();
    let found = accesses(&finished.emitted.program, &finished.trace);
    let of_second = |id: BufferId| finished.emitted.program.buffers[id].space == Space::Unified(1);
    assert!(found.keys().all(|place| !matches!(place, Place::Element(id, _) if of_second(*id))));
}

fn check(text: &str, chip: &Chip) {
    let Some(job) = compile(text, &Files::default(), chip).job else { return };
    let finished = checked::sound(job.finish());
    assert_eq!(race(&finished.emitted.program, &finished.trace), Ok(()));
}

/// A wait of a program, and by how many signals less it waits; by all of them with the greatest number.
fn weakened(program: &Program, at: usize, less: u32) -> Option<Program> {
    let waits = |(id, instruction): (InstructionId, &Instruction)| {
        (0..instruction.waits.len()).map(move |nth| (id, nth)).collect::<Vec<_>>()
    };
    let all: Vec<(InstructionId, usize)> = program.instructions.iter().flat_map(waits).collect();
    let (id, nth) = *all.get(at.checked_rem(all.len())?)?;
    let mut program = program.clone();
    let waits = &mut program.instructions[id].waits;
    match less {
        u32::MAX => {
            waits.remove(nth);
        }
        less => waits[nth].behind += less,
    }
    Some(program)
}

/// Whether a run of a program with a weaker wait goes wrong; then the checker has found it.
fn weaker_is_found(finished: &Finished, at: usize, less: u32) -> bool {
    let chip = &finished.chip;
    let Some(program) = weakened(&finished.emitted.program, at, less) else { return false };
    if verify(&program, chip).is_err() {
        return false;
    }
    let Ok(trace) = Clock::new(&program, chip, Loops::Stepped).run() else { return false };
    let Err(race) = race(&program, &trace) else { return false };
    let emitted = Emitted { program, ..finished.emitted.clone() };
    let checked = check_program(&checked::assembly(&finished.plan, &emitted), chip, Limit::QUICK);
    assert!(!checked.faults.is_empty() || !checked.whole, "not found: {race}");
    true
}

/// The checker asks for no less than what a run shows: whenever a weaker wait lets accesses meet, it says so. Many do.
#[test]
fn what_meets_in_a_run_is_found_without_one() {
    let mut runner = TestRunner::deterministic();
    let texts = made::in_some_order(prop_oneof![
        made::program(),
        made_moves::products(),
        made_moves::repeats(),
        made_chains::program(),
        made_images::program(),
    ]);
    let chips = prop_oneof![made::chip(), made_chains::small_buffer()];
    let (mut tried, mut met) = (0, 0);
    for _ in 0..150 {
        let mut any = |most: usize| (0..most).new_tree(&mut runner).unwrap().current();
        let places = [(); 6].map(|()| (any(10_000), any(4)));
        let text = texts.new_tree(&mut runner).unwrap().current();
        let chip = made_images::on(Just(chips.new_tree(&mut runner).unwrap().current()));
        let chip = chip.new_tree(&mut runner).unwrap().current();
        let Some(job) = compile(&text, &Files::default(), &chip).job else { continue };
        let finished = job.finish();
        for (at, less) in places {
            tried += 1;
            met += usize::from(weaker_is_found(&finished, at, [1, 2, 5, u32::MAX][less]));
        }
    }
    assert!(tried > 400 && met > 60, "{met} of {tried}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn accesses_are_kept_apart_and_buffers_hold_what_they_must(
        text in made::in_some_order(prop_oneof![made::program(), made_moves::program(), made_moves::products(), made_moves::repeats(), made_moves::chains()]), chip in made::skipping_chip(),
    ) {
        check(&text, &chip);
    }

    /// Where tensors have the same place in the unified buffer one after the other.
    #[test]
    fn so_are_those_to_places_that_are_used_again(
        text in made::in_some_order(prop_oneof![
            made_chains::program(), made_chains::mixed(), made::program(), made_moves::products(), made_moves::repeats(),
            made_images::of(&["i8"]),
        ]),
        chip in made_chains::small_buffer(),
    ) {
        check(&text, &chip);
    }

    #[test]
    fn so_are_those_to_images(text in made::in_some_order(made_images::program()), chip in made_images::on(made::skipping_chip())) {
        check(&text, &chip);
    }
}
