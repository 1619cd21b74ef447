//! A roofline: what operators do in a cycle over what they do with a byte of memory, both in powers of ten, below what the chip could do.

use super::OP_COLOURS;
use super::scene::{Align, Colour, Paint, Scene, Shape, Weight};

/// What a roofline shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Roofline {
    /// Multiply-accumulates a cycle at most, and of what.
    pub roofs: Vec<(String, f64)>,
    /// Bytes a cycle of each memory, and its name: the program lies in the first one.
    pub slopes: Vec<(String, f64)>,
    /// Operators that multiply.
    pub points: Vec<Point>,
}

/// An operator.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Its number in the program.
    pub op: usize,
    /// For people.
    pub name: String,
    /// Multiply-accumulates for each byte of memory traffic; nothing where none moves.
    pub intensity: Option<f64>,
    /// Multiply-accumulates a cycle.
    pub rate: f64,
    /// Of all cycles of the run, 0 to 1.
    pub share: f64,
}

/// Left, top, right and bottom of the axes.
const LEFT: f64 = 44.0;
const TOP: f64 = 20.0;
const RIGHT: f64 = 12.0;
const BOTTOM: f64 = 36.0;
/// Pixels from a point's edge at which it is still meant.
const NEAR: f64 = 12.0;

impl Roofline {
    /// Lays it out, `marked` being the operator that stands out.
    pub fn scene(&self, width: f64, height: f64, marked: Option<usize>) -> Scene {
        let axes = Axes::new(self, width, height);
        let mut scene = Scene::default();
        axes.ticks(&mut scene);
        self.lines(&axes, &mut scene);
        let mut points: Vec<&Point> = self.points.iter().collect();
        // Small ones on top, the marked one last.
        points.sort_by(|a, b| {
            let key = |point: &Point| (Some(point.op) == marked, -point.share);
            key(a).partial_cmp(&key(b)).unwrap_or(std::cmp::Ordering::Equal)
        });
        for point in points {
            self.point(&axes, point, marked, &mut scene);
        }
        scene
    }

    /// The operator at a place of the picture, or next to it.
    pub fn at(&self, width: f64, height: f64, x: f64, y: f64) -> Option<usize> {
        let axes = Axes::new(self, width, height);
        let distance = |point: &Point| {
            let [cx, cy] = axes.place(point);
            (cx - x).hypot(cy - y) - radius(point)
        };
        let nearest = self.points.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
        (distance(nearest) <= NEAR).then_some(nearest.op)
    }

    /// On the way from another one, `part` of it being gone: operators of one name move, others appear where they are.
    pub fn since(&self, before: &Roofline, part: f64) -> Roofline {
        let between = |a: f64, b: f64| 10f64.powf(log(a) + (log(b) - log(a)) * part);
        let lines = |now: &[(String, f64)], then: &[(String, f64)]| {
            let of = |(at, (name, value)): (usize, &(String, f64))| {
                (name.clone(), then.get(at).map_or(*value, |(_, old)| between(*old, *value)))
            };
            now.iter().enumerate().map(of).collect()
        };
        let point = |point: &Point| {
            let Some(old) = before.points.iter().find(|old| old.name == point.name) else {
                return point.clone();
            };
            let intensity = match (old.intensity, point.intensity) {
                (Some(old), Some(new)) => Some(between(old, new)),
                (_, new) => new,
            };
            let share = old.share + (point.share - old.share) * part;
            Point { intensity, rate: between(old.rate, point.rate), share, ..point.clone() }
        };
        Roofline {
            roofs: lines(&self.roofs, &before.roofs),
            slopes: lines(&self.slopes, &before.slopes),
            points: self.points.iter().map(point).collect(),
        }
    }

