//! A comparison as a table.

/// Rows of words and numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What is compared.
    pub title: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// As many fields each as there are columns.
    pub rows: Vec<Vec<String>>,
    /// What must be known to read it, a paragraph each.
    pub notes: Vec<String>,
}

impl Table {
    pub(super) fn new<const N: usize>(title: &str, columns: [&str; N], rows: Vec<[String; N]>) -> Table {
        Table {
            title: title.to_owned(),
            columns: columns.map(str::to_owned).to_vec(),
            rows: rows.into_iter().map(Vec::from).collect(),
            notes: Vec::new(),
        }
    }

    pub(super) fn with_note(mut self, note: impl Into<String>) -> Table {
        self.notes.push(note.into());
        self
    }

    /// Whether its fields stand below each other digit by digit, not letter by letter.
    fn is_of_numbers(&self, column: usize) -> bool {
        let is_number =
            |field: &str| field.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_digit());
        !self.rows.is_empty()
            && self.rows.iter().all(|row| is_number(&row[column]) && !row[column].contains(" x "))
    }

    /// A heading, the table with its columns in line, and the notes.
    pub fn to_markdown(&self) -> String {
        let all = || [&self.columns].into_iter().chain(&self.rows);
        let width = |at: usize| all().map(|row| row[at].chars().count()).max().unwrap_or(0).max(3);
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let numbers: Vec<bool> = (0..self.columns.len()).map(|at| self.is_of_numbers(at)).collect();
        let line = |fields: &[String]| {
            let padded =
                fields.iter().zip(&widths).zip(&numbers).map(|((field, width), right)| match right {
                    true => format!(" {field:>width$} |"),
                    false => format!(" {field:width$} |"),
                });
            format!("|{}\n", padded.collect::<String>())
        };
        let dashes = widths.iter().zip(&numbers).map(|(width, right)| match right {
            true => format!("{}:", "-".repeat(width - 1)),
            false => "-".repeat(*width),
        });
        let rule: Vec<String> = dashes.collect();
        let rows: String = self.rows.iter().map(|row| line(row)).collect();
        let notes: String = self.notes.iter().map(|note| format!("\n{note}\n")).collect();
        format!("### {}\n\n{}{}{rows}{notes}", self.title, line(&self.columns), line(&rule))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_in_line() {
        let row = |a: &str, b: &str| [a.to_owned(), b.to_owned()];
        let table =
            Table::new("What", ["a", "long"], vec![row("µ", "1"), row("four", "22")]).with_note("Why.");
        let expected =
            "### What\n\n| a    | long |\n| ---- | ---: |\n| µ    |    1 |\n| four |   22 |\n\nWhy.\n";
        assert_eq!(table.to_markdown(), expected);
    }
}
