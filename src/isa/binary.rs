//! Programs as bytes, both ways.
//!
//! A file begins with [`MAGIC`] and the version, one byte. Whole numbers are LEB128: seven bits a byte, the least ones first, with
//! the highest bit where more follow. Texts are their length and UTF-8, real numbers eight bytes, little-endian, and lists their
//! length and their parts. How far places move with loops is twice as many elements, and one more where they move back. Then come
//!
//! 1. buffers: name, dtype, shape, memory (0 for DRAM, else 1 + the core), address, bytes held, and what is given (0 nothing,
//!    1 from the name, 2 in so many parts, 3 a list of numbers, 4 a path, 5 as 1 or in parts and pruned: how many parts or 0, n and m
//!    of n:m, rows and columns of a matrix),
//! 2. outputs: buffers by number,
//! 3. names of operators; names of events,
//! 4. the body, a list: 0 and an instruction, or 1, a count and the body of a loop.
//!
//! An instruction is its operator, unit (kind and number), work (a number, then its parts in the order of [`Work`]'s fields; where
//! weights are packed another number, and n and m of n:m in front of the others), waits (event, how far behind, and 0 or 1 + the depth of the loop that it counts from), and signals. Vector steps are numbers by
//! [`crate::isa::text`]'s names of them, in their order there, dtypes by [`DType::ALL`].

use super::text::{Step, numbered_step, step_number};
use super::{
    AsResult, Assembly, Buffer, BufferId, Event, EventId, Factor, From, Given, Image, Instruction, Loop,
    MOST_BYTES, MOST_DEPTH, MOST_NUMBER, Node, Padding, Patches, ProgramOp, ProgramOpId, RowsAre, Space,
    SumMode, SumRows, Sums, Unit, VectorSource, VectorStep, Wait, Window, Work,
};
use crate::base::{Arena, Id, Span};
use crate::num::{DType, Operand, Operation, OperationKind, Requant, Shape, Side, Sparsity};

/// What a file begins with.
pub const MAGIC: [u8; 7] = *b"SYSTOLE";
/// Of this form.
const VERSION: u8 = 2;
/// Longest file, in bytes.
pub const MOST_BINARY_BYTES: usize = 8 << 20;
/// Greatest number of a unit.
const MOST_UNITS: u64 = 1 << 12;

/// The bytes of an assembly.
pub fn encode(assembly: &Assembly) -> Vec<u8> {
    let mut out = Writer { bytes: MAGIC.to_vec() };
    out.bytes.push(VERSION);
    let program = &assembly.program;
    out.number(program.buffers.len());
    for (id, buffer) in program.buffers.iter() {
        out.buffer(buffer, &assembly.shapes[id.index()], assembly.inputs.get(&id));
    }
    out.list(&assembly.outputs, |out, id| out.number(id.index()));
    out.number(program.ops.len());
    program.ops.iter().for_each(|(_, op)| out.text(&op.name));
    out.number(program.events.len());
    program.events.iter().for_each(|(_, event)| out.text(&event.name));
    out.nodes(assembly, &program.body);
    out.bytes
}

struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    fn whole(&mut self, mut number: u64) {
        while number > 0x7f {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    fn number(&mut self, number: usize) {
        self.whole(number as u64);
    }

    /// One of two kinds of work, the second one with how its weights are packed.
    fn packed(&mut self, kinds: [usize; 2], packed: Option<Sparsity>) {
        match packed {
            None => self.number(kinds[0]),
            Some(sparsity) => {
                [kinds[1], sparsity.kept(), sparsity.of()].into_iter().for_each(|part| self.number(part))
            }
        }
    }

    fn real(&mut self, number: f64) {
        self.bytes.extend(number.to_bits().to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len());
        self.bytes.extend(text.bytes());
    }

    fn list<T>(&mut self, list: &[T], mut each: impl FnMut(&mut Writer, &T)) {
        self.number(list.len());
        list.iter().for_each(|item| each(self, item));
    }

    fn dtype(&mut self, dtype: DType) {
        let at = DType::ALL.iter().position(|known| *known == dtype);
        self.number(at.expect("every dtype is among them"));
    }

    fn buffer(&mut self, buffer: &Buffer, shape: &Shape, given: Option<&Given>) {
        self.text(&buffer.name);
        self.dtype(buffer.dtype);
        self.list(&shape.0, |out, extent| out.number(*extent));
        self.whole(match buffer.space {
            Space::Dram => 0,
            Space::Unified(core) => 1 + u64::from(core),
        });
        self.whole(buffer.address);
        self.whole(buffer.held_bytes);
        match given {
            None => self.number(0),
            Some(Given::Seeded) => self.number(1),
            Some(Given::Each(parts)) => {
                self.number(2);
                self.whole(*parts);
            }
            Some(Given::Numbers(numbers)) => {
                self.number(3);
                self.list(numbers, |out, number| out.real(*number));
            }
            Some(Given::Loaded(path)) => {
                self.number(4);
                self.text(path);
            }
            Some(Given::Pruned { parts, by, matrix }) => {
                self.number(5);
                self.whole(parts.unwrap_or(0));
                [by.kept(), by.of(), matrix[0], matrix[1]].into_iter().for_each(|part| self.number(part));
            }
        }
    }

    fn nodes(&mut self, assembly: &Assembly, nodes: &[Node]) {
        self.list(nodes, |out, node| match node {
            Node::Do(id) => {
                out.number(0);
                out.instruction(&assembly.program.instructions[*id]);
            }
            Node::Repeat(id) => {
                let looped = &assembly.program.loops[*id];
                out.number(1);
                out.whole(looped.count.into());
                out.nodes(assembly, &looped.body);
            }
        });
    }

    fn instruction(&mut self, instruction: &Instruction) {
        self.number(instruction.op.index());
        let (kind, number) = instruction.unit.on_the_way();
        self.whole(kind.into());
        self.whole(number.into());
        self.work(&instruction.work);
        self.list(&instruction.waits, |out, wait| {
            out.number(wait.event.index());
            out.whole(wait.behind.into());
            out.number(match wait.from {
                From::Here => 0,
                From::Loop(depth) => 1 + depth,
            });
        });
        self.list(&instruction.signals, |out, event| out.number(event.index()));
    }

    fn work(&mut self, work: &Work) {
        match work {
            Work::Copy { from, to, rows } => {
                self.number(0);
                self.window(from);
                self.window(to);
                match rows {
                    RowsAre::Together => self.number(0),
                    RowsAre::Gathered => self.number(1),
                    RowsAre::Chosen { places, of } => {
                        self.number(2);
                        self.window(places);
                        self.number(*of);
                    }
                }
            }
            Work::Fetch { tile, packed } => {
                self.packed([1, 6], *packed);
                self.factor(tile);
            }
            Work::Load => self.number(2),
            Work::Multiply { streamed, tile, cols, packed, sums } => {
                self.packed([3, 7], *packed);
                self.factor(streamed);
                self.dtype(*tile);
                self.number(*cols);
                self.sums(sums);
            }
            Work::Contract { activations, weights, sums } => {
                self.number(4);
                self.factor(activations);
                self.window(weights);
                self.sums(sums);
            }
            Work::Vector { source, steps, target } => {
                self.number(5);
                self.source(source);
                self.list(steps, Writer::step);
                self.window(target);
            }
        }
    }

    fn advance(&mut self, advance: &[usize; MOST_DEPTH]) {
        let used = advance.iter().rposition(|step| *step > 0).map_or(0, |last| last + 1);
        self.list(&advance[..used], |out, step| out.number(*step));
    }

    /// Steps on and back: twice as many elements, and one more if back.
    fn moves(&mut self, moves: &[i64; MOST_DEPTH]) {
        let used = moves.iter().rposition(|step| *step != 0).map_or(0, |last| last + 1);
        self.list(&moves[..used], |out, step| out.whole(2 * step.unsigned_abs() + u64::from(*step < 0)));
    }

    fn window(&mut self, window: &Window) {
        self.number(window.buffer.index());
        let Window { offset, row_stride, col_stride, rows, cols, .. } = *window;
        [offset, row_stride, col_stride].into_iter().for_each(|number| self.whole(number));
        [rows, cols].into_iter().for_each(|number| self.number(number));
        self.moves(&window.advance);
    }

    fn factor(&mut self, factor: &Factor) {
        match factor {
            Factor::Window(window) => {
                self.number(0);
                self.window(window);
            }
            Factor::Patches(patches) => {
                self.number(1);
                self.patches(patches);
            }
            Factor::PatchesAcross(patches) => {
                self.number(2);
                self.patches(patches);
            }
        }
    }

    fn patches(&mut self, patches: &Patches) {
        let Patches { image, buffer, offset, moves, first, advance, rows, cols } = *patches;
        let Image { extents, places, size, stride, padding, dilation, each } = image;
        self.number(buffer.index());
        let pairs = [places, size, stride, padding, dilation];
        extents.into_iter().chain(pairs.into_iter().flatten()).for_each(|number| self.number(number));
        self.number(each);
        self.whole(offset);
        [first[0], first[1], rows, cols].into_iter().for_each(|number| self.number(number));
        self.moves(&moves);
        [0, 1].into_iter().for_each(|side| self.advance(&advance.map(|both| both[side])));
    }

    fn rows(&mut self, rows: &SumRows) {
        self.number(rows.first);
        self.advance(&rows.advance);
        self.number(rows.ring);
    }

    fn sums(&mut self, sums: &Sums) {
        self.rows(&sums.rows);
        self.number(match sums.mode {
            SumMode::Begin => 0,
            SumMode::Add => 1,
        });
    }

    fn source(&mut self, source: &VectorSource) {
        match source {
            VectorSource::Accumulators { unit, dtype, place, rows, cols, as_result } => {
                self.number(0);
                self.whole((*unit).into());
                self.dtype(*dtype);
                self.rows(place);
                self.number(*rows);
                self.number(*cols);
                self.number(match as_result {
                    AsResult::Straight => 0,
                    AsResult::Transposed => 1,
                });
            }
            VectorSource::Buffer(window) => {
                self.number(1);
                self.window(window);
            }
            VectorSource::Patches(patches, padding) => {
                self.number(2);
                self.patches(patches);
                self.number(match padding {
                    Padding::Zero => 0,
                    Padding::Least => 1,
                });
            }
        }
    }

    fn step(&mut self, step: &VectorStep) {
        self.number(step_number(step.kind));
        match step.kind {
            OperationKind::Combine(_, side) => self.number(usize::from(side == Side::Right)),
            OperationKind::Requant(Requant { scale, shift, zero }) => {
                self.whole(scale as u32 as u64);
                self.whole(shift.into());
                self.whole(zero as u8 as u64);
            }
            OperationKind::TopK(k) | OperationKind::TopKPlaces(k) => self.number(k),
            OperationKind::LayerNorm { eps } | OperationKind::RmsNorm { eps } => self.real(eps),
            OperationKind::Causal { offset, rows } => {
                self.number(offset);
                self.number(rows);
            }
            _ => {}
        }
        self.list(&step.operands, |out, operand| match operand {
            Operand::Elements(window) => {
                out.number(0);
                out.window(window);
            }
            Operand::Number(number) => {
                out.number(1);
                out.real(*number);
            }
        });
        self.dtype(step.to);
    }
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BinaryError {
    /// The byte, from 0.
    pub at: usize,
    /// In words.
    pub message: String,
}

impl std::fmt::Display for BinaryError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "byte {}: {}", self.at, self.message)
    }
}

