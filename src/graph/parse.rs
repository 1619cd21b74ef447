//! A graph from its text, whose form stands at the top of [`super::print`]. Text from anywhere gives a graph or an error, and
//! takes memory in proportion to its length; whether the graph keeps the rules is for [`super::verify`] to say.

use std::fmt;
use std::iter::Peekable;
use std::vec::IntoIter;

use super::ir::{
    Carried, Choices, Contract, Cut, Given, Graph, Index, Limits, LoopAxis, MapKind, Op, OpKind, Output,
    PoolKind, ReduceKind, Repeat, RepeatId, Source, Stationary, Tensor, TensorId, Tensors, Window,
};
use super::print::{COMBINED, LETTERS};
use crate::base::Span;
use crate::num::{DType, Function, Requant, Shape, Sparsity, Type};

/// Longest text of a graph, in bytes.
pub const MOST_GRAPH_BYTES: usize = 8 << 20;

/// What is wrong with a text, at the first line where something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphError {
    /// From 1; 0 if it is the whole text.
    pub line: usize,
    /// In words.
    pub message: String,
}

impl fmt::Display for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.message),
            line => write!(f, "line {line}: {}", self.message),
        }
    }
}

/// Reads a graph. Its spans are empty.
pub fn parse(text: &str) -> Result<Graph, GraphError> {
    if text.len() > MOST_GRAPH_BYTES {
        let message = format!("{} bytes, more than the {MOST_GRAPH_BYTES} that are read", text.len());
        return Err(GraphError { line: 0, message });
    }
    let mut parser = Parser::default();
    for (at, line) in text.lines().enumerate() {
        parser.line = at + 1;
        parser.line(line).map_err(|message| GraphError { line: at + 1, message })?;
    }
    if let Some(body) = parser.open.last() {
        let message = format!("the body of `t{}` has no end: expected `}}`", body.id.index());
        return Err(GraphError { line: body.line, message });
    }
    parser.finish()
}

/// What is expected or wrong.
type Parsed<T> = Result<T, String>;

/// Tensors by their numbers, as one line names them.
#[derive(Default)]
struct Named {
    line: usize,
    numbers: Vec<usize>,
}

/// A result as it is written: its number and its type.
type Written = (usize, Type);

/// A tensor's number, its line, and all that is known of it.
struct Defined {
    number: usize,
    line: usize,
    tensor: Tensor,
}

/// A repeat whose end is still to come.
struct Body {
    id: RepeatId,
    line: usize,
    results: Vec<Written>,
    names: Vec<String>,
}

/// Tensors are known by their numbers until all are defined: a line may name one that a later line defines.
#[derive(Default)]
struct Parser {
    graph: Graph,
    tensors: Vec<Defined>,
    /// By operator.
    operands: Vec<Named>,
    results: Vec<Vec<usize>>,
    /// By repeat.
    repeats: Vec<RepeatId>,
    /// What each carried tensor begins with, is, and goes on with.
    carried: Vec<Vec<Named>>,
    collected: Vec<Named>,
    outputs: Vec<Named>,
    open: Vec<Body>,
    line: usize,
}

impl Parser {
    fn within(&self) -> Option<RepeatId> {
        self.open.last().map(|body| body.id)
    }

    fn named(&self, numbers: Vec<usize>) -> Named {
        Named { line: self.line, numbers }
    }

    fn line(&mut self, line: &str) -> Parsed<()> {
        if line.trim_start().is_empty() || line.trim_start().starts_with("//") {
            return Ok(());
        }
        let mut words = Words::of(line)?;
        match words.peek() {
            Word::Mark('}') => self.close(&mut words)?,
            Word::Name("collect") => self.collect(&mut words)?,
            Word::Name("output") => self.output(&mut words)?,
            _ => self.definition(&mut words)?,
        }
        words.end()
    }

    fn output(&mut self, words: &mut Words) -> Parsed<()> {
        words.next();
        let tensor = words.tensor()?;
        if !self.open.is_empty() {
            return Err("expected `}`: outputs stand behind all bodies".into());
        }
        self.outputs.push(self.named(vec![tensor]));
        Ok(())
    }

