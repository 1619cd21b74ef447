//! The graph of a plan: a card for each layer, with the operators that run as one, above those that read what it leaves.
//!
//! Cards stand in ranks: each as far down as the longest way to it from an input. Ways to the next rank go through the gap
//! between them; longer ones go down beside all cards, in lanes of their own.

use super::scene::{Align, Colour, Scene, Shape, Weight};
use super::{FADED, OP_COLOURS};
use crate::graph::{Graph, OpId, Source, TensorId};
use crate::schedule::{Layer, Plan, PlannedId};

/// A plan's graph, laid out.
#[derive(Clone, Debug, Default)]
pub struct GraphLayout {
    /// Inputs first, then layers in their order.
    cards: Vec<Card>,
    /// Number of inputs.
    inputs: usize,
    /// Ranks from the top: their cards from the left.
    ranks: Vec<Vec<usize>>,
    ways: Vec<Way>,
    /// Width and height of all.
    size: [f64; 2],
}

/// What is drawn of a layer, or of an input.
#[derive(Clone, Debug, Default, PartialEq)]
struct Card {
    title: String,
    /// Operators, each with what else it reads.
    lines: Vec<String>,
    /// What it leaves.
    result: String,
    /// Left, top, width, height.
    bounds: [f64; 4],
    rank: usize,
    /// Cards that it reads from.
    from: Vec<usize>,
}

/// From the bottom of a card to the top of another, straight lines.
#[derive(Clone, Debug)]
struct Way {
    from: usize,
    to: usize,
    points: Vec<[f64; 2]>,
}

/// What of a layout is to be seen, and how.
#[derive(Clone, Copy, Debug)]
pub struct GraphView {
    /// Of the picture, in pixels.
    pub size: [f64; 2],
    /// The point of the layout that is at the picture's top left corner, in pixels.
    pub corner: [f64; 2],
    /// Pixels to one of the layout's.
    pub zoom: f64,
    /// The layer that stands out.
    pub marked: Option<usize>,
}

/// Where somebody goes from a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Towards {
    /// To what it reads from.
    Up,
    /// To what reads it.
    Down,
    /// To its neighbour in the same rank.
    Left,
    /// The same.
    Right,
}

const WIDTH: f64 = 212.0;
const LINE: f64 = 16.0;
const HEAD: f64 = 24.0;
const FOOT: f64 = 22.0;
/// Between cards of a rank, and between ranks.
const BETWEEN: f64 = 18.0;
const GAP: f64 = 34.0;
const MARGIN: f64 = 16.0;
/// Between lanes of long ways.
const LANE: f64 = 9.0;
/// Most lanes; ways beyond them share the last one.
const MOST_LANES: usize = 24;
/// Most lines of a card.
const MOST_LINES: usize = 8;
/// Height of small text, and the width of one of its letters.
const TEXT: f64 = 11.0;
const LETTER: f64 = TEXT * 0.602;
/// Smaller than this, text cannot be read.
const LEGIBLE: f64 = 0.55;

impl GraphLayout {
    /// Lays out a plan's layers and what they read.
    pub fn new(graph: &Graph, plan: &Plan) -> GraphLayout {
        let mut layout = GraphLayout::default();
        let mut sources = Sources { graph, plan, inputs: Vec::new() };
        let mut layers: Vec<Card> = Vec::with_capacity(plan.layers.len());
        for (at, layer) in plan.layers.iter().enumerate() {
            layers.push(sources.card(at, layer));
        }
        layout.inputs = sources.inputs.len();
        layout.cards = sources.inputs.iter().map(|id| sources.input(*id)).collect();
        for mut card in layers {
            // Layers were counted from 0, inputs from where layers cannot be.
            card.from.iter_mut().for_each(|from| *from = place_of(*from, layout.inputs));
            layout.cards.push(card);
        }
        layout.rank();
        layout.place();
        layout.connect();
        layout
    }

    /// Width and height at a zoom of 1.
    pub fn size(&self) -> [f64; 2] {
        self.size
    }

