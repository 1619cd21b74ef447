//! A configuration: sections of keys and values as Python's configparser reads them. Of SCALE-Sim's keys, the array's
//! sides and the dataflow decide what an array does; the others size its buffers.

use std::collections::BTreeMap;

use super::{MOST_SIDE, Number, Parsed, number, shown, span_of};
use crate::base::{Diagnostics, Span};
use crate::chip::Dataflow;

/// What a configuration says about the array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// For people.
    pub run_name: String,
    /// R
    pub rows: u64,
    /// C
    pub cols: u64,
    /// What stays in the PEs.
    pub dataflow: Dataflow,
    /// Whether `N:M` in a topology is to be heeded.
    pub sparse: bool,
}

/// A key and the section that SCALE-Sim looks for it in.
const KEYS: [(&str, &str); 34] = [
    ("run_name", "general"),
    ("ArrayHeight", "architecture_presets"),
    ("ArrayWidth", "architecture_presets"),
    ("Dataflow", "architecture_presets"),
    ("IfmapSramSzkB", "architecture_presets"),
    ("FilterSramSzkB", "architecture_presets"),
    ("OfmapSramSzkB", "architecture_presets"),
    ("IfmapOffset", "architecture_presets"),
    ("FilterOffset", "architecture_presets"),
    ("OfmapOffset", "architecture_presets"),
    ("Bandwidth", "architecture_presets"),
    ("MemoryBanks", "architecture_presets"),
    ("ReadRequestBuffer", "architecture_presets"),
    ("WriteRequestBuffer", "architecture_presets"),
    ("OnChipMemoryBanks", "architecture_presets"),
    ("OnChipMemoryBankPorts", "architecture_presets"),
    ("InterfaceBandwidth", "run_presets"),
    ("UseRamulatorTrace", "run_presets"),
    ("TopologyCsvLoc", "network_presets"),
    ("IfmapCustomLayout", "layout"),
    ("FilterCustomLayout", "layout"),
    ("IfmapSRAMBankBandwidth", "layout"),
    ("IfmapSRAMBankNum", "layout"),
    ("IfmapSRAMBankPort", "layout"),
    ("FilterSRAMBankBandwidth", "layout"),
    ("FilterSRAMBankNum", "layout"),
    ("FilterSRAMBankPort", "layout"),
    ("SparsitySupport", "sparsity"),
    ("SparseRep", "sparsity"),
    ("OptimizedMapping", "sparsity"),
    ("BlockSize", "sparsity"),
    ("RandomNumberGeneratorSeed", "sparsity"),
    ("NonZeroElems", "sparsity"),
    ("TopologyFile", "network_presets"),
];

/// Reads a configuration.
pub fn parse_config(text: &str) -> Parsed<Config> {
    let mut reader = Reader { text, say: Diagnostics::default(), settings: BTreeMap::new() };
    reader.lines();
    let config = reader.config();
    Parsed::new(config, reader.say)
}

struct Reader<'t> {
    text: &'t str,
    say: Diagnostics,
    /// By key in lower case: configparser's keys know no case.
    settings: BTreeMap<String, Setting<'t>>,
}

#[derive(Clone, Copy)]
struct Setting<'t> {
    value: &'t str,
    span: Span,
}

impl<'t> Reader<'t> {
    fn lines(&mut self) {
        let mut section = "";
        for line in self.text.split('\n').map(str::trim) {
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            match line.strip_prefix('[') {
                Some(rest) => section = rest.split(']').next().unwrap_or(rest).trim(),
                None => self.setting(line, section),
            }
        }
    }

    fn setting(&mut self, line: &'t str, section: &str) {
        let span = span_of(self.text, line);
        let Some((key, value)) = line.split_once(['=', ':']) else {
            let message = format!("`{}` is neither a section nor a key with a value", shown(line));
            self.say.error(span, message, "write `key = value`, or `#` before a comment");
            return;
        };
        let (key, value) = (key.trim(), self.without_comment(value.trim()));
        self.check_key(key, section);
        let span = if value.is_empty() { span } else { span_of(self.text, value) };
        if self.settings.insert(key.to_lowercase(), Setting { value, span }).is_some() {
            let message = format!("`{}` is given twice", shown(key));
            self.say.error(span, message, "remove one of them");
        }
    }

