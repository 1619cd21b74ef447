//! A graph as text, one operator a line, the bodies of repeats nested. [`super::parse`] reads it back: all of a graph is in it
//! but spans and the arrays that were loaded.
//!
//! ```text
//! graph    = { line } { "output" tensor }
//! line     = given | operator | repeat
//! given    = result "=" ( ( "input" | "weight" ) [ "from" STRING ] [ "sparse" N "of" N ] | "constant" REAL ) names
//! operator = results "=" KIND { tensor } attributes [ "with" choices ] names
//! repeat   = [ results "=" ] "repeat" N "as" iteration "{" [ names ]
//!            { result "=" "carried" tensor "then" tensor names }   what it begins with, and what the next one begins with
//!            { line } [ "collect" tensor { tensor } ] "}"
//! results  = result { "," result }
//! result   = tensor ":" DTYPE "[" [ N { "," N } ] "]"
//! names    = "#" STRING { "," STRING }                             one for each result
//! tensor   = "%" N                                                 each defined once, from 0 without a gap
//! iteration = "t" N                                                from 0, in the order of the text
//! ```
//!
//! Attributes by `KIND`, every one of them always there:
//!
//! ```text
//! contract                 "ab,cb->ac"   the axes of the operands and of the result; a letter is one extent
//! conv2d                   size=[N, N] stride=[N, N] padding=[N, N, N, N] dilation=[N, N] groups=N
//! maxpool avgpool          size=[N, N] stride=[N, N] padding=[N, N, N, N] dilation=[N, N]
//! requant                  scale=N shift=N zero=N
//! sum mean max             axes=[N, ...] keep=true | false
//! argmax softmax           axis=N
//! concat gather            axis=N
//! topk                     k=N
//! layernorm rmsnorm        eps=REAL
//! causal                   offset=N
//! transpose                order=[N, ...]
//! slice                    [cut, ...]    cut   = place [ "len" N [ "step" N ] ]; without "len" the axis goes
//!                                        place = [ "-" ] part { ( "+" | "-" ) part }, part = N | [ N "*" ] iteration
//! cast reshape relu negate exp log sqrt rsqrt tanh sigmoid silu gelu gelu_tanh
//! add subtract multiply divide maximum minimum
//!                          none
//! choices                  [ dataflow="os" ] [ tile=[N, N, N] ] [ order="nmk" ] [ buffers=N ] [ fuse=true | false ]
//! ```
//!
//! A `REAL` has as many digits as name it alone, or is `inf` or `nan`. Lines that are empty or begin with `//` are passed over.

use std::fmt;

use super::ir::{
    Choices, CombineKind, Contract, Cut, Given, Graph, Index, MapKind, OpId, OpKind, RepeatId, Source,
    TensorId, Window,
};

/// Functions of two elements, as they are written.
pub(super) const COMBINED: [(&str, CombineKind); 6] = [
    ("add", CombineKind::Add),
    ("subtract", CombineKind::Subtract),
    ("multiply", CombineKind::Multiply),
    ("divide", CombineKind::Divide),
    ("maximum", CombineKind::Maximum),
    ("minimum", CombineKind::Minimum),
];

/// Letters of a contraction's axes, by label.
pub(super) const LETTERS: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Deeper bodies are written as deep as this: a text's length is no square of its depth.
const MOST_INDENTED: usize = 16;

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Printer::new(self).all(f)
    }
}

/// Lines in their order: operators as they are executed, what is given before the first operator that was made later.
struct Printer<'g> {
    graph: &'g Graph,
    /// By operator: repeats whose bodies begin with it, outermost first.
    begin: Vec<Vec<RepeatId>>,
    /// By repeat: its own operator.
    own: Vec<Option<OpId>>,
    /// By repeat: the first tensor of its body, or of its results.
    first: Vec<usize>,
    /// By repeat, the last one for what belongs to none: what is given there and not yet written, the first one last.
    given: Vec<Vec<TensorId>>,
    /// Bodies around the line.
    depth: usize,
}

