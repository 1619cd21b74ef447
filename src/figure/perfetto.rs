//! A run as a timeline for ui.perfetto.dev and whatever else reads Trace Events: a thread a unit, and on it slices of
//! operators, in which there are slices of passes or instructions; beside them counters.
//!
//! The format's times are microseconds, so cycles are put down at the chip's clock, to the picosecond; what a slice really
//! takes is in its arguments, in cycles. Slices begin and end by events of their own: however a reader rounds times, they stay
//! within one another. A file is of bounded size: if a unit has more runs than its share, neighbours are one slice, with the
//! number and the busy cycles of those that it stands for.

use std::ops::{AddAssign, Mul, Range, Sub};

use super::json::{Object, quoted, rounded};
use crate::base::{Bytes, Cycle, Lines, insert_by_key};
use crate::chip::{Chip, Stationary};
use crate::draw::work_in_words;
use crate::isa::{Program, Unit};
use crate::sim::{Column, Course, Level, traffic};
use crate::timing;
use crate::trace::{Class, Classes, Lane, PassRun, Run, Stretch, Sums, Trace, UnitRun};

/// Runs of all units that are slices of their own.
const MOST_RUNS: u64 = 24_000;
/// Stretches of a run that counters have values of.
const COLUMNS: usize = 1000;
/// Of these, in a part of the file.
const COLUMNS_A_PART: usize = 100;
/// Bytes after which a part of the file ends.
const PART: usize = 1 << 16;
/// Of the process with the counters; cores come behind it.
const CHIP: u32 = 1;
/// Threads have numbers that no process has.
const FIRST_THREAD: usize = 100;

/// A run, of whichever kind.
#[derive(Clone, Copy)]
pub struct Ran<'a> {
    /// When everything happened.
    pub trace: &'a Trace,
    /// What was run.
    pub program: &'a Program,
    /// On what.
    pub chip: &'a Chip,
}

/// The timeline of a run, written part by part: each takes a few milliseconds.
pub struct Tracks {
    /// By operator: its line.
    lines: Vec<u32>,
    tracks: Vec<Track>,
    next: Next,
}

/// A thread.
struct Track {
    unit: Unit,
    shows: Shows,
}

enum Shows {
    Runs(Runs),
    /// Where the cycles of a matrix unit go.
    Classes,
}

/// What a unit did.
struct Runs {
    stretches: Lane<Stretch>,
    /// Of the stretches: runs in them.
    in_stretches: Sums<u64>,
    busy: Sums<Cycle>,
    /// Over the bus.
    bytes: Sums<Bytes>,
    /// Of a matrix unit: what its cycles between passes were spent on.
    classes: Option<Sums<Classes>>,
    /// Stretches that one slice stands for, and runs.
    joined: [u64; 2],
}

/// What is written next.
#[derive(Clone, Copy)]
enum Next {
    Head,
    /// Of a track: which slice of stretches, and which slice of runs in it; of classes, which pass.
    Slice(usize, u64, u64),
    Counters(usize),
    Nothing,
}

impl Tracks {
    /// Of a run of this text. The same run must be handed to [`Tracks::part`].
    pub fn new(ran: Ran, text: &str) -> Tracks {
        let lines = Lines::new(text);
        let units = units(ran);
        let share = (MOST_RUNS / units.len().max(1) as u64).max(1);
        let tracks = units.into_iter().flat_map(|unit| {
            let runs = Track { unit, shows: Shows::Runs(Runs::new(ran, unit, share)) };
            // A pass has waits of several classes.
            let few = |unit: u32| ran.trace.passes[unit as usize].len() <= share / 4;
            let classes = matches!(unit, Unit::Matrix(unit) if few(unit));
            [Some(runs), classes.then_some(Track { unit, shows: Shows::Classes })].into_iter().flatten()
        });
        Tracks {
            lines: ran.program.ops.iter().map(|(_, op)| lines.position(op.span.start).line).collect(),
            tracks: tracks.collect(),
            next: Next::Head,
        }
    }

    /// The next part of the file; nothing when all are there.
    pub fn part(&mut self, ran: Ran) -> Option<String> {
        let mut out = String::new();
        while out.len() < PART {
            self.next = match self.next {
                Next::Head => self.head(ran, &mut out),
                Next::Slice(track, outer, inner) => self.slice(ran, track, [outer, inner], &mut out),
                Next::Counters(from) => counters(ran, from, &mut out),
                Next::Nothing => break,
            };
        }
        (!out.is_empty()).then_some(out)
    }

