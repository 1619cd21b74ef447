//! The timeline's picture of any part of a run: what it says of a place is what a walk over every run finds there, whatever the
//! scale; and parts of a run add up to its report.

#![allow(clippy::unwrap_used)] // a test may fail

use std::ops::Range;

use systole::base::Cycle;
use systole::chip::Chip;
use systole::draw::{Overview, Row, Scene, Shape, Spot, Timeline, What};
use systole::import::Files;
use systole::isa::{ProgramOpId, Unit};
use systole::job::{Finished, compile_or_time};
use systole::sim::Parts;
use systole::trace::{Class, Classes, Counts};

/// Three products, one of many tiles, between them work of the vector unit alone, and a loop around some of it.
const PROGRAM: &str = "input x : i8[40, 48]
weight w : i8[48, 40]
weight v : i8[40, 48]
h = relu(requant(x @ w, shift=7))
y = requant(h @ v, shift=7)
z = softmax(cast(y, f32))
output z
";

fn run(text: &str, chip: &str) -> Finished {
    let chip = Chip::preset(chip).unwrap();
    let compiled = compile_or_time(text, &Files::default(), &chip);
    match (compiled.timed, compiled.job) {
        (Some(timed), _) => timed,
        (None, Some(job)) => job.finish(),
        (None, None) => panic!("{:?}", compiled.diagnostics),
    }
}

fn library(name: &str) -> String {
    std::fs::read_to_string(format!("www/public/examples/{name}.systole")).unwrap()
}

/// A run, counted once.
struct Seen {
    finished: Finished,
    overview: Overview,
}

impl Seen {
    fn new(text: &str, chip: &str) -> Seen {
        let finished = run(text, chip);
        let overview = Overview::new(&finished.emitted.program, &finished.trace);
        Seen { finished, overview }
    }

    fn timeline(&self, window: Range<Cycle>) -> Timeline<'_> {
        let Finished { trace, emitted, chip, .. } = &self.finished;
        let (program, overview) = (&emitted.program, &self.overview);
        Timeline { trace, program, chip, overview, unit: 0, marked: None, window }
    }

    fn whole(&self) -> Timeline<'_> {
        self.timeline(0..self.finished.trace.cycles)
    }

    /// From when to when a unit was busy with each of its runs.
    fn stays(&self, unit: Unit) -> Vec<(Cycle, Cycle, ProgramOpId)> {
        let Finished { trace, emitted, chip, .. } = &self.finished;
        let op = |instruction| emitted.program.instructions[instruction].op;
        let passes = |unit: u32| trace.passes[unit as usize].iter_from(0);
        match unit {
            Unit::Matrix(unit) => {
                passes(unit).map(|run| (run.start, run.stream_end, op(run.instruction))).collect()
            }
            Unit::Load(unit) => passes(unit)
                .map(|run| (run.load, run.load + chip.rows as Cycle, op(run.instruction)))
                .collect(),
            _ => {
                let lane = trace.lane(unit).unwrap();
                lane.iter_from(0).map(|run| (run.start, run.busy_until, op(run.instruction))).collect()
            }
        }
    }
}

fn shared(range: &Range<Cycle>, start: Cycle, end: Cycle) -> Cycle {
    range.end.min(end).saturating_sub(range.start.max(start))
}

/// Every pixel's column of every lane, at the scale of the whole run and at others.
#[test]
fn columns_are_what_a_walk_over_every_run_finds() {
    let seen = Seen::new(PROGRAM, "classroom-4x4");
    let cycles = seen.finished.trace.cycles;
    assert!(cycles > 1500, "narrow enough: {cycles}");
    let mut several = 0;
    for window in [0..cycles, cycles / 3..cycles / 2, 17..cycles - 5] {
        for width in [200.0, 421.0] {
            let timeline = seen.timeline(window.clone());
            for (y, row) in lanes(&timeline) {
                let Row::Unit(unit) = row else { continue };
                let stays = seen.stays(unit);
                for x in 100..width as usize {
                    let spot = timeline.spot(width, [x as f64 + 0.5, y]);
                    several += u64::from(matches_walk(spot, row, &stays));
                }
            }
        }
    }
    assert!(several > 1000, "{several} columns with several runs");
}