    /// Slopes up to the highest roof, and roofs from where the steepest one reaches them.
    fn lines(&self, axes: &Axes, scene: &mut Scene) {
        let top = self.roofs.iter().map(|(_, peak)| *peak).fold(f64::MIN_POSITIVE, f64::max);
        for (at, (name, bytes)) in self.slopes.iter().enumerate().rev() {
            let paint = if at == 0 { Colour::Ink.solid() } else { Colour::Dim.alpha(0.45) };
            let ends = axes.clipped(axes.x.0, axes.x.0 * bytes, top / bytes, top);
            scene.shapes.push(Shape::Line { ends, width: if at == 0 { 1.5 } else { 1.0 }, paint });
            if at == 0 {
                // Nothing lies above a slope.
                let (ridge, text) = (axes.across(top / bytes), format!("{name}, {} B/cycle", few(*bytes)));
                let (at, align) = match ridge - LEFT > 6.0 * text.len() as f64 {
                    true => ([ridge - 10.0, axes.up(top) + 4.0], Align::Right),
                    false => ([LEFT + 6.0, axes.bottom() - 6.0], Align::Left),
                };
                scene.shapes.push(words(at, text, 10.5, align));
            }
        }
        let Some((_, first)) = self.slopes.first() else { return };
        for (name, peak) in &self.roofs {
            let ends = axes.clipped(peak / first, *peak, axes.x.1, *peak);
            scene.shapes.push(Shape::Line { ends, width: 1.5, paint: Colour::Ink.solid() });
            let text = format!("{name}, {} a cycle", few(*peak));
            scene.shapes.push(words([axes.right(), axes.up(*peak) - 5.0], text, 10.5, Align::Right));
        }
    }

    fn point(&self, axes: &Axes, point: &Point, marked: Option<usize>, scene: &mut Scene) {
        let [x, y] = axes.place(point);
        let (radius, stands_out) = (radius(point), Some(point.op) == marked);
        let faded = marked.is_some() && !stands_out;
        let colour = Colour::Op((point.op % OP_COLOURS) as u8);
        scene.shapes.push(Shape::Rect {
            bounds: [x - radius, y - radius, 2.0 * radius, 2.0 * radius],
            radius,
            fill: Some(colour.alpha(if faded { 0.35 } else { 0.85 })),
            stroke: Some(if stands_out { (Colour::Ink.solid(), 2.0) } else { (colour.solid(), 1.0) }),
        });
        // A few are all named.
        if stands_out || self.points.len() <= FEW {
            let right = x > (LEFT + axes.right()) / 2.0;
            let (at, align) =
                if right { (x - radius - 5.0, Align::Right) } else { (x + radius + 5.0, Align::Left) };
            let paint = if stands_out { Colour::Ink.solid() } else { Colour::Dim.solid() };
            let text = shortened(&point.name);
            scene.shapes.push(Shape::Text {
                at: [at, y + 4.0],
                text,
                size: 11.0,
                align,
                weight: Weight::MonoBold,
                paint,
            });
        }
    }
}

/// So many operators have their names beside them.
const FEW: usize = 4;

fn radius(point: &Point) -> f64 {
    3.5 + 6.5 * point.share.clamp(0.0, 1.0).sqrt()
}

fn shortened(name: &str) -> String {
    match name.char_indices().nth(18) {
        Some((at, _)) => format!("{}…", &name[..at]),
        None => name.to_owned(),
    }
}

fn words(at: [f64; 2], text: String, size: f64, align: Align) -> Shape {
    Shape::Text { at, text, size, align, weight: Weight::Words, paint: Colour::Dim.solid() }
}

fn log(value: f64) -> f64 {
    value.max(1e-12).log10()
}

/// From numbers to pixels.
struct Axes {
    width: f64,
    height: f64,
    /// Multiply-accumulates for a byte, from and to.
    x: (f64, f64),
    /// Multiply-accumulates a cycle, from and to.
    y: (f64, f64),
}

