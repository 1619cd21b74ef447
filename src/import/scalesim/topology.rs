//! A topology: one layer a line, its fields separated and ended by commas, behind a header line.

use std::collections::{BTreeMap, BTreeSet};

use super::{MOST_LAYERS, MOST_MACS, MOST_SIZE, Number, Parsed, number, shown, span_of};
use crate::base::{Diagnostics, Span};

/// Layers in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    /// At least one.
    pub layers: Vec<Layer>,
}

/// A line of a topology.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// As in the file.
    pub name: String,
    /// In the file, counted from 1.
    pub line: u32,
    /// Its place in the text.
    pub span: Span,
    /// What the line describes.
    pub kind: Kind,
    /// How often the product below is computed: once, or once a channel of a depthwise convolution (a name with `DP`).
    pub copies: u64,
    /// Rows of the product: pixels of the output map.
    pub m: u64,
    /// Columns of the product: filters.
    pub n: u64,
    /// Length of its sums: elements of a filter's window.
    pub k: u64,
    /// Share of weights that are kept, where the line says one.
    pub sparsity: Option<Sparsity>,
}

impl Layer {
    /// Multiply-accumulates of one copy, at most [`MOST_MACS`].
    pub fn macs(&self) -> u64 {
        self.m * self.n * self.k
    }
}

/// What a line describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As [`Layout::Convolution`].
    Convolution(Convolution),
    /// A product of matrices, M x K by K x N.
    Gemm,
}

/// A convolution without padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convolution {
    /// Height and width of the input map.
    pub input: [u64; 2],
    /// Height and width of a filter.
    pub filter: [u64; 2],
    /// Of the input map; 1 for each copy of a depthwise layer.
    pub channels: u64,
    /// Maps of the output; in a depthwise layer, of each copy.
    pub filters: u64,
    /// Down and across.
    pub stride: [u64; 2],
}

/// N of every M weights are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sparsity {
    /// N
    pub kept: u64,
    /// M
    pub of: u64,
}

/// The columns of a topology. SCALE-Sim is told which they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `name, ifmap h, ifmap w, filter h, filter w, channels, filters, stride,` and perhaps a second stride (v2) and
    /// `N:M` (v3).
    Convolution,
    /// `name, M, N, K,` and perhaps `N:M` (v3).
    Gemm,
}

const CONVOLUTION: [&str; 8] = [
    "name",
    "ifmap height",
    "ifmap width",
    "filter height",
    "filter width",
    "channels",
    "number of filters",
    "stride",
];
const GEMM: [&str; 4] = ["name", "M", "N", "K"];

impl Layout {
    /// By the header's words: `M`, `N` and `K`, in any order, are a GEMM's; anything else is a convolution's.
    pub fn of_header(text: &str) -> Layout {
        let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("");
        let mut named: Vec<String> =
            row(1, header).fields.iter().skip(1).take(3).map(|f| f.to_uppercase()).collect();
        named.sort();
        if named == ["K", "M", "N"] { Layout::Gemm } else { Layout::Convolution }
    }

    /// What each field is called, the name first.
    fn columns(self) -> &'static [&'static str] {
        match self {
            Layout::Convolution => &CONVOLUTION,
            Layout::Gemm => &GEMM,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Layout::Convolution => "a convolution",
            Layout::Gemm => "a GEMM",
        }
    }
}

/// Reads a topology. `asked` says its columns; a header that contradicts it wins if the lines agree with the header.
pub fn parse_topology(text: &str, asked: Layout) -> Parsed<Topology> {
    let mut rows = rows(text);
    let header = take_header(&mut rows, asked);
    let mut reader = Reader::new(text);
    let layout = layout(header.as_ref(), &rows, asked, &mut reader);
    if let Some(header) = &header {
        check_header(header, layout, &mut reader);
    }
    let batched = header.as_ref().is_some_and(|row| row.says(8, "batch"));
    let mut layers = Vec::new();
    for row in rows {
        if let Some(layer) = reader.row(row, layout, batched) {
            layers.push(layer);
        }
    }
    reader.finish(layers)
}