/// Whether it is a column of several.
fn matches_walk(spot: Option<Spot>, row: Row, stays: &[(Cycle, Cycle, ProgramOpId)]) -> bool {
    let Some(Spot { of, what, .. }) = spot else { return false };
    assert_eq!(of, row);
    match what {
        What::Several { cycles, runs, busy, middle } => {
            let here = stays.iter().filter(|(start, end, _)| shared(&cycles, *start, *end) > 0);
            let sum: Cycle = here.clone().map(|(start, end, _)| shared(&cycles, *start, *end)).sum();
            assert_eq!((runs, busy), (here.count() as u64, sum), "{row:?} {cycles:?}");
            assert_eq!(middle.is_some(), runs > 0);
            true
        }
        What::Bar { number, bar } => {
            let (start, end, _) = stays[number as usize];
            assert_eq!((bar.start, bar.end), (start, end));
            false
        }
        What::Classes { .. } => panic!("a unit has no classes"),
    }
}

/// The middle of each lane, and which it is.
fn lanes(timeline: &Timeline) -> Vec<(f64, Row)> {
    let mut found: Vec<(f64, Row)> = Vec::new();
    for y in 0..timeline.height() as usize {
        let spots = (0..50).filter_map(|at| timeline.spot(300.0, [102.0 + 4.0 * f64::from(at), y as f64]));
        for Spot { of, bounds, .. } in spots {
            if found.last().is_none_or(|(_, row)| *row != of) {
                found.push((bounds[1] + bounds[3] / 2.0, of));
            }
        }
    }
    found
}

#[test]
fn lanes_are_named_and_stand_in_order() {
    let seen = Seen::new(PROGRAM, "classroom-4x4");
    let timeline = seen.whole();
    let names: Vec<String> = timeline.rows().into_iter().map(|row| timeline.name(row)).collect();
    assert_eq!(
        names,
        [
            "operators",
            "… on vectors",
            "where cycles go",
            "DMA in",
            "weight fetch",
            "weight load",
            "matrix",
            "vector",
            "DMA out"
        ]
    );
    assert_eq!(timeline.unit_at(5.0), None);
    let matrix = lanes(&timeline).into_iter().find(|(_, row)| *row == Row::Unit(Unit::Matrix(0))).unwrap().0;
    assert_eq!(timeline.unit_at(matrix), Some(0));
}

/// In the lane of operators each operator's passes are one bar, unless others' are between; they are as many as in the lane below.
#[test]
fn operators_are_stretches_of_passes() {
    let seen = Seen::new(PROGRAM, "classroom-4x4");
    let passes = seen.stays(Unit::Matrix(0));
    let timeline = seen.whole();
    let (mut number, mut at) = (0, 0);
    while at < passes.len() {
        let Spot { what: What::Bar { bar, .. }, .. } = timeline.bar(800.0, 0, Some(number), 0).unwrap()
        else {
            panic!("operators are bars");
        };
        let op = seen.finished.emitted.program.instructions[bar.of].op;
        let last = at + bar.runs as usize - 1;
        assert!(passes[at..=last].iter().all(|(_, _, other)| *other == op), "stretch {number}");
        assert_eq!((bar.start, bar.end), (passes[at].0, passes[last].1));
        assert!(passes.get(last + 1).is_none_or(|(_, _, next)| *next != op), "stretch {number} goes on");
        (number, at) = (number + 1, last + 1);
    }
    assert_eq!(number, 2, "two products");
    // Beyond the last one is the last one.
    let last = |number| timeline.bar(800.0, 0, Some(number), 0).unwrap();
    assert_eq!(last(number), last(number - 1));
    // Each operator is found where it is at work first, on whatever unit.
    for (op, name) in seen.finished.emitted.program.ops.iter().map(|(id, op)| (id, &op.name)) {
        let found = timeline.first_of(op).unwrap_or_else(|| panic!("{name} is nowhere"));
        assert!(found.start < found.end, "{name}");
    }
}

/// A pass is told with its tile and with what it waited for.
#[test]
fn a_pass_is_told_in_words() {
    let seen = Seen::new(PROGRAM, "classroom-4x4");
    let timeline = seen.whole();
    let row = timeline.rows().iter().position(|row| *row == Row::Unit(Unit::Matrix(0))).unwrap();
    let stretch = timeline.bar(800.0, 0, Some(0), 0).unwrap();
    let What::Bar { bar, .. } = stretch.what else { panic!() };
    let told = timeline.told(&timeline.bar(800.0, row, Some(1), 0).unwrap());
    assert!(told.title.starts_with("matrix: "), "{}", told.title);
    let line = |label| &told.lines.iter().find(|(other, _)| *other == label).unwrap().1;
    assert_eq!(*line("tile"), format!("2 of {}", bar.runs));
    let run = seen.finished.trace.passes[0].get(1).unwrap();
    assert_eq!(*line("takes"), format!("{} cycles", run.stream_end - run.start));
    let waits: Vec<(Class, Cycle)> =
        run.classes.iter().filter(|(class, cycles)| *class != Class::Active && *cycles > 0).collect();
    let told: Vec<String> =
        waits.iter().map(|(class, cycles)| format!("{cycles} {}", class.title())).collect();
    let told = if told.is_empty() { "no wait".into() } else { told.join(", ") };
    assert_eq!(*line("before it"), told);
}