    /// All of it.
    pub fn whole(mut self, ran: Ran) -> String {
        std::iter::from_fn(|| self.part(ran)).collect()
    }

    // --- Names -----------------------------------------------------------------------------------------------------

    fn head(&self, ran: Ran, out: &mut String) -> Next {
        *out +=
            &format!("{{\"displayTimeUnit\":\"ns\",\"otherData\":{},\"traceEvents\":[\n", self.about(ran));
        let mut name = |what: &str, process: u32, thread: usize, args: Object| {
            let event = Object::default().text("ph", "M").with("pid", process).with("tid", thread);
            *out += &format!("{},\n", event.text("name", what).with("args", args));
        };
        let mut process = |number: u32, title: &str| {
            name("process_name", number, 0, Object::default().text("name", title));
            name("process_sort_index", number, 0, Object::default().with("sort_index", number));
        };
        process(CHIP, &ran.chip.name);
        let mut processes: Vec<u32> = self.tracks.iter().map(|track| track.process(ran.chip)).collect();
        processes.sort_unstable();
        processes.dedup();
        for number in processes.into_iter().filter(|number| *number != CHIP) {
            process(number, &format!("core {}", number - CHIP - 1));
        }
        for (at, track) in self.tracks.iter().enumerate() {
            let (process, thread) = (track.process(ran.chip), FIRST_THREAD + at);
            name("thread_name", process, thread, Object::default().text("name", &track.name()));
            name("thread_sort_index", process, thread, Object::default().with("sort_index", at));
        }
        Next::Slice(0, 0, 0)
    }

    /// What a reader has to know.
    fn about(&self, Ran { trace, chip, .. }: Ran) -> Object {
        let every = trace.cycles.div_ceil(COLUMNS as u64).max(1);
        let joined: Vec<String> =
            self.tracks.iter().filter_map(Track::joined).map(|text| quoted(&text)).collect();
        Object::default()
            .text("made by", concat!("Systole ", env!("CARGO_PKG_VERSION")))
            .text("chip", &chip.name)
            .with("cycles", trace.cycles)
            .text("clock in MHz", &chip.clock_mhz.to_figures())
            .text("time", "microseconds at that clock, cut off at a picosecond, from the first instruction on, without the launch; in cycles, exactly, in each slice's arguments")
            .text("counters", &format!("levels on the average of about {every} cycles each, and the most that was seen in them"))
            .with("joined", format_args!("[{}]", joined.join(",")))
    }

    // --- Slices ----------------------------------------------------------------------------------------------------

    fn slice(&self, ran: Ran, at: usize, [outer, inner]: [u64; 2], out: &mut String) -> Next {
        let Some(track) = self.tracks.get(at) else { return Next::Counters(0) };
        let mut thread = Thread { out, process: track.process(ran.chip), number: FIRST_THREAD + at, ran };
        let within = match &track.shows {
            Shows::Classes => classes(&mut thread, track.unit, outer).then_some([outer + 1, 0]),
            Shows::Runs(runs) => self.runs(&mut thread, track.unit, runs, [outer, inner]),
        };
        within.map_or(Next::Slice(at + 1, 0, 0), |[outer, inner]| Next::Slice(at, outer, inner))
    }

    /// A slice of runs, and what begins before it and ends behind it; which comes next.
    fn runs(
        &self,
        thread: &mut Thread,
        unit: Unit,
        runs: &Runs,
        [outer, inner]: [u64; 2],
    ) -> Option<[u64; 2]> {
        let Runs { stretches, in_stretches, joined: [many, each], .. } = runs;
        let of = outer * many..((outer + 1) * many).min(stretches.len());
        let (first, last) = (stretches.get(of.start)?, stretches.get(of.end.checked_sub(1)?)?);
        let [from, to] = [of.start, of.end].map(|count| stretches.sum_of_first(count, in_stretches));
        if inner == 0 {
            let (name, args) = self.stretch(thread.ran, unit, runs, &first, (of, from..to), last.end);
            thread.begin(first.start, &name, args);
        }
        let begin = from + inner * each;
        let end = (begin + each).min(to);
        self.run(thread, unit, runs, begin..end)?;
        if end < to {
            return Some([outer, inner + 1]);
        }
        thread.end(last.end);
        Some([outer + 1, 0])
    }