/// A line that is not blank.
struct Row<'t> {
    line: u32,
    text: &'t str,
    /// Trimmed; without what follows a last separator if that is nothing.
    fields: Vec<&'t str>,
    /// Whether a separator ends it.
    closed: bool,
    separator: char,
}

/// No line of any topology has as many fields; the rest of a longer one is not kept.
const MOST_FIELDS: usize = 64;

fn rows(text: &str) -> Vec<Row<'_>> {
    let numbered = (1..).zip(text.split('\n'));
    numbered.filter(|(_, line)| !line.trim().is_empty()).map(|(line, text)| row(line, text)).collect()
}

fn row(line: u32, text: &str) -> Row<'_> {
    let separator = [',', '\t', ';'].into_iter().find(|c| text.trim().contains(*c)).unwrap_or(',');
    let text = text.trim_matches(|c: char| c.is_whitespace() && c != separator);
    let closed = text.ends_with(separator);
    let mut fields: Vec<&str> = text.split(separator).take(MOST_FIELDS).map(str::trim).collect();
    if closed && fields.len() < MOST_FIELDS {
        fields.pop();
    }
    Row { line, text, fields, closed, separator }
}

impl Row<'_> {
    /// Whether a field's text has this word, in any case.
    fn says(&self, field: usize, word: &str) -> bool {
        self.fields.get(field).is_some_and(|text| text.to_lowercase().contains(word))
    }

    /// Fields behind the name that are numbers.
    fn numbers(&self) -> usize {
        self.fields.iter().skip(1).filter(|text| !matches!(number(text), Number::None)).count()
    }

    /// Whether every field is there and a number, as it is in a layer.
    fn is_layer(&self, layout: Layout) -> bool {
        let wanted = self.fields.get(1..layout.columns().len());
        wanted.is_some_and(|fields| fields.iter().all(|text| !matches!(number(text), Number::None)))
    }

    /// Whether it has nothing that could be meant as a size: a heading or a note.
    fn is_note(&self) -> bool {
        let sized =
            |text: &&str| text.trim_start_matches(['-', '+', '"']).starts_with(|c: char| c.is_ascii_digit());
        !self.fields.iter().skip(1).any(sized) || (self.text.starts_with(['#', '/']) && self.numbers() < 3)
    }
}

/// The first line, whatever it says: so SCALE-Sim has it. A blank first line is that header, unless names of columns
/// follow.
fn take_header<'t>(rows: &mut Vec<Row<'t>>, asked: Layout) -> Option<Row<'t>> {
    let first = rows.first()?;
    let is_header = first.line == 1 || (!first.is_layer(asked) && first.numbers() == 0);
    is_header.then(|| rows.remove(0))
}

fn layout(header: Option<&Row>, rows: &[Row], asked: Layout, reader: &mut Reader) -> Layout {
    let Some(header) = header else { return asked };
    let fields = rows.iter().find(|row| !row.is_note()).map_or(0, |row| row.fields.len());
    let gemm = ["m", "n", "k"]
        .iter()
        .enumerate()
        .all(|(i, name)| header.fields.get(i + 1).is_some_and(|field| field.eq_ignore_ascii_case(name)));
    let convolution = header.says(1, "ifmap") || header.says(3, "filter");
    let (found, hint) = match asked {
        Layout::Convolution if gemm && (4..CONVOLUTION.len()).contains(&fields) => {
            (Layout::Gemm, "say --gemm")
        }
        Layout::Gemm if convolution && fields >= CONVOLUTION.len() => {
            (Layout::Convolution, "leave out --gemm")
        }
        _ => return asked,
    };
    let message = format!("header and lines have the columns of {}: the file is read so", found.name());
    reader.say.warning(span_of(reader.text, header.text), message, hint);
    found
}

