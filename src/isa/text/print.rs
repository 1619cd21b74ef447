//! The text of a program.

use std::fmt::Write;
use std::ops::Range;

use litemap::LiteMap;

use super::part::{Along, Index, Part, repeated};
use super::words::{in_quotes, is_of_name};
use super::{LOOPS, Loaded, MAPS, dtype_left};
use crate::base::Bytes;
use crate::isa::{
    AsResult, Assembly, BufferId, Factor, From, Given, Image, Instruction, InstructionId, LoopId, MOST_DEPTH,
    Node, Padding, Patches, Program, RowsAre, Space, SumMode, SumRows, Sums, Unit, VectorSource, VectorStep,
    Wait, Window, Work,
};
use crate::num::{DType, Operand, OperationKind, Requant, Side, Sparsity};

/// Lines are broken before they are longer.
const WIDTH: usize = 110;

/// The text of an assembly whose program is verified.
pub fn print(assembly: &Assembly) -> String {
    let mut at = Printed::new(assembly);
    let mut printer = Printer { assembly, at: &mut at };
    printer.declarations();
    printer.nodes(&assembly.program.body);
    printer.ops_before(assembly.program.ops.len());
    at.text
}

/// A text that is printed in slices, with where its parts stand.
pub struct Listing {
    assembly: Assembly,
    at: Printed,
    /// Nodes of the program's body that have been printed; nothing before the declarations are, or behind the last node.
    next: Option<usize>,
    is_whole: bool,
}

impl Listing {
    /// The listing of an assembly whose program is verified; it has no line yet.
    pub fn new(assembly: Assembly) -> Listing {
        let at = Printed::new(&assembly);
        Listing { assembly, at, next: None, is_whole: false }
    }

    /// Prints until there are about `lines` more, or all of them; true when it is whole. A node of the body is printed at once.
    pub fn advance(&mut self, lines: usize) -> bool {
        let Listing { assembly, at, next, is_whole } = self;
        let end = at.starts.len() + lines;
        let mut printer = Printer { assembly, at };
        while !*is_whole && printer.at.starts.len() < end {
            match *next {
                None => printer.declarations(),
                Some(node) => match assembly.program.body.get(node) {
                    Some(node) => printer.nodes(std::slice::from_ref(node)),
                    None => {
                        printer.ops_before(assembly.program.ops.len());
                        *is_whole = true;
                    }
                },
            }
            *next = Some(next.map_or(0, |node| node + 1));
        }
        *is_whole
    }

    /// What is listed.
    pub fn assembly(&self) -> &Assembly {
        &self.assembly
    }

    /// Number of lines so far.
    pub fn len(&self) -> usize {
        self.at.starts.len()
    }

    /// Whether there is no line yet.
    pub fn is_empty(&self) -> bool {
        self.at.starts.is_empty()
    }

    /// A line by its number, from 0, without its end.
    pub fn line(&self, number: usize) -> Option<&str> {
        let start = *self.at.starts.get(number)?;
        let end = self.at.starts.get(number + 1).copied().unwrap_or(self.at.text.len());
        Some(self.at.text[start..end].trim_end_matches('\n'))
    }

    /// Longest of the lines so far, in bytes.
    pub fn widest(&self) -> usize {
        self.at.widest
    }

    /// The instruction whose line, or one of whose lines, has this number.
    pub fn instruction_at(&self, line: usize) -> Option<InstructionId> {
        let printed = &self.at.instructions;
        let (id, lines) =
            printed.get(printed.partition_point(|(_, lines)| lines.start <= line).checked_sub(1)?)?;
        lines.contains(&line).then_some(*id)
    }

    /// The lines of an instruction, if they have been printed.
    pub fn lines_of(&self, instruction: InstructionId) -> Option<Range<usize>> {
        let place = *self.at.places.get(instruction.index())?;
        self.at.instructions.get(place as usize).map(|(_, lines)| lines.clone())
    }
}

/// What has been printed, and what the next lines depend on.
struct Printed {
    buffers: Vec<String>,
    events: Vec<String>,
    ops: Vec<String>,
    /// Operators that have been named.
    told_ops: usize,
    /// Whose instructions come.
    op: Option<usize>,
    /// Iterations of the loops around this place.
    counts: Vec<u32>,
    loaded: Loaded,
    text: String,
    /// Where each line begins.
    starts: Vec<usize>,
    /// Bytes of the longest line.
    widest: usize,
    /// Instructions in their order, with their lines.
    instructions: Vec<(InstructionId, Range<usize>)>,
    /// By instruction: its place among them; beyond them if it has none.
    places: Vec<u32>,
}