    fn stretch(
        &self,
        ran: Ran,
        unit: Unit,
        runs: &Runs,
        first: &Stretch,
        (of, within): (Range<u64>, Range<u64>),
        end: Cycle,
    ) -> (String, Object) {
        let args = cycles(first.start..end).with(many(unit), within.end - within.start);
        let busy = runs.busy_of(ran, unit, &within);
        if of.end - of.start > 1 {
            let count = of.end - of.start;
            return (
                format!("{count} stretches of operators"),
                args.with("busy", busy).with("stretches", count),
            );
        }
        let op = first.op;
        let args = args.with("busy", busy).with("line", self.lines[op.index()]);
        (ran.program.ops[op].name.clone(), args)
    }

    /// One run, or several.
    fn run(&self, thread: &mut Thread, unit: Unit, runs: &Runs, which: Range<u64>) -> Option<()> {
        let Ran { program, .. } = thread.ran;
        let (first, last) =
            (run(thread.ran, unit, which.start)?, run(thread.ran, unit, which.end.checked_sub(1)?)?);
        let instruction = &program.instructions[first.instruction];
        let mut args = cycles(first.start..last.busy_until);
        let count = which.end - which.start;
        let name = if count == 1 {
            args = args.with("done", last.event);
            if let Some(iteration) = iteration(&first) {
                args = args.text("iteration", &iteration);
            }
            match unit {
                // Its passes tell when.
                Unit::Load(_) => "shifts a tile in".into(),
                _ => work_in_words(program, &instruction.work),
            }
        } else {
            args = args.with(many(unit), count).with("busy", runs.busy_of(thread.ran, unit, &which));
            format!("{count} {}", many(unit))
        };
        args = args.text("operator", &program.ops[instruction.op].name);
        args = runs.told(thread.ran, unit, args.with("line", self.lines[instruction.op.index()]), &which);
        thread.begin(first.start, &name, args);
        thread.end(last.busy_until);
        Some(())
    }
}

impl Track {
    fn process(&self, chip: &Chip) -> u32 {
        let core = match self.unit {
            Unit::Host => return CHIP,
            Unit::DmaIn(core) | Unit::DmaOut(core) | Unit::Vector(core) => core,
            Unit::Fetch(unit) | Unit::Load(unit) | Unit::Matrix(unit) => unit / chip.units_per_core() as u32,
        };
        CHIP + 1 + core
    }

    fn name(&self) -> String {
        match self.shows {
            Shows::Runs(_) => self.unit.name(),
            Shows::Classes => format!("{}: where cycles go", self.unit.name()),
        }
    }

    /// What of it is not told one by one.
    fn joined(&self) -> Option<String> {
        let Shows::Runs(Runs { joined: [stretches, runs], .. }) = &self.shows else { return None };
        let (name, many) = (self.unit.name(), many(self.unit));
        match (stretches, runs) {
            (1, 1) => None,
            (1, _) => Some(format!("{name}: up to {runs} {many} of an operator are one slice")),
            _ => Some(format!(
                "{name}: up to {runs} {many} are one slice, in slices of {stretches} stretches of operators"
            )),
        }
    }
}

impl Runs {
    fn new(ran: Ran, unit: Unit, share: u64) -> Runs {
        let Ran { trace, program, chip } = ran;
        let load = timing::sides(chip).load_end(0);
        match unit {
            Unit::Load(number) => {
                Runs::of(ran, &trace.passes[number as usize], move |run| as_load(run, load), share)
            }
            Unit::Matrix(number) => {
                let lane = &trace.passes[number as usize];
                let classes = Some(lane.sums(|run| run.classes));
                Runs { classes, ..Runs::of(ran, lane, as_stream, share) }
            }
            _ => {
                let none = Lane::default();
                let lane = trace.lane(unit).unwrap_or(&none);
                let bytes = lane.sums(|run| {
                    traffic(program, chip, &program.instructions[run.instruction]).into_iter().sum::<Bytes>()
                });
                Runs { bytes, ..Runs::of(ran, lane, |run| *run, share) }
            }
        }
    }

