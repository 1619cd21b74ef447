//! The plain objects that the page gets: `www/src/protocol.ts` says the same in TypeScript.

use serde::Serialize;

use super::findings::{PageDiagnostic, diagnostics};
use crate::base::{Lines, Utf16};
use crate::draw::{GUTTER, Held, Layout, Moment, Notation, OP_COLOURS, Register, Term, Words, short};
use crate::graph::{Graph, Source, TensorId};
use crate::job::{Compiled, Extent, Finished, Listed, OpReport, OutputReport, UnitReport};
use crate::lang::{Token, TokenKind};
use crate::timing::movement::{Movement, Path, Role};
use crate::trace::{Class, Classes, Lane, NONE, PassRun, Scalar};

/// What is refused beyond.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    pub text_bytes: usize,
    pub file_bytes: usize,
    pub chip_bytes: usize,
}

/// What compiling found.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Checked {
    diagnostics: Vec<PageDiagnostic>,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    tokens: js_sys::Uint32Array,
    loads: Vec<String>,
    runs: bool,
}

impl Checked {
    pub fn new(text: &str, compiled: &Compiled) -> Checked {
        Checked {
            diagnostics: diagnostics(text, &compiled.diagnostics),
            tokens: js_sys::Uint32Array::from(&tokens(text, &compiled.tokens)[..]),
            loads: compiled.loads.clone(),
            runs: compiled.job.is_some() || compiled.timed.is_some(),
        }
    }
}

/// Triples of from, to, and place in the page's TOKEN_CLASSES.
fn tokens(text: &str, tokens: &[Token]) -> Vec<u32> {
    let mut walk = Utf16::new(text);
    let mut list = Vec::with_capacity(tokens.len() * 3);
    for (at, token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1).map(|next| next.kind);
        let before = at.checked_sub(1).map(|before| tokens[before].kind);
        list.extend([
            walk.offset(token.span.start),
            walk.offset(token.span.end),
            class(token.kind, before, next),
        ]);
    }
    list
}

fn class(kind: TokenKind, before: Option<TokenKind>, next: Option<TokenKind>) -> u32 {
    match kind {
        TokenKind::Comment => 0,
        kind if kind.is_reserved() => 1,
        TokenKind::Name if before == Some(TokenKind::Colon) && next == Some(TokenKind::LeftBracket) => 2,
        TokenKind::String | TokenKind::OpenString => 3,
        TokenKind::Integer | TokenKind::Real => 4,
        TokenKind::Name if next == Some(TokenKind::LeftParen) => 5,
        TokenKind::Name if next == Some(TokenKind::Equals) && before == Some(TokenKind::Comma) => 8,
        TokenKind::Name => 6,
        _ => 7,
    }
}

/// A report as the page shows it. It has fields of its own: those of [`Report`] that nobody looks at here would be part of
/// the module.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PageReport {
    rows: usize,
    cols: usize,
    dataflow: &'static str,
    cycles: u64,
    cycles_to_last_mac: u64,
    opens: u64,
    macs: u64,
    padding_macs: u64,
    utilization: f64,
    in_common_memory: bool,
    agrees: bool,
    disagreement: Option<String>,
    assembly: bool,
    unvalued: Option<String>,
    ops: Vec<PageOp>,
    colours: usize,
    inputs: Vec<Input>,
    outputs: Vec<PageOutput>,
    matrix_units: usize,
    units: Vec<PageUnit>,
    class_shares: Vec<ClassShare>,
    op_shares: Vec<Vec<ClassShare>>,
    moved: Vec<Moved>,
    timeline: TimelineSize,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    activity: js_sys::Uint8Array,
}

#[derive(Serialize)]
struct PageOp {
    name: String,
    line: u32,
    start: u64,
    end: u64,
    macs: u64,
}

#[derive(Serialize)]
struct PageOutput {
    name: String,
    line: u32,
    dtype: &'static str,
    shape: Vec<usize>,
    values: Option<Listed>,
}

#[derive(Serialize)]
struct PageUnit {
    name: String,
    busy: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    name: String,
    dtype: &'static str,
    shape: Vec<usize>,
    path: Option<String>,
    values: Option<Listed>,
}

/// Cycles of matrix units of one class.
#[derive(Serialize)]
pub struct ClassShare {
    name: &'static str,
    title: &'static str,
    meaning: &'static str,
    cycles: u64,
}

/// What moved on one path, by role.
#[derive(Serialize)]
struct Moved {
    title: &'static str,
    words: [u64; Role::ALL.len()],
}

