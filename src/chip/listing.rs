//! What there is to know of the presets and of a chip file's keys, for people.

use super::field::{Key, Need, Part};
use super::presets::{PRESETS, preset};
use super::{Chip, Description};

/// Every preset in a paragraph: what it is, and the sources of its values.
pub fn list() -> String {
    let mut out = String::new();
    for (name, description) in presets() {
        let chip = Chip::preset(name).expect("it is a preset");
        out += &format!("{name}\n    {}\n", in_a_line(&chip));
        let assumed = Key::ALL.into_iter().filter(|key| description.assumed(*key).is_some()).count();
        for source in description.sources() {
            out += &format!("    source: {source}\n");
        }
        out += &format!("    assumed: {assumed} of {} values\n", values(&description));
    }
    out + "\nclassroom-RxC is a classroom chip of any size from 1 x 1 to 512 x 512.\n\
           `systole chips NAME` prints a chip as a file, `--assumed` every value that no source gives, `--keys` what a chip file \
           can say.\n"
}

/// Every value of a preset that no source gives, and why it was chosen.
pub fn assumptions() -> String {
    let mut out = String::new();
    for (name, description) in presets() {
        out += &format!("{name}\n");
        for key in Key::ALL {
            if let (Some(value), Some(why)) = (description.value(key), description.assumed(key)) {
                out += &format!("    {} = {}: {why}\n", key.field().name, value.to_toml());
            }
        }
    }
    out
}

/// The keys of a chip file as Markdown tables, a part of the chip each.
pub fn keys() -> String {
    let tables = Part::ALL.map(|part| {
        let keys = Key::ALL.into_iter().filter(|key| key.field().part == part);
        let rows: String = keys.map(row).collect();
        format!("**{}**\n\n| key | value | meaning |\n|---|---|---|\n{rows}", part.title())
    });
    tables.join("\n")
}

fn row(key: Key) -> String {
    let field = key.field();
    let unit = if field.unit.is_empty() { String::new() } else { format!(", {}", field.unit) };
    let need = match field.need {
        Need::Required => "",
        Need::Optional => "; may be left out",
    };
    format!("| `{}` | {}{unit}{need} | {} |\n", field.name, field.kind.in_words(), field.meaning)
}

fn presets() -> impl Iterator<Item = (&'static str, Description)> {
    PRESETS.into_iter().filter_map(|name| Some((name, preset(name)?)))
}

fn values(description: &Description) -> usize {
    Key::ALL.into_iter().filter(|key| description.value(*key).is_some()).count()
}

/// Arrays, clock, peak and DRAM.
fn in_a_line(chip: &Chip) -> String {
    let units = match chip.matrix_units {
        1 => "a matrix unit".to_owned(),
        units => format!("{units} matrix units"),
    };
    let peaks: Vec<String> = chip
        .rates
        .iter()
        .filter(|((activations, weights), _)| activations == weights)
        .map(|((dtype, _), _)| format!("{} on {dtype}", tera(chip.peak(*dtype))))
        .collect();
    format!(
        "{}: {units} of {} x {}, {} MHz, {} operations a second; DRAM {} GB/s",
        chip.name,
        chip.rows,
        chip.cols,
        chip.clock_mhz.as_f64(),
        peaks.join(", "),
        rounded(chip.dram.link.bytes_per_cycle.as_f64() * chip.clock_mhz.as_f64() / 1000.0),
    )
}

fn tera(operations: f64) -> String {
    match operations {
        small if small < 1e12 => format!("{} G", rounded(small / 1e9)),
        large => format!("{} T", rounded(large / 1e12)),
    }
}

/// Three figures, or all before the point.
fn rounded(value: f64) -> String {
    let places = (2 - value.log10().floor() as i32).clamp(0, 3) as usize;
    let text = format!("{value:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Peaks as published: 92, 275, 197 and 394, 918 and 1836, 2307 and 4614 tera-operations a second.
    #[test]
    fn presets_have_their_published_peaks() {
        let listed = list();
        for (name, peak) in [
            ("TPU v1", "91.8 T on i8"),
            ("TPU v4", "275 T on i8, 275 T on bf16"),
            ("TPU v5e", "393 T on i8, 197 T on bf16"),
            ("TPU v6e", "1835 T on i8, 918 T on bf16"),
            ("TPU v7x", "4614 T on fp8, 2307 T on bf16"),
        ] {
            let line = listed.lines().find(|line| line.contains(&format!("{name}:"))).expect("it is listed");
            assert!(line.contains(peak), "{line}");
        }
    }

    #[test]
    fn figures_are_few() {
        assert_eq!([0.4, 91.75, 275.25, 34.0, 1000.0].map(rounded), ["0.4", "91.8", "275", "34", "1000"]);
    }
}
