//! NumPy's `.npy` files, versions 1 to 3, of i8 and i32 in one or two dimensions.
//!
//! Source of the format: NumPy Enhancement Proposal 1 and `numpy.lib.format`. The crates that read it either bring a
//! parser generator and big integers with them or allocate what a header claims, so this is written here.

use crate::num::{Array, DType, Shape, Type, Values};

/// Largest file that is read, in bytes: the largest tensor of 32-bit elements and its header.
pub const MOST_BYTES: usize = 4 * Shape::MOST_VALUES + (1 << 16);

const MAGIC: &[u8] = b"\x93NUMPY";
const AS_I8: &str = "save it as 8-bit integers: `np.save(path, x.astype(np.int8))`";

/// A file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NpyError {
    /// What is wrong, to be read after the file's name and a colon.
    pub message: String,
    /// How to mend it.
    pub hint: &'static str,
}

fn error<T>(message: impl Into<String>, hint: &'static str) -> Result<T, NpyError> {
    Err(NpyError { message: message.into(), hint })
}

/// The array in a file.
pub fn parse(bytes: &[u8]) -> Result<Array, NpyError> {
    if bytes.len() > MOST_BYTES {
        let message = format!("it has {} bytes, more than the {MOST_BYTES} that are read", bytes.len());
        return error(message, "load a smaller array");
    }
    let (header, data) = split(bytes)?;
    let (dtype, big_endian) = dtype(field(header, "descr")?)?;
    let shape = shape(field(header, "shape")?)?;
    let needed = shape.count() * dtype.bytes();
    if data.len() != needed {
        let message =
            format!("its header promises {dtype}{shape}, {needed} bytes, but {} bytes follow", data.len());
        return error(message, "the file is truncated or its header is wrong: save it again");
    }
    let mut values = decode(dtype, big_endian, data);
    if field(header, "fortran_order")?.starts_with("True") {
        values = transposed(&values, &shape);
    }
    Ok(Array { ty: Type { dtype, shape }, values })
}

/// Header text and data.
fn split(bytes: &[u8]) -> Result<(&str, &[u8]), NpyError> {
    const AGAIN: &str = "save it again with `np.save(path, x)`";
    if !bytes.starts_with(MAGIC) {
        return error("it is no .npy file: the first bytes are not NumPy's", AGAIN);
    }
    let (len, start) = match bytes[MAGIC.len()..] {
        [1, _, a, b, ..] => (u32::from(u16::from_le_bytes([a, b])), 10),
        [2 | 3, _, a, b, c, d, ..] => (u32::from_le_bytes([a, b, c, d]), 12),
        [1..=3, ..] | [] => return error("it ends within its header", AGAIN),
        [version, ..] => return error(format!("it has version {version}; versions 1 to 3 are read"), AGAIN),
    };
    let Some(header) = bytes[start..].get(..len as usize) else {
        return error("it ends within its header", AGAIN);
    };
    match std::str::from_utf8(header) {
        Ok(text) => Ok((text, &bytes[start + header.len()..])),
        Err(_) => error("its header is not text", AGAIN),
    }
}

/// The text behind `'key':` in the header, a Python dictionary of three entries that NumPy writes itself.
fn field<'h>(header: &'h str, key: &str) -> Result<&'h str, NpyError> {
    let mut quotes = header.char_indices().filter(|(_, c)| matches!(c, '\'' | '"'));
    let behind = |(at, quote): (usize, char)| header[at + 1..].strip_prefix(key)?.strip_prefix(quote);
    match quotes.find_map(behind).and_then(|rest| rest.trim_start().strip_prefix(':')) {
        Some(value) => Ok(value.trim_start()),
        None => error(format!("its header has no `{key}`"), "save it again with `np.save(path, x)`"),
    }
}

/// Dtype, and whether the bytes are the big-endian way round.
fn dtype(text: &str) -> Result<(DType, bool), NpyError> {
    let code: String = text.chars().skip(1).take_while(|c| !matches!(c, '\'' | '"')).take(16).collect();
    match code.as_str() {
        "|i1" | "<i1" | ">i1" => Ok((DType::I8, false)),
        "<i4" | "=i4" => Ok((DType::I32, false)),
        ">i4" => Ok((DType::I32, true)),
        _ => {
            let name = numpy_name(&code);
            error(
                format!("it holds {name}; i8 and i32 are read"),
                if name == "int64" { AS_EITHER } else { AS_I8 },
            )
        }
    }
}

const AS_EITHER: &str = "save it as `x.astype(np.int8)`, or `x.astype(np.int32)` for a bias";

/// What NumPy calls a dtype code.
fn numpy_name(code: &str) -> String {
    let name = match code.trim_start_matches(['<', '>', '|', '=']) {
        "u1" => "uint8",
        "i2" => "int16",
        "i8" => "int64",
        "f2" => "float16",
        "f4" => "float32",
        "f8" => "float64",
        "b1" => "bool",
        _ => return format!("dtype `{}`", code.replace(char::is_control, " ")),
    };
    name.to_owned()
}

