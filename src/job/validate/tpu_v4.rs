//! Times of matrix products on TPU v4, predicted from the machine and a few constants. Source of the measurements:
//! `tests/data/tpu_v4/README.md`.
//!
//! `systole run` is compared as it is: the preset has the constants. They were fitted on all rows; to show what that is worth, those that
//! times are linear in are fitted once more on every second row, with the errors of the other rows.

use super::{Table, scalesim, statistics};
use crate::base::Span;
use crate::chip::Chip;
use crate::job::time_products;
use crate::num::DType;
use crate::schedule::Product;

/// A product and how long it took.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// M, K and N.
    pub extents: [u64; 3],
    /// The mean of its repetitions, in microseconds.
    pub micros: f64,
    /// SCALE-Sim's "Total Cycles", where they were published.
    pub scalesim: Option<u64>,
}

/// Sizes that were measured together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// No side above 128.
    Small,
    /// Between.
    Medium,
    /// No side below 1024.
    Large,
}

impl Range {
    /// Every range.
    pub const ALL: [Range; 3] = [Range::Small, Range::Medium, Range::Large];

    fn name(self) -> &'static str {
        match self {
            Range::Small => "sides of 32 to 128",
            Range::Medium => "128 to 1024",
            Range::Large => "1024 to 4096",
        }
    }
}

impl Measured {
    /// Which of the three it belongs to.
    pub fn range(&self) -> Range {
        match self.extents {
            sides if sides.iter().all(|side| *side <= 128) => Range::Small,
            sides if sides.iter().all(|side| *side >= 1024) => Range::Large,
            _ => Range::Medium,
        }
    }

    fn product(&self) -> Product {
        Product {
            name: "product".into(),
            span: Span::default(),
            copies: 1,
            extents: self.extents.map(|side| side as usize),
            dtypes: [DType::Bf16; 3],
        }
    }

    /// All operands and the result, 16 bits each.
    fn bytes(&self) -> u64 {
        let [m, k, n] = self.extents;
        2 * (m * k + k * n + m * n)
    }

    /// Rows through all tiles of weights.
    fn tile_cycles(&self, chip: &Chip) -> u64 {
        let [m, k, n] = self.extents;
        m * k.div_ceil(chip.rows as u64) * n.div_ceil(chip.cols as u64)
    }
}

/// Greatest side of a product that is read.
const MOST_SIDE: u64 = 1 << 14;

/// The rows of `gemm.csv`. Errors name a line.
pub fn parse(csv: &str) -> Result<Vec<Measured>, String> {
    super::rows(csv, "m,n,k,avg_us,min_us,max_us,stddev_us,scalesim_cycles", |fields| {
        let side = |at: usize| match super::whole(fields[at])? {
            side if side <= MOST_SIDE => Ok(side),
            side => Err(format!("a side of {side} is above {MOST_SIDE}")),
        };
        let micros = super::measured(fields[3])?;
        if micros == 0.0 {
            return Err("it took no time".into());
        }
        let cycles = fields[7].strip_suffix(".0").unwrap_or(fields[7]);
        let scalesim = (!cycles.is_empty()).then(|| super::whole(cycles)).transpose()?;
        Ok(Measured { extents: [side(0)?, side(2)?, side(1)?], micros, scalesim })
    })
}

/// A way to predict times.
#[derive(Clone, Debug)]
pub struct Method {
    /// For people.
    pub name: &'static str,
    /// How many constants were fitted.
    pub fitted: usize,
    /// What they are, with units.
    pub constants: Vec<(String, String)>,
    /// For every product, in microseconds.
    pub micros: Vec<f64>,
}

/// Which rows constants are fitted on; errors are those of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fitted {
    /// The first, the third, ...
    Odd,
    /// The second, the fourth, ...
    Even,
    /// None: errors are those of all rows.
    Nothing,
}

impl Fitted {
    fn has(self, row: usize) -> bool {
        match self {
            Fitted::Odd => row.is_multiple_of(2),
            Fitted::Even => !row.is_multiple_of(2),
            Fitted::Nothing => false,
        }
    }

    fn rows(self, products: &[Measured]) -> impl Iterator<Item = usize> {
        (0..products.len()).filter(move |at| self.has(*at))
    }

    fn held_out(self, products: &[Measured]) -> impl Iterator<Item = usize> {
        (0..products.len()).filter(move |at| !self.has(*at))
    }
}

/// How far predictions are off, for the products that were held out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Errors {
    /// How many they are.
    pub products: usize,
    /// Half of the relative errors are below it.
    pub median: f64,
    /// Nine in ten are.
    pub ninetieth: f64,
    /// Spearman's, of times.
    pub rank_correlation: f64,
}

/// Of one range, or of all products.
pub fn errors(products: &[Measured], method: &Method, fitted: Fitted, range: Option<Range>) -> Errors {
    let held_out =
        fitted.held_out(products).filter(|at| range.is_none_or(|range| products[*at].range() == range));
    let (times, predicted): (Vec<f64>, Vec<f64>) =
        held_out.map(|at| (products[at].micros, method.micros[at])).unzip();
    let errors: Vec<f64> = times.iter().zip(&predicted).map(|(time, p)| (p / time - 1.0).abs()).collect();
    Errors {
        products: times.len(),
        median: statistics::median(&errors),
        ninetieth: statistics::quantile(&errors, 0.9),
        rank_correlation: statistics::rank_correlation(&times, &predicted),
    }
}

