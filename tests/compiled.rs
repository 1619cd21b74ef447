//! What the page shows of a compiled program: its listing, what of it is under way, its loops, its graph, a PE in code, and
//! assemblies that run in its place.
#![allow(clippy::unwrap_used)] // a test may fail

use systole::base::Cycle;
use systole::chip::{Chip, Dataflow};
use systole::draw::{GraphLayout, GraphView, LoopPlaces, Occurrence, Pairs, Running, Shape, Towards};
use systole::import::Files;
use systole::isa::text::{Listing, assemble, print};
use systole::isa::{InstructionId, Unit, Work};
use systole::job::{self, Extent, Finished};
use systole::schedule::{LoopPart, Over, loops};

const LAYERS: &str = "input x : i8[20, 24]\nweight w : i8[24, 20]\nweight b : i32[20]\nweight v : i8[20, 10]\n\
                      h = relu(requant(x @ w + b, shift=5))\ny = h @ v\noutput argmax(y, axis=1)\n";

fn finished(text: &str, chip: &Chip) -> Finished {
    let compiled = job::compile(text, &Files::default(), chip);
    compiled.job.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics)).finish()
}

fn chip(dataflow: Dataflow) -> Chip {
    Chip { dataflow, ..Chip::classroom(4, 4).unwrap() }
}

/// Every time that anything is done, one by one.
fn all_times(run: &Finished) -> Vec<Occurrence> {
    let mut all = Vec::new();
    for (unit, lane) in &run.trace.units {
        for it in lane.iter_from(0) {
            let (instruction, iteration) = (it.instruction, it.iteration);
            let (start, busy_until, event) = (it.start, it.busy_until, it.event);
            all.push(Occurrence { instruction, unit: *unit, iteration, start, busy_until, event });
        }
    }
    for (number, lane) in run.trace.passes.iter().enumerate() {
        for it in lane.iter_from(0) {
            let (instruction, iteration) = (it.instruction, it.iteration);
            let (unit, start) = (Unit::Matrix(number as u32), it.start);
            let (busy_until, event) = (it.stream_end, it.event);
            all.push(Occurrence { instruction, unit, iteration, start, busy_until, event });
        }
    }
    all
}

#[test]
fn what_is_under_way_is_what_has_begun_and_not_signalled() {
    for dataflow in Dataflow::ALL {
        let run = finished(LAYERS, &chip(dataflow));
        let pairs = Pairs::new(&run.emitted.program);
        let running = Running::new(&run.trace, &run.emitted.program, &run.chip, &pairs);
        let all = all_times(&run);
        for cycle in 0..=run.trace.cycles {
            let is_now = |it: &&Occurrence| it.start <= cycle && cycle < it.event;
            let mut expected: Vec<Occurrence> = all.iter().filter(is_now).copied().collect();
            expected.sort_by_key(|it| (it.unit.on_the_way(), it.start));
            let told: Vec<Occurrence> =
                running.at(cycle).into_iter().filter(|it| !matches!(it.unit, Unit::Load(_))).collect();
            assert_eq!(told, expected, "{dataflow:?}, cycle {cycle}");
        }
    }
}

#[test]
fn loads_are_told_by_the_passes_whose_tiles_they_bring() {
    let run = finished(LAYERS, &chip(Dataflow::WeightStationary));
    let program = &run.emitted.program;
    let pairs = Pairs::new(program);
    let running = Running::new(&run.trace, program, &run.chip, &pairs);
    for pass in run.trace.passes[0].iter_from(0) {
        let now = running.at(pass.load);
        let load = now.iter().find(|it| it.unit == Unit::Load(0)).unwrap();
        assert_eq!(program.instructions[load.instruction].work, Work::Load);
        assert_eq!((load.start, load.iteration), (pass.load, pass.iteration));
    }
}

