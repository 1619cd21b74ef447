//! Numbers of the picture as bits, and as the elements that they are: sums are held to the results in memory.

#![allow(clippy::unwrap_used)] // a test may fail

use systole::base::{Cycle, Ratio};
use systole::chip::{Chip, Dataflow};
use systole::draw::{Camera, Fullness, Held, Layout, Moment, Notation, Shape, Term, Words, array};
use systole::import::Files;
use systole::isa::{BufferId, SumMode, Work};
use systole::job::{Finished, compile, compile_or_time};
use systole::num::{DType, Values};
use systole::sim::{Kept, Reach};
use systole::trace::{NONE, Numbers, PassRun};

fn run(text: &str, chip: &Chip) -> Finished {
    let compiled = compile(text, &Files::default(), chip);
    compiled.job.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics)).finish()
}

fn chip(rows: usize, cols: usize, dataflow: Dataflow) -> Chip {
    let dtypes = [DType::I8, DType::I16, DType::F32, DType::Bf16, DType::Fp8];
    let rates = dtypes.map(|dtype| ((dtype, dtype), Ratio::ONE));
    Chip { dataflow, rates: rates.into(), ..Chip::classroom(rows, cols).unwrap() }
}

/// What a moment is looked at with.
struct Look<'a> {
    unit: usize,
    cycle: Cycle,
    selected: (usize, usize),
    notation: Notation,
    numbers: Numbers,
    indices: &'a dyn Fn(BufferId, u64) -> Vec<u64>,
}

fn look<T>(finished: &Finished, look: &Look, layout: &Layout, of: impl FnOnce(&Moment) -> T) -> T {
    let reach = Reach {
        activations: layout.hops_left,
        weights: layout.hops_above,
        accumulators: layout.accumulator_rows,
    };
    let here = finished.machine().at(look.unit, look.cycle, reach);
    let mut kept = Kept::default();
    of(&Moment {
        frame: &here.frame(&mut kept),
        around: &here.surroundings(&mut kept),
        view: &here.view,
        trace: &finished.trace,
        program: &finished.emitted.program,
        chip: &finished.chip,
        unit: look.unit,
        selected: look.selected,
        marked: None,
        before: &here.sums_before(look.selected.0, look.selected.1, &mut kept),
        notation: look.notation,
        fullness: Fullness::default(),
        numbers: look.numbers,
        indices: look.indices,
        arrived: 1.0,
    })
}

/// Entries as the frame's.
fn entry(values: &Values, place: usize) -> i32 {
    if values.dtype().is_float() { values.get_f32(place).to_bits() as i32 } else { values.get(place) }
}

/// What is called by its buffer and its place there: its number in memory; nothing of padding.
fn looked_up(finished: &Finished, called: &str) -> Option<i32> {
    let index = called.rsplit('[').next().unwrap().trim_end_matches(']');
    let (buffer, place) = index.split_once(',')?;
    let values = &finished.memory[buffer.parse::<usize>().unwrap()];
    Some(entry(values, place.trim().parse().unwrap()))
}

/// Products whose results are their sums, on arrays where one pass has all of k if `whole`: with copies, transposed, convolved, of
/// floats.
const PRODUCTS: [&str; 6] = [
    "input x : i8[6, 8]\nweight w : i8[8, 7]\ny = x @ w\noutput y\n",
    "input x : i8[2, 5, 7]\nweight w : i8[2, 7, 6]\ny = x @ w\noutput y\n",
    "input x : i8[9, 8]\nweight w : i8[5, 8]\ny = x @ w.T\noutput y\n",
    "input x : i8[1, 5, 4, 2]\nweight w : i8[2, 2, 2, 5]\ny = conv2d(x, w)\noutput y\n",
    "input x : bf16[6, 8]\nweight w : bf16[8, 5]\ny = x @ w\noutput y\n",
    "size n = 3\ninput x : i8[6, 8]\nweight w : i8[n, 8, 7]\nrepeat n as t {\n    y[t] = x @ w[t]\n}\noutput y\n",
];