/// Every product through the machine, in microseconds.
#[derive(Clone, Debug)]
pub struct Simulated {
    chip: Chip,
    /// As `systole run` says, launch and handover included.
    whole: Vec<f64>,
    /// Of that the run's cycles.
    cycles: Vec<f64>,
}

/// Runs every product on a chip.
pub fn simulate(products: &[Measured], chip: &Chip) -> Result<Simulated, String> {
    let each = products.iter().map(|product| {
        let timed =
            time_products(&[product.product()], chip).map_err(|refused| refused.diagnostic().message)?;
        let (cycles, handover) = (timed.trace.cycles, timed.plan.handover(chip));
        let launch = chip.seconds(0);
        Ok((chip.seconds(cycles + handover) * 1e6, (chip.seconds(cycles) - launch) * 1e6))
    });
    let (whole, cycles) = each.collect::<Result<Vec<_>, String>>()?.into_iter().unzip();
    Ok(Simulated { chip: chip.clone(), whole, cycles })
}

/// `systole run`, the same with constants of half of the rows, the crude sum, SCALE-Sim as its authors fit it and as ours is fitted.
pub fn methods(products: &[Measured], simulated: &Simulated, fitted: Fitted) -> Result<[Method; 5], String> {
    Ok([
        ours(simulated),
        refitted(products, simulated, fitted)?,
        crude(products, &simulated.chip, fitted)?,
        lines(products, fitted, Loss::Squares)?,
        lines(products, fitted, Loss::Relative)?,
    ])
}

/// Terms with fitted factors, behind what is known. All in microseconds.
fn fit<const N: usize>(
    products: &[Measured],
    known: &[f64],
    terms: impl Fn(&Measured) -> [f64; N],
    fitted: Fitted,
) -> Result<([f64; N], Vec<f64>), String> {
    let all: Vec<[f64; N]> = products.iter().map(terms).collect();
    let rows = || fitted.rows(products);
    let (some, targets): (Vec<_>, Vec<_>) = rows().map(|at| (all[at], products[at].micros)).unzip();
    let behind: Vec<f64> = rows().map(|at| known[at]).collect();
    let factors = statistics::least_relative_errors(&some, &targets, &behind)
        .ok_or("there are too few products to fit constants on")?;
    let micros = all.iter().zip(known).map(|(term, known)| known + statistics::sum(term, &factors)).collect();
    Ok((factors, micros))
}

/// Values of the preset that were fitted, on all rows.
const IN_PRESET: usize = 6;

/// `systole run` as it is.
pub fn ours(simulated: &Simulated) -> Method {
    let (name, micros) = ("`systole run --chip tpu-v4`", simulated.whole.clone());
    Method { name, fitted: IN_PRESET, constants: Vec::new(), micros }
}

fn refitted(products: &[Measured], simulated: &Simulated, fitted: Fitted) -> Result<Method, String> {
    let terms = |measured: &Measured| {
        let Product { extents, dtypes, .. } = measured.product();
        [1.0, simulated.chip.handed_over(extents, dtypes) as f64]
    };
    let ([launch, each], micros) = fit(products, &simulated.cycles, terms, fitted)?;
    let constants = vec![
        ("launch".into(), format!("{launch:.3} µs")),
        ("handover".into(), format!("{:.0} GB/s", 1e-3 / each)),
    ];
    Ok(Method { name: "its cycles, the rest fitted on half of the rows", fitted: 2, constants, micros })
}

fn crude(products: &[Measured], preset: &Chip, fitted: Fitted) -> Result<Method, String> {
    let units = preset.matrix_units as f64 * preset.clock_mhz.as_f64();
    let terms =
        |product: &Measured| [1.0, product.tile_cycles(preset) as f64 / units, product.bytes() as f64];
    let ([launch, factor, per_byte], micros) = fit(products, &vec![0.0; products.len()], terms, fitted)?;
    let constants = vec![
        ("launch".into(), format!("{launch:.3} µs")),
        ("tiles' cycles over the units".into(), format!("x {factor:.2}")),
        ("bytes".into(), format!("{:.0} GB/s", 1e-3 / per_byte)),
    ];
    Ok(Method { name: "crude sum", fitted: 3, constants, micros })
}

/// What a line is to make least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    /// Squares of microseconds, as SCALE-Sim's authors.
    Squares,
    /// Relative errors, as ours and the crude sum.
    Relative,
}