impl Printed {
    fn new(assembly: &Assembly) -> Printed {
        let program = &assembly.program;
        let of_buffer = |(_, buffer): (BufferId, &'_ crate::isa::Buffer)| match buffer.space {
            Space::Dram => String::new(),
            Space::Unified(0) => "ub".to_owned(),
            Space::Unified(core) => format!("ub{core}"),
        };
        let buffers = program.buffers.iter().map(|(id, buffer)| (&buffer.name[..], of_buffer((id, buffer))));
        let events = program.events.iter().map(|(_, event)| (&event.name[..], String::new()));
        let ops = program.ops.iter().map(|(_, op)| (&op.name[..], String::new()));
        Printed {
            buffers: labels(quoted, buffers),
            events: labels(quoted_event, events),
            ops: labels(quoted, ops),
            told_ops: 0,
            op: None,
            counts: Vec::new(),
            loaded: Loaded::default(),
            text: String::new(),
            starts: Vec::new(),
            widest: 0,
            instructions: Vec::new(),
            places: vec![u32::MAX; program.instructions.len()],
        }
    }
}

/// What each of a list is called: by its name, and a tag behind `@` where others have it too.
fn labels<'a>(quoted: fn(&str) -> String, names: impl Iterator<Item = (&'a str, String)>) -> Vec<String> {
    let mut taken: LiteMap<String, ()> = LiteMap::new();
    names
        .map(|(name, tag)| {
            let name = quoted(name);
            let tagged = |tag: &str| if tag.is_empty() { name.clone() } else { format!("{name}@{tag}") };
            let mut label = tagged(&tag);
            let mut number = 2;
            while taken.contains_key(&label) {
                label = tagged(&if tag.is_empty() { number.to_string() } else { format!("{tag}.{number}") });
                number += 1;
            }
            taken.insert(label.clone(), ());
            label
        })
        .collect()
}

/// A name as it is written.
fn quoted(name: &str) -> String {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_word = begins && name.chars().all(is_of_name) && !super::is_reserved(name);
    if is_word { name.to_owned() } else { in_quotes(name) }
}

/// An event's name, which may be one of a family: `passed[0]`.
fn quoted_event(name: &str) -> String {
    let family = name.strip_suffix(']').and_then(|rest| rest.split_once('['));
    let numbered = |number: &str| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    match family {
        Some((word, number)) if numbered(number) && quoted(word) == word => name.to_owned(),
        _ => quoted(name),
    }
}

struct Printer<'a> {
    assembly: &'a Assembly,
    at: &'a mut Printed,
}