/// `(8, 64)`; NumPy writes a vector as `(64,)`.
fn shape(text: &str) -> Result<Shape, NpyError> {
    const HINT: &str = "reshape it to one or two dimensions before saving it";
    let inner = text.strip_prefix('(').and_then(|rest| rest.split_once(')'));
    let Some((inner, _)) = inner else {
        return error("its header has no shape", "save it again with `np.save(path, x)`");
    };
    let words = inner.split(',').map(str::trim).filter(|w| !w.is_empty()).take(3);
    let dims: Result<Vec<usize>, _> = words.map(str::parse).collect();
    match dims {
        Err(_) => error("its shape holds something that is no number, or too large a one", HINT),
        Ok(dims) if !(1..=2).contains(&dims.len()) => error(format!("its shape is ({inner})"), HINT),
        Ok(dims) if dims.contains(&0) => {
            error("it is empty: an extent of its shape is 0", "save at least one value")
        }
        Ok(dims) => match dims.iter().try_fold(1usize, |n, d| n.checked_mul(*d)) {
            Some(n) if n <= Shape::MOST_VALUES => Ok(Shape::from(dims)),
            _ => error(
                format!("its shape ({inner}) has more than {} elements", Shape::MOST_VALUES),
                "load a smaller array",
            ),
        },
    }
}

fn decode(dtype: DType, big_endian: bool, data: &[u8]) -> Values {
    let word = |b: &[u8]| {
        if big_endian {
            i32::from_be_bytes([b[0], b[1], b[2], b[3]])
        } else {
            i32::from_le_bytes([b[0], b[1], b[2], b[3]])
        }
    };
    match dtype {
        DType::I8 => Values::I8(data.iter().map(|b| *b as i8).collect()),
        DType::I32 => Values::I32(data.chunks_exact(4).map(word).collect()),
        other => unreachable!("{other} is none of those read"),
    }
}

/// Column-major values in row-major order.
fn transposed(values: &Values, shape: &Shape) -> Values {
    let (rows, cols) = shape.as_matrix();
    let mut out = Values::zeros(values.dtype(), values.len());
    for row in 0..rows {
        for col in 0..cols {
            out.set(row * cols + col, values.get(col * rows + row));
        }
    }
    out
}

/// A version 1 file of these values, as `np.save` writes it.
pub fn write(array: &Array) -> Vec<u8> {
    let dims: Vec<String> = array.ty.shape.0.iter().map(usize::to_string).collect();
    let tuple = if dims.len() == 1 { format!("({},)", dims[0]) } else { format!("({})", dims.join(", ")) };
    let descr = match array.ty.dtype {
        DType::I8 => "|i1",
        DType::I32 => "<i4",
        other => unreachable!("{other} is none of DType::VALUED"),
    };
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {tuple}, }}");
    // NumPy aligns the data to 64 bytes with spaces and ends the header with a line break.
    let unpadded = MAGIC.len() + 4 + header.len() + 1;
    header += &" ".repeat(unpadded.next_multiple_of(64) - unpadded);
    header.push('\n');
    let mut bytes = [MAGIC, &[1, 0], &(header.len() as u16).to_le_bytes(), header.as_bytes()].concat();
    bytes.extend(array.values.le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        [MAGIC, &[1, 0], &(header.len() as u16).to_le_bytes(), header.as_bytes(), data].concat()
    }

    #[test]
    fn what_is_written_is_read() {
        for (dtype, dims) in [(DType::I8, vec![3, 2]), (DType::I32, vec![7]), (DType::I32, vec![1, 1])] {
            let array = crate::num::seeded("x", Type { dtype, shape: Shape::from(dims) });
            assert_eq!(parse(&write(&array)), Ok(array));
        }
    }

    #[test]
    fn column_major_and_big_endian_files_are_read() {
        let fortran = file("{'descr': '|i1', 'fortran_order': True, 'shape': (2, 3), }", &[1, 4, 2, 5, 3, 6]);
        assert_eq!(parse(&fortran).map(|a| a.values), Ok(Values::I8(vec![1, 2, 3, 4, 5, 6])));
        let big = file("{'descr': '>i4', 'fortran_order': False, 'shape': (1,), }", &[0, 0, 1, 2]);
        assert_eq!(parse(&big).map(|a| a.values), Ok(Values::I32(vec![258])));
    }

    #[test]
    fn each_way_of_being_wrong_is_named() {
        let whole = file("{'descr': '|i1', 'fortran_order': False, 'shape': (2, 2), }", &[1, 2, 3]);
        let cases: [(Vec<u8>, &str); 10] = [
            (vec![], "no .npy file"),
            (b"PK\x03\x04".to_vec(), "no .npy file"),
            (MAGIC.to_vec(), "ends within its header"),
            ([MAGIC, &[1, 0, 200, 0, b'{']].concat(), "ends within its header"),
            ([MAGIC, &[9, 0, 1, 0, b'{']].concat(), "version 9"),
            (whole, "4 bytes, but 3 bytes follow"),
            (file("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", &[0; 4]), "float32"),
            (file("{'descr': '|i1', 'fortran_order': False, 'shape': (0, 4), }", &[]), "it is empty"),
            (
                file("{'descr': '|i1', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", &[]),
                "more than",
            ),
            (
                file("{'descr': '|i1', 'fortran_order': False, 'shape': (1, 2, 3), }", &[0; 6]),
                "its shape is (1, 2, 3)",
            ),
        ];
        for (bytes, expected) in cases {
            let message = parse(&bytes).expect_err(expected).message;
            assert!(message.contains(expected), "{message:?} should say {expected:?}");
        }
    }
}