    /// Number of layers.
    pub fn layers(&self) -> usize {
        self.cards.len() - self.inputs
    }

    /// Left, top, width and height of a layer's card.
    pub fn bounds(&self, layer: usize) -> Option<[f64; 4]> {
        Some(self.cards.get(self.inputs + layer)?.bounds)
    }

    /// The layer at a point of the layout.
    pub fn at(&self, [x, y]: [f64; 2]) -> Option<usize> {
        let inside = |card: &Card| {
            let [left, top, width, height] = card.bounds;
            (left..left + width).contains(&x) && (top..top + height).contains(&y)
        };
        self.cards.iter().position(inside)?.checked_sub(self.inputs)
    }

    /// The layer that is next to one: nothing if there is none on that side.
    pub fn next(&self, layer: usize, towards: Towards) -> Option<usize> {
        let here = self.inputs + layer;
        let card = self.cards.get(here)?;
        let found = match towards {
            Towards::Up => card.from.iter().copied().filter(|from| *from >= self.inputs).max(),
            Towards::Down => self.cards.iter().position(|other| other.from.contains(&here)),
            Towards::Left | Towards::Right => {
                let rank = &self.ranks[card.rank];
                let at = rank.iter().position(|other| *other == here)?;
                let next = if towards == Towards::Left { at.checked_sub(1) } else { Some(at + 1) };
                rank.get(next?).copied()
            }
        };
        found?.checked_sub(self.inputs)
    }

    /// What a layer is, in a line: what it leaves, by which operators, of what.
    pub fn in_words(&self, layer: usize) -> Option<String> {
        let card = self.cards.get(self.inputs + layer)?;
        let from: Vec<&str> = card.from.iter().map(|from| &self.cards[*from].title[..]).collect();
        let from = if from.is_empty() { String::new() } else { format!(" of {}", from.join(", ")) };
        Some(format!("{} = {}{from}: {}", card.title, card.lines.join(" | "), card.result))
    }

    /// Each card as far down as the longest way to it.
    fn rank(&mut self) {
        for at in 0..self.cards.len() {
            let below = self.cards[at].from.iter().map(|from| self.cards[*from].rank + 1).max();
            self.cards[at].rank = below.unwrap_or(0);
        }
        // An input stands right above the first card that reads it.
        for at in 0..self.inputs {
            let readers = self.cards.iter().filter(|card| card.from.contains(&at));
            let first = readers.map(|card| card.rank).min().unwrap_or(1);
            self.cards[at].rank = first.saturating_sub(1);
        }
        let count = self.cards.iter().map(|card| card.rank + 1).max().unwrap_or(0);
        self.ranks = vec![Vec::new(); count];
        for (at, card) in self.cards.iter().enumerate() {
            self.ranks[card.rank].push(at);
        }
    }

    /// Ranks below each other; within one, each card as near as possible to those that it reads from.
    fn place(&mut self) {
        let widest = self.ranks.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let width = widest as f64 * (WIDTH + BETWEEN) - BETWEEN;
        let mut top = MARGIN;
        for rank in 0..self.ranks.len() {
            let mut row = std::mem::take(&mut self.ranks[rank]);
            row.sort_by(|a, b| self.wish(*a).total_cmp(&self.wish(*b)).then(a.cmp(b)));
            let left = MARGIN + (width - row.len() as f64 * (WIDTH + BETWEEN) + BETWEEN) / 2.0;
            let mut height: f64 = 0.0;
            for (number, at) in row.iter().enumerate() {
                let card = &mut self.cards[*at];
                let tall = HEAD + LINE * card.lines.len() as f64 + FOOT;
                card.bounds = [left + number as f64 * (WIDTH + BETWEEN), top, WIDTH, tall];
                height = height.max(tall);
            }
            // Those less tall stand at the bottom, where what reads them is near.
            for at in &row {
                let bounds = &mut self.cards[*at].bounds;
                bounds[1] += height - bounds[3];
            }
            self.ranks[rank] = row;
            top += height + GAP;
        }
        self.size = [2.0 * MARGIN + width, (top - GAP + MARGIN).max(2.0 * MARGIN)];
    }

