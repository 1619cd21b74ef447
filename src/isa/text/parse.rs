//! The assembler: a program from its text. It reads all statements, says what is wrong with each, and never panics;
//! whether the program keeps the rules is for [`crate::isa::verify`] to say.

use std::collections::BTreeMap;

use super::line::{Label, Line, Read, Wrong, meant, shortened, wrong};
use super::part::{Along, Beyond, Index, Part, repeated};
use super::words::{Kind, statements};
use super::{Loaded, MAPS, STEPS, dtype_left};
use crate::base::{Bytes, Diagnostic, Diagnostics, Span};
use crate::isa::assembly::holds;
use crate::isa::{
    AsResult, Assembly, Buffer, BufferId, Event, EventId, Factor, From, Given, Image, Instruction, Loop,
    MOST_DEPTH, MOST_NUMBER, Node, Padding, Patches, ProgramOp, ProgramOpId, RowsAre, Space, SumMode,
    SumRows, Sums, Unit, VectorSource, VectorStep, Wait, Window, Work,
};
use crate::num::{DType, Operand, Operation, OperationKind, Requant, Shape, Side, Sparsity};

/// Longest text of a program, in bytes.
pub const MOST_ASSEMBLY_BYTES: usize = 8 << 20;
/// Greatest number of a unit.
const MOST_UNITS: u32 = 1 << 12;

/// What a text gives.
pub struct Assembled {
    /// The program, as far as it could be read.
    pub assembly: Assembly,
    /// Where its parts stand.
    pub places: Places,
    /// What is wrong, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// Where the parts of a program stand in its text.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// By instruction.
    pub instructions: Vec<Span>,
    /// By loop.
    pub loops: Vec<Span>,
    /// By buffer.
    pub buffers: Vec<Span>,
    /// The path that a buffer is loaded from, if it is.
    pub paths: BTreeMap<BufferId, Span>,
}

/// Reads a program.
pub fn assemble(text: &str) -> Assembled {
    let mut parser = Parser::default();
    if text.len() > MOST_ASSEMBLY_BYTES {
        let message = format!(
            "the program has {} bytes, more than the {MOST_ASSEMBLY_BYTES} that are read",
            text.len()
        );
        parser.say.error(Span::default(), message, "write what repeats as loops");
        return parser.finish();
    }
    let statements = statements(text, &mut parser.say);
    for words in &statements {
        if parser.say.is_full() {
            break;
        }
        parser.statement(Line::new(words));
    }
    parser.finish()
}

/// A loop that is still to be closed.
struct Open {
    name: Option<String>,
    count: u32,
    span: Span,
    body: Vec<Node>,
}

/// An event as far as its text has been read.
struct Mentioned {
    label: String,
    /// Where it was waited for first, if it was.
    waited: Option<Span>,
    /// Whether it is declared, or an instruction signals it.
    known: bool,
}

#[derive(Default)]
struct Parser {
    say: Diagnostics,
    assembly: Assembly,
    places: Places,
    /// By label; of those whose declarations are wrong, nothing.
    buffers: BTreeMap<String, Option<BufferId>>,
    events: BTreeMap<String, EventId>,
    mentioned: Vec<Mentioned>,
    ops: BTreeMap<String, ProgramOpId>,
    op: Option<ProgramOpId>,
    /// Outermost first.
    open: Vec<Open>,
    body: Vec<Node>,
    /// By memory: behind its last buffer.
    free: BTreeMap<Space, Bytes>,
    loaded: Loaded,
    /// Whether a statement could not be read: what it signals, fetches or loads is then unknown.
    is_partial: bool,
}

/// Words that a statement may begin with.
const STATEMENTS: [&str; 15] = [
    "input", "output", "dram", "unified", "event", "op", "repeat", "read", "write", "host", "fetch", "load",
    "multiply", "contract", "vector",
];

/// `packed 2 of 4`, if it stands there.
fn packed(line: &mut Line) -> Read<Option<Sparsity>> {
    match line.takes_word("packed") {
        true => Ok(Some(some_rows(line)?)),
        false => Ok(None),
    }
}

/// `pruned 2 of 4 in 64 by 32`, if it stands there.
fn pruned(line: &mut Line) -> Read<Option<(Sparsity, [usize; 2])>> {
    const HINT: &str = "as in `pruned 2 of 4 in 64 by 32`, the rows and columns of a matrix";
    if !line.takes_word("pruned") {
        return Ok(None);
    }
    let by = some_rows(line)?;
    line.word("in", HINT)?;
    let rows = line.whole_number("rows of a matrix")?;
    line.word("by", HINT)?;
    Ok(Some((by, [rows, line.whole_number("its columns")?])))
}

/// `2 of 4`
fn some_rows(line: &mut Line) -> Read<Sparsity> {
    const HINT: &str = "as in `2 of 4`: of every 4 rows, at most 16, 2 are stored";
    let place = line.place();
    let kept = line.whole_number("rows that are stored")?;
    line.word("of", HINT)?;
    let of = line.whole_number("rows of a group")?;
    match Sparsity::new(kept, of) {
        Some(sparsity) => Ok(sparsity),
        None => wrong(line.since(place), format!("{kept} of {of} rows cannot be stored"), HINT),
    }
}