impl<'g> Printer<'g> {
    fn new(graph: &'g Graph) -> Self {
        let repeats = graph.repeats.len();
        let mut printer = Printer {
            graph,
            begin: vec![Vec::new(); graph.ops.len()],
            own: vec![None; repeats],
            first: vec![usize::MAX; repeats],
            given: vec![Vec::new(); repeats + 1],
            depth: 0,
        };
        printer.find_bodies();
        printer.find_given();
        printer
    }

    fn find_bodies(&mut self) {
        let mut begin = vec![usize::MAX; self.graph.repeats.len()];
        for (id, op) in self.graph.ops.iter() {
            if let Some(within) = op.within {
                begin[within.index()] = begin[within.index()].min(id.index());
            }
            if let OpKind::Repeat(repeat) = op.kind {
                self.own[repeat.index()] = Some(id);
                begin[repeat.index()] = begin[repeat.index()].min(id.index());
            }
        }
        for (id, tensor) in self.graph.tensors.iter() {
            let repeat = match tensor.source {
                Source::Op(op, _) => match self.graph.ops[op].kind {
                    OpKind::Repeat(repeat) => Some(repeat),
                    _ => tensor.within,
                },
                _ => tensor.within,
            };
            if let Some(repeat) = repeat {
                self.first[repeat.index()] = self.first[repeat.index()].min(id.index());
            }
        }
        // Each lies in those around it, which are before it.
        for id in self.graph.repeats.ids().collect::<Vec<_>>().into_iter().rev() {
            if let Some(around) = self.graph.repeats[id].within {
                begin[around.index()] = begin[around.index()].min(begin[id.index()]);
                self.first[around.index()] = self.first[around.index()].min(self.first[id.index()]);
            }
        }
        for id in self.graph.repeats.ids() {
            if let Some(begins) = self.begin.get_mut(begin[id.index()]) {
                begins.push(id);
            }
        }
    }

    fn find_given(&mut self) {
        for id in self.graph.tensors.ids().collect::<Vec<_>>().into_iter().rev() {
            if self.graph.is_declared(id) {
                let place = self.place(self.graph.tensors[id].within);
                self.given[place].push(id);
            }
        }
    }

    fn place(&self, within: Option<RepeatId>) -> usize {
        within.map_or(self.graph.repeats.len(), RepeatId::index)
    }

    fn all(&mut self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (id, op) in self.graph.ops.iter() {
            for repeat in std::mem::take(&mut self.begin[id.index()]) {
                self.open(f, repeat)?;
            }
            match op.kind {
                OpKind::Repeat(repeat) => self.close(f, repeat)?,
                _ => {
                    let first = op.results.first().map_or(usize::MAX, |result| result.index());
                    self.given_before(f, op.within, first)?;
                    self.operator(f, id)?;
                }
            }
        }
        self.given_before(f, None, usize::MAX)?;
        self.graph.outputs.iter().try_for_each(|output| writeln!(f, "output {}", Name(output.tensor)))
    }

    fn indent(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (0..self.depth.min(MOST_INDENTED)).try_for_each(|_| f.write_str("  "))
    }

    /// What is given in a body, or in none, and was made before a tensor.
    fn given_before(
        &mut self,
        f: &mut fmt::Formatter<'_>,
        within: Option<RepeatId>,
        before: usize,
    ) -> fmt::Result {
        let place = self.place(within);
        while let Some(id) = self.given[place].pop_if(|id| id.index() < before) {
            self.indent(f)?;
            self.results(f, &[id])?;
            match &self.graph.tensors[id].source {
                Source::Input(given) => write_given(f, "input", given)?,
                Source::Weight(given) => write_given(f, "weight", given)?,
                Source::Constant(number) => write!(f, "constant {}", real(*number))?,
                Source::Carried(..) | Source::Op(..) => unreachable!("it is declared"),
            }
            self.names(f, &[id])?;
        }
        Ok(())
    }