/// The paths on which anything moved.
fn moved(movement: &Movement) -> Vec<Moved> {
    let row =
        |path: Path| Moved { title: path.title(), words: Role::ALL.map(|role| movement.of(role, path)) };
    Path::ALL.into_iter().map(row).filter(|row| row.words.iter().any(|words| *words > 0)).collect()
}

/// Pixels of the timeline's picture.
#[derive(Serialize)]
struct TimelineSize {
    gutter: f64,
    height: f64,
}

/// Share of a matrix unit's PEs at work over the run, 0 to 255, at most 512 samples.
pub fn activity(finished: &Finished, unit: usize) -> js_sys::Uint8Array {
    js_sys::Uint8Array::from(&finished.machine().activity(unit, 512)[..])
}

/// The cycle before anything enters an array.
fn opens(finished: &Finished) -> u64 {
    let first = |lane: &Lane<PassRun>| Some(lane.get(0)?.load);
    finished.trace.passes.iter().filter_map(first).min().unwrap_or(0).saturating_sub(1)
}

pub fn shares(classes: Classes) -> Vec<ClassShare> {
    let share = |(class, cycles): (Class, u64)| ClassShare {
        name: class.name(),
        title: class.title(),
        meaning: class.meaning(),
        cycles,
    };
    classes.iter().map(share).collect()
}

impl PageReport {
    /// The report with the activity of a matrix unit, and the height of its timeline in CSS pixels.
    pub fn new(text: &str, finished: &Finished, unit: usize, timeline: f64) -> PageReport {
        let tally = finished.tally();
        let report = finished.report(text);
        let op = |op: OpReport| PageOp {
            name: op.name,
            line: op.line,
            start: op.start,
            end: op.end,
            macs: op.macs,
        };
        let output = |output: OutputReport| PageOutput {
            name: output.name,
            line: output.line,
            dtype: output.dtype,
            shape: output.shape,
            values: output.values,
        };
        let unit_of = |unit: UnitReport| PageUnit { name: unit.name, busy: unit.busy };
        PageReport {
            rows: finished.chip.rows,
            cols: finished.chip.cols,
            dataflow: finished.chip.dataflow.name(),
            cycles: report.cycles,
            cycles_to_last_mac: report.cycles_to_last_mac,
            opens: opens(finished),
            macs: report.macs,
            padding_macs: report.padding_macs,
            utilization: report.utilization,
            in_common_memory: report.in_common_memory,
            agrees: report.agrees == Some(true),
            disagreement: report.disagreement,
            assembly: finished.written.is_some(),
            unvalued: unvalued(text, &finished.extent),
            ops: report.ops.into_iter().map(op).collect(),
            colours: OP_COLOURS,
            inputs: inputs(finished),
            outputs: report.outputs.into_iter().map(output).collect(),
            matrix_units: report.matrix_units,
            units: report.units.into_iter().map(unit_of).collect(),
            class_shares: shares(tally.classes),
            op_shares: tally.ops.iter().map(|op| shares(op.classes)).collect(),
            moved: moved(&tally.moves.all),
            timeline: TimelineSize { gutter: GUTTER, height: timeline },
            activity: activity(finished, unit),
        }
    }
}

/// Why a run has no values.
fn unvalued(text: &str, extent: &Extent) -> Option<String> {
    let Extent::Without { why, .. } = extent else { return None };
    let line = Lines::new(text).position(why.span.start).line;
    Some(format!("line {line}: {}", why.message))
}

/// Of a run with values.
fn inputs(Finished { graph, extent, .. }: &Finished) -> Vec<Input> {
    match extent {
        Extent::Whole => graph.tensors.ids().filter_map(|tensor| input(graph, tensor)).collect(),
        Extent::Without { .. } => Vec::new(),
    }
}

fn input(graph: &Graph, tensor: TensorId) -> Option<Input> {
    let Source::Input(given) = &graph.tensors[tensor].source else { return None };
    let array = graph.declared(tensor, 0)?;
    Some(Input {
        name: graph.name(tensor),
        dtype: array.ty.dtype.name(),
        shape: array.ty.shape.0.to_vec(),
        path: given.path.clone(),
        values: Listed::of(&array.values),
    })
}

/// A cycle in words and numbers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PageFrame {
    cycle: u64,
    unit: usize,
    caption: String,
    selected: Pe,
    pe: PeDetail,
    window: CellWindow,
    term: Option<PageTerm>,
    /// How near one looks, from 0, and whether something can be seen to move.
    level: usize,
    moves: bool,
}

#[derive(Serialize)]
struct PageTerm {
    of: String,
    factors: [String; 2],
    numbers: Option<TermNumbers>,
}