impl Parser {
    fn finish(mut self) -> Assembled {
        while let Some(open) = self.open.pop() {
            self.say.error(open.span, "this loop has no end", "close it with a line `}`");
            self.body.extend(open.body);
        }
        self.assembly.program.body = self.body;
        let unread = self.is_partial;
        let signalled = || self.mentioned.iter().filter(|event| event.known).map(|event| &event.label[..]);
        for event in self.mentioned.iter().filter(|event| !event.known && !unread) {
            let Some(span) = event.waited else { continue };
            let hint = "write `signal` and its name at the instruction that it waits for";
            let hint = meant(&event.label, signalled(), hint);
            self.say.error(span, format!("nothing signals `{}`", shortened(&event.label)), hint);
        }
        Assembled { assembly: self.assembly, places: self.places, diagnostics: self.say.into_sorted() }
    }

    fn statement(&mut self, mut line: Line) {
        let Err(wrong) = self.read(&mut line) else { return };
        self.is_partial = true;
        if let Wrong::Here { span, message, hint } = wrong {
            self.say.error(span, message, hint);
        }
    }

    fn read(&mut self, line: &mut Line) -> Read<()> {
        if line.is_mark("}") {
            return self.close(line);
        }
        let first = line.name("a statement", "as in `input a : i8[4, 4]`, or `read a@ub = a`")?;
        let (word, number) = match first.text.split_once('.') {
            Some((word, number)) => (word, Some(number)),
            None => (first.text, None),
        };
        if !STATEMENTS.contains(&word) {
            let hint = meant(
                word,
                STATEMENTS.into_iter(),
                "an instruction is `read`, `write`, `host`, `fetch`, `load`, `multiply`, `contract` or `vector`",
            );
            return wrong(first.span, format!("`{}` is no instruction", shortened(first.text)), hint);
        }
        let is_numbered = !matches!(word, "input" | "output" | "dram" | "event" | "op" | "repeat" | "host");
        let number = match number.map(|number| number.parse().ok().filter(|number| *number < MOST_UNITS)) {
            None => 0,
            Some(Some(number)) if is_numbered => number,
            _ => {
                let hint = format!("a unit's number is from 0 to {}, as in `{word}.1`", MOST_UNITS - 1);
                let hint = if is_numbered { hint } else { format!("write `{word}`") };
                return wrong(first.span, format!("there is no `{}`", shortened(first.text)), hint);
            }
        };
        match word {
            "input" | "output" | "dram" | "unified" => self.buffer(line, word, number),
            "event" => self.declare_events(line),
            "op" => self.begin_op(line),
            "repeat" => self.open(line),
            _ => self.instruction(line, word, number),
        }
    }

    fn buffer(&mut self, line: &mut Line, word: &str, core: u32) -> Read<()> {
        let start = line.whole();
        let label = line.label("a name")?;
        if word == "output" && !line.is_mark(":") {
            line.end("a new output has a type, as in `output c : i32[4, 4]`")?;
            let id = self.known_buffer(&label)?;
            return self.output(id, label.span);
        }
        if self.buffers.contains_key(&label.full) {
            return wrong(
                label.span,
                format!("`{}` is declared twice", shortened(&label.full)),
                "give it another name, or a tag: `a@ub` is another `a`",
            );
        }
        self.buffers.insert(label.full.clone(), None);
        let (buffer, shape, given) = self.declaration(line, label.name, word, core)?;
        self.free.insert(buffer.space, buffer.address.saturating_add(buffer.held_bytes));
        let id = self.assembly.program.buffers.push(buffer);
        self.assembly.shapes.push(shape);
        self.places.buffers.push(start);
        self.buffers.insert(label.full, Some(id));
        if let (Some(Given::Loaded(_)), Some(path)) = (&given, line.last_quoted()) {
            self.places.paths.insert(id, path);
        }
        if let Some(given) = given {
            self.assembly.inputs.insert(id, given);
        }
        if word == "output" { self.output(id, start) } else { Ok(()) }
    }

    fn output(&mut self, id: BufferId, span: Span) -> Read<()> {
        let buffer = &self.assembly.program.buffers[id];
        if buffer.space != Space::Dram {
            let message = format!("`{}` lies in a unified buffer", shortened(&buffer.name));
            return wrong(span, message, "outputs lie in DRAM: `write` it to a buffer there");
        }
        if !self.assembly.outputs.contains(&id) {
            self.assembly.outputs.push(id);
        }
        Ok(())
    }

    fn declaration(
        &mut self,
        line: &mut Line,
        name: String,
        word: &str,
        core: u32,
    ) -> Read<(Buffer, Shape, Option<Given>)> {
        line.mark(":", "a declaration has a type, as in `a : i8[4, 8]`")?;
        let dtype = line.dtype()?;
        let shape = shape(line)?;
        let len = shape.elements();
        let space = if word == "unified" { Space::Unified(core) } else { Space::Dram };
        let whole = len as Bytes * dtype.bytes() as Bytes;
        let (mut held_bytes, mut address) = (whole, self.free.get(&space).copied().unwrap_or(0));
        if line.takes_word("holds") {
            held_bytes = line.bytes("bytes")?;
        }
        if line.takes_word("at") {
            address = line.bytes("a byte")?;
        }
        let mut given = (word == "input").then_some(Given::Seeded);
        if line.is_mark("=") {
            if word != "input" {
                return line
                    .expected("the end of the line", "only an `input` has values before the first cycle");
            }
            line.next();
            given = Some(values(line, dtype, len)?);
        }
        line.end(
            "a declaration is `a : i8[4, 8]`, then `holds` bytes, `at` a byte, and of an input `=` values",
        )?;
        Ok((Buffer { name, dtype, len, space, address, held_bytes }, shape, given))
    }

