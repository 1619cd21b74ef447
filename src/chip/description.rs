//! A chip as its file describes it: values in the units that data sheets have, each with where it is from. [`Chip`] is
//! made from it, in cycles and bytes.

use super::field::{Key, Kind, NONE, Need, Part};
use super::value::{Value, quoted, shown};
use super::{Chip, ChipError, Common, Dataflow, Dram, Handover, Link, Queues, VectorCost, WeightBuffering};
use crate::base::{Bytes, Cycle, Ratio};
use crate::num::{DType, Sparsity};

/// What a chip file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    entries: [Option<Entry>; Key::ALL.len()],
    /// Titles of the sources that [`Origin::Source`] names.
    sources: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    value: Value,
    origin: Origin,
}

const SOURCE: &str = "source";
const ASSUMED: &str = "assumed";

/// Where a value is from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Nobody says.
    #[default]
    Unsaid,
    /// The source of this number says so.
    Source(usize),
    /// No source gives it; this is why it was chosen.
    Assumed(String),
}

impl Default for Description {
    fn default() -> Self {
        Description { entries: [const { None }; Key::ALL.len()], sources: Vec::new() }
    }
}

impl Description {
    /// What it says of a key.
    pub fn value(&self, key: Key) -> Option<&Value> {
        self.entries[key as usize].as_ref().map(|entry| &entry.value)
    }

    /// Where that is from.
    pub fn origin(&self, key: Key) -> Option<&Origin> {
        self.entries[key as usize].as_ref().map(|entry| &entry.origin)
    }

    /// Titles of its sources.
    pub fn sources(&self) -> &[String] {
        &self.sources
    }

    /// The title of a value's source, if it has one.
    pub fn source(&self, key: Key) -> Option<&str> {
        match self.origin(key)? {
            Origin::Source(at) => Some(&self.sources[*at]),
            _ => None,
        }
    }

    /// Why a value was assumed, if it was.
    pub fn assumed(&self, key: Key) -> Option<&str> {
        match self.origin(key)? {
            Origin::Assumed(why) => Some(why),
            _ => None,
        }
    }