#[test]
fn one_goes_from_time_to_time_of_an_instruction_and_round_again() {
    let run = finished(LAYERS, &chip(Dataflow::WeightStationary));
    let program = &run.emitted.program;
    let pairs = Pairs::new(program);
    let running = Running::new(&run.trace, program, &run.chip, &pairs);
    let all = all_times(&run);
    for id in program.instructions.ids() {
        let mut starts: Vec<Cycle> =
            all.iter().filter(|it| it.instruction == id).map(|it| it.start).collect();
        if program.instructions[id].work == Work::Load {
            continue;
        }
        starts.sort_unstable();
        starts.dedup();
        let mut cycle = 0;
        let first = running.begins(id, cycle).unwrap();
        assert!(starts.contains(&first));
        let mut seen = vec![first];
        for _ in 1..starts.len() {
            cycle = *seen.last().unwrap();
            seen.push(running.begins(id, cycle).unwrap());
        }
        assert_eq!(running.begins(id, *seen.last().unwrap()), Some(first), "round again");
        seen.sort_unstable();
        assert_eq!(seen, starts);
        let (_, ordinal) = running.around(id, run.trace.cycles).unwrap();
        assert_eq!(ordinal.of, all.iter().filter(|it| it.instruction == id).count() as u64);
        assert_eq!(ordinal.number + 1, ordinal.of, "at the end it is the last one");
    }
}

#[test]
fn a_listing_in_slices_is_the_printed_text_and_knows_its_lines() {
    let run = finished(LAYERS, &chip(Dataflow::WeightStationary));
    let assembly = run.assembly();
    let mut listing = Listing::new(assembly.clone());
    let mut slices = 0;
    while !listing.advance(1) {
        slices += 1;
    }
    assert!(slices > 3);
    let lines: Vec<&str> = (0..listing.len()).map_while(|line| listing.line(line)).collect();
    let text = print(&assembly);
    assert_eq!(lines, text.lines().collect::<Vec<_>>());
    assert_eq!(listing.widest(), text.lines().map(str::len).max().unwrap());
    // Read again, the k-th instruction of the text stands where the listing says.
    let places = assemble(&text).places;
    let starts: Vec<usize> = places.instructions.iter().map(|span| line_of(&text, span.start)).collect();
    let ids: Vec<InstructionId> =
        (0..listing.len()).filter_map(|line| listing.instruction_at(line)).collect();
    for id in &ids {
        let range = listing.lines_of(*id).unwrap();
        assert!(starts.contains(&range.start), "line {}", range.start);
        range.for_each(|line| assert_eq!(listing.instruction_at(line), Some(*id)));
    }
    assert_eq!(listing.instruction_at(0), None, "declarations are none");
}

fn line_of(text: &str, offset: u32) -> usize {
    text[..offset as usize].matches('\n').count()
}

/// Iterations of loops over M, N and K of each pass, as they are told in its first cycle.
fn told(run: &Finished) -> Vec<(usize, [usize; 3])> {
    let (program, plan) = (&run.emitted.program, &run.plan);
    let (lines, pairs) = (loops(plan, &run.chip), Pairs::new(program));
    let places = LoopPlaces { plan, program, tensors: &run.emitted.tensors, pairs: &pairs, lines: &lines };
    let passes = run.trace.passes[0].iter_from(0);
    let at = |pass: systole::trace::PassRun| {
        let op = program.instructions[pass.instruction].op.index();
        let occurrence = Occurrence {
            instruction: pass.instruction,
            unit: Unit::Matrix(0),
            iteration: pass.iteration,
            start: pass.start,
            busy_until: pass.stream_end,
            event: pass.event,
        };
        let marks = places.marks(&[occurrence], pass.start);
        let number = |over: Over| {
            let is = |line: usize| {
                lines[line].layer == op && matches!(lines[line].part, LoopPart::Loop(it) if it.over == over)
            };
            marks.iter().find(|mark| is(mark.line)).and_then(|mark| mark.of).unwrap().1
        };
        let works = marks.iter().find(|mark| lines[mark.line].part == LoopPart::Stream).unwrap();
        assert!(works.busy);
        (op, [Over::M, Over::N, Over::K].map(number))
    };
    passes.map(at).collect()
}