fn check_header(header: &Row, layout: Layout, reader: &mut Reader) {
    let span = span_of(reader.text, header.text);
    if header.is_layer(layout) {
        let message =
            "the first line looks like a layer; it is taken for the header and left out, as SCALE-Sim does";
        reader.say.warning(span, message, "put a header line before it");
    }
    let named: Vec<String> = header.fields.iter().skip(1).take(3).map(|f| f.to_uppercase()).collect();
    let mut sorted = named.clone();
    sorted.sort();
    if layout == Layout::Gemm && sorted == ["K", "M", "N"] && named != ["M", "N", "K"] {
        let message = format!(
            "the header says {}, but SCALE-Sim takes the fields for M, N, K: so they are",
            named.join(", ")
        );
        reader.say.warning(span, message, "give the columns in the order M, N, K");
    }
}

/// What was assumed to read a line; said once, with the first place and the number of lines.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Assumed {
    Separator,
    Blank,
    Note,
    Unclosed,
    LastDropped,
    Dressed,
    Extra,
    Batch,
    SameName,
}

impl Assumed {
    fn message(self) -> &'static str {
        match self {
            Assumed::Separator => "the fields are not separated by commas, but could be told apart",
            Assumed::Blank => "the line has only separators and is left out",
            Assumed::Note => "the line has no sizes and is left out",
            Assumed::Unclosed => "the line does not end in a comma; its last field was kept all the same",
            Assumed::LastDropped => {
                "the line does not end in a comma; what follows its last one is dropped, as SCALE-Sim does"
            }
            Assumed::Dressed => {
                "a number is not written as digits alone; it was taken for the whole number that it is"
            }
            Assumed::Extra => "more fields than a layer has; they are not used",
            Assumed::Batch => {
                "by the header this is a batch size, of which SCALE-Sim knows nothing; it is 1 and left out"
            }
            Assumed::SameName => "an earlier layer has this name too; the reports tell them apart by LayerID",
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Assumed::Separator => "separate and end fields with commas",
            Assumed::Blank => "remove the line",
            Assumed::Note => "remove the line, or give its sizes",
            Assumed::Unclosed => "end each line with a comma",
            Assumed::LastDropped => {
                "end the line with a comma if its last field matters, else remove that field"
            }
            Assumed::Dressed => "write 8, not \"8\" or 8.0",
            Assumed::Extra => "remove them",
            Assumed::Batch => "remove the column",
            Assumed::SameName => "give each layer a name of its own",
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    say: Diagnostics,
    assumed: BTreeMap<Assumed, (Span, u32, usize)>,
    names: BTreeSet<&'t str>,
    copies: u64,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        let say = Diagnostics::default();
        Reader { text, say, assumed: BTreeMap::new(), names: BTreeSet::new(), copies: 0 }
    }

    /// Notes an assumption; lines are counted, not places.
    fn assume(&mut self, what: Assumed, part: &str, line: u32) {
        let place = span_of(self.text, part);
        let (_, last, lines) = self.assumed.entry(what).or_insert((place, line, 1));
        *lines += usize::from(*last != line);
        *last = line;
    }

    fn error(&mut self, part: &str, message: String, hint: &str) {
        self.say.error(span_of(self.text, part), message, hint);
    }

    fn row(&mut self, mut row: Row<'t>, layout: Layout, batched: bool) -> Option<Layer> {
        if row.separator != ',' {
            self.assume(Assumed::Separator, row.text, row.line);
        }
        if row.fields.iter().all(|field| field.is_empty()) {
            self.assume(Assumed::Blank, row.text, row.line);
            return None;
        }
        if row.is_note() {
            self.assume(Assumed::Note, row.text, row.line);
            return None;
        }
        self.end_of_row(&mut row, layout.columns().len());
        if !self.has_all_fields(&row, layout) {
            return None;
        }
        let layer = match layout {
            Layout::Convolution => self.convolution(&row, batched),
            Layout::Gemm => self.gemm(&row),
        }?;
        self.is_within_limits(&row, &layer).then_some(layer)
    }