impl Axes {
    fn new(shown: &Roofline, width: f64, height: f64) -> Axes {
        let bytes = shown.slopes.first().map_or(1.0, |(_, bytes)| *bytes);
        let peaks = || shown.roofs.iter().map(|(_, peak)| *peak);
        let ridges = peaks().map(|peak| peak / bytes);
        let x = range(shown.points.iter().filter_map(|point| point.intensity).chain(ridges), 3.0);
        let y = range(shown.points.iter().map(|point| point.rate).chain(peaks()), 2.2);
        Axes { width, height, x, y }
    }

    fn right(&self) -> f64 {
        (self.width - RIGHT).max(LEFT + 1.0)
    }

    fn bottom(&self) -> f64 {
        (self.height - BOTTOM).max(TOP + 1.0)
    }

    fn across(&self, value: f64) -> f64 {
        let part = (log(value) - log(self.x.0)) / (log(self.x.1) - log(self.x.0));
        LEFT + part * (self.right() - LEFT)
    }

    fn up(&self, value: f64) -> f64 {
        let part = (log(value) - log(self.y.0)) / (log(self.y.1) - log(self.y.0));
        self.bottom() - part * (self.bottom() - TOP)
    }

    /// Where a point stands: without any traffic, at the right edge.
    fn place(&self, point: &Point) -> [f64; 2] {
        let x = point.intensity.map_or(self.right(), |intensity| self.across(intensity));
        [x.clamp(LEFT, self.right()), self.up(point.rate).clamp(TOP, self.bottom())]
    }

    /// A line between two points, cut off at the axes' edges.
    fn clipped(&self, x0: f64, y0: f64, x1: f64, y1: f64) -> [f64; 4] {
        let (mut a, b) = ([self.across(x0), self.up(y0)], [self.across(x1), self.up(y1)]);
        let slope = (b[1] - a[1]) / (b[0] - a[0]).max(1e-9);
        if a[1] > self.bottom() && slope != 0.0 {
            a = [a[0] + (self.bottom() - a[1]) / slope, self.bottom()];
        }
        if a[0] < LEFT {
            a = [LEFT, a[1] + slope * (LEFT - a[0])];
        }
        [a[0], a[1], b[0].min(self.right()), b[1]]
    }

    fn ticks(&self, scene: &mut Scene) {
        let faint = Colour::Dim.alpha(0.22);
        let (right, bottom) = (self.right(), self.bottom());
        for value in round(self.x, (right - LEFT) / 44.0) {
            let x = self.across(value);
            scene.shapes.push(line([x, TOP, x, bottom], faint));
            scene.shapes.push(number([x, bottom + 14.0], value, Align::Centre));
        }
        for value in round(self.y, (bottom - TOP) / 22.0) {
            let y = self.up(value);
            scene.shapes.push(line([LEFT, y, right, y], faint));
            scene.shapes.push(number([LEFT - 6.0, y + 3.5], value, Align::Right));
        }
        let edge = Colour::Dim.alpha(0.7);
        scene.shapes.push(line([LEFT, bottom, right, bottom], edge));
        scene.shapes.push(line([LEFT, TOP, LEFT, bottom], edge));
        scene.shapes.push(words([4.0, 11.0], "MACs a cycle".into(), 10.5, Align::Left));
        scene.shapes.push(words(
            [right, bottom + 30.0],
            "MACs a byte of memory traffic".into(),
            10.5,
            Align::Right,
        ));
    }
}

fn line(ends: [f64; 4], paint: Paint) -> Shape {
    Shape::Line { ends, width: 1.0, paint }
}

fn number(at: [f64; 2], value: f64, align: Align) -> Shape {
    let paint = Colour::Dim.solid();
    Shape::Text { at, text: few(value), size: 10.5, align, weight: Weight::Mono, paint }
}

/// The values with room around them, a decade at least.
fn range(values: impl Iterator<Item = f64>, room: f64) -> (f64, f64) {
    let (mut low, mut high) = (f64::INFINITY, 0f64);
    for value in values.filter(|value| *value > 0.0 && value.is_finite()) {
        (low, high) = (low.min(value), high.max(value));
    }
    if high == 0.0 {
        return (0.1, 10.0);
    }
    let (low, high) = (low / room, high * room);
    let lack = (10.0 / (high / low)).max(1.0).sqrt();
    (low / lack, high * lack)
}