    fn known_buffer(&self, label: &Label) -> Read<BufferId> {
        match self.buffers.get(&label.full) {
            Some(Some(id)) => Ok(*id),
            Some(None) => Err(Wrong::Known),
            None => {
                let known = self.buffers.keys().map(|known| &known[..]);
                let hint = meant(&label.full, known, "declare it above, as in `unified a : i8[4, 8]`");
                wrong(label.span, format!("no buffer is called `{}`", shortened(&label.full)), hint)
            }
        }
    }

    fn event(&mut self, label: Label) -> EventId {
        let Parser { events, mentioned, assembly, .. } = self;
        *events.entry(label.full).or_insert_with_key(|full| {
            mentioned.push(Mentioned { label: full.clone(), waited: None, known: false });
            assembly.program.events.push(Event { name: label.name })
        })
    }

    fn declare_events(&mut self, line: &mut Line) -> Read<()> {
        loop {
            let label = line.event()?;
            let id = self.event(label);
            self.mentioned[id.index()].known = true;
            if !line.takes_mark(",") {
                return line.end("events are separated by `,`");
            }
        }
    }

    fn begin_op(&mut self, line: &mut Line) -> Read<()> {
        let label = line.label("a name")?;
        line.end("an operator has a name alone")?;
        self.op = Some(self.op_called(label.full, label.name, label.span));
        Ok(())
    }

    fn op_called(&mut self, label: String, name: String, span: Span) -> ProgramOpId {
        let ops = &mut self.assembly.program.ops;
        *self.ops.entry(label).or_insert_with(|| ops.push(ProgramOp { name, span }))
    }

    fn open(&mut self, line: &mut Line) -> Read<()> {
        let span = line.whole();
        let mut open = Open { name: None, count: 1, span, body: Vec::new() };
        let read = self.open_header(line, &mut open);
        // Its end is still to come, whatever is wrong with its beginning.
        self.open.push(open);
        read
    }

    fn open_header(&mut self, line: &mut Line, open: &mut Open) -> Read<()> {
        const HINT: &str =
            "a loop is `repeat 4 as i {`, then its instructions, then `}` on a line of its own";
        open.count = line.at_most(u32::MAX as usize, "how often")? as u32;
        if line.takes_word("as") {
            let name = line.name("a name", HINT)?;
            if self.open.iter().any(|around| around.name.as_deref() == Some(name.text)) {
                return wrong(
                    name.span,
                    format!("`{}` is a loop around this one", shortened(name.text)),
                    "give it another name",
                );
            }
            open.name = Some(name.text.to_owned());
        }
        line.mark("{", HINT)?;
        line.end(HINT)?;
        match self.open.len() < MOST_DEPTH {
            true => Ok(()),
            false => wrong(
                open.span,
                format!("more than {MOST_DEPTH} loops within each other"),
                "write the innermost ones out",
            ),
        }
    }

    fn close(&mut self, line: &mut Line) -> Read<()> {
        let span = line.whole();
        line.next();
        line.end("`}` stands on a line of its own")?;
        let Some(Open { count, body, span: begin, .. }) = self.open.pop() else {
            return wrong(span, "`}` closes nothing", "remove it, or open a loop with `repeat 4 as i {`");
        };
        let id = self.assembly.program.loops.push(Loop { count, body });
        self.places.loops.push(begin);
        self.nodes().push(Node::Repeat(id));
        Ok(())
    }

    fn nodes(&mut self) -> &mut Vec<Node> {
        self.open.last_mut().map_or(&mut self.body, |open| &mut open.body)
    }

    fn instruction(&mut self, line: &mut Line, word: &str, number: u32) -> Read<()> {
        let span = line.whole();
        let unit = match word {
            "read" => Unit::DmaIn(number),
            "write" => Unit::DmaOut(number),
            "host" => Unit::Host,
            "fetch" => Unit::Fetch(number),
            "load" => Unit::Load(number),
            "vector" => Unit::Vector(number),
            _ => Unit::Matrix(number),
        };
        let work = match word {
            "read" | "write" | "host" => self.copy(line)?,
            "fetch" => Work::Fetch { tile: self.factor(line)?, packed: packed(line)? },
            "load" => Work::Load,
            "multiply" => self.multiply(line, unit)?,
            "contract" => self.contract(line)?,
            _ => self.vector(line)?,
        };
        let waits = self.waits(line)?;
        let signals = self.signals(line)?;
        line.end("an instruction ends with `wait` and its events, then `signal` and its events")?;
        let op = match self.op {
            Some(op) => op,
            None => self.op_called(String::new(), "program".to_owned(), span),
        };
        let instruction = Instruction { op, unit, work, waits, signals };
        self.loaded.note(&self.assembly.program, &instruction);
        let id = self.assembly.program.instructions.push(instruction);
        self.places.instructions.push(span);
        self.nodes().push(Node::Do(id));
        Ok(())
    }