    fn collect(&mut self, words: &mut Words) -> Parsed<()> {
        words.next();
        let numbers = words.operands();
        if numbers.is_empty() {
            return words.expected("a tensor, as in `%0`");
        }
        let Some(within) = self.within() else { return Err("`collect` outside of a body".into()) };
        if !self.collected[within.index()].numbers.is_empty() {
            return Err("expected `}`: a body collects once".into());
        }
        self.collected[within.index()] = self.named(numbers);
        Ok(())
    }

    fn definition(&mut self, words: &mut Words) -> Parsed<()> {
        let results = words.results()?;
        let word = words.name("what it is, as in `input` or `add`")?;
        match (word, &results[..]) {
            ("repeat", _) => self.open(words, results),
            ("input" | "weight" | "constant" | "carried", [_]) => self.given(words, word, results),
            ("input" | "weight" | "constant" | "carried", _) => Err(format!("one result is `{word}`")),
            (_, []) => Err(format!("expected `%`, found `{word}`")),
            _ => self.operator(words, word, results),
        }
    }

    fn given(&mut self, words: &mut Words, word: &str, results: Vec<Written>) -> Parsed<()> {
        let source = match word {
            "input" => Source::Input(words.given()?),
            "weight" => Source::Weight(words.given()?),
            "constant" => Source::Constant(words.real()?),
            _ => self.carried(words, results[0].0)?,
        };
        let names = words.names(1)?;
        self.define(results, names, |_| source.clone());
        Ok(())
    }

    fn carried(&mut self, words: &mut Words, now: usize) -> Parsed<Source> {
        let begin = words.tensor()?;
        words.word("then")?;
        let next = words.tensor()?;
        let Some(within) = self.within() else { return Err("`carried` outside of a body".into()) };
        let named = self.named(vec![begin, now, next]);
        let list = &mut self.carried[within.index()];
        list.push(named);
        Ok(Source::Carried(within, list.len() - 1))
    }

    fn define(&mut self, results: Vec<Written>, names: Vec<String>, source: impl Fn(usize) -> Source) {
        let within = self.within();
        for (at, ((number, ty), name)) in results.into_iter().zip(names).enumerate() {
            let name = self.graph.names.add(&name);
            let tensor = Tensor { name, ty, source: source(at), within, span: Span::default() };
            self.tensors.push(Defined { number, line: self.line, tensor });
        }
    }

    fn operator(&mut self, words: &mut Words, word: &str, results: Vec<Written>) -> Parsed<()> {
        let operands = words.operands();
        let kind = words.kind(word, &self.repeats)?;
        let choices = match words.takes(Word::Name("with")) {
            true => Some(Box::new(words.choices()?)),
            false => None,
        };
        let names = words.names(results.len())?;
        let operands = self.named(operands);
        self.push(kind, operands, results, names, choices)
    }

    fn push(
        &mut self,
        kind: OpKind,
        operands: Named,
        results: Vec<Written>,
        names: Vec<String>,
        choices: Option<Box<Choices>>,
    ) -> Parsed<()> {
        if self.graph.ops.len() == Limits::OPS {
            return Err(format!("more than {} operators", Limits::OPS));
        }
        let (within, span) = (self.within(), Span::default());
        // Operands and results follow when all tensors are known.
        let op = Op { kind, operands: Tensors::new(), results: Tensors::new(), within, choices, span };
        let op = self.graph.ops.push(op);
        self.operands.push(operands);
        self.results.push(results.iter().map(|(number, _)| *number).collect());
        self.define(results, names, |at| Source::Op(op, at));
        Ok(())
    }

    fn open(&mut self, words: &mut Words, results: Vec<Written>) -> Parsed<()> {
        let count = words.whole()?;
        words.word("as")?;
        let next = self.repeats.len();
        if next == Limits::OPS {
            return Err(format!("more than {} repeats", Limits::OPS));
        }
        if words.iteration()? != next {
            return Err(format!("expected `t{next}`: iterations are numbered in the order of the text"));
        }
        words.mark('{')?;
        let names = words.names(results.len())?;
        let (within, span) = (self.within(), Span::default());
        let repeat = Repeat { count, within, carried: Vec::new(), collected: Vec::new(), span };
        let id = self.graph.repeats.push(repeat);
        self.repeats.push(id);
        self.carried.push(Vec::new());
        self.collected.push(Named::default());
        self.open.push(Body { id, line: self.line, results, names });
        Ok(())
    }