/// 1, 10, 100, … in a range, with 2 and 5 if there is room, and only some if there is none.
fn round((low, high): (f64, f64), most: f64) -> Vec<f64> {
    let decades = (low.log10().floor() as i32)..=(high.log10().ceil() as i32);
    let count = log(high) - log(low);
    let steps: &[f64] = if count * 3.0 <= most { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let every = (count / most.max(1.0)).ceil().max(1.0) as i32;
    let all = decades.filter(|decade| decade.rem_euclid(every) == 0);
    let all = all.flat_map(|decade| steps.iter().map(move |step| step * 10f64.powi(decade)));
    all.filter(|value| (low..=high).contains(value)).collect()
}

/// In three figures at most: `0.02`, `3.75`, `16,384` as `16.4K`.
pub(super) fn few(value: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "K")];
    let (scale, unit) = UNITS.into_iter().find(|(least, _)| value >= *least).unwrap_or((1.0, ""));
    let scaled = value / if unit == "K" { 1e3 } else { scale };
    if scaled == 0.0 {
        return "0".into();
    }
    let places = (2 - scaled.log10().floor() as i32).clamp(0, 6) as u32;
    let shifted = (scaled * 10f64.powi(places as i32)).round() as u64;
    let digits = format!("{shifted:0>width$}", width = places as usize + 1);
    let (whole, rest) = digits.split_at(digits.len() - places as usize);
    let rest = rest.trim_end_matches('0');
    if rest.is_empty() { format!("{whole}{unit}") } else { format!("{whole}.{rest}{unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown() -> Roofline {
        let point =
            |op, name: &str, intensity, rate| Point { op, name: name.into(), intensity, rate, share: 0.5 };
        Roofline {
            roofs: vec![("i8".into(), 64.0)],
            slopes: vec![("DRAM".into(), 4.0)],
            points: vec![
                point(0, "h", Some(6.5), 20.0),
                point(2, "y", Some(1.5), 3.0),
                point(3, "z", None, 64.0),
            ],
        }
    }

    #[test]
    fn numbers_have_three_figures() {
        let cases = [0.0, 0.02, 3.756, 64.0, 9_999.0, 16_384.0, 2.5e7].map(few);
        assert_eq!(cases, ["0", "0.02", "3.76", "64", "9999", "16.4K", "25M"]);
        assert_eq!(round((0.5, 200.0), 4.0), [1.0, 10.0, 100.0]);
        assert_eq!(round((0.9, 6.0), 10.0), [1.0, 2.0, 5.0]);
    }

    #[test]
    fn points_lie_where_their_numbers_are_and_are_hit_there() {
        let shown = shown();
        let axes = Axes::new(&shown, 300.0, 200.0);
        for point in &shown.points {
            let [x, y] = axes.place(point);
            assert_eq!(shown.at(300.0, 200.0, x + 4.0, y - 4.0), Some(point.op));
            // No point is above the roof or the slope that its numbers are below.
            assert!(y >= axes.up(64.0) - 1e-9);
            if let Some(intensity) = point.intensity {
                assert!(y >= axes.up(4.0 * intensity) - 1e-9);
            }
        }
        assert_eq!(shown.at(300.0, 200.0, 46.0, 24.0), None);
    }

    #[test]
    fn points_move_from_where_they_were() {
        let (now, mut before) = (shown(), shown());
        before.points[0].rate = 2.0;
        before.points.remove(1);
        let begin = now.since(&before, 0.0);
        assert!((begin.points[0].rate - 2.0).abs() < 1e-9);
        assert!((begin.points[1].rate - 3.0).abs() < 1e-9, "what is new appears where it is");
        assert!((now.since(&before, 1.0).points[0].rate - 20.0).abs() < 1e-9);
    }
}