    /// SCALE-Sim drops a line's last field, which is nothing if a comma ends the line. It is dropped here too if the line
    /// is a layer without it.
    fn end_of_row(&mut self, row: &mut Row<'t>, wanted: usize) {
        if !row.closed && row.fields.len() > wanted {
            let dropped = row.fields.pop().unwrap_or(row.text);
            self.assume(Assumed::LastDropped, dropped, row.line);
        } else if !row.closed && row.separator == ',' {
            self.assume(Assumed::Unclosed, row.text, row.line);
        }
        while row.fields.len() > wanted && row.fields.last().is_some_and(|field| field.is_empty()) {
            row.fields.pop();
            self.assume(Assumed::Extra, row.text, row.line);
        }
    }

    fn has_all_fields(&mut self, row: &Row, layout: Layout) -> bool {
        let (given, columns) = (row.fields.len(), layout.columns());
        if given >= columns.len() {
            return true;
        }
        let s = if given == 1 { "" } else { "s" };
        let message = format!("{given} field{s}, where {} has {}", layout.name(), columns.len());
        let hint = match layout {
            Layout::Convolution if given == GEMM.len() => {
                "if the lines are `name, M, N, K,` say --gemm".to_owned()
            }
            _ => format!("give {}", columns.join(", ")),
        };
        self.error(row.text, message, &hint);
        false
    }

    /// The field's number, from 1.
    fn size(&mut self, row: &Row, field: usize, called: &str) -> Option<u64> {
        let text = row.fields[field];
        let part = if text.is_empty() { row.text } else { text };
        match number(text) {
            Number::Plain(0) | Number::Dressed(0) => {
                self.error(part, format!("0 for the {called} is too little"), "give a whole number from 1");
            }
            Number::Plain(value) => return Some(value),
            Number::Dressed(value) => {
                self.assume(Assumed::Dressed, text, row.line);
                return Some(value);
            }
            Number::TooLarge => {
                let message = format!("for the {called}, more than {MOST_SIZE} is not read");
                self.error(part, message, "give a smaller layer");
            }
            Number::None if text.is_empty() => {
                self.error(part, format!("nothing is given for the {called}"), "give a whole number from 1");
            }
            Number::None => {
                let message = format!("`{}` for the {called} is no whole number", shown(text));
                self.error(part, message, "give a whole number from 1");
            }
        }
        None
    }

    /// The sizes behind the name, all of them looked at so that each wrong one is told.
    fn sizes<const COUNT: usize>(&mut self, row: &Row, layout: Layout) -> Option<[u64; COUNT]> {
        let mut sizes = [0; COUNT];
        let mut whole = true;
        for (index, size) in sizes.iter_mut().enumerate() {
            match self.size(row, index + 1, layout.columns()[index + 1]) {
                Some(value) => *size = value,
                None => whole = false,
            }
        }
        whole.then_some(sizes)
    }

    fn gemm(&mut self, row: &Row<'t>) -> Option<Layer> {
        let sizes = self.sizes(row, Layout::Gemm);
        let sparsity = self.sparsity(row, GEMM.len());
        let [m, n, k] = sizes?;
        Some(self.layer(row, Kind::Gemm, 1, [m, n, k], sparsity?))
    }