    /// Where a card would stand: amid those that it reads from.
    fn wish(&self, at: usize) -> f64 {
        let from = &self.cards[at].from;
        let sum: f64 = from.iter().map(|from| self.cards[*from].bounds[0]).sum();
        if from.is_empty() { at as f64 } else { sum / from.len() as f64 }
    }

    fn connect(&mut self) {
        let right = self.size[0] - MARGIN;
        // By lane: where the last way in it ends.
        let mut lanes: Vec<usize> = Vec::new();
        let mut ways = Vec::new();
        for (to, card) in self.cards.iter().enumerate() {
            for (number, from) in card.from.iter().enumerate() {
                let start = &self.cards[*from];
                let entry = card.bounds[0] + WIDTH * (number + 1) as f64 / (card.from.len() + 1) as f64;
                let exit = [start.bounds[0] + WIDTH / 2.0, start.bounds[1] + start.bounds[3]];
                let end = [entry, card.bounds[1]];
                let lane = (card.rank > start.rank + 1).then(|| lane(&mut lanes, start.rank, card.rank));
                let points = match lane {
                    None => bent(exit, end),
                    Some(lane) => around(exit, end, right + LANE * (lane + 1) as f64),
                };
                ways.push(Way { from: *from, to, points });
            }
        }
        self.ways = ways;
        self.size[0] += LANE * lanes.len() as f64;
    }

    /// What is to be seen.
    pub fn scene(&self, view: &GraphView) -> Scene {
        let mut scene = Scene::default();
        let marked = view.marked.map(|layer| layer + self.inputs);
        let pen = Pen { view };
        for way in &self.ways {
            let is_of = marked.is_some_and(|marked| way.from == marked || way.to == marked);
            pen.way(&mut scene, way, is_of);
        }
        for (at, card) in self.cards.iter().enumerate().filter(|(_, card)| pen.sees(card.bounds)) {
            let colour = at.checked_sub(self.inputs).map(|layer| Colour::Op((layer % OP_COLOURS) as u8));
            let faded = marked.is_some_and(|marked| marked != at);
            pen.card(&mut scene, card, colour, marked == Some(at), faded);
        }
        scene
    }
}

/// Among inputs from `usize::MAX` downwards, or layers from 0.
fn place_of(from: usize, inputs: usize) -> usize {
    if from > usize::MAX / 2 { usize::MAX - from } else { inputs + from }
}

/// The first lane that is free between two ranks.
fn lane(lanes: &mut Vec<usize>, from: usize, to: usize) -> usize {
    let free = lanes.iter().position(|end| *end <= from);
    let lane = free.unwrap_or(lanes.len()).min(MOST_LANES - 1);
    if lane == lanes.len() {
        lanes.push(to);
    }
    lanes[lane] = lanes[lane].max(to);
    lane
}

/// Down, across in the gap above the end, and down.
fn bent(exit: [f64; 2], end: [f64; 2]) -> Vec<[f64; 2]> {
    let middle = end[1] - GAP / 2.0;
    if (exit[0] - end[0]).abs() < 1.0 {
        vec![exit, end]
    } else {
        vec![exit, [exit[0], middle], [end[0], middle], end]
    }
}

/// Beside all cards.
fn around(exit: [f64; 2], end: [f64; 2], lane: f64) -> Vec<[f64; 2]> {
    let (out, back) = (exit[1] + GAP / 3.0, end[1] - GAP / 3.0);
    vec![exit, [exit[0], out], [lane, out], [lane, back], [end[0], back], end]
}

/// What layers read: results of others, inputs, and what is declared.
struct Sources<'a> {
    graph: &'a Graph,
    plan: &'a Plan,
    /// Memory of inputs that layers read.
    inputs: Vec<PlannedId>,
}