    fn of<T: Run>(ran: Ran, lane: &Lane<T>, run: impl Fn(&T) -> UnitRun + Copy, share: u64) -> Runs {
        let stretches = lane.stretches(&|of| {
            let UnitRun { instruction, iteration, start, busy_until: end, .. } = run(of);
            let op = ran.program.instructions[instruction].op;
            Some(Stretch { op, instruction, iteration, start, end, runs: 1 })
        });
        let each = |count: u64| count.div_ceil(share).max(1);
        Runs {
            in_stretches: stretches.sums(|stretch| stretch.runs),
            joined: [each(stretches.len()), each(lane.len())],
            stretches,
            busy: lane.sums(|of| run(of).busy_until - run(of).start),
            bytes: lane.sums(|_| 0),
            classes: None,
        }
    }

    fn busy_of(&self, ran: Ran, unit: Unit, which: &Range<u64>) -> Cycle {
        sum(ran, unit, &self.busy, which)
    }

    /// What is known of some runs: bytes over the bus, and what a matrix unit waited for before them.
    fn told(&self, ran: Ran, unit: Unit, mut args: Object, which: &Range<u64>) -> Object {
        let bytes = sum(ran, unit, &self.bytes, which);
        if bytes > 0 {
            args = args.with("bytes", bytes);
        }
        let Some(classes) = &self.classes else { return args };
        let waited = sum(ran, unit, classes, which);
        let waited = waited.iter().filter(|(class, cycles)| *class != Class::Active && *cycles > 0);
        let waited = waited.fold(Object::default(), |all, (class, cycles)| all.with(class.name(), cycles));
        args.with("waited", waited)
    }
}

// --- The run ---------------------------------------------------------------------------------------------------------

/// Units that had work, as data goes through the chip.
fn units(Ran { trace, chip, .. }: Ran) -> Vec<Unit> {
    let mut units = Vec::new();
    let mut add = |unit: Unit| insert_by_key(&mut units, unit, |unit| unit.on_the_way());
    trace.units.iter().for_each(|(unit, _)| add(*unit));
    for (number, _) in trace.passes.iter().enumerate().filter(|(_, lane)| !lane.is_empty()) {
        if chip.dataflow.stationary() == Stationary::Weights {
            add(Unit::Load(number as u32));
        }
        add(Unit::Matrix(number as u32));
    }
    units
}

/// One of a unit's runs.
fn run(Ran { trace, chip, .. }: Ran, unit: Unit, number: u64) -> Option<UnitRun> {
    let pass = |unit: u32| trace.passes.get(unit as usize)?.get(number);
    match unit {
        Unit::Load(unit) => Some(as_load(&pass(unit)?, timing::sides(chip).load_end(0))),
        Unit::Matrix(unit) => Some(as_stream(&pass(unit)?)),
        _ => trace.lane(unit)?.get(number),
    }
}

fn as_load(pass: &PassRun, cycles: Cycle) -> UnitRun {
    let PassRun { instruction, iteration, load: start, .. } = *pass;
    UnitRun { instruction, iteration, start, busy_until: start + cycles, event: start + cycles }
}

fn as_stream(pass: &PassRun) -> UnitRun {
    let PassRun { instruction, iteration, start, stream_end: busy_until, event, .. } = *pass;
    UnitRun { instruction, iteration, start, busy_until, event }
}

/// What some of a unit's runs add up to.
fn sum<V>(Ran { trace, .. }: Ran, unit: Unit, sums: &Sums<V>, which: &Range<u64>) -> V
where
    V: Copy + Default + AddAssign + Sub<Output = V> + Mul<u64, Output = V>,
{
    fn between<T: Run, V>(lane: Option<&Lane<T>>, sums: &Sums<V>, which: &Range<u64>) -> V
    where
        V: Copy + Default + AddAssign + Sub<Output = V> + Mul<u64, Output = V>,
    {
        let first = |count: u64| lane.map_or(V::default(), |lane| lane.sum_of_first(count, sums));
        first(which.end) - first(which.start)
    }
    match unit {
        Unit::Load(unit) | Unit::Matrix(unit) => between(trace.passes.get(unit as usize), sums, which),
        _ => between(trace.lane(unit), sums, which),
    }
}

/// Of a pass: the cycles since the one before, by class, and its own; behind the last one, those up to the end. Whether there
/// is that pass.
fn classes(thread: &mut Thread, unit: Unit, number: u64) -> bool {
    let Unit::Matrix(unit) = unit else { return false };
    let trace = thread.ran.trace;
    let lane = &trace.passes[unit as usize];
    let Some(pass) = lane.get(number) else { return false };
    for (stretch, class) in pass.gap.stretches(0..pass.start) {
        thread.class(stretch, class);
    }
    thread.class(pass.start..pass.stream_end, Class::Active);
    if number + 1 == lane.len() {
        thread.class(pass.stream_end..pass.event, Class::FillDrain);
        thread.class(pass.event..trace.cycles, Class::NonMatrix);
    }
    true
}