    fn waits(&mut self, line: &mut Line) -> Read<Vec<Wait>> {
        let mut waits = Vec::new();
        if !line.takes_word("wait") {
            return Ok(waits);
        }
        loop {
            let label = line.event()?;
            let span = label.span;
            let event = self.event(label);
            self.mentioned[event.index()].waited.get_or_insert(span);
            let behind = match line.takes_mark("-") {
                true => line.at_most(u32::MAX as usize, "how many signals before the last one")? as u32,
                false => 0,
            };
            let from = match line.takes_word("before") {
                true => From::Loop(self.loop_around(line)?),
                false => From::Here,
            };
            waits.push(Wait { event, behind, from });
            if !line.takes_mark(",") {
                return Ok(waits);
            }
        }
    }

    fn signals(&mut self, line: &mut Line) -> Read<Vec<EventId>> {
        let mut signals = Vec::new();
        if !line.takes_word("signal") {
            return Ok(signals);
        }
        loop {
            let label = line.event()?;
            let event = self.event(label);
            self.mentioned[event.index()].known = true;
            signals.push(event);
            if !line.takes_mark(",") {
                return Ok(signals);
            }
        }
    }

    /// Depth of a loop around this place.
    fn loop_around(&self, line: &mut Line) -> Read<usize> {
        let name = line.name("a loop", "one around this instruction, by its name")?;
        let found = self.open.iter().position(|open| open.name.as_deref() == Some(name.text));
        found.filter(|depth| *depth < MOST_DEPTH).map_or_else(
            || {
                let around = self.open.iter().filter_map(|open| open.name.as_deref());
                let hint = meant(name.text, around, "a loop has its name behind `as`: `repeat 4 as i {`");
                wrong(name.span, format!("no loop around this is called `{}`", shortened(name.text)), hint)
            },
            Ok,
        )
    }

    fn copy(&mut self, line: &mut Line) -> Read<Work> {
        let to = self.window(line)?;
        line.mark("=", "a copy is `read target = source`")?;
        let from = self.window(line)?;
        let (from, rows) = match () {
            () if line.takes_word("gathered") => (from, RowsAre::Gathered),
            () if line.takes_word("by") => {
                let mut is_strided = line.clone();
                let places = self.window(line)?;
                let strided = is_strided.label("").is_ok() && is_strided.is_mark("{");
                // Numbers in a row choose as those in a column do.
                let places = if places.rows == 1 && !strided { places.transposed() } else { places };
                (Window { rows: places.rows, ..from }, RowsAre::Chosen { places, of: from.rows })
            }
            () => (from, RowsAre::Together),
        };
        Ok(Work::Copy { from, to, rows })
    }

    fn multiply(&mut self, line: &mut Line, unit: Unit) -> Read<Work> {
        let (index, ring, mode) = self.sums(line)?;
        let streamed = self.factor(line)?;
        let (tile, cols, packed) = match (line.takes_word("tile"), self.loaded.of(unit)) {
            (true, _) => {
                let dtype = line.dtype()?;
                line.word("by", "as in `tile i8 by 4`")?;
                (dtype, line.whole_number("its columns")?, packed(line)?)
            }
            (false, Some(tile)) => tile,
            (false, None) if self.is_partial => return Err(Wrong::Known),
            (false, None) => {
                return wrong(
                    line.whole(),
                    "no tile is loaded for this",
                    "write `fetch` and `load` above it, each once for each `multiply`",
                );
            }
        };
        let sums = Sums { rows: rows_of(index, ring, streamed.rows()), mode };
        Ok(Work::Multiply { streamed, tile, cols, packed, sums })
    }

    fn contract(&mut self, line: &mut Line) -> Read<Work> {
        let (index, ring, mode) = self.sums(line)?;
        let activations = self.factor(line)?;
        line.word("by", "as in `contract acc[0] = a@ub by w@ub`")?;
        let weights = self.window(line)?;
        let sums = Sums { rows: rows_of(index, ring, activations.rows()), mode };
        Ok(Work::Contract { activations, weights, sums })
    }

    /// `acc[0] =` or `acc[0] +=`
    fn sums(&mut self, line: &mut Line) -> Read<(Counted, Option<usize>, SumMode)> {
        const HINT: &str = "sums go to accumulators: `acc[0] =` begins them, `acc[0] +=` adds to them";
        line.word("acc", HINT)?;
        let (index, ring) = self.accumulators(line)?;
        let mode = match () {
            () if line.takes_mark("=") => SumMode::Begin,
            () if line.takes_mark("+=") => SumMode::Add,
            () => return line.expected("`=` or `+=`", HINT),
        };
        Ok((index, ring, mode))
    }

