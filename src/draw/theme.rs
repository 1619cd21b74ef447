//! Colours by their roles, light and dark, and fonts: the same on a canvas and in a file. They are those of the page's tokens.css.

use super::scene::{Colour, Paint, Weight};

/// Light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// On paper.
    Light,
    /// At night.
    Dark,
}

/// Red, green, blue.
pub type Rgb = [u8; 3];

impl Theme {
    /// `light` or `dark`.
    pub fn named(name: &str) -> Theme {
        if name == "dark" { Theme::Dark } else { Theme::Light }
    }

    /// A colour, as if it were opaque.
    pub fn rgb(self, colour: Colour) -> Rgb {
        // Operators: Okabe and Ito's palette for all kinds of colour vision; lighter on a dark ground.
        const LIGHT: [Rgb; 6] =
            [[0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [184, 134, 11], [86, 180, 233]];
        const DARK: [Rgb; 6] = [
            [86, 180, 233],
            [240, 138, 75],
            [60, 199, 155],
            [226, 154, 196],
            [230, 195, 74],
            [120, 150, 230],
        ];
        // Classes: as in the page's tokens.css.
        const CLASSES_LIGHT: [Rgb; 8] = [
            [0, 114, 178],
            [0, 158, 115],
            [213, 94, 0],
            [122, 81, 149],
            [224, 161, 0],
            [204, 121, 167],
            [86, 180, 233],
            [185, 181, 171],
        ];
        const CLASSES_DARK: [Rgb; 8] = [
            [86, 180, 233],
            [60, 199, 155],
            [240, 138, 75],
            [169, 139, 214],
            [230, 195, 74],
            [226, 154, 196],
            [120, 150, 230],
            [74, 82, 98],
        ];
        match (self, colour) {
            (_, Colour::OnOp(op)) => readable_on(self.rgb(Colour::Op(op))),
            (Theme::Light, Colour::Class(class)) => CLASSES_LIGHT[class as usize % CLASSES_LIGHT.len()],
            (Theme::Dark, Colour::Class(class)) => CLASSES_DARK[class as usize % CLASSES_DARK.len()],
            (Theme::Light, Colour::Op(op)) => LIGHT[op as usize % LIGHT.len()],
            (Theme::Dark, Colour::Op(op)) => DARK[op as usize % DARK.len()],
            (Theme::Light, Colour::Ink) => [29, 35, 48],
            (Theme::Dark, Colour::Ink) => [230, 232, 238],
            (Theme::Light, Colour::Dim) => [95, 103, 117],
            (Theme::Dark, Colour::Dim) => [148, 156, 171],
            (Theme::Light, Colour::Idle) => [239, 237, 230],
            (Theme::Dark, Colour::Idle) => [31, 37, 48],
            (theme, Colour::Ground) => theme.ground(),
        }
    }

    /// What everything is painted on.
    pub fn ground(self) -> Rgb {
        match self {
            Theme::Light => [251, 250, 247],
            Theme::Dark => [17, 20, 27],
        }
    }

    /// As CSS and SVG have it: `#rrggbbaa`.
    pub fn style(self, paint: Paint) -> String {
        let [r, g, b] = self.rgb(paint.colour);
        // In hexadecimal: writing a fraction would bring the formatting of floats into the module.
        format!("#{r:02x}{g:02x}{b:02x}{:02x}", (paint.alpha * 255.0).round() as u8)
    }

    /// The paint as it looks on the ground.
    pub fn opaque(self, paint: Paint) -> Rgb {
        let (over, under) = (self.rgb(paint.colour), self.ground());
        std::array::from_fn(|i| {
            let (over, under) = (f32::from(over[i]), f32::from(under[i]));
            // Of a number that is not negative, this is the nearest one; `round` is a function call in WebAssembly.
            (under + (over - under) * paint.alpha + 0.5) as u8
        })
    }
}

/// Black or white, whichever is told apart better. The weights are those of WCAG's luminance, without its powers: among these
/// palettes they choose the same.
fn readable_on([r, g, b]: Rgb) -> Rgb {
    let luminance = 213 * u32::from(r) + 715 * u32::from(g) + 72 * u32::from(b);
    if luminance > 100_000 { [17, 17, 17] } else { [255, 255, 255] }
}

/// The fonts of a text, as CSS lists them.
pub fn family(weight: Weight) -> &'static str {
    match weight {
        Weight::Mono | Weight::MonoBold => {
            "ui-monospace, \"JetBrains Mono\", Menlo, Consolas, \"DejaVu Sans Mono\", monospace"
        }
        Weight::Words => "Inter, system-ui, \"Segoe UI\", \"DejaVu Sans\", sans-serif",
    }
}