/// SCALE-Sim's cycles and a straight line for each range.
fn lines(products: &[Measured], fitted: Fitted, loss: Loss) -> Result<Method, String> {
    let cycles = scalesim::total_cycles(products)?;
    let mut micros = vec![0.0; products.len()];
    let mut constants = Vec::new();
    for range in Range::ALL {
        let of_range = |at: &usize| products[*at].range() == range;
        let term = |at: usize| [1.0, cycles[at] as f64];
        let rows = fitted.rows(products).filter(of_range);
        let (terms, targets): (Vec<_>, Vec<_>) = rows.map(|at| (term(at), products[at].micros)).unzip();
        let factors = match loss {
            Loss::Squares => statistics::least_squares(&terms, &targets, &vec![1.0; targets.len()]),
            Loss::Relative => statistics::least_relative_errors(&terms, &targets, &vec![0.0; targets.len()]),
        };
        let factors = factors.ok_or("there are too few products to fit lines on")?;
        let all = (0..products.len()).filter(of_range);
        all.for_each(|at| micros[at] = statistics::sum(&term(at), &factors));
        let [first, each] = factors;
        constants.push((range.name().into(), format!("{first:.3} µs + {:.3} ns a cycle", each * 1e3)));
    }
    let name = match loss {
        Loss::Squares => "SCALE-Sim's cycles, a line a range",
        Loss::Relative => "the same, fitted as ours",
    };
    Ok(Method { name, fitted: 6, constants, micros })
}

/// Errors of all methods, by size, their constants, and where ours is furthest off.
pub fn tables(csv: &str) -> Result<Vec<Table>, String> {
    let products = parse(csv)?;
    let fitted = Fitted::Odd;
    let preset = Chip::preset("tpu-v4").ok_or("there is no preset tpu-v4")?;
    let simulated = simulate(&products, &preset)?;
    let other_way_round = methods(&products, &simulated, Fitted::Even)?;
    let methods = methods(&products, &simulated, fitted)?;
    Ok(vec![
        summed_up(&products, &methods, fitted).with_note(swapped(&products, &other_way_round)),
        by_range(&products, &methods, fitted),
        constants(&methods),
        misses(&products, &methods[0]),
    ])
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn summed_up(products: &[Measured], methods: &[Method], fitted: Fitted) -> Table {
    let row = |method: &Method| {
        let all = errors(products, method, fitted, None);
        [
            method.name.to_owned(),
            method.fitted.to_string(),
            percent(all.median),
            percent(all.ninetieth),
            format!("{:.4}", all.rank_correlation),
        ]
    };
    let columns = ["method", "fitted", "median error", "90th percentile", "rank correlation"];
    let rows = methods.iter().map(row).collect();
    let held_out = fitted.held_out(products).count();
    let as_it_is = errors(products, &methods[0], Fitted::Nothing, None);
    Table::new("TPU v4: times of matrix products", columns, rows).with_note(format!(
        "Errors of {held_out} products; constants were fitted on the other {}, every second row, but those of the preset on all of them: over all {} rows {} is off by {}, {}.",
        products.len() - held_out,
        products.len(),
        methods[0].name,
        percent(as_it_is.median),
        percent(as_it_is.ninetieth),
    ))
}

fn swapped(products: &[Measured], methods: &[Method]) -> String {
    let each = methods.iter().filter(|method| method.fitted > 0).map(|method| {
        let all = errors(products, method, Fitted::Even, None);
        format!("{} {}, {}", method.name, percent(all.median), percent(all.ninetieth))
    });
    let each: Vec<String> = each.collect();
    format!(
        "The other way round, fitted on the second half and with the errors of the first: {}.",
        each.join("; ")
    )
}

fn by_range(products: &[Measured], methods: &[Method], fitted: Fitted) -> Table {
    let rows = methods.iter().map(|method| {
        let [small, medium, large] = Range::ALL.map(|range| {
            let of_range = errors(products, method, fitted, Some(range));
            format!("{}, {}", percent(of_range.median), percent(of_range.ninetieth))
        });
        [method.name.to_owned(), small, medium, large]
    });
    let [small, medium, large] = Range::ALL.map(Range::name);
    Table::new(
        "TPU v4, by size: median error, 90th percentile",
        ["method", small, medium, large],
        rows.collect(),
    )
}

fn constants(methods: &[Method]) -> Table {
    let rows = methods.iter().flat_map(|method| {
        let row = |(name, value): &(String, String)| [method.name.to_owned(), name.clone(), value.clone()];
        method.constants.iter().map(row).collect::<Vec<_>>()
    });
    Table::new("TPU v4: the constants", ["method", "constant", "value"], rows.collect())
}

/// Products that ours is furthest off for.
const MISSES: usize = 8;

fn misses(products: &[Measured], method: &Method) -> Table {
    let off = |at: &usize| method.micros[*at] / products[*at].micros - 1.0;
    let mut order: Vec<usize> = (0..products.len()).collect();
    order.sort_by(|a, b| off(b).abs().total_cmp(&off(a).abs()));
    let row = |at: usize| {
        let [m, k, n] = products[at].extents;
        let (measured, predicted) = (products[at].micros, method.micros[at]);
        let sides = format!("{m} x {k} x {n}");
        [sides, format!("{measured:.1}"), format!("{predicted:.1}"), format!("{:+.0} %", 100.0 * off(&at))]
    };
    let rows = order.into_iter().take(MISSES).map(row).collect();
    let columns = ["M x K x N", "measured, µs", "predicted, µs", "error"];
    Table::new("TPU v4: where ours is furthest off", columns, rows)
}