    /// `[0]` or `[4*i mod 8]`
    fn accumulators(&mut self, line: &mut Line) -> Read<(Counted, Option<usize>)> {
        const HINT: &str = "rows of accumulators are `acc[0]`, or `acc[4*i mod 8]` in a ring of 8";
        line.mark("[", HINT)?;
        let index = self.index(line)?;
        let ring = match line.takes_word("mod") {
            true => Some(line.whole_number("rows of the ring")?),
            false => None,
        };
        let place = line.place();
        line.mark("]", HINT)?;
        match ring.is_none() && index.advance.iter().any(|step| *step != 0) {
            true => wrong(place, "accumulators that move with a loop go round in a ring", HINT),
            false => Ok((self.counted(line, index)?, ring)),
        }
    }

    /// A part of a buffer, or windows of images in it.
    fn factor(&mut self, line: &mut Line) -> Read<Factor> {
        let mut ahead = line.clone();
        if !(ahead.label("a buffer").is_ok() && ahead.takes_word("patches")) {
            return Ok(Factor::Window(self.window(line)?));
        }
        let label = line.label("a buffer")?;
        let buffer = self.known_buffer(&label)?;
        *line = ahead;
        let patches = self.patches(line, buffer)?;
        Ok(if line.takes_word("transposed") {
            Factor::PatchesAcross(patches)
        } else {
            Factor::Patches(patches)
        })
    }

    /// Behind `patches`.
    fn patches(&mut self, line: &mut Line, buffer: BufferId) -> Read<Patches> {
        let extents = numbers(line)?;
        line.word("size", "as in `patches [1, 8, 8, 3] size [3, 3] places [6, 6]`")?;
        let size = numbers(line)?;
        line.word("places", "as in `patches [1, 8, 8, 3] size [3, 3] places [6, 6]`")?;
        let places = numbers(line)?;
        let mut pair = |word: &str, usual: usize| -> Read<[usize; 2]> {
            if line.takes_word(word) { numbers(line) } else { Ok([usual; 2]) }
        };
        let (stride, padding, dilation) = (pair("stride", 1)?, pair("padding", 0)?, pair("dilation", 1)?);
        let each =
            if line.takes_word("each") { line.whole_number("channels of a group")? } else { extents[3] };
        let from = if line.takes_word("from") { self.index(line)? } else { Index::default() };
        let image = Image { extents, places, size, stride, padding, dilation, each };
        let all = image.matrix().map(|side| usize::try_from(side).unwrap_or(usize::MAX));
        let [mut row, mut col] = all.map(Along::all);
        if line.takes_word("part") {
            const HINT: &str = "rows and columns of all patches, as in `part [6*i +: 6, 0:9]`";
            line.mark("[", HINT)?;
            row = self.along(line, all[0])?;
            line.mark(",", HINT)?;
            col = self.along(line, all[1])?;
            line.mark("]", HINT)?;
        }
        let (top, down) = self.counted(line, row.from)?;
        let (left, along) = self.counted(line, col.from)?;
        let mut advance = [[0; 2]; MOST_DEPTH];
        for (depth, step) in advance.iter_mut().enumerate() {
            *step = [down[depth], along[depth]];
        }
        let (first, rows, cols) = ([top, left], row.count, col.count);
        Ok(Patches { image, buffer, offset: from.first, moves: from.advance, first, advance, rows, cols })
    }

    /// A part of a buffer.
    fn window(&mut self, line: &mut Line) -> Read<Window> {
        let label = line.label("a buffer")?;
        let id = self.known_buffer(&label)?;
        let shape = &self.assembly.shapes[id.index()];
        let (matrix, is_vector) = (<[usize; 2]>::from(shape.as_matrix()), shape.0.len() < 2);
        let [rows, cols] = matrix;
        let part = match () {
            () if line.takes_mark("[") => self.block(line, matrix, is_vector)?,
            () if line.takes_mark("{") => self.strided(line)?,
            () => Part::Block(Along::all(rows), Along::all(cols)),
        };
        let span = line.since(label.span);
        let counts: Vec<u32> = self.open.iter().map(|open| open.count).collect();
        let window = part.window(id, matrix, &counts).or_else(|beyond| {
            let Beyond { axis, place, of } = beyond;
            let name = shortened(&label.full);
            let hint = match of {
                _ if counts.is_empty() => "count from 0, up to one behind the last: `0:4` are four",
                _ => "count from 0; in the last iteration it must still be within",
            };
            wrong(span, format!("this reaches {axis} {place} of `{name}`, which has {of}"), hint)
        })?;
        Ok(if line.takes_word("transposed") { window.transposed() } else { window })
    }

    fn block(&mut self, line: &mut Line, [rows, cols]: [usize; 2], is_vector: bool) -> Read<Part> {
        const HINT: &str = "a part is `a[0:4, 8:16]`, with loops `a[4*i +: 4, :]`";
        let first = self.along(line, if is_vector { cols } else { rows })?;
        let part = match (is_vector, line.takes_mark(",")) {
            (true, false) => Part::Block(Along::all(rows), first),
            (false, false) => Part::Block(first, Along::all(cols)),
            (false, true) => Part::Block(first, self.along(line, cols)?),
            (true, true) => {
                return wrong(
                    line.place(),
                    "this buffer has one axis",
                    "declare it with two, as in `a : i8[4, 8]`",
                );
            }
        };
        line.mark("]", HINT)?;
        Ok(part)
    }