    fn close(&mut self, words: &mut Words) -> Parsed<()> {
        words.next();
        let Some(Body { id, line, results, names }) = self.open.pop() else {
            return Err("`}` closes nothing".into());
        };
        let numbers = self.carried[id.index()].iter().map(|named| named.numbers[0]).collect();
        self.push(OpKind::Repeat(id), Named { line, numbers }, results, names, None)
    }

    /// Puts tensors in the places of numbers.
    fn finish(self) -> Result<Graph, GraphError> {
        let Parser { mut graph, tensors, operands, results, carried, collected, outputs, .. } = self;
        let mut places: Vec<Option<Tensor>> = vec![None; tensors.len()];
        for Defined { number, line, tensor } in tensors {
            let all = places.len();
            let error = |message| Err(GraphError { line, message });
            match places.get_mut(number) {
                Some(place @ None) => *place = Some(tensor),
                Some(Some(_)) => return error(format!("`%{number}` is defined twice")),
                None => return error(format!("`%{number}`, but there are only {all} tensors, from `%0`")),
            }
        }
        // As many as places, each in another one: all are there.
        let ids: Vec<TensorId> =
            places.into_iter().flatten().map(|tensor| graph.tensors.push(tensor)).collect();
        let resolve = |named: &Named| -> Result<Vec<TensorId>, GraphError> {
            let find = |number: &usize| {
                let message = || format!("`%{number}` is defined nowhere");
                ids.get(*number).copied().ok_or_else(|| GraphError { line: named.line, message: message() })
            };
            named.numbers.iter().map(find).collect()
        };
        for (id, (operands, results)) in graph.ops.ids().zip(operands.iter().zip(&results)) {
            graph.ops[id].operands = resolve(operands)?.into();
            graph.ops[id].results = results.iter().map(|number| ids[*number]).collect();
        }
        for (id, (carried, collected)) in graph.repeats.ids().zip(carried.iter().zip(&collected)) {
            for named in carried {
                let [begin, now, next] = resolve(named)?[..] else { continue };
                graph.repeats[id].carried.push(Carried { begin, now, next });
            }
            graph.repeats[id].collected = resolve(collected)?;
        }
        for named in &outputs {
            let tensors = resolve(named)?;
            graph.outputs.extend(tensors.into_iter().map(|tensor| Output { tensor, span: Span::default() }));
        }
        Ok(graph)
    }
}

/// A word of a line.
#[derive(Clone, Debug, PartialEq)]
enum Word<'t> {
    /// `%7`
    Tensor(usize),
    /// Letters, digits and `_`, a letter first.
    Name(&'t str),
    /// Digits, with or without a fraction and an exponent.
    Number(&'t str),
    /// `"..."`, without its quotes and escapes.
    Text(String),
    Mark(char),
    End,
}

impl fmt::Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Word::Tensor(number) => write!(f, "`%{number}`"),
            Word::Name(text) | Word::Number(text) => write!(f, "`{}`", shortened(text)),
            Word::Text(text) => write!(f, "{:?}", shortened(text)),
            Word::Mark(mark) => write!(f, "`{mark}`"),
            Word::End => f.write_str("the end of the line"),
        }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

/// The words of a line, one after the other.
struct Words<'t> {
    words: Peekable<IntoIter<Word<'t>>>,
}

impl<'t> Words<'t> {
    fn of(line: &'t str) -> Parsed<Words<'t>> {
        let mut words = Vec::new();
        let mut rest = line.trim_start();
        while let Some(c) = rest.chars().next() {
            let (word, len) = word_at(rest, c)?;
            words.push(word);
            rest = rest[len..].trim_start();
        }
        Ok(Words { words: words.into_iter().peekable() })
    }

    fn peek(&mut self) -> Word<'t> {
        self.words.peek().cloned().unwrap_or(Word::End)
    }