impl Printer<'_> {
    fn program(&self) -> &Program {
        &self.assembly.program
    }

    fn line(&mut self, line: &str) {
        let (indent, start) = (2 * self.at.counts.len(), self.at.text.len());
        self.at.starts.push(start);
        let _ = writeln!(self.at.text, "{:indent$}{line}", "");
        self.at.widest = self.at.widest.max(self.at.text.len() - start - 1);
    }

    fn declarations(&mut self) {
        self.buffers();
        self.events();
    }

    fn buffers(&mut self) {
        let assembly = self.assembly;
        let told = self.told_outputs();
        let mut free: LiteMap<Space, Bytes> = LiteMap::new();
        for (id, buffer) in assembly.program.buffers.iter() {
            let is_input = assembly.inputs.contains_key(&id);
            let word = match (is_input, buffer.space) {
                (true, _) => "input".to_owned(),
                (false, Space::Dram) if told.contains(&id) => "output".to_owned(),
                (false, Space::Dram) => "dram".to_owned(),
                (false, Space::Unified(core)) => numbered("unified", core),
            };
            let shape = &assembly.shapes[id.index()];
            let mut line = format!("{word} {} : {}{shape}", self.at.buffers[id.index()], buffer.dtype);
            let whole = buffer.len as Bytes * buffer.dtype.bytes() as Bytes;
            if buffer.held_bytes != whole {
                let _ = write!(line, " holds {}", buffer.held_bytes);
            }
            let free = free.entry(buffer.space).or_default();
            if buffer.address != *free {
                let _ = write!(line, " at {}", buffer.address);
            }
            *free = buffer.address.saturating_add(buffer.held_bytes);
            match assembly.inputs.get(&id) {
                Some(Given::Numbers(numbers)) => line += &format!(" = {}", numbers_in_words(numbers)),
                Some(Given::Loaded(path)) => line += &format!(" = load({})", in_quotes(path)),
                Some(Given::Each(parts)) => line += &format!(" = each {parts}"),
                Some(Given::Pruned { parts, by, matrix: [rows, cols] }) => {
                    line += " =";
                    if let Some(parts) = parts {
                        line += &format!(" each {parts}");
                    }
                    line += &format!(" pruned {} of {} in {rows} by {cols}", by.kept(), by.of());
                }
                Some(Given::Seeded) | None => {}
            }
            self.line(&line);
        }
        for id in &assembly.outputs[told.len()..] {
            self.line(&format!("output {}", self.at.buffers[id.index()]));
        }
    }

    /// Outputs that their declarations tell: those that are no inputs, if these are the first ones, in their order.
    fn told_outputs(&self) -> Vec<BufferId> {
        let Assembly { program, inputs, outputs, .. } = self.assembly;
        let told = program.buffers.ids().filter(|id| !inputs.contains_key(id) && outputs.contains(id));
        Some(told.collect::<Vec<_>>()).filter(|told| outputs.starts_with(told)).unwrap_or_default()
    }

    fn events(&mut self) {
        let mut line = String::new();
        for label in std::mem::take(&mut self.at.events) {
            if !line.is_empty() && line.len() + label.len() + 2 > WIDTH {
                self.line(&line);
                line.clear();
            }
            line += if line.is_empty() { "event " } else { ", " };
            line += &label;
            self.at.events.push(label);
        }
        if !line.is_empty() {
            self.line(&line);
        }
    }

    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Do(id) => self.instruction(*id),
                Node::Repeat(id) => self.repeat(*id),
            }
        }
    }

    fn repeat(&mut self, id: LoopId) {
        let looped = &self.assembly.program.loops[id];
        // An operator that begins with the loop's first instruction begins before the loop.
        if let Some(first) = self.first_of(&looped.body) {
            self.op_of(first);
        }
        self.line(&format!(
            "repeat {} as {} {{",
            looped.count,
            LOOPS[self.at.counts.len().min(LOOPS.len() - 1)]
        ));
        self.at.counts.push(looped.count);
        self.nodes(&looped.body);
        self.at.counts.pop();
        self.line("}");
    }

    fn first_of<'p>(&'p self, mut nodes: &'p [Node]) -> Option<InstructionId> {
        loop {
            match nodes.first()? {
                Node::Do(id) => return Some(*id),
                Node::Repeat(id) => nodes = &self.assembly.program.loops[*id].body,
            }
        }
    }

    fn op_of(&mut self, id: InstructionId) {
        let op = self.program().instructions[id].op.index();
        if self.at.op == Some(op) {
            return;
        }
        self.ops_before(op);
        self.at.told_ops = self.at.told_ops.max(op + 1);
        self.at.op = Some(op);
        if self.at.counts.is_empty() {
            self.line("");
        }
        self.line(&format!("op {}", self.at.ops[op]));
    }

    /// Names operators that have not been named, of the first so many: they have no instructions before this place.
    fn ops_before(&mut self, end: usize) {
        for op in self.at.told_ops..end {
            self.line(&format!("op {}", self.at.ops[op]));
            self.at.op = Some(op);
        }
        self.at.told_ops = self.at.told_ops.max(end);
    }

    fn instruction(&mut self, id: InstructionId) {
        self.op_of(id);
        let first = self.at.starts.len();
        self.clauses(id);
        self.at.places[id.index()] = self.at.instructions.len() as u32;
        self.at.instructions.push((id, first..self.at.starts.len()));
    }

    fn clauses(&mut self, id: InstructionId) {
        let assembly = self.assembly;
        let instruction = &assembly.program.instructions[id];
        let mut clauses = self.work(instruction);
        let waits: Vec<String> = instruction.waits.iter().map(|wait| self.wait(wait)).collect();
        if !waits.is_empty() {
            clauses.push(format!("wait {}", waits.join(", ")));
        }
        let signals: Vec<&str> =
            instruction.signals.iter().map(|event| &self.at.events[event.index()][..]).collect();
        if !signals.is_empty() {
            clauses.push(format!("signal {}", signals.join(", ")));
        }
        self.at.loaded.note(&assembly.program, instruction);
        let length = 2 * self.at.counts.len() + clauses.iter().map(|clause| clause.len() + 2).sum::<usize>();
        if length <= WIDTH {
            return self.line(&clauses.join("  ").replace("  |", " |"));
        }
        let mut clauses = clauses.into_iter();
        self.line(&clauses.next().unwrap_or_default());
        clauses.for_each(|clause| self.line(&format!("    {clause}")));
    }

    fn wait(&self, wait: &Wait) -> String {
        let mut text = self.at.events[wait.event.index()].clone();
        if wait.behind > 0 {
            let _ = write!(text, " -{}", wait.behind);
        }
        if let From::Loop(depth) = wait.from {
            let _ = write!(text, " before {}", LOOPS[depth.min(LOOPS.len() - 1)]);
        }
        text
    }

    /// What is done, the steps of vector work apart.
    fn work(&self, instruction: &Instruction) -> Vec<String> {
        let unit = |word: &str| match instruction.unit {
            Unit::Host => word.to_owned(),
            unit => numbered(word, unit.on_the_way().1),
        };
        let line = match &instruction.work {
            Work::Copy { from, to, rows } => {
                let word = unit(match instruction.unit {
                    Unit::DmaIn(_) => "read",
                    Unit::DmaOut(_) => "write",
                    _ => "host",
                });
                let to = self.window(to);
                match rows {
                    RowsAre::Together => format!("{word} {to} = {}", self.window(from)),
                    RowsAre::Gathered => format!("{word} {to} = {} gathered", self.window(from)),
                    RowsAre::Chosen { places, of } => {
                        let (all, places) = (Window { rows: *of, ..*from }, self.places(places));
                        format!("{word} {to} = {} by {places}", self.window(&all))
                    }
                }
            }
            Work::Fetch { tile, packed } => {
                format!("{} {}{}", unit("fetch"), self.factor(tile), packed_text(*packed))
            }
            Work::Load => unit("load"),
            Work::Multiply { streamed, tile, cols, packed, sums } => {
                let mut line = format!(
                    "{} {} {}",
                    unit("multiply"),
                    sums_text(sums, streamed.rows()),
                    self.factor(streamed)
                );
                if self.at.loaded.of(instruction.unit) != Some((*tile, *cols, *packed)) {
                    let _ = write!(line, " tile {tile} by {cols}{}", packed_text(*packed));
                }
                line
            }
            Work::Contract { activations, weights, sums } => {
                let (a, w) = (self.factor(activations), self.window(weights));
                format!("{} {} {a} by {w}", unit("contract"), sums_text(sums, activations.rows()))
            }
            Work::Vector { source, steps, target } => {
                return self.vector(unit("vector"), source, steps, target);
            }
        };
        vec![line]
    }

    fn vector(
        &self,
        word: String,
        source: &VectorSource,
        steps: &[VectorStep],
        target: &Window,
    ) -> Vec<String> {
        let extents = <[usize; 2]>::from(source.extents());
        let (from, mut row) = match source {
            VectorSource::Buffer(window) => {
                (self.window(window), self.program().buffers[window.buffer].dtype)
            }
            VectorSource::Patches(patches, padding) => {
                let least = if *padding == Padding::Least { " least" } else { "" };
                (self.patches(patches) + least, self.program().buffers[patches.buffer].dtype)
            }
            VectorSource::Accumulators { unit, dtype, place, rows, cols, as_result } => {
                let mut text = format!("{}[{}]", numbered("acc", *unit), places_text(place, *rows));
                if extents != [target.rows, target.cols] {
                    let _ = write!(text, " {rows} by {cols}");
                }
                if *dtype != self.at.loaded.sums(*unit) {
                    let _ = write!(text, " {dtype}");
                }
                if *as_result == AsResult::Transposed {
                    text += " transposed";
                }
                (text, *dtype)
            }
        };
        let mut clauses = vec![format!("{word} {} = {from}", self.window(target))];
        let left = self.program().buffers[target.buffer].dtype;
        for (at, step) in steps.iter().enumerate() {
            let usual = if at + 1 == steps.len() { Some(left) } else { dtype_left(step.kind, row) };
            clauses.push(format!("| {}", self.step(step, usual, extents)));
            row = step.to;
        }
        clauses
    }

    fn step(&self, step: &VectorStep, usual: Option<DType>, extents: [usize; 2]) -> String {
        let operands: Vec<String> = step
            .operands
            .iter()
            .map(|operand| match operand {
                Operand::Number(number) => number_text(*number),
                Operand::Elements(window) => self.operand(window, extents),
            })
            .collect();
        let mut text = step_name(step.kind);
        if !operands.is_empty() {
            let _ = write!(text, " {}", operands.join(", "));
        }
        text += &details(step.kind);
        if usual != Some(step.to) {
            let _ = write!(text, " to {}", step.to);
        }
        text
    }

    fn matrix(&self, window: &Window) -> [usize; 2] {
        <[usize; 2]>::from(self.assembly.shapes[window.buffer.index()].as_matrix())
    }

    /// The text of which `read` makes the window.
    fn part(&self, window: &Window, read: impl Fn(Window) -> Window) -> Option<String> {
        let matrix = self.matrix(window);
        let [rows, cols] = matrix;
        if cols == 0 {
            return None;
        }
        let blocks = [*window, window.transposed()].map(|window| Part::block_of(&window, cols));
        let once = |part: Part| match part {
            Part::Block(row, col) => {
                let one = |along: Along, stride: u64| Along {
                    count: if stride == 0 { 1 } else { along.count },
                    ..along
                };
                Part::Block(one(row, window.row_stride), one(col, window.col_stride))
            }
            strided => strided,
        };
        let label = &self.at.buffers[window.buffer.index()];
        let candidates = [(blocks[0], ""), (once(blocks[0]), ""), (blocks[1], " transposed")];
        candidates.into_iter().find_map(|(part, suffix)| {
            let made = part.window(window.buffer, matrix, &self.at.counts).ok()?;
            let made = if suffix.is_empty() { made } else { made.transposed() };
            let Part::Block(row, col) = part else { return None };
            let is_vector = self.assembly.shapes[window.buffer.index()].0.len() < 2;
            let axes = self.axes([(row, rows), (col, cols)], is_vector)?;
            (read(made) == *window).then(|| format!("{label}{axes}{suffix}"))
        })
    }

    /// Nothing where rows are meant and there is one axis alone.
    fn axes(&self, [row, col]: [(Along, usize); 2], is_vector: bool) -> Option<String> {
        let all = |(along, of): (Along, usize)| along == Along::all(of);
        Some(match (all(row), all(col)) {
            (true, true) => String::new(),
            (false, _) if is_vector => return None,
            (_, true) if !is_vector => format!("[{}]", along_text(row.0, row.1)),
            _ if is_vector => format!("[{}]", along_text(col.0, col.1)),
            _ => format!("[{}, {}]", along_text(row.0, row.1), along_text(col.0, col.1)),
        })
    }

    fn window(&self, window: &Window) -> String {
        self.part(window, |made| made).unwrap_or_else(|| self.strided(window))
    }

    fn factor(&self, factor: &Factor) -> String {
        match factor {
            Factor::Window(window) => self.window(window),
            Factor::Patches(patches) => self.patches(patches),
            Factor::PatchesAcross(patches) => self.patches(patches) + " transposed",
        }
    }

    fn patches(&self, patches: &Patches) -> String {
        let Patches { image, buffer, offset, moves, first, advance, rows, cols } = *patches;
        let Image { extents, places, size, stride, padding, dilation, each } = image;
        let mut text = format!(
            "{} patches {extents:?} size {size:?} places {places:?}",
            self.at.buffers[buffer.index()]
        );
        for (word, sides, usual) in
            [("stride", stride, 1), ("padding", padding, 0), ("dilation", dilation, 1)]
        {
            if sides != [usual; 2] {
                let _ = write!(text, " {word} {sides:?}");
            }
        }
        if each != extents[3] {
            let _ = write!(text, " each {each}");
        }
        let from = Index { first: offset, advance: moves };
        if from != Index::default() {
            let _ = write!(text, " from {}", index_text(&from));
        }
        let [row, col] = [(0, rows), (1, cols)].map(|(side, count)| {
            let from = index_of(first[side], advance.map(|both| both[side]));
            Along { from, count }
        });
        let all = image.matrix().map(|side| usize::try_from(side).unwrap_or(usize::MAX));
        if [row, col] != all.map(Along::all) {
            let _ = write!(text, " part [{}, {}]", along_text(row, all[0]), along_text(col, all[1]));
        }
        text
    }

    fn operand(&self, window: &Window, extents: [usize; 2]) -> String {
        self.part(window, |made| repeated(made, extents)).unwrap_or_else(|| self.strided(window))
    }

    /// Numbers that choose rows: a row of them stands for a column.
    fn places(&self, window: &Window) -> String {
        let column = |made: Window| if made.rows == 1 { made.transposed() } else { made };
        let row = self.part(&window.transposed(), |made| column(made).transposed());
        row.or_else(|| self.part(window, column)).unwrap_or_else(|| self.strided(window))
    }

    fn strided(&self, window: &Window) -> String {
        let Part::Strided { from, rows, cols } = Part::strided(window) else { unreachable!("it is strided") };
        let label = &self.at.buffers[window.buffer.index()];
        let (rows, cols) = (format!("{} by {}", rows.0, rows.1), format!("{} by {}", cols.0, cols.1));
        format!("{label}{{{} : {rows}, {cols}}}", index_text(&from))
    }
}