#[test]
fn sums_are_called_what_they_become() {
    let mut checked = [0, 0];
    for (text, dataflow) in PRODUCTS.iter().flat_map(|text| Dataflow::ALL.map(|dataflow| (text, dataflow))) {
        let finished = run(text, &Chip { matrix_units: 2, ..chip(8, 4, dataflow) });
        for (unit, cycle) in
            (0..2).flat_map(|unit| (0..finished.trace.cycles).map(move |cycle| (unit, cycle)))
        {
            checked[0] += check_pes(&finished, unit, cycle);
        }
        // Here, several passes add to a sum.
        let finished = run(text, &chip(3, 4, dataflow));
        let lane = &finished.trace.passes[0];
        let sums: Vec<(usize, SumMode)> = lane.iter_from(0).map(|pass| sums_of(&finished, &pass)).collect();
        // The next pass to the same rows, if there is one, begins others.
        let whole = |at: usize| {
            let (rows, _) = sums[at];
            let next = sums[at + 1..].iter().find(|(other, _)| *other == rows);
            next.is_none_or(|(_, mode)| *mode == SumMode::Begin)
        };
        for at in (0..sums.len()).filter(|at| whole(*at)).map(|at| at as u64) {
            checked[1] += check_accumulators(&finished, at, lane.get(at).unwrap().event);
        }
    }
    assert!(checked.iter().all(|count| *count > 500), "{checked:?}");
}

/// The first accumulator of a pass, and whether it begins sums.
fn sums_of(finished: &Finished, pass: &PassRun) -> (usize, SumMode) {
    match &finished.emitted.program.instructions[pass.instruction].work {
        Work::Multiply { sums, .. } | Work::Contract { sums, .. } => {
            (sums.rows.in_iteration(&pass.iteration), sums.mode)
        }
        other => panic!("{other:?} on a matrix unit"),
    }
}

fn by_place<'a>(unit: usize, cycle: Cycle, notation: Notation) -> Look<'a> {
    let indices = &|buffer: BufferId, place| vec![buffer.index() as u64, place];
    Look { unit, cycle, selected: (0, 0), notation, numbers: Numbers::All, indices }
}

/// The whole sums of a cycle: where weights stay those of the bottom row, where sums stay those that drain. How many were looked at.
fn check_pes(finished: &Finished, unit: usize, cycle: Cycle) -> usize {
    let layout = Layout::new(1000.0, 1000.0, finished.chip.rows, finished.chip.cols);
    look(finished, &by_place(unit, cycle, Notation::Indices), &layout, |moment| {
        let frame = moment.frame;
        let (held, values, passes, first) = match finished.chip.dataflow {
            Dataflow::OutputStationary => (Held::Drain, &frame.drain, &frame.drain_pass, 0),
            _ => (Held::Sum(0), &frame.psum, &frame.psum_pass, frame.rows - 1),
        };
        let places = (first..frame.rows).flat_map(|row| (0..frame.cols).map(move |col| [row, col]));
        let mut count = 0;
        for place @ [row, col] in places.filter(|[row, col]| passes[frame.at(*row, *col)] != NONE) {
            let at = frame.at(row, col);
            let called = moment.text(held, place, 0, passes[at]).unwrap();
            let expected = if called == "·" { 0 } else { looked_up(finished, &called).unwrap() };
            assert_eq!(values[at], expected, "{called}, PE{place:?} of unit {unit} in cycle {cycle}");
            count += usize::from(called != "·");
        }
        count
    })
}