impl Sources<'_> {
    fn card(&mut self, at: usize, layer: &Layer) -> Card {
        let result = &self.plan.tensors[layer.result];
        let mut from = Vec::new();
        for id in read_by(layer) {
            for source in self.sources(at, id) {
                if !from.contains(&source) {
                    from.push(source);
                }
            }
        }
        let mut lines: Vec<String> = layer.ops.iter().map(|op| clip(&self.operator(*op), WIDTH)).collect();
        if lines.is_empty() {
            lines.push("moves elements".into());
        }
        if lines.len() > MOST_LINES {
            let more = lines.len() - MOST_LINES + 1;
            lines.truncate(MOST_LINES - 1);
            lines.push(format!("… {more} more"));
        }
        let times = layer.times();
        let often = if times > 1 { format!("  × {times}") } else { String::new() };
        let out = if result.output { "output " } else { "" };
        let shape = result.graph.map(|id| self.graph.tensors[id].ty.to_string());
        let shape = shape.unwrap_or_else(|| format!("{}[{}, {}]", result.dtype, result.rows, result.cols));
        Card {
            title: result.name.clone(),
            lines,
            result: format!("{out}{shape}{often}"),
            from,
            ..Card::default()
        }
    }

    fn input(&self, id: PlannedId) -> Card {
        let tensor = &self.plan.tensors[id];
        let shape = tensor.graph.map(|id| self.graph.tensors[id].ty.to_string()).unwrap_or_default();
        Card { title: tensor.name.clone(), result: format!("input {shape}"), ..Card::default() }
    }

    /// Layers before this one that leave what lies in a tensor's memory, and inputs: these from `usize::MAX` downwards.
    fn sources(&mut self, at: usize, id: PlannedId) -> Vec<usize> {
        let plan = self.plan;
        let before = || plan.layers[..at].iter().enumerate().rev();
        let exact = before().find(|(_, other)| other.result == id).map(|(number, _)| number);
        if let Some(exact) = exact {
            return vec![exact];
        }
        let root = plan.root(id);
        let parts: Vec<usize> =
            before().filter(|(_, other)| plan.root(other.result) == root).map(|(number, _)| number).collect();
        if !parts.is_empty() || !self.is_input(root) {
            return parts;
        }
        let known = self.inputs.iter().position(|input| *input == root);
        let number = known.unwrap_or_else(|| {
            self.inputs.push(root);
            self.inputs.len() - 1
        });
        vec![usize::MAX - number]
    }

    fn is_input(&self, id: PlannedId) -> bool {
        let source = self.plan.tensors[id].graph.map(|tensor| &self.graph.tensors[tensor].source);
        matches!(source, Some(Source::Input(_)))
    }

    /// `@  w1 i8[64, 32]`: an operator, and what of its operands the program declares.
    fn operator(&self, op: OpId) -> String {
        let op = &self.graph.ops[op];
        let declared: Vec<String> = op.operands.iter().filter_map(|id| self.declared(*id)).collect();
        format!("{} {}", op.kind.name(), declared.join(", ")).trim_end().to_owned()
    }

    fn declared(&self, id: TensorId) -> Option<String> {
        let tensor = &self.graph.tensors[id];
        match &tensor.source {
            Source::Weight(_) => Some(format!("{} {}", self.graph.name(id), tensor.ty)),
            Source::Constant(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

/// Tensors that a layer reads.
fn read_by(layer: &Layer) -> Vec<PlannedId> {
    use crate::schedule::{LayerKind, VectorStep};
    let mut all = match &layer.kind {
        LayerKind::Product { a, b, .. } => vec![*a, *b],
        LayerKind::Convolution(convolution) => vec![convolution.image.x, convolution.w],
        LayerKind::Pool(pool) => vec![pool.image.x],
        LayerKind::Vector { x, .. } => vec![*x],
        LayerKind::Move(work) => {
            let chosen = |part: &crate::schedule::Part| part.chosen.map(|(places, _)| places);
            work.parts.iter().flat_map(|part| [Some(part.from), chosen(part)]).flatten().collect()
        }
    };
    all.extend(layer.steps.iter().flat_map(VectorStep::elements));
    all
}

/// As many letters as fit a width at a zoom of 1, an ellipsis included.
fn clip(text: &str, width: f64) -> String {
    let most = ((width - 24.0) / LETTER) as usize;
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// From the layout to the picture.
struct Pen<'a> {
    view: &'a GraphView,
}

impl Pen<'_> {
    fn at(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let GraphView { corner, zoom, .. } = self.view;
        [x * zoom - corner[0], y * zoom - corner[1]]
    }

    fn sees(&self, [left, top, width, height]: [f64; 4]) -> bool {
        let ([x, y], zoom) = (self.at([left, top]), self.view.zoom);
        x < self.view.size[0] && y < self.view.size[1] && x + width * zoom > 0.0 && y + height * zoom > 0.0
    }

    fn way(&self, scene: &mut Scene, way: &Way, is_of_marked: bool) {
        let paint = if is_of_marked { Colour::Ink.solid() } else { Colour::Dim.alpha(0.55) };
        let width = if is_of_marked { 2.0 } else { 1.25 };
        for pair in way.points.windows(2) {
            let [[x0, y0], [x1, y1]] = [pair[0], pair[1]];
            let bounds = [x0.min(x1), y0.min(y1), (x1 - x0).abs() + 1.0, (y1 - y0).abs() + 1.0];
            if self.sees(bounds) {
                let ([x0, y0], [x1, y1]) = (self.at([x0, y0]), self.at([x1, y1]));
                scene.shapes.push(Shape::Line { ends: [x0, y0, x1, y1], width, paint });
            }
        }
        let Some(end) = way.points.last().filter(|[x, y]| self.sees([x - 5.0, y - 5.0, 10.0, 10.0])) else {
            return;
        };
        let [x, y] = self.at(*end);
        for side in [-1.0, 1.0] {
            let ends = [x + side * 3.5 * self.view.zoom, y - 5.0 * self.view.zoom, x, y];
            scene.shapes.push(Shape::Line { ends, width, paint });
        }
    }

    fn card(&self, scene: &mut Scene, card: &Card, colour: Option<Colour>, marked: bool, faded: bool) {
        let (zoom, [left, top, width, height]) = (self.view.zoom, card.bounds);
        let [x, y] = self.at([left, top]);
        let alpha = if faded { FADED } else { 1.0 };
        let rect = |bounds: [f64; 4], radius: f64, fill, stroke| Shape::Rect { bounds, radius, fill, stroke };
        let bounds = [x, y, width * zoom, height * zoom];
        let edge = match (marked, colour) {
            (true, _) => (Colour::Ink.solid(), 2.5),
            (false, Some(colour)) => (colour.alpha(alpha), 1.25),
            (false, None) => (Colour::Dim.alpha(0.6), 1.25),
        };
        scene.shapes.push(rect(bounds, 7.0 * zoom, Some(Colour::Idle.alpha(0.85)), Some(edge)));
        if let Some(colour) = colour {
            scene.shapes.push(rect(bounds, 7.0 * zoom, Some(colour.alpha(0.14 * alpha)), None));
            let stripe = [x + 5.0 * zoom, y + 6.0 * zoom, 4.0 * zoom, (height - 12.0) * zoom];
            scene.shapes.push(rect(stripe, 2.0 * zoom, Some(colour.alpha(alpha)), None));
        }
        if zoom >= LEGIBLE {
            self.texts(scene, card);
        }
    }

    fn texts(&self, scene: &mut Scene, card: &Card) {
        let [left, top, width, height] = card.bounds;
        let mut text = |dy: f64, text: String, weight: Weight, colour: Colour| {
            scene.shapes.push(Shape::Text {
                at: self.at([left + 15.0, top + dy]),
                text,
                size: TEXT * self.view.zoom,
                align: Align::Left,
                weight,
                paint: colour.solid(),
            });
        };
        text(16.0, clip(&card.title, width), Weight::MonoBold, Colour::Ink);
        for (number, line) in card.lines.iter().enumerate() {
            text(HEAD + 11.0 + LINE * number as f64, line.clone(), Weight::Mono, Colour::Ink);
        }
        text(height - 8.0, clip(&format!("→ {}", card.result), width), Weight::Mono, Colour::Dim);
    }
}