    /// Changes a field by its name; what it says is then nobody's word but the changer's. `none` takes away an optional one.
    pub fn set(&mut self, name: &str, text: &str) -> Result<(), ChipError> {
        let key = Key::named(name).ok_or_else(|| unknown(name))?;
        if text.trim() == NONE && key.field().need == Need::Optional {
            self.remove(key);
        } else {
            self.put(key, Value::read(key, text)?, Origin::Unsaid);
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, key: Key) {
        self.entries[key as usize] = None;
    }

    pub(super) fn put(&mut self, key: Key, value: Value, origin: Origin) {
        self.entries[key as usize] = Some(Entry { value, origin });
    }

    /// The number of a source, for [`Description::come_from`].
    pub(super) fn add_source(&mut self, title: &str) -> usize {
        let known = self.sources.iter().position(|known| known == title);
        known.unwrap_or_else(|| {
            self.sources.push(title.to_owned());
            self.sources.len() - 1
        })
    }

    /// Says where a value is from; false where there is no value.
    pub(super) fn come_from(&mut self, key: Key, origin: Origin) -> bool {
        match &mut self.entries[key as usize] {
            Some(entry) => {
                entry.origin = origin;
                true
            }
            None => false,
        }
    }

    /// What was changed of another one to come to this one: fields and what they say, for [`Description::amend`]. Nothing if more
    /// was changed than values: they are from elsewhere, too. A changed value may still be said to be from where the one before was.
    pub fn changes_of(&self, base: &Description) -> Option<Vec<(Key, String)>> {
        let said = |described: &Description, key: Key| {
            (described.source(key).map(str::to_owned), described.assumed(key).map(str::to_owned))
        };
        let mut changes = Vec::new();
        for key in Key::ALL {
            let (value, before) = (self.value(key), base.value(key));
            let as_before = said(self, key) == said(base, key);
            let unsaid = said(self, key) == (None, None);
            match value {
                _ if value == before && (value.is_none() || as_before) => {}
                None => changes.push((key, NONE.to_owned())),
                Some(value) if before != Some(value) && (as_before || unsaid) => {
                    changes.push((key, value.to_string()));
                }
                Some(_) => return None,
            }
        }
        Some(changes)
    }

    /// Four words a value, to hand it from one module to another: key, value, kind of origin, and what that says.
    pub fn to_words(&self) -> Vec<String> {
        let words = |key: Key| {
            let (kind, said) = match self.origin(key)? {
                Origin::Unsaid => ("", ""),
                Origin::Source(at) => (SOURCE, self.sources[*at].as_str()),
                Origin::Assumed(why) => (ASSUMED, why.as_str()),
            };
            Some([key.field().name.into(), self.value(key)?.to_string(), kind.into(), said.into()])
        };
        Key::ALL.into_iter().filter_map(words).flatten().collect()
    }

    /// What [`Description::to_words`] has handed over.
    pub fn from_words(words: &[String]) -> Result<Description, ChipError> {
        let mut described = Description::default();
        for [name, value, kind, said] in words.as_chunks().0 {
            described.set(name, value)?;
            let key = Key::named(name).expect("it has just been set");
            let origin = match kind.as_str() {
                SOURCE => Origin::Source(described.add_source(said)),
                ASSUMED => Origin::Assumed(said.clone()),
                _ => Origin::Unsaid,
            };
            described.come_from(key, origin);
        }
        Ok(described)
    }

    /// Changes fields by their names, all that can be; the chip that comes of it, or everything that is wrong.
    pub fn amend<'a>(
        &mut self,
        changes: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Chip, Vec<ChipError>> {
        let errors: Vec<ChipError> =
            changes.filter_map(|(name, value)| self.set(name, value).err()).collect();
        if errors.is_empty() { self.chip() } else { Err(errors) }
    }

    /// The chip that it describes, or everything that contradicts itself.
    pub fn chip(&self) -> Result<Chip, Vec<ChipError>> {
        let problems = self.contradictions();
        if problems.is_empty() { self.assemble().map_err(|error| vec![error]) } else { Err(problems) }
    }

    fn contradictions(&self) -> Vec<ChipError> {
        let missing: Vec<Key> = Key::ALL
            .into_iter()
            .filter(|key| key.field().need == Need::Required && self.value(*key).is_none())
            .collect();
        if !missing.is_empty() {
            return vec![incomplete(missing)];
        }
        let mut problems = Vec::new();
        let (cores, units) = (self.whole(Key::Cores), self.whole(Key::MatrixUnits));
        if !units.is_multiple_of(cores) {
            problems.push(ChipError {
                keys: vec![Key::MatrixUnits, Key::Cores],
                message: format!("{units} matrix units cannot be shared evenly by {cores} cores"),
                hint: format!("give each core as many: {}, say", units.div_ceil(cores) * cores),
            });
        }
        if rates().all(|(key, _)| self.value(key).is_none()) {
            problems.push(ChipError {
                keys: rates().map(|(key, _)| key).collect(),
                message: "no matrix unit multiplies anything".into(),
                hint: "say how many rows it takes in a cycle, as in `rows_per_cycle_i8 = 1`".into(),
            });
        }
        if self.value(Key::HostLatencyNs).is_some() && self.value(Key::HostGbPerS).is_none() {
            problems.push(ChipError {
                keys: vec![Key::HostLatencyNs],
                message: "the way to the host has a latency and no bandwidth".into(),
                hint: "give it `host_gb_per_s`, or leave out `host_latency_ns`".into(),
            });
        }
        problems.extend(self.half_of_a_common_memory());
        problems.extend(self.handover_without_bandwidth());
        problems.extend(self.uneven_groups());
        problems
    }

    fn half_of_a_common_memory(&self) -> Option<ChipError> {
        let keys = [Key::CommonMemoryMib, Key::CommonMemoryGbPerS];
        let given: Vec<Key> = keys.into_iter().filter(|key| self.value(*key).is_some()).collect();
        (given.len() == 1).then(|| ChipError {
            keys: given,
            message: "a common memory has a capacity and a bandwidth".into(),
            hint: "give it both `common_memory_mib` and `common_memory_gb_per_s`, or neither".into(),
        })
    }

    fn handover_without_bandwidth(&self) -> Option<ChipError> {
        let keys = [Key::HandoverKib, Key::HandoverAgainKib, Key::HandoverOnceK];
        let given: Vec<Key> = keys.into_iter().filter(|key| self.value(*key).is_some()).collect();
        let wrong = !given.is_empty() && self.value(Key::HandoverGbPerS).is_none();
        wrong.then(|| ChipError {
            keys: given,
            message: "a handover has no bandwidth".into(),
            hint: "give it `handover_gb_per_s`, or leave out what else is said of it".into(),
        })
    }

    /// Groups of weights that would not fill the rows.
    fn uneven_groups(&self) -> Option<ChipError> {
        let (sparsity, rows) = (self.sparsity()?, self.size(Key::Rows));
        let kept = sparsity.kept();
        (!rows.is_multiple_of(kept)).then(|| ChipError {
            keys: vec![Key::Sparsity, Key::Rows],
            message: format!("{rows} rows of PEs are no whole groups of {kept}, as `{sparsity}` has them"),
            hint: format!("take {} rows, say, or another sparsity", rows.next_multiple_of(kept)),
        })
    }

    fn assemble(&self) -> Result<Chip, ChipError> {
        let clock_mhz = self.number(Key::ClockMhz);
        let rate = |(key, pair): (Key, (DType, DType))| match self.value(key)? {
            Value::Number(rate) => Some((pair, *rate)),
            _ => None,
        };
        let places = |key| self.optional_whole(key).map(|places| places as usize);
        Ok(Chip {
            name: self.value(Key::Name).map(Value::to_string).unwrap_or_default(),
            clock_mhz,
            launch_overhead_ns: self.whole(Key::LaunchOverheadNs),
            handover: self.handover()?,
            cores: self.size(Key::Cores),
            program_cores: places(Key::CoresPerProgram),
            matrix_units: self.size(Key::MatrixUnits),
            rows: self.size(Key::Rows),
            cols: self.size(Key::Cols),
            dataflow: self.dataflow(),
            sparsity: self.sparsity(),
            weights: match self.value(Key::DoubleBuffered) {
                Some(Value::Flag(false)) => WeightBuffering::Single,
                _ => WeightBuffering::Double,
            },
            rates: rates().filter_map(rate).collect(),
            accumulator_rows: self.size(Key::AccumulatorRows),
            weight_fifo_tiles: self.size(Key::WeightFifoTiles),
            unified_buffer_bytes: self.whole(Key::UnifiedBufferKib) << 10,
            vector_lanes: self.size(Key::VectorLanes),
            vector_latency: self.whole(Key::VectorLatencyCycles),
            vector_cost: VectorCost {
                simple: self.whole(Key::VectorSimpleCycles),
                divide: self.whole(Key::VectorDivideCycles),
                transcendental: self.whole(Key::VectorTranscendentalCycles),
                reduce: self.whole(Key::VectorReduceCycles),
            },
            dram: Dram {
                link: self.link(Key::DramGbPerS, self.whole(Key::DramLatencyNs))?,
                bytes: self.number(Key::DramGib).floor_of(1 << 30) as Bytes,
                burst_bytes: self.whole(Key::BurstBytes),
                padded_tiles: self.value(Key::PaddedTilesInDram) == Some(&Value::Flag(true)),
            },
            common: match self.optional_whole(Key::CommonMemoryMib) {
                Some(mib) => Some(Common {
                    bytes_per_cycle: self.link(Key::CommonMemoryGbPerS, 0)?.bytes_per_cycle,
                    bytes: mib << 20,
                }),
                None => None,
            },
            host: match self.value(Key::HostGbPerS) {
                Some(_) => {
                    let latency = self.optional_whole(Key::HostLatencyNs).unwrap_or(0);
                    Some(self.link(Key::HostGbPerS, latency)?)
                }
                None => None,
            },
            queues: Queues {
                dma_in: places(Key::QueueDmaIn),
                dma_out: places(Key::QueueDmaOut),
                weight_fetch: places(Key::QueueWeightFetch),
                weight_load: places(Key::QueueWeightLoad),
                matrix: places(Key::QueueMatrix),
                vector: places(Key::QueueVector),
            },
        })
    }

    fn handover(&self) -> Result<Option<Handover>, ChipError> {
        if self.value(Key::HandoverGbPerS).is_none() {
            return Ok(None);
        }
        let kib = |key| self.optional_whole(key).map_or(Bytes::MAX, |kib| kib << 10);
        Ok(Some(Handover {
            bytes_per_cycle: self.link(Key::HandoverGbPerS, 0)?.bytes_per_cycle,
            most: kib(Key::HandoverKib),
            again: kib(Key::HandoverAgainKib),
            once_from_k: self.optional_whole(Key::HandoverOnceK).unwrap_or(u64::MAX),
        }))
    }

    /// `b` GB/s at `f` MHz are `1000 b / f` bytes a cycle; nanoseconds are rounded up to whole cycles.
    fn link(&self, bandwidth: Key, latency_ns: u64) -> Result<Link, ChipError> {
        let clock_mhz = self.number(Key::ClockMhz);
        let gb_per_s = self.number(bandwidth);
        let mega = Ratio::whole(1000).and_then(|kilo| kilo.times(gb_per_s));
        let bytes_per_cycle = mega.and_then(|mega| mega.times(clock_mhz.inverse()));
        Ok(Link {
            bytes_per_cycle: bytes_per_cycle.ok_or_else(|| too_exact(bandwidth))?,
            latency: cycles_of(latency_ns, clock_mhz).ok_or_else(|| too_exact(Key::ClockMhz))?,
        })
    }

    fn dataflow(&self) -> Dataflow {
        let named = |dataflow: &Dataflow| self.value(Key::Dataflow) == Some(&Value::Word(dataflow.name()));
        Dataflow::ALL.into_iter().find(named).expect("it was read as one of these")
    }

    fn sparsity(&self) -> Option<Sparsity> {
        match self.value(Key::Sparsity)? {
            Value::Word(word) => Sparsity::read(word),
            _ => None,
        }
    }

    fn optional_whole(&self, key: Key) -> Option<u64> {
        match self.value(key)? {
            Value::Whole(number) => Some(*number),
            _ => None,
        }
    }

    fn whole(&self, key: Key) -> u64 {
        self.optional_whole(key).expect("nothing is missing, and it is a whole number")
    }

    fn size(&self, key: Key) -> usize {
        self.whole(key) as usize
    }

    fn number(&self, key: Key) -> Ratio {
        match self.value(key) {
            Some(Value::Number(number)) => *number,
            _ => unreachable!("nothing is missing, and it is a number"),
        }
    }

    /// As a chip file, its sources and assumptions below.
    pub fn to_toml(&self) -> String {
        let mut out = String::new();
        for part in Part::ALL {
            let keys = Key::ALL.into_iter().filter(|key| key.field().part == part);
            let lines = keys.filter_map(|key| Some((key.field().name, self.value(key)?.to_toml())));
            let lines: Vec<String> = lines.map(|(name, value)| format!("{name} = {value}\n")).collect();
            if !lines.is_empty() {
                out += &format!("{}{}", if out.is_empty() { "" } else { "\n" }, lines.concat());
            }
        }
        let names = |at: usize| -> Vec<String> {
            let from_it = |key: &Key| self.origin(*key) == Some(&Origin::Source(at));
            Key::ALL.into_iter().filter(from_it).map(|key| quoted(key.field().name)).collect()
        };
        let mut head = "\n[sources]\n";
        for (at, title) in self.sources.iter().enumerate().filter(|(at, _)| !names(*at).is_empty()) {
            out += &format!("{}{} = [{}]\n", std::mem::take(&mut head), quoted(title), names(at).join(", "));
        }
        let mut head = "\n[assumed]\n";
        for key in Key::ALL {
            if let Some(why) = self.assumed(key) {
                out += &format!("{}{} = {}\n", std::mem::take(&mut head), key.field().name, quoted(why));
            }
        }
        out
    }
}

/// Rates by what is multiplied; a mixed product has the same one either way round.
fn rates() -> impl Iterator<Item = (Key, (DType, DType))> {
    use DType::{Bf16, F32, Fp8, I8, I16};
    [
        (Key::RateI8, (I8, I8)),
        (Key::RateI8I16, (I8, I16)),
        (Key::RateI8I16, (I16, I8)),
        (Key::RateI16, (I16, I16)),
        (Key::RateFp8, (Fp8, Fp8)),
        (Key::RateBf16, (Bf16, Bf16)),
        (Key::RateF32, (F32, F32)),
    ]
    .into_iter()
}

/// Nanoseconds at `f` MHz, in cycles, rounded up.
fn cycles_of(ns: u64, clock_mhz: Ratio) -> Option<Cycle> {
    let per_ns = Ratio::new(1, 1000).and_then(|milli| milli.times(clock_mhz))?;
    Some(per_ns.ceil_of(ns))
}

fn too_exact(key: Key) -> ChipError {
    ChipError {
        keys: vec![key],
        message: format!("`{}` has too many figures to be exact at this clock", key.field().name),
        hint: "write it with fewer figures".into(),
    }
}

fn incomplete(missing: Vec<Key>) -> ChipError {
    let names: Vec<String> = missing.iter().map(|key| format!("`{}`", key.field().name)).collect();
    let example = match missing[0].field().kind {
        Kind::Whole { most, .. } => most.min(8).to_string(),
        Kind::Number { .. } => "1".into(),
        Kind::Flag => "true".into(),
        Kind::Word(words) => quoted(words[0]),
        Kind::Text => "\"mine\"".into(),
    };
    ChipError {
        message: format!("{} {} missing", names.join(", "), if names.len() == 1 { "is" } else { "are" }),
        hint: format!(
            "say `{} = {example}`, or begin with `based_on = \"classroom-8x8\"` to take what is left out from that chip",
            missing[0].field().name
        ),
        keys: missing,
    }
}

pub(super) fn unknown(name: &str) -> ChipError {
    let shown = shown(name);
    let hint = match Key::near(name) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`systole chips --keys` lists every key".into(),
    };
    ChipError { keys: Vec::new(), message: format!("a chip has no `{shown}`"), hint }
}
