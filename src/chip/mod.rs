//! The machine description: how large the array is and what stands around it.

/// An accelerator: one weight-stationary array with its accumulators and a vector unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chip {
    /// Shown to people.
    pub name: String,
    /// R: rows of PEs. A tile of weights has as many rows of k.
    pub rows: usize,
    /// C: columns of PEs. A tile of weights has as many columns of n.
    pub cols: usize,
    /// When the next tile's load may start.
    pub weights: WeightBuffering,
    /// Rows of C sums of 32 bits; two output tiles share them, so that one drains while the next fills.
    pub accumulator_rows: usize,
    /// Elements that the vector unit works on in a cycle.
    pub vector_lanes: usize,
    /// Cycles from the vector unit's last element to its event.
    pub vector_latency: u64,
}

/// How many tiles of weights a PE can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightBuffering {
    /// Active and shadow register: the next tile loads behind the running pass.
    Double,
    /// The next load waits until the last wave has crossed the array.
    Single,
}

/// A chip that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChipError {
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub hint: String,
}

impl Chip {
    /// Greatest number of rows and of columns.
    pub const MOST_SIDE: usize = 256;

    /// A chip for the classroom: double-buffered weights, one vector lane a column, 4096 accumulator rows as TPU v1
    /// has (Jouppi et al., ISCA 2017), and a vector pipeline of one cycle, which is assumed.
    pub fn classroom(rows: usize, cols: usize) -> Result<Chip, ChipError> {
        for (side, size) in [("rows", rows), ("columns", cols)] {
            check_side(side, size)?;
        }
        Ok(Chip {
            name: format!("Classroom {rows} x {cols}"),
            rows,
            cols,
            weights: WeightBuffering::Double,
            accumulator_rows: 4096,
            vector_lanes: cols,
            vector_latency: 1,
        })
    }

    /// PEs in the array.
    pub fn pes(&self) -> u64 {
        (self.rows * self.cols) as u64
    }
}

fn check_side(side: &str, size: usize) -> Result<(), ChipError> {
    if (1..=Chip::MOST_SIDE).contains(&size) {
        return Ok(());
    }
    Err(ChipError {
        message: format!("an array of {size} {side} cannot be built"),
        hint: format!("choose from 1 to {} {side}", Chip::MOST_SIDE),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_checked() {
        assert!(Chip::classroom(1, 256).is_ok());
        assert_eq!(Chip::classroom(0, 4).unwrap_err().message, "an array of 0 rows cannot be built");
        assert_eq!(Chip::classroom(4, 257).unwrap_err().hint, "choose from 1 to 256 columns");
    }
}