    /// configparser has no comments behind values and would take them for a part of these.
    fn without_comment(&mut self, value: &'t str) -> &'t str {
        let comment = [" #", " ;", "\t#", "\t;"].iter().filter_map(|mark| value.find(mark)).min();
        let Some(at) = comment else { return value };
        let message = "what follows the value is taken for a comment; SCALE-Sim would read on";
        self.say.warning(span_of(self.text, &value[at..]), message, "put it on a line of its own");
        value[..at].trim_end()
    }

    fn check_key(&mut self, key: &'t str, section: &str) {
        let span = span_of(self.text, key);
        if let Some((name, home)) = KEYS.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)) {
            // Layout keys moved between versions, and nothing here depends on them.
            if section != *home && matches!(*name, "ArrayHeight" | "ArrayWidth" | "Dataflow") {
                let message =
                    format!("`{name}` stands outside [{home}], where SCALE-Sim looks for it; it is read");
                self.say.warning(span, message, format!("move it to [{home}]"));
            }
            return;
        }
        let lower = key.to_lowercase();
        let distance = |name: &str| strsim::osa_distance(&name.to_lowercase(), &lower);
        // Longer than any key: not worth the search.
        let near =
            KEYS.iter().map(|(name, _)| *name).filter(|_| key.len() < 40).min_by_key(|name| distance(name));
        if let Some(near) = near.filter(|name| distance(name) <= 3) {
            let message = format!("nothing reads `{}`", shown(key));
            self.say.warning(span, message, format!("did you mean `{near}`?"));
        }
    }

    fn config(&mut self) -> Option<Config> {
        let (rows, cols, dataflow) = (self.side("ArrayHeight"), self.side("ArrayWidth"), self.dataflow());
        self.check_bandwidth();
        let sparse = self.sparse();
        let run_name = self.get("run_name").map_or("", |setting| setting.value).to_owned();
        Some(Config { run_name, rows: rows?, cols: cols?, dataflow: dataflow?, sparse })
    }

    fn get(&self, key: &str) -> Option<Setting<'t>> {
        self.settings.get(&key.to_lowercase()).copied()
    }

    /// The setting, or an error that it is missing.
    fn need(&mut self, key: &str, hint: &str) -> Option<Setting<'t>> {
        let found = self.get(key);
        if found.is_none() {
            let end = self.text.len() as u32;
            self.say.error(Span { start: end, end }, format!("`{key}` is missing"), hint);
        }
        found
    }

    fn side(&mut self, key: &str) -> Option<u64> {
        let hint = format!("in [architecture_presets], give `{key}: N` from 1 to {MOST_SIDE}");
        let Setting { value, span } = self.need(key, &hint)?;
        match number(value) {
            Number::Plain(side) if (1..=MOST_SIDE).contains(&side) => return Some(side),
            Number::Dressed(side) if (1..=MOST_SIDE).contains(&side) => {
                self.say.warning(
                    span,
                    format!("`{}` was taken for {side}", shown(value)),
                    "write digits alone",
                );
                return Some(side);
            }
            Number::None => self.say.error(span, format!("`{}` is no whole number", shown(value)), hint),
            _ => self.say.error(span, format!("an array cannot have `{}` of these", shown(value)), hint),
        }
        None
    }

    fn dataflow(&mut self) -> Option<Dataflow> {
        const HINT: &str = "in [architecture_presets], give `Dataflow: ws`, `os` or `is`";
        let Setting { value, span } = self.need("Dataflow", HINT)?;
        let found = Dataflow::ALL.into_iter().find(|d| d.name().eq_ignore_ascii_case(value));
        match found {
            None => self.say.error(span, format!("`{}` is no dataflow", shown(value)), HINT),
            Some(dataflow) if dataflow.name() != value => {
                let message =
                    format!("`{value}` is read as `{}`; SCALE-Sim would not know it", dataflow.name());
                self.say.warning(span, message, "write it in lower case");
            }
            Some(_) => {}
        }
        found
    }

    /// `CALC` asks for the array's own cycles, which is what is given. `USER` adds stalls for memory that SCALE-Sim's users
    /// dispute.
    fn check_bandwidth(&mut self) {
        const HINT: &str = "in [run_presets], give `InterfaceBandwidth: CALC`";
        let Some(Setting { value, span }) = self.get("InterfaceBandwidth") else { return };
        match value {
            "CALC" => {}
            "USER" => {
                let message = "stalls of a memory with the user's bandwidth are not simulated; the reports are those of CALC";
                self.say.warning(span, message, HINT);
            }
            _ => {
                let message = format!("`{}` is no mode", shown(value));
                self.say.error(span, message, HINT);
            }
        }
    }

    /// Whether `N:M` counts. Optimised mapping draws a sparsity for each row of weights, whatever the topology says.
    fn sparse(&mut self) -> bool {
        let is_on = |setting: &Setting| setting.value.eq_ignore_ascii_case("true");
        let sparse = self.get("SparsitySupport").is_some_and(|setting| is_on(&setting));
        if let Some(mapping) = self.get("OptimizedMapping").filter(is_on)
            && sparse
        {
            let message = "optimised mapping draws sparsity at random, which is not simulated";
            self.say.error(mapping.span, message, "set `SparsitySupport: false` for dense layers");
        }
        sparse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_know_no_case_and_either_sign() {
        let text = "[architecture_presets]\narrayheight = 8\n# a comment\nARRAYWIDTH: 16\n  Dataflow : os\n";
        let parsed = parse_config(text);
        assert_eq!(parsed.diagnostics, []);
        let config = parsed.value.expect("it is a configuration");
        assert_eq!((config.rows, config.cols, config.dataflow), (8, 16, Dataflow::OutputStationary));
    }

    #[test]
    fn every_missing_key_is_told() {
        let parsed = parse_config("[general]\n");
        let said: Vec<&str> = parsed.diagnostics.iter().map(|d| d.message.as_str()).collect();
        assert_eq!(said, ["`ArrayHeight` is missing", "`ArrayWidth` is missing", "`Dataflow` is missing"]);
    }
}