#[derive(Serialize)]
struct TermNumbers {
    before: String,
    factors: [String; 2],
    after: String,
}

impl From<Term> for PageTerm {
    fn from(Term { of, factors, numbers }: Term) -> PageTerm {
        let numbers = numbers.map(|(before, factors, after)| TermNumbers { before, factors, after });
        PageTerm { of, factors, numbers }
    }
}

/// A place in the array.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pe {
    pub row: usize,
    pub col: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PeDetail {
    op: Option<String>,
    index: Option<usize>,
    line: Option<u32>,
    colour: Option<usize>,
    lines: Vec<LabelledValue>,
    /// The operator whose numbers may be asked for.
    compute: Option<usize>,
}

#[derive(Serialize)]
struct LabelledValue {
    label: &'static str,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CellWindow {
    row: usize,
    col: usize,
    rows: usize,
    cols: usize,
    cells: Vec<Cell>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Cell {
    act: Option<Told>,
    weight: Option<Told>,
    shadow: Option<Told>,
    psum: Option<Told>,
    colour: Option<usize>,
}

/// What a register holds.
#[derive(Serialize)]
#[serde(untagged)]
enum Told {
    Number(i32),
    /// A float in a few digits, or bits; which element it is, where that is asked for or a number is not known.
    Text(String),
}

impl PageFrame {
    pub fn new(text: &str, moment: &Moment, layout: &Layout) -> PageFrame {
        let words = Words::new(moment);
        let op_of = |pass: u32| moment.view.passes[pass as usize].op;
        let op = words.detail.pass.map(op_of);
        PageFrame {
            cycle: moment.frame.cycle,
            unit: moment.unit,
            caption: words.caption,
            selected: Pe { row: moment.selected.0, col: moment.selected.1 },
            pe: PeDetail {
                op: op.map(|op| moment.program.ops[op].name.clone()),
                index: op.map(|op| op.index()),
                line: op.map(|op| Lines::new(text).position(moment.program.ops[op].span.start).line),
                colour: op.map(|op| op.index() % OP_COLOURS),
                compute: op.filter(|op| !moment.numbers.are_of(*op)).map(|op| op.index()),
                lines: words
                    .detail
                    .lines
                    .into_iter()
                    .map(|(label, value)| LabelledValue { label, value })
                    .collect(),
            },
            window: window(moment, |pass| op_of(pass).index() % OP_COLOURS),
            term: Term::new(moment).map(PageTerm::from),
            level: layout.level() as usize,
            moves: layout.moves(),
        }
    }
}

/// What a register holds, if it is not empty.
fn held_by(moment: &Moment, held: Held, (row, col): (usize, usize), entry: i32, pass: u32) -> Option<Told> {
    if pass == NONE {
        return None;
    }
    if moment.notation != Notation::Decimal || !moment.has_numbers(pass) {
        return moment.text(held, [row, col], entry, pass).map(Told::Text);
    }
    Some(match moment.scalar(entry, pass) {
        Scalar::Whole(value) => Told::Number(value),
        float => Told::Text(short(float)),
    })
}

/// At most 8 x 8 cells around the selected one.
fn window(moment: &Moment, colour: impl Fn(u32) -> usize) -> CellWindow {
    const MOST: usize = 8;
    let frame = moment.frame;
    let around =
        |at: usize, of: usize| (at.saturating_sub(MOST / 2).min(of.saturating_sub(MOST)), of.min(MOST));
    let (row, rows) = around(moment.selected.0, frame.rows);
    let (col, cols) = around(moment.selected.1, frame.cols);
    let cell = |(row, col): (usize, usize)| {
        let at = frame.at(row, col);
        let register = |held: Held, entry: i32, pass: u32| held_by(moment, held, (row, col), entry, pass);
        let operand = |of: Register, entry: i32, pass: u32| register(Held::Operand(of), entry, pass);
        let shadow = |shadow: &i32| operand(Register::Shadow, *shadow, frame.shadow_pass[at]);
        Cell {
            act: operand(Register::Act(0), frame.act[at], frame.pass[at]),
            weight: operand(Register::Weight(0), frame.weight[at], frame.weight_pass[at]),
            shadow: frame.shadow.get(at).and_then(shadow),
            psum: register(Held::Sum(0), frame.psum[at], frame.psum_pass[at]),
            colour: (frame.pass[at] != NONE).then(|| colour(frame.pass[at])),
        }
    };
    let places = (row..row + rows).flat_map(|row| (col..col + cols).map(move |col| (row, col)));
    CellWindow { row, col, rows, cols, cells: places.map(cell).collect() }
}