    fn next(&mut self) -> Word<'t> {
        self.words.next().unwrap_or(Word::End)
    }

    /// Goes past a word if it is there.
    fn takes(&mut self, word: Word) -> bool {
        self.words.next_if(|next| *next == word).is_some()
    }

    fn expected<T>(&mut self, what: &str) -> Parsed<T> {
        Err(format!("expected {what}, found {}", self.peek()))
    }

    fn end(&mut self) -> Parsed<()> {
        match self.peek() {
            Word::End => Ok(()),
            _ => self.expected("the end of the line"),
        }
    }

    fn mark(&mut self, mark: char) -> Parsed<()> {
        if self.takes(Word::Mark(mark)) { Ok(()) } else { self.expected(&format!("`{mark}`")) }
    }

    fn word(&mut self, word: &str) -> Parsed<()> {
        if self.takes(Word::Name(word)) { Ok(()) } else { self.expected(&format!("`{word}`")) }
    }

    fn name(&mut self, what: &str) -> Parsed<&'t str> {
        match self.peek() {
            Word::Name(name) => {
                self.next();
                Ok(name)
            }
            _ => self.expected(what),
        }
    }

    fn text(&mut self) -> Parsed<String> {
        match self.peek() {
            Word::Text(text) => {
                self.next();
                Ok(text)
            }
            _ => self.expected("a text in quotes"),
        }
    }

    fn tensor(&mut self) -> Parsed<usize> {
        match self.peek() {
            Word::Tensor(number) => {
                self.next();
                Ok(number)
            }
            _ => self.expected("a tensor, as in `%0`"),
        }
    }

    /// All tensors up to another word.
    fn operands(&mut self) -> Vec<usize> {
        let mut tensors = Vec::new();
        while let Word::Tensor(number) = self.peek() {
            self.next();
            tensors.push(number);
        }
        tensors
    }

    /// What stands in front of `=`, or nothing if no tensor comes first.
    fn results(&mut self) -> Parsed<Vec<Written>> {
        let mut results = Vec::new();
        if !matches!(self.peek(), Word::Tensor(_)) {
            return Ok(results);
        }
        loop {
            let number = self.tensor()?;
            self.mark(':')?;
            results.push((number, self.ty()?));
            if !self.takes(Word::Mark(',')) {
                self.mark('=')?;
                return Ok(results);
            }
        }
    }

    fn ty(&mut self) -> Parsed<Type> {
        let dtypes = "`i8`, `i16`, `i32`, `fp8`, `bf16` or `f32`";
        let found = self.peek();
        let Some(dtype) = DType::ALL.into_iter().find(|dtype| found == Word::Name(dtype.name())) else {
            return self.expected(dtypes);
        };
        self.next();
        Ok(Type { dtype, shape: Shape(self.list(Words::whole)?.into()) })
    }

    /// `[...]`
    fn list<T>(&mut self, item: impl Fn(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        self.mark('[')?;
        let mut items = Vec::new();
        if self.takes(Word::Mark(']')) {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if !self.takes(Word::Mark(',')) {
                self.mark(']')?;
                return Ok(items);
            }
        }
    }

    /// So many numbers in brackets.
    fn wholes<const N: usize>(&mut self) -> Parsed<[usize; N]> {
        self.list(Words::whole)?.try_into().map_err(|list: Vec<usize>| {
            format!("expected {N} numbers between the brackets, found {}", list.len())
        })
    }

    /// The names of a line's results.
    fn names(&mut self, results: usize) -> Parsed<Vec<String>> {
        let mut names = Vec::new();
        for at in 0..results {
            self.mark(if at > 0 { ',' } else { '#' })?;
            names.push(self.text()?);
        }
        Ok(names)
    }

    /// Digits with a sign or without.
    fn digits(&mut self, what: &str) -> Parsed<(bool, &'t str)> {
        let negative = self.takes(Word::Mark('-'));
        match self.peek() {
            Word::Number(digits) => {
                self.next();
                Ok((negative, digits))
            }
            _ => self.expected(what),
        }
    }

    fn integer<T: TryFrom<i128>>(&mut self) -> Parsed<T> {
        let (negative, digits) = self.digits("a whole number")?;
        let number = digits.parse::<i128>().ok().map(|number| if negative { -number } else { number });
        let sign = if negative { "-" } else { "" };
        let message = || format!("`{sign}{}` is no whole number that fits here", shortened(digits));
        number.and_then(|number| T::try_from(number).ok()).ok_or_else(message)
    }

    fn whole(&mut self) -> Parsed<usize> {
        self.integer()
    }

    fn real(&mut self) -> Parsed<f64> {
        let negative = self.takes(Word::Mark('-'));
        let number = match self.peek() {
            Word::Name("inf") => f64::INFINITY,
            Word::Name("nan") => f64::NAN,
            Word::Number(digits) => digits.parse().map_err(|_| format!("`{digits}` is no number"))?,
            _ => return self.expected("a number"),
        };
        self.next();
        Ok(if negative { -number } else { number })
    }

    fn flag(&mut self) -> Parsed<bool> {
        match self.name("`true` or `false`")? {
            "true" => Ok(true),
            "false" => Ok(false),
            other => Err(format!("expected `true` or `false`, found `{}`", shortened(other))),
        }
    }

    /// `t0`
    fn iteration(&mut self) -> Parsed<usize> {
        let Word::Name(name) = self.peek() else { return self.expected("an iteration, as in `t0`") };
        match name.strip_prefix('t').and_then(|number| number.parse().ok()) {
            Some(number) => {
                self.next();
                Ok(number)
            }
            None => self.expected("an iteration, as in `t0`"),
        }
    }

    fn given(&mut self) -> Parsed<Given> {
        let path = match self.takes(Word::Name("from")) {
            true => Some(self.text()?),
            false => None,
        };
        let sparsity = match self.takes(Word::Name("sparse")) {
            true => Some(self.sparsity()?),
            false => None,
        };
        Ok(Given { path, array: None, sparsity })
    }

    /// `2 of 4`
    fn sparsity(&mut self) -> Parsed<Sparsity> {
        let kept = self.whole()?;
        self.word("of")?;
        let of = self.whole()?;
        Sparsity::new(kept, of).ok_or_else(|| format!("{kept} of {of} rows cannot stay"))
    }

    /// `axis=`, say.
    fn key(&mut self, key: &str) -> Parsed<&mut Self> {
        self.word(key)?;
        self.mark('=')?;
        Ok(self)
    }
}