    fn results(&self, f: &mut fmt::Formatter<'_>, results: &[TensorId]) -> fmt::Result {
        for (at, id) in results.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{} : {}", Name(*id), self.graph.tensors[*id].ty)?;
        }
        f.write_str(if results.is_empty() { "" } else { " = " })
    }

    /// The names behind a line, and its end.
    fn names(&self, f: &mut fmt::Formatter<'_>, results: &[TensorId]) -> fmt::Result {
        for (at, id) in results.iter().enumerate() {
            let before = if at > 0 { ", " } else { "  # " };
            write!(f, "{before}{}", Quoted(&self.graph.name(*id)))?;
        }
        f.write_str("\n")
    }

    fn operator(&self, f: &mut fmt::Formatter<'_>, id: OpId) -> fmt::Result {
        let op = &self.graph.ops[id];
        self.indent(f)?;
        self.results(f, &op.results)?;
        f.write_str(word(&op.kind))?;
        op.operands.iter().try_for_each(|operand| write!(f, " {}", Name(*operand)))?;
        write_attributes(f, &op.kind)?;
        if let Some(choices) = &op.choices {
            write_choices(f, choices)?;
        }
        self.names(f, &op.results)
    }

    fn open(&mut self, f: &mut fmt::Formatter<'_>, id: RepeatId) -> fmt::Result {
        let repeat = &self.graph.repeats[id];
        self.given_before(f, repeat.within, self.first[id.index()])?;
        let results = self.own[id.index()].map_or(&[][..], |op| &self.graph.ops[op].results);
        self.indent(f)?;
        self.results(f, results)?;
        write!(f, "repeat {} as t{} {{", repeat.count, id.index())?;
        self.names(f, results)?;
        self.depth += 1;
        for carried in &repeat.carried {
            self.indent(f)?;
            self.results(f, &[carried.now])?;
            write!(f, "carried {} then {}", Name(carried.begin), Name(carried.next))?;
            self.names(f, &[carried.now])?;
        }
        Ok(())
    }

    fn close(&mut self, f: &mut fmt::Formatter<'_>, id: RepeatId) -> fmt::Result {
        self.given_before(f, Some(id), usize::MAX)?;
        let collected = &self.graph.repeats[id].collected;
        if !collected.is_empty() {
            self.indent(f)?;
            f.write_str("collect")?;
            collected.iter().try_for_each(|tensor| write!(f, " {}", Name(*tensor)))?;
            f.write_str("\n")?;
        }
        self.depth = self.depth.saturating_sub(1);
        self.indent(f)?;
        f.write_str("}\n")
    }
}

/// `%7`
pub(super) struct Name(pub TensorId);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0.index())
    }
}

/// A text in quotes, on one line whatever it holds.
struct Quoted<'t>(&'t str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                c if c.is_control() => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                c => write!(f, "{c}")?,
            }
        }
        f.write_str("\"")
    }
}

/// The shortest digits that are this number and no other.
fn real(number: f64) -> String {
    let digits = format!("{number:?}").to_lowercase();
    digits.strip_suffix(".0").map(str::to_owned).unwrap_or(digits)
}

/// What an operator is called here: `OpKind::name` is what the language calls it.
pub(super) fn word(kind: &OpKind) -> &'static str {
    match kind {
        OpKind::Contract(_) => "contract",
        OpKind::Map(MapKind::Negate) => "negate",
        OpKind::Combine(kind) => {
            COMBINED.iter().find(|(_, known)| known == kind).map_or("", |(word, _)| word)
        }
        _ => kind.name(),
    }
}

fn write_given(f: &mut fmt::Formatter<'_>, storage: &str, given: &Given) -> fmt::Result {
    f.write_str(storage)?;
    if let Some(path) = &given.path {
        write!(f, " from {}", Quoted(path))?;
    }
    match given.sparsity {
        Some(sparsity) => write!(f, " sparse {} of {}", sparsity.kept(), sparsity.of()),
        None => Ok(()),
    }
}