fn numbered(word: &str, number: u32) -> String {
    if number == 0 { word.to_owned() } else { format!("{word}.{number}") }
}

fn along_text(along: Along, of: usize) -> String {
    let Along { from, count } = along;
    let still = from.advance.iter().all(|step| *step == 0);
    match () {
        () if along == Along::all(of) => ":".to_owned(),
        () if count == 1 => index_text(&from),
        () if still => format!("{}:{}", from.first, from.first + count as u64),
        () => format!("{} +: {count}", index_text(&from)),
    }
}

/// What moves back comes last: `28 - 4*i`.
fn index_text(index: &Index) -> String {
    let steps = || index.advance.iter().zip(LOOPS);
    let term = |(step, name): (&i64, &str)| match step.unsigned_abs() {
        1 => name.to_owned(),
        step => format!("{step}*{name}"),
    };
    let mut terms: Vec<String> = steps().filter(|(step, _)| **step > 0).map(term).collect();
    if index.first > 0 || terms.is_empty() {
        terms.push(index.first.to_string());
    }
    let back = steps().filter(|(step, _)| **step < 0).map(term);
    back.fold(terms.join(" + "), |text, term| text + " - " + &term)
}

/// Of counts that never become less.
fn index_of(first: usize, advance: [usize; MOST_DEPTH]) -> Index {
    Index { first: first as u64, advance: advance.map(|step| step as i64) }
}