/// A word and its length in bytes.
fn word_at(rest: &str, c: char) -> Parsed<(Word<'_>, usize)> {
    let run =
        |from: usize, is: fn(char) -> bool| from + rest[from..].find(|c| !is(c)).unwrap_or(rest.len() - from);
    let is_digit = |c: char| c.is_ascii_digit();
    match c {
        '%' => {
            let end = run(1, is_digit);
            let number = rest[1..end].parse().map_err(|_| "expected a tensor, as in `%0`".to_owned())?;
            Ok((Word::Tensor(number), end))
        }
        '0'..='9' => {
            let end = number_end(rest);
            Ok((Word::Number(&rest[..end]), end))
        }
        'a'..='z' | 'A'..='Z' => {
            let end = run(0, |c| c.is_ascii_alphanumeric() || c == '_');
            Ok((Word::Name(&rest[..end]), end))
        }
        '"' => text_at(rest),
        ':' | ',' | '=' | '#' | '[' | ']' | '{' | '}' | '+' | '-' | '*' => Ok((Word::Mark(c), 1)),
        other => Err(format!("{other:?} means nothing here")),
    }
}

fn number_end(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let digits = |from: usize| (from..).find(|at| !is_digit(*at)).unwrap_or(from);
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') && is_digit(end + 1) {
        end = digits(end + 1);
    }
    if bytes.get(end) == Some(&b'e') {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if is_digit(end + 1 + sign) {
            end = digits(end + 1 + sign);
        }
    }
    end
}