/// Accumulators to which a pass was the last to add.
fn check_accumulators(finished: &Finished, pass: u64, cycle: Cycle) -> usize {
    let layout = Layout::new(4000.0, 4000.0, finished.chip.rows, finished.chip.cols);
    let [_, below, ..] = layout.accumulator(0, 0);
    look(finished, &by_place(0, cycle, Notation::Indices), &layout, |moment| {
        let called = array(moment, &layout).shapes.into_iter().filter_map(|shape| match shape {
            Shape::Text { at, text, .. } if at[1] > below => Some(text),
            _ => None,
        });
        // Elements with or without their tensor's name, and padding.
        let is_label = |text: &String| {
            let index = text.ends_with(']') && text.contains(", ");
            index || text == "·" || text == "?" || text.contains(',') && !text.contains(' ')
        };
        let known = called.filter(is_label);
        let sums = moment.around.accumulators.rows.iter().flatten().flatten();
        let all: Vec<_> = known.zip(sums).collect();
        let of_pass = all.iter().filter(|(_, sum)| moment.view.first + u64::from(sum.pass) == pass);
        for (text, sum) in of_pass.clone() {
            assert_eq!(looked_up(finished, text).unwrap_or(0), sum.sum, "{text} in cycle {cycle}");
        }
        of_pass.count()
    })
}

const SMALL: &str = "input x : i8[4, 4]\nweight w : i8[4, 4]\ny = x @ w\noutput y\n";

