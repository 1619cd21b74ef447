//! Chips that come with the crate, each a chip file that cites its sources and says what it assumes.

use super::description::Description;
use super::file::parse;
use super::value::{Value, shown};
use super::{ChipError, Key};

macro_rules! presets {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("presets/", $name, ".toml")))),*]
    };
}

/// Chip files that were written by hand.
const FILES: [(&str, &str); 12] = presets![
    "tpu-v1",
    "tpu-v2",
    "tpu-v3",
    "tpu-v4i",
    "tpu-v4",
    "tpu-v5e",
    "tpu-v5p",
    "tpu-v6e",
    "tpu-v7x",
    "trainium1",
    "trainium2",
    "gemmini",
];

/// Names of presets, the classroom's first. Besides them there is a classroom chip of any size: `classroom-RxC`.
pub const PRESETS: [&str; 15] = {
    let mut names =
        ["classroom-4x4", "classroom-8x8", "classroom-16x16", "", "", "", "", "", "", "", "", "", "", "", ""];
    let mut at = 0;
    while at < FILES.len() {
        names[3 + at] = FILES[at].0;
        at += 1;
    }
    names
};

/// The description of a preset.
pub fn preset(name: &str) -> Option<Description> {
    if let Some((rows, cols)) = name.strip_prefix("classroom-").and_then(|sides| sides.split_once('x')) {
        return classroom(rows, cols).ok();
    }
    let (_, text) = FILES.iter().find(|(known, _)| *known == name)?;
    Some(parsed(text))
}

/// The classroom chip of these sides.
pub(super) fn classroom(rows: &str, cols: &str) -> Result<Description, ChipError> {
    let mut chip = parsed(include_str!("presets/classroom.toml"));
    chip.amend(Key::Rows, rows)?;
    chip.amend(Key::Cols, cols)?;
    chip.amend(Key::VectorLanes, cols)?;
    let side = |key| chip.value(key).map(Value::to_string).unwrap_or_default();
    let name = format!("Classroom {} x {}", side(Key::Rows), side(Key::Cols));
    chip.amend(Key::Name, &name)?;
    Ok(chip)
}

fn parsed(text: &str) -> Description {
    parse(text).description.expect("a test holds that every preset is a chip file")
}

/// What to say where a preset's name is none.
pub fn unknown(name: &str) -> ChipError {
    let shown = shown(name);
    let distance = |known: &&&str| strsim::damerau_levenshtein(known, &shown);
    let near = PRESETS.iter().min_by_key(distance).filter(|near| distance(near) <= 3);
    let hint = match near {
        _ if shown.starts_with("classroom-") => {
            "a classroom chip is `classroom-RxC`, with 1 to 512 rows and columns".into()
        }
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}, and `classroom-RxC` of any size", PRESETS.join(", ")),
    };
    ChipError { keys: Vec::new(), message: format!("there is no chip `{shown}`"), hint }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_makes_a_chip_and_says_where_every_value_is_from() {
        for name in PRESETS {
            let description = preset(name).unwrap_or_else(|| panic!("{name} is a preset"));
            assert!(description.chip().is_ok(), "{name}: {:?}", description.chip());
            for key in
                Key::ALL.into_iter().filter(|key| *key != Key::Name && description.value(*key).is_some())
            {
                let said = description.source(key).or(description.assumed(key));
                assert!(said.is_some_and(|said| !said.is_empty()), "{name}: {key:?} has no origin");
            }
        }
    }

    #[test]
    fn what_prints_also_parses() {
        for name in PRESETS {
            let description = preset(name).expect("it is a preset");
            let text = description.to_toml();
            assert_eq!(parse(&text).description.as_ref(), Some(&description), "{text}");
        }
    }

    #[test]
    fn names_that_are_none() {
        assert_eq!(unknown("tpuv4").hint, "did you mean `tpu-v4`?");
        assert_eq!(
            unknown("classroom-0x4").hint,
            "a classroom chip is `classroom-RxC`, with 1 to 512 rows and columns"
        );
        assert!(preset("classroom-4").is_none() && preset("classroom-0x4").is_none() && preset("").is_none());
    }
}