    fn along(&mut self, line: &mut Line, all: usize) -> Read<Along> {
        let start = line.place();
        if line.takes_mark(":") {
            return Ok(Along::all(all));
        }
        let from = self.index(line)?;
        let count = match () {
            () if line.takes_mark("+:") => line.whole_number("how many")?,
            () if line.takes_mark(":") => {
                let end = line.place_of("where it ends")?;
                let span = line.since(start);
                if from.advance.iter().any(|step| *step != 0) {
                    return wrong(span, "what moves with a loop has a length", "as in `4*i +: 4`");
                }
                match end.checked_sub(from.first) {
                    None | Some(0) => {
                        return wrong(span, "there is nothing in between", "`0:4` are four, from 0 on");
                    }
                    Some(count) => count as usize,
                }
            }
            () => 1,
        };
        Ok(Along { from, count })
    }

    fn strided(&mut self, line: &mut Line) -> Read<Part> {
        const HINT: &str =
            "as in `a{8 : 4 by 16, 2 by 1}`: from element 8 on, 4 rows 16 elements apart, 2 columns 1 apart";
        let from = self.index(line)?;
        line.mark(":", HINT)?;
        let pair = |line: &mut Line| -> Read<(usize, u64)> {
            let count = line.whole_number("how many")?;
            line.word("by", HINT)?;
            Ok((count, line.place_of("how far apart")?))
        };
        let rows = pair(line)?;
        line.mark(",", HINT)?;
        let cols = pair(line)?;
        line.mark("}", HINT)?;
        Ok(Part::Strided { from, rows, cols })
    }

    /// `4*i + j + 3`, `28 - 4*i`
    fn index(&mut self, line: &mut Line) -> Read<Index> {
        let start = line.place();
        let (mut first, mut advance) = (0, [0; MOST_DEPTH]);
        let mut sign = 1;
        loop {
            let (factor, depth) = match line.peek().map(|word| word.kind) {
                Some(Kind::Name) => {
                    let depth = self.loop_around(line)?;
                    let factor = if line.takes_mark("*") { line.place_of("a number")? } else { 1 };
                    (factor, Some(depth))
                }
                _ => {
                    let factor = line.place_of("a number or a loop")?;
                    let depth = if line.takes_mark("*") { Some(self.loop_around(line)?) } else { None };
                    (factor, depth)
                }
            };
            let sum = depth.map_or(&mut first, |depth| &mut advance[depth]);
            // Each is at most 2^48.
            *sum += sign * factor as i64;
            if sum.unsigned_abs() > MOST_NUMBER {
                return wrong(line.since(start), format!("more than {MOST_NUMBER}"), "take smaller numbers");
            }
            sign = match () {
                () if line.takes_mark("+") => 1,
                () if line.takes_mark("-") => -1,
                () => break,
            };
        }
        match u64::try_from(first) {
            Ok(first) => Ok(Index { first, advance }),
            Err(_) => wrong(line.since(start), format!("it begins at {first}"), "begin at 0 or behind it"),
        }
    }

    /// Of rows or columns that are counted and never become less.
    fn counted(&self, line: &mut Line, index: Index) -> Read<Counted> {
        let first = usize::try_from(index.first).ok();
        let steps = index.advance.map(|step| usize::try_from(step).ok());
        match first.filter(|_| steps.iter().all(Option::is_some)) {
            Some(first) => Ok((first, steps.map(Option::unwrap_or_default))),
            None => wrong(line.whole(), "rows that move back", "only places in a buffer may move back"),
        }
    }

    fn vector(&mut self, line: &mut Line) -> Read<Work> {
        let target = self.window(line)?;
        line.mark("=", "vector work is `vector c@ub = acc[0] | requant shift=5 | relu`")?;
        let start = line.place();
        let source = self.source(line, &target)?;
        if let VectorSource::Patches(Patches { image, .. }, _) = &source
            && image.taps() == 0
        {
            return wrong(
                line.since(start),
                "a window of no elements",
                "its height and width are at least 1",
            );
        }
        let extents = <[usize; 2]>::from(source.extents());
        let mut row = match source {
            VectorSource::Accumulators { dtype, .. } => dtype,
            VectorSource::Buffer(window) => self.assembly.program.buffers[window.buffer].dtype,
            VectorSource::Patches(patches, _) => self.assembly.program.buffers[patches.buffer].dtype,
        };
        let left = self.assembly.program.buffers[target.buffer].dtype;
        let mut steps: Vec<VectorStep> = Vec::new();
        while line.takes_mark("|") {
            let start = line.place();
            let (kind, operands) = self.step(line, extents)?;
            let to = match line.takes_word("to") {
                true => Some(line.dtype()?),
                false if line.is_mark("|") => dtype_left(kind, row),
                false => Some(left),
            };
            let Some(to) = to else {
                return wrong(line.since(start), "a cast to what?", "say the dtype, as in `cast to f32`");
            };
            steps.push(Operation { kind, operands, to });
            row = to;
        }
        Ok(Work::Vector { source, steps, target })
    }

