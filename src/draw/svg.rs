//! A scene as a file: SVG 1.1, styles inlined and text as text, the same bytes from the page and from the command.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::scene::{Align, Paint, Scene, Shape, Weight};
use super::theme::{Rgb, Theme, family};

/// A scene of a size in CSS pixels.
pub fn svg(scene: &Scene, [width, height]: [f64; 2], theme: Theme) -> String {
    let mut file = File { out: String::new(), theme };
    let (wide, high) = (number(width), number(height));
    let [r, g, b] = theme.ground();
    file.line(format_args!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide}\" height=\"{high}\" viewBox=\"0 0 {wide} {high}\">"
    ));
    file.line(format_args!("<rect width=\"100%\" height=\"100%\" fill=\"#{r:02x}{g:02x}{b:02x}\"/>"));
    for shape in &scene.shapes {
        file.shape(shape);
    }
    file.line(format_args!("</svg>"));
    file.out
}

struct File {
    out: String,
    theme: Theme,
}

impl File {
    fn line(&mut self, line: std::fmt::Arguments) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.out, "{line}");
    }

    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Rect { bounds, radius, fill, stroke } => self.rect(*bounds, *radius, *fill, *stroke),
            Shape::Text { at: [x, y], text, size, align, weight, paint } => {
                let anchor = match align {
                    Align::Left => "start",
                    Align::Centre => "middle",
                    Align::Right => "end",
                };
                let bold = if *weight == Weight::MonoBold { " font-weight=\"600\"" } else { "" };
                let family = family(*weight).replace('"', "'");
                let (x, y, size) = (number(*x), number(*y), number(*size));
                let (paint, text) = (self.colour("fill", *paint), escaped(text));
                self.line(format_args!(
                    "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" font-family=\"{family}\"{bold} \
                     text-anchor=\"{anchor}\" xml:space=\"preserve\"{paint}>{text}</text>"
                ));
            }
            Shape::Line { ends: [x0, y0, x1, y1], width, paint } => {
                let [x0, y0, x1, y1, width] = [x0, y0, x1, y1, width].map(|length| number(*length));
                let paint = self.colour("stroke", *paint);
                self.line(format_args!(
                    "<path d=\"M{x0} {y0}L{x1} {y1}\" fill=\"none\" stroke-width=\"{width}\"{paint}/>"
                ));
            }
            Shape::Grid { at, cell, cols, cells } => self.grid(*at, *cell, *cols, cells),
        }
    }

    fn rect(&mut self, bounds: [f64; 4], radius: f64, fill: Option<Paint>, stroke: Option<(Paint, f64)>) {
        let [x, y, width, height] = bounds.map(number);
        let fill = fill.map_or(" fill=\"none\"".into(), |paint| self.colour("fill", paint));
        let stroke = stroke.map_or(String::new(), |(paint, width)| {
            format!(" stroke-width=\"{}\"{}", number(width), self.colour("stroke", paint))
        });
        let round = if radius > 0.0 { format!(" rx=\"{}\"", number(radius)) } else { String::new() };
        self.line(format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"{round}{fill}{stroke}/>"
        ));
    }

    /// A path for each colour: cells of one side by side are one rectangle of it.
    fn grid(&mut self, [x, y]: [f64; 2], [width, height]: [f64; 2], cols: usize, cells: &[Paint]) {
        if cols == 0 {
            return;
        }
        let mut paths: BTreeMap<Rgb, String> = BTreeMap::new();
        for (row, cells) in cells.chunks(cols).enumerate() {
            let mut from = 0;
            for run in cells.chunk_by(|a, b| self.theme.opaque(*a) == self.theme.opaque(*b)) {
                let path = paths.entry(self.theme.opaque(run[0])).or_default();
                let _ = write!(path, "M{from} {row}h{0}v1h-{0}z", run.len());
                from += run.len();
            }
        }
        let [x, y, width, height] = [x, y, width, height].map(number);
        self.line(format_args!(
            "<g transform=\"translate({x} {y}) scale({width} {height})\" shape-rendering=\"crispEdges\">"
        ));
        for ([r, g, b], path) in paths {
            self.line(format_args!("<path fill=\"#{r:02x}{g:02x}{b:02x}\" d=\"{path}\"/>"));
        }
        self.line(format_args!("</g>"));
    }

    /// An attribute, and its opacity in one of its own: SVG 1.1 knows no colours with one.
    fn colour(&self, of: &str, paint: Paint) -> String {
        let style = self.theme.style(paint);
        let opacity = if paint.alpha < 1.0 {
            format!(" {of}-opacity=\"{}\"", number(f64::from(paint.alpha)))
        } else {
            String::new()
        };
        format!(" {of}=\"{}\"{opacity}", &style[..7])
    }
}