type Read<T> = Result<T, BinaryError>;

/// Reads a file; memory is taken in proportion to its length. Whether the program keeps the rules is for [`super::verify`] to say.
pub fn decode(bytes: &[u8]) -> Read<Assembly> {
    let mut reader = Reader { bytes, at: 0, assembly: Assembly::default(), depth: 0 };
    if bytes.len() > MOST_BINARY_BYTES {
        return reader
            .wrong(format!("{} bytes, more than the {MOST_BINARY_BYTES} that are read", bytes.len()));
    }
    if !bytes.starts_with(&MAGIC) {
        return reader.wrong("it is no program of this machine: those begin with `SYSTOLE`");
    }
    reader.at = MAGIC.len();
    match reader.byte()? {
        VERSION => {}
        other => {
            reader.at -= 1;
            return reader.wrong(format!("version {other}; this reads version {VERSION}"));
        }
    }
    reader.program()?;
    match reader.at == bytes.len() {
        true => Ok(reader.assembly),
        false => reader.wrong("more bytes than the program has"),
    }
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    assembly: Assembly,
    /// Loops around this place.
    depth: usize,
}

impl Reader<'_> {
    fn wrong<T>(&self, message: impl Into<String>) -> Read<T> {
        Err(BinaryError { at: self.at, message: message.into() })
    }

    fn byte(&mut self) -> Read<u8> {
        match self.bytes.get(self.at) {
            Some(byte) => {
                self.at += 1;
                Ok(*byte)
            }
            None => self.wrong("the file ends here, and more should follow"),
        }
    }

    /// A number of at most `most`.
    fn whole(&mut self, most: u64, what: &str) -> Read<u64> {
        let start = self.at;
        let mut number = 0u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                if number <= most {
                    return Ok(number);
                }
                break;
            }
        }
        self.at = start;
        self.wrong(format!("{what} is more than {most}"))
    }

    fn number(&mut self, what: &str) -> Read<usize> {
        let number = self.whole(MOST_NUMBER.min(usize::MAX as u64), what)?;
        Ok(usize::try_from(number).expect("it is no more than the greatest one"))
    }

    /// Of elements.
    fn place(&mut self, what: &str) -> Read<u64> {
        self.whole(MOST_NUMBER, what)
    }

    /// A choice out of `0..of`.
    fn choice(&mut self, of: usize, what: &str) -> Read<usize> {
        match of.checked_sub(1) {
            Some(most) => Ok(self.whole(most as u64, what)? as usize),
            None => self.wrong(format!("{what}, and there are none")),
        }
    }

    /// The length of a list: each part takes a byte at least.
    fn length(&mut self, what: &str) -> Read<usize> {
        let left = (self.bytes.len() - self.at) as u64;
        Ok(self.whole(left, what)? as usize)
    }

    fn list<T>(&mut self, what: &str, mut part: impl FnMut(&mut Self) -> Read<T>) -> Read<Vec<T>> {
        let length = self.length(what)?;
        (0..length).map(|_| part(self)).collect()
    }

    fn real(&mut self) -> Read<f64> {
        let mut bytes = [0; 8];
        for byte in &mut bytes {
            *byte = self.byte()?;
        }
        Ok(f64::from_bits(u64::from_le_bytes(bytes)))
    }

    fn text(&mut self) -> Read<String> {
        let length = self.length("the length of a text")?;
        let start = self.at;
        let end = start + length;
        let Some(bytes) = self.bytes.get(start..end) else {
            return self.wrong("a text ends behind the file");
        };
        match String::from_utf8(bytes.to_vec()) {
            Ok(text) => {
                self.at = end;
                Ok(text)
            }
            Err(_) => self.wrong("this is no UTF-8"),
        }
    }

    fn id<T>(&mut self, of: impl Fn(&Assembly) -> &Arena<T>, what: &str) -> Read<Id<T>> {
        let at = self.choice(of(&self.assembly).len(), what)?;
        Ok(of(&self.assembly).ids().nth(at).expect("it is among them"))
    }

    fn buffer_id(&mut self) -> Read<BufferId> {
        self.id(|assembly| &assembly.program.buffers, "a buffer's number")
    }

    fn event_id(&mut self) -> Read<EventId> {
        self.id(|assembly| &assembly.program.events, "an event's number")
    }

    fn op_id(&mut self) -> Read<ProgramOpId> {
        self.id(|assembly| &assembly.program.ops, "an operator's number")
    }

    fn dtype(&mut self) -> Read<DType> {
        Ok(DType::ALL[self.choice(DType::ALL.len(), "a dtype")?])
    }

    fn program(&mut self) -> Read<()> {
        for _ in 0..self.length("the number of buffers")? {
            self.buffer()?;
        }
        for _ in 0..self.length("the number of outputs")? {
            let start = self.at;
            let id = self.buffer_id()?;
            let in_dram = self.assembly.program.buffers[id].space == Space::Dram;
            if !in_dram || self.assembly.outputs.contains(&id) {
                self.at = start;
                return self.wrong("outputs are buffers in DRAM, each once");
            }
            self.assembly.outputs.push(id);
        }
        for _ in 0..self.length("the number of operators")? {
            let name = self.text()?;
            self.assembly.program.ops.push(ProgramOp { name, span: Span::default() });
        }
        for _ in 0..self.length("the number of events")? {
            let name = self.text()?;
            self.assembly.program.events.push(Event { name });
        }
        self.assembly.program.body = self.nodes()?;
        Ok(())
    }

    fn buffer(&mut self) -> Read<()> {
        let name = self.text()?;
        let dtype = self.dtype()?;
        let start = self.at;
        let extents = self.list("the number of axes", |reader| reader.number("an extent"))?;
        let elements = extents.iter().try_fold(1u64, |all, extent| all.checked_mul(*extent as u64));
        let len = match elements.filter(|all| (1..=MOST_NUMBER).contains(all)) {
            Some(len) if extents.len() <= Shape::MOST_AXES => len,
            _ => {
                self.at = start;
                let (axes, most) = (Shape::MOST_AXES, MOST_NUMBER);
                return self.wrong(format!("a shape has at most {axes} axes, and from 1 to {most} elements"));
            }
        };
        let space = match self.whole(MOST_UNITS, "a core's number")? {
            0 => Space::Dram,
            core => Space::Unified(core as u32 - 1),
        };
        let address = self.whole(MOST_BYTES, "an address")?;
        let held_bytes = self.whole(MOST_BYTES, "bytes held")?;
        let given = self.given(dtype, len)?;
        if given.is_some() && space != Space::Dram {
            return self.wrong("only buffers in DRAM are given");
        }
        let id = self.assembly.program.buffers.push(Buffer { name, dtype, len, space, address, held_bytes });
        self.assembly.shapes.push(Shape::from(extents));
        if let Some(given) = given {
            self.assembly.inputs.insert(id, given);
        }
        Ok(())
    }

    fn given(&mut self, dtype: DType, len: u64) -> Read<Option<Given>> {
        let start = self.at;
        let given = match self.choice(6, "what is given")? {
            0 => return Ok(None),
            1 => Given::Seeded,
            2 => Given::Each(self.whole(MOST_NUMBER, "the number of parts")?),
            3 => Given::Numbers(self.list("the number of values", Reader::real)?),
            4 => Given::Loaded(self.text()?),
            _ => Given::Pruned {
                parts: Some(self.whole(MOST_NUMBER, "the number of parts")?).filter(|parts| *parts > 0),
                by: self.sparsity()?,
                matrix: self.numbers("a side of a matrix")?,
            },
        };
        match given.fits(dtype, len) {
            true => Ok(Some(given)),
            false => {
                self.at = start;
                self.wrong("values that the buffer does not hold, or not as many as it has")
            }
        }
    }

    fn nodes(&mut self) -> Read<Vec<Node>> {
        self.list("the length of a body", |reader| match reader.choice(2, "a kind of node")? {
            0 => {
                let instruction = reader.instruction()?;
                Ok(Node::Do(reader.assembly.program.instructions.push(instruction)))
            }
            _ => {
                if reader.depth == MOST_DEPTH {
                    return reader.wrong(format!("more than {MOST_DEPTH} loops within each other"));
                }
                let count = reader.whole(u32::MAX.into(), "how often a loop runs")? as u32;
                reader.depth += 1;
                let body = reader.nodes()?;
                reader.depth -= 1;
                Ok(Node::Repeat(reader.assembly.program.loops.push(Loop { count, body })))
            }
        })
    }

    fn instruction(&mut self) -> Read<Instruction> {
        let op = self.op_id()?;
        let kind = self.choice(7, "a kind of unit")?;
        let number = self.whole(MOST_UNITS - 1, "a unit's number")? as u32;
        let unit = match kind {
            0 => Unit::Host,
            1 => Unit::DmaIn(number),
            2 => Unit::Fetch(number),
            3 => Unit::Load(number),
            4 => Unit::Matrix(number),
            5 => Unit::Vector(number),
            _ => Unit::DmaOut(number),
        };
        let start = self.at;
        let work = self.work()?;
        let belongs = matches!(
            (&work, unit),
            (Work::Copy { .. }, Unit::Host | Unit::DmaIn(_) | Unit::DmaOut(_))
                | (Work::Fetch { .. }, Unit::Fetch(_))
                | (Work::Load, Unit::Load(_))
                | (Work::Multiply { .. } | Work::Contract { .. }, Unit::Matrix(_))
                | (Work::Vector { .. }, Unit::Vector(_))
        );
        if !belongs {
            self.at = start;
            return self.wrong("the unit cannot do this work");
        }
        let waits = self.list("the number of waits", |reader| {
            let event = reader.event_id()?;
            let behind = reader.whole(u32::MAX.into(), "how far behind")? as u32;
            let from = match reader.choice(reader.depth + 1, "the depth of a loop")? {
                0 => From::Here,
                depth => From::Loop(depth - 1),
            };
            Ok(Wait { event, behind, from })
        })?;
        let signals = self.list("the number of signals", Reader::event_id)?;
        Ok(Instruction { op, unit, work, waits, signals })
    }

    fn work(&mut self) -> Read<Work> {
        let kind = self.choice(8, "a kind of work")?;
        let packed = if kind > 5 { Some(self.sparsity()?) } else { None };
        Ok(match kind {
            0 => {
                let (from, to) = (self.window()?, self.window()?);
                let rows = match self.choice(3, "how rows lie")? {
                    0 => RowsAre::Together,
                    1 => RowsAre::Gathered,
                    _ => RowsAre::Chosen { places: self.window()?, of: self.number("rows to choose from")? },
                };
                Work::Copy { from, to, rows }
            }
            1 | 6 => Work::Fetch { tile: self.factor()?, packed },
            2 => Work::Load,
            3 | 7 => Work::Multiply {
                streamed: self.factor()?,
                tile: self.dtype()?,
                cols: self.number("columns")?,
                packed,
                sums: self.sums()?,
            },
            4 => Work::Contract { activations: self.factor()?, weights: self.window()?, sums: self.sums()? },
            _ => Work::Vector {
                source: self.source()?,
                steps: self.list("the number of steps", Reader::step)?,
                target: self.window()?,
            },
        })
    }

    fn sparsity(&mut self) -> Read<Sparsity> {
        let (kept, of) = (self.number("rows that are stored")?, self.number("rows of a group")?);
        match Sparsity::new(kept, of) {
            Some(sparsity) => Ok(sparsity),
            None => self.wrong(format!("{kept} of {of} rows cannot be stored")),
        }
    }

    fn advance(&mut self) -> Read<[usize; MOST_DEPTH]> {
        self.steps(|reader| reader.number("a step"))
    }

    fn moves(&mut self) -> Read<[i64; MOST_DEPTH]> {
        self.steps(|reader| {
            let twice = reader.whole(2 * MOST_NUMBER + 1, "a step")?;
            let far = (twice / 2) as i64;
            Ok(if twice % 2 == 0 { far } else { -far })
        })
    }

    /// By loop around it; the last one is not 0.
    fn steps<T: Copy + Default + PartialEq>(
        &mut self,
        each: impl FnMut(&mut Self) -> Read<T>,
    ) -> Read<[T; MOST_DEPTH]> {
        let start = self.at;
        let steps = self.list("the number of loops", each)?;
        if steps.len() > self.depth || steps.last() == Some(&T::default()) {
            self.at = start;
            return self.wrong("it moves with loops that are not around it");
        }
        let mut advance = [T::default(); MOST_DEPTH];
        advance[..steps.len()].copy_from_slice(&steps);
        Ok(advance)
    }

    fn window(&mut self) -> Read<Window> {
        Ok(Window {
            buffer: self.buffer_id()?,
            offset: self.place("a place")?,
            row_stride: self.place("a stride")?,
            col_stride: self.place("a stride")?,
            rows: self.number("rows")?,
            cols: self.number("columns")?,
            advance: self.moves()?,
        })
    }

    fn factor(&mut self) -> Read<Factor> {
        Ok(match self.choice(3, "a kind of matrix")? {
            0 => Factor::Window(self.window()?),
            1 => Factor::Patches(self.patches()?),
            _ => Factor::PatchesAcross(self.patches()?),
        })
    }

    fn numbers<const N: usize>(&mut self, what: &str) -> Read<[usize; N]> {
        let mut numbers = [0; N];
        for number in &mut numbers {
            *number = self.number(what)?;
        }
        Ok(numbers)
    }

    fn patches(&mut self) -> Read<Patches> {
        let buffer = self.buffer_id()?;
        let image = Image {
            extents: self.numbers("an extent")?,
            places: self.numbers("places")?,
            size: self.numbers("a window's size")?,
            stride: self.numbers("a stride")?,
            padding: self.numbers("padding")?,
            dilation: self.numbers("a dilation")?,
            each: self.number("channels of a group")?,
        };
        let offset = self.place("a place")?;
        let first = self.numbers("a first row or column")?;
        let [rows, cols] = self.numbers("rows or columns")?;
        let moves = self.moves()?;
        let (down, along) = (self.advance()?, self.advance()?);
        let mut advance = [[0; 2]; MOST_DEPTH];
        for (depth, step) in advance.iter_mut().enumerate() {
            *step = [down[depth], along[depth]];
        }
        Ok(Patches { image, buffer, offset, moves, first, advance, rows, cols })
    }

    fn rows(&mut self) -> Read<SumRows> {
        Ok(SumRows {
            first: self.number("a row")?,
            advance: self.advance()?,
            ring: self.number("rows of a ring")?,
        })
    }

    fn sums(&mut self) -> Read<Sums> {
        let rows = self.rows()?;
        let mode = [SumMode::Begin, SumMode::Add][self.choice(2, "what happens to sums")?];
        Ok(Sums { rows, mode })
    }

    fn source(&mut self) -> Read<VectorSource> {
        Ok(match self.choice(3, "a source")? {
            0 => VectorSource::Accumulators {
                unit: self.whole(MOST_UNITS - 1, "a unit's number")? as u32,
                dtype: self.dtype()?,
                place: self.rows()?,
                rows: self.number("rows")?,
                cols: self.number("columns")?,
                as_result: [AsResult::Straight, AsResult::Transposed][self.choice(2, "how sums stand")?],
            },
            1 => VectorSource::Buffer(self.window()?),
            _ => {
                let start = self.at;
                let patches = self.patches()?;
                if patches.image.taps() == 0 {
                    self.at = start;
                    return self.wrong("windows of no elements");
                }
                let padding = [Padding::Zero, Padding::Least][self.choice(2, "what stands in padding")?];
                VectorSource::Patches(patches, padding)
            }
        })
    }

    fn step(&mut self) -> Read<VectorStep> {
        let number = self.choice(Step::COUNT, "a step")?;
        let kind = match numbered_step(number) {
            OperationKind::Combine(kind, _) => {
                OperationKind::Combine(kind, [Side::Left, Side::Right][self.choice(2, "a side")?])
            }
            OperationKind::Requant(_) => OperationKind::Requant(Requant {
                scale: self.whole(u32::MAX.into(), "a scale")? as u32 as i32,
                shift: self.whole(Requant::MOST_SHIFT.into(), "a shift")? as u32,
                zero: self.whole(u8::MAX.into(), "a zero point")? as u8 as i8,
            }),
            OperationKind::TopK(_) => OperationKind::TopK(self.number("how many")?),
            OperationKind::TopKPlaces(_) => OperationKind::TopKPlaces(self.number("how many")?),
            OperationKind::LayerNorm { .. } => OperationKind::LayerNorm { eps: self.real()? },
            OperationKind::RmsNorm { .. } => OperationKind::RmsNorm { eps: self.real()? },
            OperationKind::Causal { .. } => {
                OperationKind::Causal { offset: self.number("an offset")?, rows: self.number("rows")? }
            }
            other => other,
        };
        let start = self.at;
        let operands = self.list("the number of operands", |reader| {
            Ok(match reader.choice(2, "an operand")? {
                0 => Operand::Elements(reader.window()?),
                _ => Operand::Number(reader.real()?),
            })
        })?;
        if operands.len() != kind.operands() {
            self.at = start;
            return self.wrong(format!("a step of {} operands", kind.operands()));
        }
        Ok(Operation { kind, operands, to: self.dtype()? })
    }
}