    fn convolution(&mut self, row: &Row<'t>, batched: bool) -> Option<Layer> {
        let sizes = self.sizes(row, Layout::Convolution);
        let second = self.second_stride(row, batched);
        let behind = CONVOLUTION.len() + usize::from(!matches!(second, Some(Second::Absent)));
        let sparsity = self.sparsity(row, behind);
        let [h, w, r, s, channels, filters, stride] = sizes?;
        let across = match second? {
            Second::Stride(across) => across,
            Second::Absent | Second::Batch => stride,
        };
        for (field, filter, input) in [(3, r, h), (4, s, w)] {
            if filter > input {
                let message = format!("the {} is {filter}, the input's only {input}", CONVOLUTION[field]);
                let hint = "SCALE-Sim pads nothing: give the input's size with its padding";
                self.error(row.fields[field], message, hint);
                return None;
            }
        }
        let depthwise = row.fields[0].contains("DP");
        let (copies, channels) = if depthwise { (channels, 1) } else { (1, channels) };
        let outputs = |input: u64, filter: u64, stride: u64| (input - filter).div_ceil(stride) + 1;
        let (oh, ow) = (outputs(h, r, stride), outputs(w, s, across));
        // Each is at most 2^32: the products of three of them need their checks.
        let product =
            [oh.checked_mul(ow), Some(filters), r.checked_mul(s).and_then(|rs| rs.checked_mul(channels))];
        let [m, n, k] = product.map(|side| side.unwrap_or(u64::MAX));
        let shape =
            Convolution { input: [h, w], filter: [r, s], channels, filters, stride: [stride, across] };
        Some(self.layer(row, Kind::Convolution(shape), copies, [m, n, k], sparsity?))
    }

    /// The ninth field of a convolution; nothing if it is wrong.
    fn second_stride(&mut self, row: &Row, batched: bool) -> Option<Second> {
        let at = CONVOLUTION.len();
        match row.fields.get(at) {
            None => Some(Second::Absent),
            Some(text) if text.contains(':') => Some(Second::Absent),
            Some(text) if batched && matches!(number(text), Number::Plain(1)) => {
                self.assume(Assumed::Batch, text, row.line);
                Some(Second::Batch)
            }
            Some(text) if batched => {
                let message = format!(
                    "`{}` is a batch size by the header; SCALE-Sim would take it for a stride",
                    shown(text)
                );
                self.error(text, message, "remove the column; give a batch as more rows of the input map");
                None
            }
            Some(text) if matches!(number(text), Number::None) && !text.starts_with(['-', '+']) => {
                self.assume(Assumed::Extra, text, row.line);
                Some(Second::Absent)
            }
            Some(_) => self.size(row, at, "second stride").map(Second::Stride),
        }
    }

    /// `N:M` in the fields from `at` on; the outer nothing if it is wrong.
    fn sparsity(&mut self, row: &Row, at: usize) -> Option<Option<Sparsity>> {
        let mut found = None;
        for text in row.fields.iter().skip(at) {
            let Some((kept, of)) = text.split_once(':').filter(|_| found.is_none()) else {
                self.assume(Assumed::Extra, text, row.line);
                continue;
            };
            found = match (number(kept.trim()), number(of.trim())) {
                (Number::Plain(kept), Number::Plain(of)) if 0 < kept && kept <= of => {
                    Some(Sparsity { kept, of })
                }
                _ => {
                    let message = format!("`{}` is no sparsity", shown(text));
                    self.error(text, message, "write N:M for N of every M weights, as in 2:4");
                    return None;
                }
            };
        }
        Some(found)
    }

    fn layer(
        &mut self,
        row: &Row<'t>,
        kind: Kind,
        copies: u64,
        sides: [u64; 3],
        sparsity: Option<Sparsity>,
    ) -> Layer {
        let name = row.fields[0];
        if !name.is_empty() && !self.names.insert(name) {
            self.assume(Assumed::SameName, name, row.line);
        }
        let [m, n, k] = sides;
        let span = span_of(self.text, row.text);
        Layer { name: name.to_owned(), line: row.line, span, kind, copies, m, n, k, sparsity }
    }