#[test]
fn loops_come_round_in_the_order_in_which_they_stand() {
    for dataflow in Dataflow::ALL {
        // Few accumulators and a small buffer make several rows of tiles.
        let chip = Chip { accumulator_rows: 16, ..chip(dataflow) };
        let run = finished(LAYERS, &chip);
        let mut expected = Vec::new();
        for (number, layer) in run.plan.layers.iter().enumerate() {
            let (Some([m, k, n]), Some(tiling)) = (run.plan.extents(layer), layer.tiling()) else { continue };
            for row in 0..m.div_ceil(tiling.m) {
                for col in 0..n.div_ceil(tiling.n) {
                    expected.extend((0..k.div_ceil(tiling.k)).map(|step| (number, [row, col, step])));
                }
            }
        }
        assert!(expected.iter().any(|(_, [m, n, _])| *m > 0 && *n > 0), "{dataflow:?}");
        assert_eq!(told(&run), expected, "{dataflow:?}");
    }
}

#[test]
fn convolutions_are_told_place_by_place() {
    let text = "input x : i8[1, 8, 8, 4]\nweight w : i8[3, 3, 4, 8]\noutput conv2d(x, w, padding=1)\n";
    let chip = Chip { accumulator_rows: 16, ..chip(Dataflow::WeightStationary) };
    let run = finished(text, &chip);
    let tiling = run.plan.layers[0].tiling().unwrap();
    let passes = told(&run);
    assert_eq!(passes.len(), (64 / tiling.m) * (8 / tiling.n) * 36usize.div_ceil(tiling.k));
    assert_eq!(
        passes.last().unwrap().1,
        [64 / tiling.m - 1, 8 / tiling.n - 1, 36usize.div_ceil(tiling.k) - 1]
    );
}

#[test]
fn cards_of_the_graph_lie_apart_and_below_what_they_read() {
    let text = "input x : i8[8, 8]\nweight u : i8[8, 8]\nweight v : i8[8, 8]\n\
                a = requant(x @ u, shift=4)\nb = requant(x @ v, shift=4)\nc = requant(a @ b, shift=4)\n\
                output c @ u\noutput a @ u\n";
    let run = finished(text, &chip(Dataflow::WeightStationary));
    let layout = GraphLayout::new(&run.graph, &run.plan);
    assert_eq!(layout.layers(), run.plan.layers.len());
    let bounds: Vec<[f64; 4]> = (0..layout.layers()).filter_map(|layer| layout.bounds(layer)).collect();
    for (at, [x, y, width, height]) in bounds.iter().enumerate() {
        assert_eq!(layout.at([x + width / 2.0, y + height / 2.0]), Some(at));
        for [other_x, other_y, _, other_height] in &bounds[..at] {
            assert!((x - other_x).abs() >= *width || y + height <= *other_y || other_y + other_height <= *y);
        }
    }
    let [width, height] = layout.size();
    assert!(bounds.iter().all(|[x, y, w, h]| *x >= 0.0 && *y >= 0.0 && x + w <= width && y + h <= height));
    // `a` and `b` stand beside each other, `c` below both.
    assert_eq!(layout.next(0, Towards::Right), Some(1));
    assert_eq!(layout.next(1, Towards::Left), Some(0));
    assert_eq!(layout.next(2, Towards::Up), Some(1));
    assert_eq!(layout.next(1, Towards::Down), Some(2));
    assert!(bounds[2][1] >= bounds[0][1] + bounds[0][3]);
    assert_eq!(layout.in_words(2).unwrap(), "c = @ | requant of a, b: i8[8, 8]");
}

