//! The files that a program may load, by path.

use litemap::LiteMap;

use super::npy::{self, NpyError};
use crate::graph::{LoadError, Loader};
use crate::num::{Array, Values};

/// Files held in memory: dropped on the page, fetched beside an example, or read from disk.
#[derive(Debug, Default)]
pub struct Files {
    arrays: LiteMap<String, Result<Array, NpyError>>,
}

fn bytes_of(array: &Array) -> usize {
    array.values.len() * array.ty.dtype.bytes()
}

impl Files {
    /// Bytes of all files together.
    pub const MOST_BYTES: usize = 256 << 20;

    /// Keeps what a file holds. A bad file is kept too, so that the program that loads it can say what is wrong.
    pub fn insert(&mut self, path: &str, bytes: &[u8]) -> Result<(), NpyError> {
        let others = self.arrays.iter().filter(|(known, _)| *known != path);
        let held: usize = others.map(|(_, array)| array.as_ref().map_or(0, bytes_of)).sum();
        if held + bytes.len() > Self::MOST_BYTES {
            let message = format!("with it, files would have more than {} bytes", Self::MOST_BYTES);
            return Err(NpyError { message, hint: "forget another file first" });
        }
        let parsed = npy::parse(bytes);
        let outcome = parsed.as_ref().map(|_| ()).map_err(Clone::clone);
        self.arrays.insert(path.to_owned(), parsed);
        outcome
    }

    /// Forgets a file.
    pub fn remove(&mut self, path: &str) {
        self.arrays.remove(path);
    }

    /// Overwrites a row of an i8 matrix; false if there is no such row of that length.
    pub fn set_row(&mut self, path: &str, row: usize, new: &[i8]) -> bool {
        let Some(Ok(Array { ty, values: Values::I8(values) })) = self.arrays.get_mut(path) else {
            return false;
        };
        let (rows, cols) = ty.shape.as_matrix();
        let fits = row < rows && new.len() == cols;
        if fits {
            values[row * cols..][..cols].copy_from_slice(new);
        }
        fits
    }

    /// The array of a good file.
    pub fn array(&self, path: &str) -> Option<&Array> {
        self.arrays.get(path)?.as_ref().ok()
    }
}

impl Loader for Files {
    fn load(&self, path: &str) -> Result<Array, LoadError> {
        check_path(path)?;
        match self.arrays.get(path) {
            Some(Ok(array)) => Ok(array.clone()),
            Some(Err(bad)) => {
                Err(LoadError { message: format!("`{path}` cannot be read: {}", bad.message), hint: bad.hint.into() })
            }
            None => Err(LoadError {
                message: format!("there is no file `{path}`"),
                hint: self.near(path).unwrap_or_else(|| {
                    "drop the .npy file on the page, or leave out `= load(...)`: then values are made from the name".into()
                }),
            }),
        }
    }
}

impl Files {
    fn near(&self, path: &str) -> Option<String> {
        let distance = |known: &&String| strsim::osa_distance(known, path);
        let nearest = self.arrays.keys().min_by_key(distance)?;
        (distance(&nearest) <= 3).then(|| format!("did you mean `{nearest}`?"))
    }
}

/// A path must stay beside its program: relative, with no `..`, and end in `.npy`.
pub fn check_path(path: &str) -> Result<(), LoadError> {
    let inside = path.split(['/', '\\']).all(|part| !matches!(part, "" | "." | ".."))
        && !path.bytes().any(|byte| byte == b':');
    if !inside || path.len() > 255 {
        let message =
            format!("`{}` is no path beside the program", path.chars().take(60).collect::<String>());
        return Err(LoadError { message, hint: "use a relative path such as \"digits/x.npy\"".into() });
    }
    if !path.ends_with(".npy") {
        let message = format!("`{path}` is no .npy file");
        return Err(LoadError {
            message,
            hint: "arrays come from NumPy's files: `np.save(\"x.npy\", x)`".into(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_beside_the_program() {
        assert!(check_path("digits/x.npy").is_ok());
        for bad in ["/etc/x.npy", "../x.npy", "a/../../x.npy", "C:\\x.npy", "", "x.txt", "a//x.npy"] {
            assert!(check_path(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_missing_file_suggests_a_near_one() {
        let mut files = Files::default();
        assert!(files.insert("digits/w1.npy", b"junk").is_err());
        assert_eq!(files.load("digits/w2.npy").unwrap_err().hint, "did you mean `digits/w1.npy`?");
        assert!(files.load("digits/w1.npy").unwrap_err().message.contains("no .npy file"));
    }
}