    fn is_within_limits(&mut self, row: &Row, layer: &Layer) -> bool {
        const MOST_NAME: usize = 200;
        let sides = [layer.m, layer.n, layer.k];
        let macs = sides.iter().try_fold(1u64, |product, side| product.checked_mul(*side));
        self.copies = self.copies.saturating_add(layer.copies);
        let wrong = if layer.name.len() > MOST_NAME {
            format!("the name has {} bytes, more than {MOST_NAME}", layer.name.len())
        } else if sides.iter().any(|side| *side > MOST_SIZE) {
            format!("as a product of matrices, a side of the layer is more than {MOST_SIZE}")
        } else if macs.is_none_or(|macs| macs > MOST_MACS) {
            format!("the layer has more than {MOST_MACS} multiply-accumulates")
        } else if self.copies > MOST_LAYERS {
            format!(
                "with this line there are more than {MOST_LAYERS} layers; a name with `DP` makes one a channel"
            )
        } else {
            return true;
        };
        self.error(row.text, wrong, "that is the limit here; give less");
        false
    }

    fn finish(mut self, layers: Vec<Layer>) -> Parsed<Topology> {
        for (what, (span, _, lines)) in self.assumed {
            let others = match lines - 1 {
                0 => String::new(),
                1 => " (and 1 more line)".into(),
                more => format!(" (and {more} more lines)"),
            };
            self.say.warning(span, format!("{}{others}", what.message()), what.hint());
        }
        if layers.is_empty() && !self.say.has_errors() {
            let end = self.text.len() as u32;
            let hint = "behind a header line, give a layer a line, its fields ended by commas";
            self.say.error(Span { start: end, end }, "the topology has no layer", hint);
        }
        Parsed::new(Some(Topology { layers }), self.say)
    }
}

/// What stands behind a convolution's stride.
enum Second {
    Absent,
    Stride(u64),
    Batch,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sides(text: &str, asked: Layout) -> Vec<(u64, [u64; 3])> {
        let topology = parse_topology(text, asked).value.expect("it is a topology");
        topology.layers.iter().map(|l| (l.copies, [l.m, l.n, l.k])).collect()
    }

    #[test]
    fn layers_become_products() {
        let text = "header,\nconv, 9, 11, 3, 3, 3, 7, 2,\ntwo, 9, 11, 3, 3, 3, 7, 2, 1,\nxDP, 6, 6, 3, 3, 4, 2, 1, 2:4,\n";
        let found = sides(text, Layout::Convolution);
        assert_eq!(found, [(1, [20, 7, 27]), (1, [36, 7, 27]), (4, [16, 2, 9])]);
        assert_eq!(sides("Layer, M, N, K,\nDP, 2, 3, 4,\n", Layout::Gemm), [(1, [2, 3, 4])]);
    }

    #[test]
    fn a_header_says_which_columns_follow() {
        assert_eq!(Layout::of_header("\nLayer, k, M, N,\n"), Layout::Gemm);
        assert_eq!(Layout::of_header("Layer, M, N,\n"), Layout::Convolution);
        assert_eq!(Layout::of_header(""), Layout::Convolution);
    }

    #[test]
    fn a_stride_that_does_not_divide_looks_beyond_the_edge() {
        assert_eq!(sides("h\na, 10, 10, 3, 3, 2, 5, 3,\n", Layout::Convolution), [(1, [16, 5, 18])]);
    }

    #[test]
    fn limits_are_checked_before_anything_overflows() {
        let huge = "4294967295";
        let line = format!("h\na, {huge}, {huge}, 1, 1, {huge}, {huge}, 1,\n");
        let parsed = parse_topology(&line, Layout::Convolution);
        assert!(parsed.value.is_none() && parsed.diagnostics[0].message.contains("side of the layer"));
        let line = format!("h\nDP, 1, 1, 1, 1, {huge}, 1, 1,\n");
        let parsed = parse_topology(&line, Layout::Convolution);
        assert!(parsed.value.is_none() && parsed.diagnostics[0].message.contains("more than 100000 layers"));
        let parsed = parse_topology(&format!("h\na, {huge}, {huge}, {huge},\n"), Layout::Gemm);
        assert!(parsed.value.is_none() && parsed.diagnostics[0].message.contains("multiply-accumulates"));
    }
}