// --- Events ----------------------------------------------------------------------------------------------------------

/// Where a track's events go.
struct Thread<'a> {
    out: &'a mut String,
    process: u32,
    number: usize,
    ran: Ran<'a>,
}

impl Thread<'_> {
    fn begin(&mut self, at: Cycle, name: &str, args: Object) {
        let event = self.event("B", at).text("name", name).with("args", args);
        *self.out += &format!("{event},\n");
    }

    fn end(&mut self, at: Cycle) {
        let event = self.event("E", at);
        *self.out += &format!("{event},\n");
    }

    fn class(&mut self, of: Range<Cycle>, class: Class) {
        if of.is_empty() {
            return;
        }
        let end = of.end;
        self.begin(of.start, class.title(), cycles(of).text("class", class.name()));
        self.end(end);
    }

    fn event(&self, kind: &str, at: Cycle) -> Object {
        let event = Object::default().text("ph", kind).with("pid", self.process).with("tid", self.number);
        event.with("ts", time(self.ran.chip, at))
    }
}

/// Some stretches of the run, or its end.
fn counters(ran: Ran, from: usize, out: &mut String) -> Next {
    let Ran { trace, program, chip } = ran;
    let count = (COLUMNS as Cycle).min(trace.cycles);
    let edge = |at: Cycle| (u128::from(trace.cycles) * u128::from(at) / u128::from(count.max(1))) as Cycle;
    let course = Course::new(program, chip, trace);
    let until = (from + COLUMNS_A_PART).min(count as usize);
    for at in from..until {
        let cycles = edge(at as Cycle)..edge(at as Cycle + 1);
        let column = course.column(cycles.start, cycles.end);
        let events =
            levels(&column).map(|(name, args)| format!("{},\n", counter(chip, cycles.start, name, args)));
        *out += &events.concat();
    }
    if (until as Cycle) < count {
        return Next::Counters(until);
    }
    let last = levels(&NOTHING).map(|(name, args)| counter(chip, trace.cycles, name, args).to_string());
    *out += &format!("{}\n]}}\n", last.join(",\n"));
    Next::Nothing
}

/// Behind the run.
const NOTHING: Column = Column {
    useful: 0.0,
    read: 0.0,
    written: 0.0,
    buffer: Level { mean: 0.0, most: 0 },
    rows: Level { mean: 0.0, most: 0 },
};

fn levels(column: &Column) -> [(&'static str, Object); 4] {
    let level =
        |Level { mean, most }: Level| Object::default().with("mean", rounded(mean)).with("most", most);
    let bus = Object::default().with("read", rounded(column.read)).with("written", rounded(column.written));
    [
        ("useful work, %", Object::default().with("of all multipliers", rounded(column.useful * 100.0))),
        ("memory, bytes a cycle", bus),
        ("unified buffers, bytes", level(column.buffer)),
        ("accumulators, rows", level(column.rows)),
    ]
}

fn counter(chip: &Chip, at: Cycle, name: &str, args: Object) -> Object {
    let event = Object::default().text("ph", "C").with("pid", CHIP).with("ts", time(chip, at));
    event.text("name", name).with("args", args)
}

fn cycles(of: Range<Cycle>) -> Object {
    let all = of.end - of.start;
    Object::default().with("from cycle", of.start).with("to cycle", of.end).with("cycles", all)
}

/// Microseconds, to the picosecond.
fn time(chip: &Chip, at: Cycle) -> String {
    let (whole, part) = chip.clock_mhz.inverse().parts_of(at, 1_000_000);
    let all = format!("{whole}.{part:06}");
    all.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The iterations of the loops around a run that have more than come by, outermost first.
fn iteration(run: &UnitRun) -> Option<String> {
    let last = run.iteration.iter().rposition(|index| *index > 0)?;
    Some(run.iteration[..=last].iter().map(u32::to_string).collect::<Vec<_>>().join("."))
}

/// What several of a unit's runs are called.
fn many(unit: Unit) -> &'static str {
    match unit {
        Unit::Matrix(_) => "passes",
        Unit::Load(_) => "loads",
        _ => "instructions",
    }
}