/// What a PE at work is said to do, in a notation.
fn told(text: &str, chip: &Chip, notation: Notation, after: Cycle) -> (Term, Vec<(&'static str, String)>) {
    let finished = run(text, chip);
    let indices = &|buffer: BufferId, place: u64| finished.indices(buffer, place);
    let cycle = finished.trace.passes[0].get(0).unwrap().start + after;
    let at = Look { unit: 0, cycle, selected: (2, 1), notation, numbers: Numbers::All, indices };
    let layout = Layout::new(700.0, 600.0, chip.rows, chip.cols);
    look(&finished, &at, &layout, |moment| (Term::new(moment).unwrap(), Words::new(moment).detail.lines))
}

/// Hexadecimal digits as a whole number in two's complement.
fn whole(digits: &str) -> i32 {
    let bits = u32::from_str_radix(digits, 16).unwrap();
    let unused = 32 - 4 * digits.len();
    (bits << unused) as i32 >> unused
}

#[test]
fn the_same_numbers_stand_in_every_notation() {
    for dataflow in Dataflow::ALL {
        let [(decimal, lines), (hexadecimal, hex_lines), (named, _)] =
            [Notation::Decimal, Notation::Hexadecimal, Notation::Indices]
                .map(|notation| told(SMALL, &chip(4, 4, dataflow), notation, 5));
        let (before, factors, after) = decimal.numbers.clone().unwrap();
        let (hex_before, hex_factors, hex_after) = hexadecimal.numbers.clone().unwrap();
        let as_whole = |text: &str| text.replace('−', "-").parse::<i32>().unwrap();
        for (decimal, digits, length) in [
            (&before, &hex_before, 8),
            (&factors[0], &hex_factors[0], 2),
            (&factors[1], &hex_factors[1], 2),
            (&after, &hex_after, 8),
        ] {
            assert_eq!((digits.len(), whole(digits)), (length, as_whole(decimal)), "{dataflow:?}");
        }
        assert_eq!(as_whole(&before) + as_whole(&factors[0]) * as_whole(&factors[1]), as_whole(&after));
        assert_eq!((named.numbers, &named.factors), (None, &decimal.factors));
        assert_eq!(decimal.of, "y");
        // Of the sum it is the row of what comes from the left and the column of what comes from above.
        let within = |name: &str, at: usize| {
            let (_, index) = name.split_once('[').unwrap();
            index.trim_end_matches(']').split(", ").nth(at).unwrap().to_owned()
        };
        let [left, above] = &decimal.factors;
        let expected = match dataflow {
            Dataflow::InputStationary => [within(above, 0), within(left, 1)],
            _ => [within(left, 0), within(above, 1)],
        };
        assert_eq!(named.of, format!("y[{}, {}]", expected[0], expected[1]), "{dataflow:?}");
        // In the words, too.
        let product = |lines: &[(&str, String)]| {
            lines.iter().find(|(label, _)| label.contains('×')).map(|(_, value)| value.clone()).unwrap()
        };
        let digits: Vec<i32> =
            product(&hex_lines).split([' ', '×', '=']).filter(|word| !word.is_empty()).map(whole).collect();
        let numbers: Vec<i32> =
            product(&lines).split([' ', '×', '=']).filter(|word| !word.is_empty()).map(as_whole).collect();
        assert_eq!(digits, numbers);
    }
}

/// Sums of bf16 are of f32, with all of its bits.
#[test]
fn floats_are_the_bits_of_their_dtype() {
    let text = SMALL.replace("i8", "bf16");
    let (Term { numbers, .. }, _) =
        told(&text, &chip(4, 4, Dataflow::WeightStationary), Notation::Hexadecimal, 5);
    let (before, factors, after) = numbers.unwrap();
    let float = |digits: &str| {
        let bits = u32::from_str_radix(digits, 16).unwrap();
        f32::from_bits(bits << (32 - 4 * digits.len()))
    };
    assert_eq!([&factors[0], &factors[1], &before, &after].map(|digits| digits.len()), [4, 4, 8, 8]);
    assert_eq!(float(&before) + float(&factors[0]) * float(&factors[1]), float(&after));
}

/// All texts of a picture.
fn texts(finished: &Finished, layout: &Layout, notation: Notation, numbers: Numbers) -> Vec<(String, f64)> {
    let indices = &|buffer: BufferId, place: u64| finished.indices(buffer, place);
    let cycle = finished.trace.passes[0].get(0).unwrap().start + 5;
    let at = Look { unit: 0, cycle, selected: (2, 1), notation, numbers, indices };
    look(finished, &at, layout, |moment| {
        let shapes = array(moment, layout).shapes.into_iter();
        shapes
            .filter_map(|shape| match shape {
                Shape::Text { text, size, .. } => Some((text, size)),
                _ => None,
            })
            .collect()
    })
}

#[test]
fn what_has_no_room_is_shortened_and_says_so() {
    let finished = run(SMALL, &chip(4, 4, Dataflow::WeightStationary));
    let is_sum =
        |text: &str, len: usize| text.len() == len && text.chars().all(|letter| letter.is_ascii_hexdigit());
    let wide = texts(&finished, &Layout::new(700.0, 600.0, 4, 4), Notation::Hexadecimal, Numbers::All);
    assert!(wide.iter().any(|(text, _)| is_sum(text, 8)) && wide.iter().all(|(text, _)| !text.contains('…')));
    // PEs of some 28 pixels.
    let narrow = texts(&finished, &Layout::new(200.0, 290.0, 4, 4), Notation::Hexadecimal, Numbers::All);
    assert!(
        narrow.iter().any(|(text, size)| text.starts_with('…') && text.chars().count() == 3 && *size >= 5.0)
    );
    let indices = texts(&finished, &Layout::new(200.0, 290.0, 4, 4), Notation::Indices, Numbers::All);
    assert!(indices.iter().any(|(text, _)| text.len() == 3 && text.contains(',')), "{indices:?}");
    assert!(indices.iter().all(|(text, _)| !text.contains('[')));
}

/// Without values, there are names all the same, also of sums.
#[test]
fn a_run_without_values_has_indices() {
    let text = "input a : i8[4096, 4096]\nweight w : i8[4096, 4096]\nh = requant(a @ w, shift=7)\noutput h\n";
    let chip = Chip { unified_buffer_bytes: 1 << 24, ..Chip::classroom(4, 4).unwrap() };
    let finished = compile_or_time(text, &Files::default(), &chip).timed.unwrap();
    let near = Layout::new(900.0, 700.0, 4, 4);
    let near = near.seen(Camera { at: [1.5, 2.5], zoom: 4.0 });
    let shown = texts(&finished, &near, Notation::Indices, Numbers::None);
    for name in ["a[", "w[", "h["] {
        assert!(shown.iter().any(|(text, _)| text.starts_with(name)), "{name} in {shown:?}");
    }
    // Bits need numbers: there, elements are named as in decimal.
    let [decimal, hexadecimal] = [Notation::Decimal, Notation::Hexadecimal]
        .map(|notation| texts(&finished, &near, notation, Numbers::None));
    assert_eq!(decimal, hexadecimal);
}