    fn source(&mut self, line: &mut Line, target: &Window) -> Read<VectorSource> {
        let Some(unit) = accumulators_of(line)? else {
            return match self.factor(line)? {
                Factor::Window(window) => Ok(VectorSource::Buffer(window)),
                Factor::Patches(patches) if line.takes_word("least") => {
                    Ok(VectorSource::Patches(patches, Padding::Least))
                }
                Factor::Patches(patches) => Ok(VectorSource::Patches(patches, Padding::Zero)),
                Factor::PatchesAcross(_) => {
                    wrong(line.whole(), "a vector unit looks at patches row by row", "leave `transposed` out")
                }
            };
        };
        let (index, ring) = self.accumulators(line)?;
        let extents = match line.peek().map(|word| word.kind) {
            Some(Kind::Number) => {
                let rows = line.whole_number("rows")?;
                line.word("by", "rows and columns of accumulators, as in `acc[0] 4 by 8`")?;
                Some((rows, line.whole_number("columns")?))
            }
            _ => None,
        };
        let dtype = line.takes_dtype().unwrap_or_else(|| self.loaded.sums(unit));
        let (as_result, usual) = match line.takes_word("transposed") {
            true => (AsResult::Transposed, (target.cols, target.rows)),
            false => (AsResult::Straight, (target.rows, target.cols)),
        };
        let (rows, cols) = extents.unwrap_or(usual);
        let place = rows_of(index, ring, rows);
        Ok(VectorSource::Accumulators { unit, dtype, place, rows, cols, as_result })
    }

    fn step(&mut self, line: &mut Line, extents: [usize; 2]) -> Read<(OperationKind, Vec<Operand<Window>>)> {
        let name = line.name("a step", "as in `| add bias@ub | requant shift=5 | relu`")?;
        let map = MAPS.iter().find(|(known, _)| *known == name.text);
        let step = STEPS.iter().find(|(known, _)| *known == name.text);
        let kind = match (map, step) {
            (Some((_, map)), _) => OperationKind::Map(*map),
            (_, Some((_, kind))) => *kind,
            _ => {
                let known = || MAPS.iter().map(|(name, _)| *name).chain(STEPS.iter().map(|(name, _)| *name));
                let all = format!("there are {}", known().collect::<Vec<_>>().join(", "));
                let hint = meant(name.text, known(), &all);
                return wrong(name.span, format!("`{}` is no step", shortened(name.text)), hint);
            }
        };
        let mut operands = Vec::new();
        for at in 0..kind.operands() {
            if at > 0 {
                line.mark(",", "its operands are separated by `,`")?;
            }
            operands.push(match line.takes_real()? {
                Some(number) => Operand::Number(number),
                None => Operand::Elements(self.operand(line, extents)?),
            });
        }
        Ok((details(line, kind)?, operands))
    }

    fn operand(&mut self, line: &mut Line, extents: [usize; 2]) -> Read<Window> {
        let mut ahead = line.clone();
        let strided = ahead.label("").is_ok() && ahead.is_mark("{");
        let window = self.window(line)?;
        Ok(if strided { window } else { repeated(window, extents) })
    }
}

/// Whose accumulators are meant, if some are: `acc` or `acc.1`.
fn accumulators_of(line: &mut Line) -> Read<Option<u32>> {
    let word = line.peek().filter(|word| word.kind == Kind::Name);
    let Some((word, rest)) = word.and_then(|word| Some((word, word.text.strip_prefix("acc")?))) else {
        return Ok(None);
    };
    let unit = match rest.strip_prefix('.') {
        Some(number) => match number.parse().ok().filter(|number| *number < MOST_UNITS) {
            Some(unit) => unit,
            None => {
                return wrong(
                    word.span,
                    format!("there is no `{}`", shortened(word.text)),
                    "accumulators of matrix unit 1 are `acc.1`",
                );
            }
        },
        None if rest.is_empty() => 0,
        None => return Ok(None),
    };
    line.next();
    Ok(Some(unit))
}

/// The first one of rows or columns that are counted, and how far it moves with the loops around it.
type Counted = (usize, [usize; MOST_DEPTH]);

/// `[3, 3]` and the like.
fn numbers<const N: usize>(line: &mut Line) -> Read<[usize; N]> {
    let hint = format!("{N} numbers, as in `[{}]`", vec!["1"; N].join(", "));
    line.mark("[", &hint)?;
    let mut numbers = [0; N];
    for (at, number) in numbers.iter_mut().enumerate() {
        if at > 0 {
            line.mark(",", &hint)?;
        }
        *number = line.whole_number("a number")?;
    }
    line.mark("]", &hint)?;
    Ok(numbers)
}

fn rows_of((first, advance): Counted, ring: Option<usize>, rows: usize) -> SumRows {
    SumRows { first, advance, ring: ring.unwrap_or_else(|| first.saturating_add(rows)) }
}

fn shape(line: &mut Line) -> Read<Shape> {
    const HINT: &str = "extents are at least 1, outermost first: `[4, 8]`";
    let start = line.place();
    line.mark("[", HINT)?;
    let mut extents = Vec::new();
    let mut elements = 1u64;
    while !line.takes_mark("]") {
        if !extents.is_empty() {
            line.mark(",", HINT)?;
        }
        let place = line.place();
        let extent = line.whole_number("an extent")?;
        if extent == 0 || extents.len() == Shape::MOST_AXES {
            let message = if extent == 0 {
                "an extent of 0".to_owned()
            } else {
                format!("more than {} axes", Shape::MOST_AXES)
            };
            return wrong(place, message, HINT);
        }
        elements = elements.saturating_mul(extent as u64);
        extents.push(extent);
    }
    match elements <= MOST_NUMBER {
        true => Ok(Shape::from(extents)),
        false => {
            wrong(line.since(start), format!("more than {MOST_NUMBER} elements"), "take a smaller buffer")
        }
    }
}