fn text_at(rest: &str) -> Parsed<(Word<'_>, usize)> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((Word::Text(text), at + 1)),
            '\\' => match chars.next() {
                Some((_, c @ ('"' | '\\'))) => text.push(c),
                Some((_, 'u')) => {
                    let code: String =
                        chars.by_ref().map(|(_, c)| c).take(10).take_while(|c| *c != '}').collect();
                    let code = code.strip_prefix('{').and_then(|code| u32::from_str_radix(code, 16).ok());
                    let c = code
                        .and_then(char::from_u32)
                        .ok_or("`\\u` is followed by `{`, a character's number and `}`")?;
                    text.push(c);
                }
                _ => return Err("`\\` is followed by `\"`, `\\` or `u`".into()),
            },
            c => text.push(c),
        }
    }
    Err("a text without its second `\"`".into())
}

/// Operators.
impl Words<'_> {
    fn kind(&mut self, word: &str, repeats: &[RepeatId]) -> Parsed<OpKind> {
        Ok(match word {
            "contract" => OpKind::Contract(self.contract()?),
            "conv2d" => OpKind::Conv2d { window: self.window()?, groups: self.key("groups")?.whole()? },
            "maxpool" => OpKind::Pool(PoolKind::Max, self.window()?),
            "avgpool" => OpKind::Pool(PoolKind::Mean, self.window()?),
            "requant" => OpKind::Requant(Requant {
                scale: self.key("scale")?.integer()?,
                shift: self.key("shift")?.integer()?,
                zero: self.key("zero")?.integer()?,
            }),
            "cast" => OpKind::Cast,
            "sum" => self.reduce(ReduceKind::Sum)?,
            "mean" => self.reduce(ReduceKind::Mean)?,
            "max" => self.reduce(ReduceKind::Max)?,
            "argmax" => OpKind::ArgMax { axis: self.key("axis")?.whole()? },
            "topk" => OpKind::TopK { k: self.key("k")?.whole()? },
            "softmax" => OpKind::Softmax { axis: self.key("axis")?.whole()? },
            "layernorm" => OpKind::LayerNorm { eps: self.key("eps")?.real()? },
            "rmsnorm" => OpKind::RmsNorm { eps: self.key("eps")?.real()? },
            "causal" => OpKind::Causal { offset: self.key("offset")?.whole()? },
            "reshape" => OpKind::Reshape,
            "transpose" => OpKind::Transpose(self.key("order")?.list(Words::whole)?.into()),
            "concat" => OpKind::Concat { axis: self.key("axis")?.whole()? },
            "slice" => OpKind::Slice(self.list(|words| words.cut(repeats))?),
            "gather" => OpKind::Gather { axis: self.key("axis")?.whole()? },
            "relu" => OpKind::Map(MapKind::Relu),
            "negate" => OpKind::Map(MapKind::Negate),
            other => return element_by_element(other),
        })
    }

    fn reduce(&mut self, kind: ReduceKind) -> Parsed<OpKind> {
        let axes = self.key("axes")?.list(Words::whole)?;
        Ok(OpKind::Reduce { kind, axes: axes.into(), keep: self.key("keep")?.flag()? })
    }

    fn contract(&mut self) -> Parsed<Contract> {
        let text = self.text()?;
        let labels = |letters: &str| -> Option<Vec<u8>> {
            let label = |letter: u8| LETTERS.iter().position(|known| *known == letter).map(|at| at as u8);
            letters.bytes().map(label).collect()
        };
        let parts = text.split_once("->").and_then(|(operands, out)| Some((operands.split_once(',')?, out)));
        let contract = parts.and_then(|((left, right), out)| {
            Some(Contract {
                left: labels(left)?.into(),
                right: labels(right)?.into(),
                out: labels(out)?.into(),
            })
        });
        contract.ok_or_else(|| {
            format!("expected letters for axes, as in \"ac,cb->ab\", found {:?}", shortened(&text))
        })
    }

    fn window(&mut self) -> Parsed<Window> {
        Ok(Window {
            size: self.key("size")?.wholes()?,
            stride: self.key("stride")?.wholes()?,
            padding: self.key("padding")?.wholes()?,
            dilation: self.key("dilation")?.wholes()?,
        })
    }

    fn cut(&mut self, repeats: &[RepeatId]) -> Parsed<Cut> {
        let from = self.place(repeats)?;
        let keep = self.takes(Word::Name("len"));
        let len = if keep { self.whole()? } else { 1 };
        let step = if keep && self.takes(Word::Name("step")) { self.whole()? } else { 1 };
        Ok(Cut { from, len, step, keep })
    }

    fn place(&mut self, repeats: &[RepeatId]) -> Parsed<Index> {
        let mut place = Index::default();
        let mut negative = self.takes(Word::Mark('-'));
        loop {
            self.part(negative, repeats, &mut place)?;
            negative = self.takes(Word::Mark('-'));
            if !negative && !self.takes(Word::Mark('+')) {
                return Ok(place);
            }
        }
    }

    /// Adds a part of a place: a number, an iteration, or a multiple of one.
    fn part(&mut self, negative: bool, repeats: &[RepeatId], place: &mut Index) -> Parsed<()> {
        let far = "a place beyond 64 bits";
        let number = match self.peek() {
            Word::Number(_) => Some(self.integer::<u64>()?),
            _ => None,
        };
        let factor = i128::from(number.unwrap_or(1)) * if negative { -1 } else { 1 };
        let factor = i64::try_from(factor).map_err(|_| far)?;
        if number.is_some() && !self.takes(Word::Mark('*')) {
            place.first = place.first.checked_add(factor).ok_or(far)?;
            return Ok(());
        }
        let iteration = self.iteration()?;
        let repeat =
            repeats.get(iteration).ok_or_else(|| format!("no body before this is of `t{iteration}`"))?;
        place.steps.push((*repeat, factor));
        Ok(())
    }

    fn choices(&mut self) -> Parsed<Choices> {
        let mut choices = Choices::default();
        if self.takes(Word::Name("dataflow")) {
            choices.dataflow = Some(self.dataflow()?);
        }
        if self.takes(Word::Name("tile")) {
            self.mark('=')?;
            choices.tile = Some(self.wholes()?);
        }
        if self.takes(Word::Name("order")) {
            choices.order = Some(self.order()?);
        }
        if self.takes(Word::Name("buffers")) {
            self.mark('=')?;
            choices.buffers = Some(self.whole()?);
        }
        if self.takes(Word::Name("fuse")) {
            self.mark('=')?;
            choices.fuse = Some(self.flag()?);
        }
        Ok(choices)
    }

    fn dataflow(&mut self) -> Parsed<Stationary> {
        self.mark('=')?;
        let text = self.text()?;
        let all = [Stationary::Weights, Stationary::Inputs, Stationary::Outputs];
        let found = all.into_iter().find(|dataflow| dataflow.name() == text);
        found.ok_or_else(|| format!("expected \"ws\", \"is\" or \"os\", found {:?}", shortened(&text)))
    }

    fn order(&mut self) -> Parsed<[LoopAxis; 3]> {
        self.mark('=')?;
        let text = self.text()?;
        let axis = |letter: char| {
            [LoopAxis::M, LoopAxis::N, LoopAxis::K].into_iter().find(|axis| axis.name().starts_with(letter))
        };
        let axes: Option<Vec<LoopAxis>> = text.chars().map(axis).collect();
        let order = axes.and_then(|axes| axes.try_into().ok());
        order.ok_or_else(|| {
            format!("expected three of m, n and k, as in \"nmk\", found {:?}", shortened(&text))
        })
    }
}

fn element_by_element(word: &str) -> Parsed<OpKind> {
    let combined = COMBINED.iter().find(|(known, _)| *known == word);
    let function = Function::ALL.into_iter().find(|function| function.name() == word);
    match (combined, function) {
        (Some((_, kind)), _) => Ok(OpKind::Combine(*kind)),
        (_, Some(function)) => Ok(OpKind::Map(MapKind::Function(function))),
        _ => Err(format!("there is no operator `{}`", shortened(word))),
    }
}