/// Rows of accumulators; without a ring, they are the last ones of it.
fn places_text(rows: &SumRows, count: usize) -> String {
    let SumRows { first, advance, ring } = *rows;
    let index = index_text(&index_of(first, advance));
    let still = advance.iter().all(|step| *step == 0);
    if still && count > 0 && first + count == ring { index } else { format!("{index} mod {ring}") }
}

fn packed_text(packed: Option<Sparsity>) -> String {
    packed.map_or_else(String::new, |sparsity| format!(" packed {} of {}", sparsity.kept(), sparsity.of()))
}

fn sums_text(sums: &Sums, rows: usize) -> String {
    let sign = match sums.mode {
        SumMode::Begin => "=",
        SumMode::Add => "+=",
    };
    format!("acc[{}] {sign}", places_text(&sums.rows, rows))
}

fn step_name(kind: OperationKind) -> String {
    match kind {
        OperationKind::Map(map) => {
            let name = MAPS.iter().find(|(_, known)| *known == map).map(|(name, _)| *name);
            name.unwrap_or_default().to_owned()
        }
        other => super::name_of(other).to_owned(),
    }
}

/// What is written behind a step's operands.
fn details(kind: OperationKind) -> String {
    match kind {
        OperationKind::Combine(_, Side::Right) => " reversed".to_owned(),
        OperationKind::Requant(Requant { scale, shift, zero }) => {
            let parts =
                [("scale", i64::from(scale), 1), ("shift", shift.into(), 0), ("zero", zero.into(), 0)];
            let told = parts.into_iter().filter(|(_, value, usual)| value != usual);
            told.map(|(name, value, _)| format!(" {name}={value}")).collect()
        }
        OperationKind::TopK(k) | OperationKind::TopKPlaces(k) => format!(" k={k}"),
        OperationKind::LayerNorm { eps } | OperationKind::RmsNorm { eps } => {
            format!(" eps={}", number_text(eps))
        }
        OperationKind::Causal { offset, rows } => format!(" offset={offset} rows={rows}"),
        _ => String::new(),
    }
}

fn numbers_in_words(numbers: &[f64]) -> String {
    numbers.iter().map(|number| number_text(*number)).collect::<Vec<_>>().join(", ")
}

/// The shortest text that is the same number again.
fn number_text(number: f64) -> String {
    match number {
        number if number.is_nan() => "nan".to_owned(),
        number if number.is_infinite() => if number > 0.0 { "inf" } else { "-inf" }.to_owned(),
        number => {
            let text = format!("{number:?}");
            text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
        }
    }
}