/// Behind `=`.
fn values(line: &mut Line, dtype: DType, len: u64) -> Read<Given> {
    const HINT: &str = "values are numbers, as in `= 1, 2, 3`, or a file: `= load(\"a.npy\")`";
    let start = line.place();
    if line.takes_word("load") {
        line.mark("(", HINT)?;
        let Some(path) = line.peek().filter(|word| word.kind == Kind::Quoted) else {
            return line.expected("a path in quotes", HINT);
        };
        line.next();
        line.mark(")", HINT)?;
        return Ok(Given::Loaded(super::words::unquoted(path.text)));
    }
    let each = line.takes_word("each");
    let parts = if each { Some(line.whole_number("how many parts")? as u64) } else { None };
    if let Some((by, matrix)) = pruned(line)? {
        let given = Given::Pruned { parts, by, matrix };
        return match given.fits(dtype, len) {
            true => Ok(given),
            false => {
                let [rows, cols] = matrix;
                let message = format!("{len} elements are no matrices of {rows} by {cols}");
                wrong(line.since(start), message, "all of it, or each part, is matrices of one size")
            }
        };
    }
    if let Some(parts) = parts {
        return match Given::Each(parts).fits(dtype, len) {
            true => Ok(Given::Each(parts)),
            false => {
                wrong(line.since(start), format!("{parts} parts of {len} elements"), "parts are of one size")
            }
        };
    }
    let mut numbers = Vec::new();
    loop {
        let place = line.place();
        let number = line.real(HINT)?;
        if !holds(dtype, number) {
            let (least, most) = dtype.range().unwrap_or_default();
            let hint = format!("whole numbers from {least} to {most}");
            return wrong(line.since(place), format!("{number} is no {dtype}"), hint);
        }
        numbers.push(number);
        if !line.takes_mark(",") {
            break;
        }
    }
    match numbers.len() {
        1 => Ok(Given::Numbers(numbers)),
        count if count as u64 == len => Ok(Given::Numbers(numbers)),
        count => wrong(
            line.since(start),
            format!("{count} values for {len} elements"),
            "give one for each of them, row by row, or one for all",
        ),
    }
}

/// What stands behind a step's operands.
fn details(line: &mut Line, kind: OperationKind) -> Read<OperationKind> {
    Ok(match kind {
        OperationKind::Combine(combine, _) if line.takes_word("reversed") => {
            OperationKind::Combine(combine, Side::Right)
        }
        OperationKind::Requant(mut by) => {
            while let Some(key) = key(line, &["scale", "shift", "zero"])? {
                match key {
                    "scale" => {
                        by.scale = line.integer((i32::MIN.into(), i32::MAX.into()), "a number")? as i32
                    }
                    "shift" => by.shift = line.integer((0, Requant::MOST_SHIFT.into()), "a number")? as u32,
                    _ => by.zero = line.integer((i8::MIN.into(), i8::MAX.into()), "a number")? as i8,
                }
            }
            OperationKind::Requant(by)
        }
        OperationKind::TopK(_) => OperationKind::TopK(count_of(line)?),
        OperationKind::TopKPlaces(_) => OperationKind::TopKPlaces(count_of(line)?),
        OperationKind::LayerNorm { .. } => OperationKind::LayerNorm { eps: eps_of(line)? },
        OperationKind::RmsNorm { .. } => OperationKind::RmsNorm { eps: eps_of(line)? },
        OperationKind::Causal { .. } => {
            let (mut offset, mut rows) = (0, None);
            while let Some(key) = key(line, &["offset", "rows"])? {
                let number = line.whole_number("a number")?;
                if key == "offset" { offset = number } else { rows = Some(number) }
            }
            match rows {
                Some(rows) => OperationKind::Causal { offset, rows },
                None => return line.expected("`rows=`", "the mask's matrix has rows, as in `causal rows=4`"),
            }
        }
        other => other,
    })
}

/// `scale=` and the like, if one stands here.
fn key<'k>(line: &mut Line, keys: &[&'k str]) -> Read<Option<&'k str>> {
    match keys.iter().find(|key| line.takes_word(key)) {
        Some(key) => line.mark("=", &format!("as in `{key}=1`")).map(|()| Some(*key)),
        None => Ok(None),
    }
}

fn count_of(line: &mut Line) -> Read<usize> {
    match key(line, &["k"])? {
        Some(_) => line.whole_number("how many"),
        None => line.expected("`k=`", "how many, as in `k=2`"),
    }
}

fn eps_of(line: &mut Line) -> Read<f64> {
    match key(line, &["eps"])? {
        Some(_) => line.real("as in `eps=1e-5`"),
        None => line.expected("`eps=`", "what is added to the variance, as in `eps=1e-5`"),
    }
}