#[test]
fn only_what_is_to_be_seen_of_a_graph_is_drawn() {
    let mut text = "input x : i8[4, 4]\nweight w : i8[4, 4]\n".to_owned();
    for layer in 1..200 {
        let from = if layer == 1 { "x".to_owned() } else { format!("h{}", layer - 1) };
        text += &format!("h{layer} = requant({from} @ w, shift=4)\n");
    }
    text += "output h199\n";
    let run = finished(&text, &chip(Dataflow::WeightStationary));
    let layout = GraphLayout::new(&run.graph, &run.plan);
    let view = GraphView { size: [400.0, 500.0], corner: [0.0, 0.0], zoom: 1.0, marked: None };
    let titles = |view: &GraphView| {
        let scene = layout.scene(view);
        assert!(scene.shapes.len() < 300, "{}", scene.shapes.len());
        let text = |shape: &Shape| match shape {
            Shape::Text { text, .. } => Some(text.clone()),
            _ => None,
        };
        scene.shapes.iter().filter_map(text).collect::<Vec<_>>()
    };
    assert!(titles(&view).contains(&"h1".to_owned()));
    assert!(!titles(&view).contains(&"h199".to_owned()));
    let [_, height] = layout.size();
    let below = GraphView { corner: [0.0, height - 500.0], ..view };
    assert!(titles(&below).contains(&"h199".to_owned()));
}

#[test]
fn an_assembly_runs_as_the_program_that_it_was_made_of() {
    let chip = chip(Dataflow::WeightStationary);
    let program = finished(LAYERS, &chip);
    let text = print(&program.assembly());
    let (found, run) = job::assembly_job(&text, &Files::default(), &chip);
    assert!(found.is_empty(), "{found:?}");
    let mut run = run.unwrap();
    let mut slices = 0;
    while !run.advance(100) {
        slices += 1;
        assert!((0.0..=1.0).contains(&run.progress()));
    }
    assert!(slices > 3);
    let shown = Finished::from(run.into_run());
    assert_eq!(shown.extent, Extent::Whole);
    let (left, right) = (program.report(LAYERS), shown.report(&text));
    assert_eq!((left.cycles, left.macs), (right.cycles, right.macs));
    let sums = |report: &job::Report| report.outputs.iter().map(|it| it.checksum.clone()).collect::<Vec<_>>();
    assert_eq!(sums(&left), sums(&right));
    assert_eq!(right.agrees, None, "there is nothing to compare it with");
    assert_eq!(print(&shown.assembly()), text);
    // Elements are called by the shapes that it declares.
    let x = shown.emitted.program.buffers.iter().find(|(_, buffer)| buffer.name == "x").unwrap().0;
    assert_eq!(shown.indices(x, 25), [1, 1]);
}

#[test]
fn findings_of_an_assembly_are_those_of_its_run() {
    let chip = chip(Dataflow::WeightStationary);
    for text in ["input a : i8[4, 4]\nmultiply acc[0] = a\n", "nonsense", "repeat 4 as i {\n"] {
        let (found, run) = job::assembly_job(text, &Files::default(), &chip);
        assert!(run.is_none());
        assert_eq!(found, job::assembly_findings(text, &chip), "{text}");
        assert!(!found.is_empty());
    }
}

#[test]
fn cycles_without_a_pass_are_those_of_a_run_without_it() {
    use systole::schedule::{PASSES, Pipeline};
    let chip = chip(Dataflow::WeightStationary);
    let run = finished(LAYERS, &chip);
    let mut differ = 0;
    for pass in &PASSES {
        let pipeline = Pipeline::default().without(pass.name).unwrap();
        let without =
            job::compile_arranged(LAYERS, &Files::default(), &chip, &pipeline, &mut job::as_planned);
        let without = without.job.unwrap().finish();
        assert_eq!(run.cycles_by(&pipeline), Ok(without.trace.cycles), "{}", pass.name);
        differ += usize::from(without.trace.cycles != run.trace.cycles);
    }
    assert!(differ > 0);
}
