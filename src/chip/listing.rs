//! What there is to know of the presets and of a chip file's keys, for people.

use super::field::{Key, Need, Part};
use super::presets::{PRESETS, preset};
use super::{Chip, Description};
use crate::base::Ratio;

/// Every preset as an item of a Markdown list: what it is, and the sources of its values.
pub fn list() -> String {
    let item = |(name, described): (&str, Description)| {
        let title = described.value(Key::Name).map(ToString::to_string).unwrap_or_default();
        let sources = described.sources().iter().map(|source| format!("  - source: {source}\n"));
        let assumed = Key::ALL.into_iter().filter(|key| described.assumed(*key).is_some()).count();
        let values = Key::ALL.into_iter().filter(|key| described.value(*key).is_some()).count();
        format!(
            "- `{name}`: {title}, {}\n{}  - assumed: {assumed} of {values} values\n",
            described.summary(),
            sources.collect::<String>(),
        )
    };
    presets().map(item).collect::<String>()
        + "- `classroom-RxC`: a classroom chip of any size from 1 x 1 to 512 x 512\n"
}

/// Every value of a preset that no source gives, and why it was chosen, as a Markdown list.
pub fn assumptions() -> String {
    let line = |described: &Description, key: Key| {
        let (value, why) = (described.value(key)?, described.assumed(key)?);
        Some(format!("  - `{} = {}`: {why}\n", key.field().name, value.to_toml()))
    };
    let item = |(name, described): (&str, Description)| {
        let lines = Key::ALL.into_iter().filter_map(|key| line(&described, key));
        format!("- `{name}`\n{}", lines.collect::<String>())
    };
    presets().map(item).collect()
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

impl Description {
    /// Arrays, clock, peaks and DRAM in a line; as far as it makes a chip.
    pub fn summary(&self) -> String {
        self.chip().map(|chip| in_a_line(&chip)).unwrap_or_default()
    }
}

fn in_a_line(chip: &Chip) -> String {
    let units = match chip.matrix_units {
        1 => "a matrix unit".to_owned(),
        units => format!("{units} matrix units"),
    };
    let peak = |dtype| Some((with_prefix(chip.peak(dtype)?), dtype));
    let peaks = chip.rates.alike().filter_map(peak).enumerate();
    let peaks: Vec<String> = peaks
        .map(|(at, (peak, dtype))| match at {
            0 => format!("{peak}operations a second on {dtype}"),
            _ => format!("{peak}on {dtype}"),
        })
        .collect();
    let dram = chip.dram.link.bytes_per_cycle.times(chip.clock_mhz).and_then(|rate| rate.times(THOUSANDTH));
    format!(
        "{units} of {} x {} at {} MHz, {}; DRAM {} GB/s",
        chip.rows,
        chip.cols,
        chip.clock_mhz.exactly(),
        peaks.join(", "),
        dram.map(Ratio::to_figures).unwrap_or_default(),
    )
}

const THOUSANDTH: Ratio = Ratio::new(1, 1000).expect("neither is 0");

/// In G or T.
fn with_prefix(mut operations: Ratio) -> String {
    let mut prefix = "";
    for next in ["k", "M", "G", "T"] {
        if operations >= THOUSANDTH.inverse()
            && let Some(less) = operations.times(THOUSANDTH)
        {
            (operations, prefix) = (less, next);
        }
    }
    format!("{} {prefix}{}", operations.to_figures(), if prefix.is_empty() { "" } else { " " })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Peaks as published: 92, 275, 197 and 394, 918 and 1836, 2307 and 4614 tera-operations a second.
    #[test]
    fn presets_have_their_published_peaks() {
        let listed = list();
        for (name, peak) in [
            ("TPU v1", "91.8 T operations a second on i8"),
            ("TPU v4", "275 T operations a second on i8, 275 T on bf16"),
            ("TPU v5e", "393 T operations a second on i8, 197 T on bf16"),
            ("TPU v6e", "1835 T operations a second on i8, 918 T on bf16"),
            ("TPU v7x", "4614 T on fp8, 2307 T on bf16"),
        ] {
            let line =
                listed.lines().find(|line| line.contains(&format!(": {name}, "))).expect("it is listed");
            assert!(line.contains(peak), "{line}");
        }
    }
}