fn write_attributes(f: &mut fmt::Formatter<'_>, kind: &OpKind) -> fmt::Result {
    match kind {
        OpKind::Contract(contract) => write_axes(f, contract),
        OpKind::Conv2d { window, groups } => {
            write_window(f, window)?;
            write!(f, " groups={groups}")
        }
        OpKind::Pool(_, window) => write_window(f, window),
        OpKind::Requant(by) => write!(f, " scale={} shift={} zero={}", by.scale, by.shift, by.zero),
        OpKind::Reduce { axes, keep, .. } => write!(f, " axes={axes:?} keep={keep}"),
        OpKind::ArgMax { axis }
        | OpKind::Softmax { axis }
        | OpKind::Concat { axis }
        | OpKind::Gather { axis } => write!(f, " axis={axis}"),
        OpKind::TopK { k } => write!(f, " k={k}"),
        OpKind::LayerNorm { eps } | OpKind::RmsNorm { eps } => write!(f, " eps={}", real(*eps)),
        OpKind::Causal { offset } => write!(f, " offset={offset}"),
        OpKind::Transpose(order) => write!(f, " order={order:?}"),
        OpKind::Slice(cuts) => write_cuts(f, cuts),
        OpKind::Map(_) | OpKind::Combine(_) | OpKind::Cast | OpKind::Reshape | OpKind::Repeat(_) => Ok(()),
    }
}

fn write_axes(f: &mut fmt::Formatter<'_>, contract: &Contract) -> fmt::Result {
    let letter = |label: &u8| LETTERS.get(usize::from(*label)).map_or('?', |letter| char::from(*letter));
    let letters = |labels: &[u8]| labels.iter().map(letter).collect::<String>();
    let Contract { left, right, out } = contract;
    write!(f, " \"{},{}->{}\"", letters(left), letters(right), letters(out))
}

fn write_window(f: &mut fmt::Formatter<'_>, window: &Window) -> fmt::Result {
    let Window { size, stride, padding, dilation } = window;
    write!(f, " size={size:?} stride={stride:?} padding={padding:?} dilation={dilation:?}")
}

fn write_cuts(f: &mut fmt::Formatter<'_>, cuts: &[Cut]) -> fmt::Result {
    f.write_str(" [")?;
    for (at, Cut { from, len, step, keep }) in cuts.iter().enumerate() {
        f.write_str(if at > 0 { ", " } else { "" })?;
        write_place(f, from)?;
        if *keep {
            write!(f, " len {len}")?;
        }
        if *keep && *step != 1 {
            write!(f, " step {step}")?;
        }
    }
    f.write_str("]")
}

fn write_place(f: &mut fmt::Formatter<'_>, place: &Index) -> fmt::Result {
    for (at, (repeat, step)) in place.steps.iter().enumerate() {
        f.write_str(match (at, *step < 0) {
            (0, false) => "",
            (0, true) => "-",
            (_, false) => " + ",
            (_, true) => " - ",
        })?;
        match step.unsigned_abs() {
            1 => write!(f, "t{}", repeat.index())?,
            factor => write!(f, "{factor}*t{}", repeat.index())?,
        }
    }
    match (place.steps.is_empty(), place.first) {
        (true, first) => write!(f, "{first}"),
        (false, 0) => Ok(()),
        (false, first @ 1..) => write!(f, " + {first}"),
        (false, first) => write!(f, " - {}", first.unsigned_abs()),
    }
}

fn write_choices(f: &mut fmt::Formatter<'_>, choices: &Choices) -> fmt::Result {
    let Choices { dataflow, tile, order, buffers, fuse } = choices;
    f.write_str(" with")?;
    if let Some(dataflow) = dataflow {
        write!(f, " dataflow=\"{}\"", dataflow.name())?;
    }
    if let Some(tile) = tile {
        write!(f, " tile={tile:?}")?;
    }
    if let Some(order) = order {
        write!(f, " order=\"{}\"", order.map(|axis| axis.name()).concat())?;
    }
    if let Some(buffers) = buffers {
        write!(f, " buffers={buffers}")?;
    }
    fuse.iter().try_for_each(|fuse| write!(f, " fuse={fuse}"))
}
