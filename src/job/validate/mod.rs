//! This project's numbers beside those of others, as tables: `systole validate` prints them, and the page "How true is
//! this?" is held to what it prints. What was published lies in `tests/data/`, each folder with where it is from.

pub mod array;
pub mod rtl;
pub mod scalesim;
pub mod statistics;
mod table;
pub mod tpu_v1;
pub mod tpu_v4;

pub use table::Table;

/// What this project is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Registers of a model written apart from this project.
    Array,
    /// SCALE-Sim's reports.
    ScaleSim,
    /// Latencies of public RTL.
    Rtl,
    /// Table 3 of TPU v1's paper.
    TpuV1,
    /// Products measured on TPU v4.
    TpuV4,
}

/// A file of the folder with what was published, by its path in it. Errors name it.
pub type Read<'a> = dyn Fn(&str) -> Result<String, String> + 'a;

impl Subject {
    /// From one array to whole chips.
    pub const ALL: [Subject; 5] =
        [Subject::Array, Subject::Rtl, Subject::ScaleSim, Subject::TpuV1, Subject::TpuV4];

    /// On the command line.
    pub fn name(self) -> &'static str {
        match self {
            Subject::Array => "array",
            Subject::ScaleSim => "scalesim",
            Subject::Rtl => "rtl",
            Subject::TpuV1 => "tpu-v1",
            Subject::TpuV4 => "tpu-v4",
        }
    }

    /// The subject of a name; the error lists them.
    pub fn named(name: &str) -> Result<Subject, String> {
        let known = || Subject::ALL.map(Subject::name).join(", ");
        Subject::ALL
            .into_iter()
            .find(|subject| subject.name() == name)
            .ok_or_else(|| format!("there are {}", known()))
    }

    /// Compares. Errors name a file, a line in it, and what is wrong there.
    pub fn tables(self, read: &Read) -> Result<Vec<Table>, String> {
        match self {
            Subject::Array => table_of(read, "array/golden.json", array::table),
            Subject::Rtl => table_of(read, "rtl/latencies.csv", rtl::table),
            Subject::ScaleSim => Ok(vec![scalesim::table(read)?]),
            Subject::TpuV1 => tpu_v1::tables(read),
            Subject::TpuV4 => {
                let path = "tpu_v4/gemm.csv";
                tpu_v4::tables(&read(path)?).map_err(|what| format!("{path}: {what}"))
            }
        }
    }
}

fn table_of(
    read: &Read,
    path: &str,
    table: impl Fn(&str) -> Result<Table, String>,
) -> Result<Vec<Table>, String> {
    let table = table(&read(path)?).map_err(|what| format!("{path}: {what}"))?;
    Ok(vec![table])
}

/// Rows of a CSV file with these columns, each made by `row` of its fields. Errors name a line.
fn rows<T>(csv: &str, header: &str, row: impl Fn(&[&str]) -> Result<T, String>) -> Result<Vec<T>, String> {
    let mut lines = csv.lines().enumerate();
    if lines.next().map(|(_, first)| first) != Some(header) {
        return Err(format!("line 1: the columns are not {header}"));
    }
    let columns = header.split(',').count();
    let made = lines.map(|(at, line)| {
        let fields: Vec<&str> = line.split(',').collect();
        let checked = match fields.len() == columns {
            true => row(&fields),
            false => Err(format!("{} fields, not {columns}", fields.len())),
        };
        checked.map_err(|what| format!("line {}: {what}", at + 1))
    });
    made.collect()
}

/// A whole number above 0.
fn whole(field: &str) -> Result<u64, String> {
    field.parse().ok().filter(|value| *value > 0).ok_or_else(|| format!("`{field}` is no number above 0"))
}

/// A measured number, 0 or above.
fn measured(field: &str) -> Result<f64, String> {
    let number = field.parse().ok().filter(|value: &f64| value.is_finite() && *value >= 0.0);
    number.ok_or_else(|| format!("`{field}` is no measured number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for subject in Subject::ALL {
            assert_eq!(Subject::named(subject.name()), Ok(subject));
        }
        assert_eq!(Subject::named("tpu").unwrap_err(), "there are array, rtl, scalesim, tpu-v1, tpu-v4");
    }

    #[test]
    fn broken_rows_are_named() {
        let read = |csv| rows(csv, "a,b", |fields| Ok((whole(fields[0])?, measured(fields[1])?)));
        assert_eq!(read("a,b\n1,0.5\n"), Ok(vec![(1, 0.5)]));
        assert_eq!(read("a\n").unwrap_err(), "line 1: the columns are not a,b");
        assert_eq!(read("a,b\n1,2\n1\n").unwrap_err(), "line 3: 1 fields, not 2");
        assert_eq!(read("a,b\n0,2\n").unwrap_err(), "line 2: `0` is no number above 0");
        assert_eq!(read("a,b\n1,inf\n").unwrap_err(), "line 2: `inf` is no measured number");
    }
}