/// Where each cycle has a column, the lane of classes is the classes.
#[test]
fn single_cycles_have_their_class() {
    let seen = Seen::new(PROGRAM, "classroom-4x4");
    let Finished { trace, .. } = &seen.finished;
    let window = trace.cycles / 2..trace.cycles / 2 + 40;
    let timeline = seen.timeline(window.clone());
    let counts = Counts::new(trace);
    let (y, _) = *lanes(&timeline).iter().find(|(_, row)| *row == Row::Classes).unwrap();
    for (at, cycle) in window.clone().enumerate() {
        let spot = timeline.spot(500.0, [100.0 + 10.0 * at as f64 + 5.0, y]).unwrap();
        let What::Classes { cycles, classes } = spot.what else { panic!("{spot:?}") };
        assert_eq!(cycles, cycle..cycle + 1);
        assert_eq!(classes, counts.classes(trace, 0, cycle..cycle + 1));
        assert_eq!(classes.total(), 1);
    }
    assert!(text(&timeline.scene(500.0)).contains(&"where cycles go".to_owned()));
}

/// At every scale there are about as many shapes as pixels, and what is written on bars fits them.
#[test]
fn pictures_are_bounded() {
    let seen = Seen::new(&library("library/llama3-70b-prefill"), "tpu-v7x");
    let cycles = seen.finished.trace.cycles;
    for window in [0..cycles, cycles / 2..cycles / 2 + 4_000_000, 1_000_000..1_020_000, 5_000..5_040, 7..8] {
        let timeline = seen.timeline(window.clone());
        let scene = timeline.scene(900.0);
        assert!(scene.shapes.len() < 20 * 900, "{window:?}: {} shapes", scene.shapes.len());
        for shape in &scene.shapes {
            if let Shape::Rect { bounds: [left, _, width, _], .. } = shape {
                assert!(*left >= 100.0 && left + width <= 900.8, "{window:?}: {left} and {width}");
            }
        }
    }
}

fn text(scene: &Scene) -> Vec<String> {
    let texts = scene.shapes.iter().filter_map(|shape| match shape {
        Shape::Text { text, .. } => Some(text.clone()),
        _ => None,
    });
    texts.collect()
}

/// Parts of a run add up to its report: classes, MACs, utilization and bytes.
#[test]
fn parts_add_up_to_the_report() {
    for (text, chip) in [
        (PROGRAM.to_owned(), "classroom-4x4"),
        (library("sparse"), "classroom-4x4"),
        (library("library/resnet50"), "tpu-v4"),
        (library("library/llama3-8b-decode"), "tpu-v7x"),
    ] {
        let finished = run(&text, chip);
        let Finished { trace, emitted, chip, .. } = &finished;
        let report = finished.report(&text);
        let (counts, parts) = (Counts::new(trace), Parts::new(&emitted.program, chip, trace));
        let part = |cycles| parts.part(&emitted.program, chip, trace, cycles);
        let classes = |cycles: Range<Cycle>| {
            let units = 0..chip.matrix_units;
            let of = units.map(|unit| counts.classes(trace, unit, cycles.clone()));
            of.fold(Classes::default(), |sum, classes| sum + classes)
        };
        let whole = part(0..trace.cycles);
        assert_eq!(classes(0..trace.cycles), finished.tally().classes, "{}", chip.name);
        assert_eq!(whole.macs, report.macs, "{}", chip.name);
        assert_eq!((whole.read, whole.written), (report.dram_bytes.read, report.dram_bytes.written));
        let room = trace.cycles as f64 * (chip.pes() * chip.matrix_units as u64) as f64;
        let apart = (whole.at_peak / room - report.utilization).abs();
        assert!(apart < 1e-9, "{} and {}", whole.at_peak / room, report.utilization);
        // Cut anywhere, the pieces are the whole.
        let mut sum = (0, 0, 0, Classes::default());
        let cuts: Vec<Cycle> = (0..=97).map(|at| trace.cycles / 97 * at).chain([trace.cycles]).collect();
        for cut in cuts.windows(2) {
            let piece = part(cut[0]..cut[1]);
            sum.0 += piece.macs;
            sum.1 += piece.read;
            sum.2 += piece.written;
            sum.3 += classes(cut[0]..cut[1]);
        }
        assert_eq!(sum, (whole.macs, whole.read, whole.written, finished.tally().classes));
    }
}