/// A length to a hundredth, as short as it goes: the same digits on every machine.
fn number(length: f64) -> String {
    let hundredths = (length * 100.0).round() as i64;
    let (sign, all) = (if hundredths < 0 { "-" } else { "" }, hundredths.unsigned_abs());
    match (all / 100, all % 100) {
        (whole, 0) => format!("{sign}{whole}"),
        (whole, part) if part % 10 == 0 => format!("{sign}{whole}.{}", part / 10),
        (whole, part) => format!("{sign}{whole}.{part:02}"),
    }
}

/// Text between tags; what XML has no letter for is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars().filter(|letter| !letter.is_control()) {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::scene::Colour;
    use super::*;

    fn body(shape: Shape) -> String {
        let file = svg(&Scene { shapes: vec![shape] }, [30.0, 20.5], Theme::Light);
        let lines: Vec<&str> = file.lines().collect();
        assert_eq!(
            lines[0],
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"30\" height=\"20.5\" viewBox=\"0 0 30 20.5\">"
        );
        assert_eq!(lines[1], "<rect width=\"100%\" height=\"100%\" fill=\"#fbfaf7\"/>");
        assert_eq!(*lines.last().unwrap(), "</svg>");
        lines[2..lines.len() - 1].join("\n")
    }

    #[test]
    fn lengths_are_short() {
        let all = [0.0, -0.001, 1.0, 1.5, 2.349, -7.25, 1e6, 0.05];
        assert_eq!(all.map(number), ["0", "0", "1", "1.5", "2.35", "-7.25", "1000000", "0.05"]);
    }

    #[test]
    fn text_is_text_whatever_it_says() {
        let shape = Shape::Text {
            at: [1.0, 2.0],
            text: "a < b & \"c\"\u{7}".into(),
            size: 12.0,
            align: Align::Centre,
            weight: Weight::MonoBold,
            paint: Colour::Ink.alpha(0.5),
        };
        let expected = "<text x=\"1\" y=\"2\" font-size=\"12\" font-family=\"ui-monospace, 'JetBrains Mono', Menlo, Consolas, \
            'DejaVu Sans Mono', monospace\" font-weight=\"600\" text-anchor=\"middle\" xml:space=\"preserve\" fill=\"#1d2330\" \
            fill-opacity=\"0.5\">a &lt; b &amp; \"c\"</text>";
        assert_eq!(body(shape), expected);
    }

    #[test]
    fn cells_of_one_colour_side_by_side_are_one_rectangle() {
        let (idle, busy) = (Colour::Idle.solid(), Colour::Op(0).solid());
        let cells = vec![idle, idle, busy, busy, busy, idle];
        let grid = Shape::Grid { at: [3.0, 4.0], cell: [2.0, 2.5], cols: 3, cells };
        let expected = "<g transform=\"translate(3 4) scale(2 2.5)\" shape-rendering=\"crispEdges\">\n\
            <path fill=\"#0072b2\" d=\"M2 0h1v1h-1zM0 1h2v1h-2z\"/>\n\
            <path fill=\"#efede6\" d=\"M0 0h2v1h-2zM2 1h1v1h-1z\"/>\n</g>";
        assert_eq!(body(grid), expected);
    }

    #[test]
    fn rectangles_and_lines_keep_what_they_have() {
        let stroke = Some((Colour::Ink.solid(), 2.0));
        let rect = Shape::Rect { bounds: [0.0, 1.0, 2.0, 3.0], radius: 1.5, fill: None, stroke };
        assert_eq!(
            body(rect),
            "<rect x=\"0\" y=\"1\" width=\"2\" height=\"3\" rx=\"1.5\" fill=\"none\" stroke-width=\"2\" stroke=\"#1d2330\"/>"
        );
        let line = Shape::Line { ends: [0.0, 0.5, 4.0, 0.5], width: 1.0, paint: Colour::Op(1).solid() };
        assert_eq!(
            body(line),
            "<path d=\"M0 0.5L4 0.5\" fill=\"none\" stroke-width=\"1\" stroke=\"#d55e00\"/>"
        );
    }
}
