//! NumPy's `.npy` files, versions 1 to 3, of every dtype that a program has, with any number of axes.
//!
//! NumPy has no bf16 and no fp8; ml_dtypes, which JAX uses, has. It saves them as bytes without a meaning, `<V2` and `<V1`, so
//! that the file does not say which floats they are: here two bytes are bf16, one is fp8.
//!
//! Source of the format: NumPy Enhancement Proposal 1 and `numpy.lib.format`. The crates that read it either bring a
//! parser generator and big integers with them or allocate what a header claims, so this is written here.

use crate::num::{Array, DType, Shape, Type, Values};

/// Largest file that is read, in bytes: the largest tensor of 32-bit elements and its header.
pub const MOST_BYTES: usize = 4 * Shape::MOST_VALUES + (1 << 16);

const MAGIC: &[u8] = b"\x93NUMPY";
const SMALLER: &str = "load a smaller array";

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
        return error(message, SMALLER);
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
    let column_major = field(header, "fortran_order")?.starts_with("True");
    let mut values = Values::zeros(dtype, shape.count());
    for at in 0..values.len() {
        let place = if column_major { column_major_place(at, &shape) } else { at };
        values.set_bits(at, word(&data[place * dtype.bytes()..][..dtype.bytes()], big_endian));
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
    let kind = code.trim_start_matches(['<', '>', '|', '=']);
    let dtype = match kind {
        "i1" => DType::I8,
        "i2" => DType::I16,
        "i4" => DType::I32,
        "f4" => DType::F32,
        "V1" | "float8_e4m3fn" => DType::Fp8,
        "V2" | "bfloat16" => DType::Bf16,
        _ => return unread(&code, kind),
    };
    Ok((dtype, code.starts_with('>')))
}

/// Says what a file holds instead of a dtype that is read.
fn unread<T>(code: &str, kind: &str) -> Result<T, NpyError> {
    const AS_FLOATS: &str = "save it as `x.astype(np.float32)`, or as `ml_dtypes.bfloat16`";
    const AS_INTEGERS: &str = "save it as `x.astype(np.int8)`, or as int16 or int32 where it needs more bits";
    const AS_ANY: &str = "save it as one of them, as in `np.save(path, x.astype(np.float32))`";
    let (name, hint) = match kind {
        "f2" => ("float16", AS_FLOATS),
        "f8" => ("float64", AS_FLOATS),
        "i8" => ("int64", AS_INTEGERS),
        "u1" => ("uint8", AS_INTEGERS),
        "b1" => ("bool", AS_INTEGERS),
        // Fields: a list of names and dtypes.
        "(" => ("elements of several parts", AS_ANY),
        _ => (&*format!("dtype `{}`", code.replace(char::is_control, " ")), AS_ANY),
    };
    error(format!("it holds {name}; i8, i16, i32, fp8, bf16 and f32 are read"), hint)
}

/// `(8, 64)`; NumPy writes a vector as `(64,)`, a single number as `()`.
fn shape(text: &str) -> Result<Shape, NpyError> {
    const HINT: &str = "at most 8 axes are possible: reshape it before saving it";
    let inner = text.strip_prefix('(').and_then(|rest| rest.split_once(')'));
    let Some((inner, _)) = inner else {
        return error("its header has no shape", "save it again with `np.save(path, x)`");
    };
    let words = inner.split(',').map(str::trim).filter(|w| !w.is_empty()).take(Shape::MOST_AXES + 1);
    let dims: Result<Vec<usize>, _> = words.map(str::parse).collect();
    match dims {
        Err(_) => error("its shape holds something that is no number, or too large a one", HINT),
        Ok(dims) if dims.len() > Shape::MOST_AXES => error(format!("its shape is ({inner})"), HINT),
        Ok(dims) if dims.contains(&0) => {
            error("it is empty: an extent of its shape is 0", "save at least one value")
        }
        Ok(dims) => match dims.iter().try_fold(1usize, |n, d| n.checked_mul(*d)) {
            Some(n) if n <= Shape::MOST_VALUES => Ok(Shape::from(dims)),
            _ => error(format!("its shape ({inner}) has more than {} elements", Shape::MOST_VALUES), SMALLER),
        },
    }
}

/// The bits of an element, from its one to four bytes.
fn word(bytes: &[u8], big_endian: bool) -> u32 {
    let push = |word: u32, byte: &u8| word << 8 | u32::from(*byte);
    if big_endian { bytes.iter().fold(0, push) } else { bytes.iter().rev().fold(0, push) }
}

/// Where column-major order has the element that row-major order has at a place.
fn column_major_place(mut at: usize, shape: &Shape) -> usize {
    let (mut place, mut stride) = (0, shape.count());
    for extent in shape.0.iter().rev() {
        stride /= extent;
        place += at % extent * stride;
        at /= extent;
    }
    place
}

/// A version 1 file of these values, as `np.save` writes it. What it reads back of bf16 and fp8 are bytes:
/// `np.load(path).view(ml_dtypes.bfloat16)`.
pub fn write(array: &Array) -> Vec<u8> {
    let dims: Vec<String> = array.ty.shape.0.iter().map(usize::to_string).collect();
    let tuple = if dims.len() == 1 { format!("({},)", dims[0]) } else { format!("({})", dims.join(", ")) };
    let descr = match array.ty.dtype {
        DType::I8 => "|i1",
        DType::I16 => "<i2",
        DType::I32 => "<i4",
        DType::Fp8 => "<V1",
        DType::Bf16 => "<V2",
        DType::F32 => "<f4",
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
        for dtype in DType::ALL {
            for dims in [vec![], vec![7], vec![3, 2], vec![1, 1], vec![1, 2, 1, 2, 1, 2, 1, 2]] {
                let array = crate::num::seeded("x", Type { dtype, shape: Shape::from(dims) });
                assert_eq!(parse(&write(&array)), Ok(array));
            }
        }
    }

    /// NumPy 2.4.6 with ml_dtypes 0.6.0: `np.save(path, np.array([1.5, -2], dtype))`.
    #[test]
    fn floats_of_ml_dtypes_are_read() {
        let of = |header: &str, data: &[u8]| parse(&file(header, data)).map(|array| array.values);
        let bf16 = Values::F32(vec![1.5, -2.0]).cast(DType::Bf16);
        let fp8 = bf16.cast(DType::Fp8);
        let little = "{'descr': '<V2', 'fortran_order': False, 'shape': (2,), }";
        let big = "{'descr': '>V2', 'fortran_order': False, 'shape': (2,), }";
        let one_byte = "{'descr': '<V1', 'fortran_order': False, 'shape': (2,), }";
        assert_eq!(of(little, &[0xc0, 0x3f, 0x00, 0xc0]), Ok(bf16.clone()));
        assert_eq!(of(big, &[0x3f, 0xc0, 0xc0, 0x00]), Ok(bf16.clone()));
        assert_eq!(of(&little.replace("<V2", "bfloat16"), &[0xc0, 0x3f, 0x00, 0xc0]), Ok(bf16));
        assert_eq!(of(one_byte, &[0x3c, 0xc0]), Ok(fp8.clone()));
        assert_eq!(of(&one_byte.replace("<V1", "|V1"), &[0x3c, 0xc0]), Ok(fp8));
    }

    #[test]
    fn column_major_and_big_endian_files_are_read() {
        let fortran = file("{'descr': '|i1', 'fortran_order': True, 'shape': (2, 3), }", &[1, 4, 2, 5, 3, 6]);
        assert_eq!(parse(&fortran).map(|a| a.values), Ok(Values::I8(vec![1, 2, 3, 4, 5, 6])));
        // `np.asfortranarray(np.arange(12, dtype=">i2").reshape(2, 3, 2))`
        let words: Vec<u8> =
            [0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11].into_iter().flat_map(|x| [0, x]).collect();
        let three = file("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3, 2), }", &words);
        assert_eq!(parse(&three).map(|a| a.values), Ok(Values::I16((0..12).collect())));
        let big = file("{'descr': '>i4', 'fortran_order': False, 'shape': (1,), }", &[0, 0, 1, 2]);
        assert_eq!(parse(&big).map(|a| a.values), Ok(Values::I32(vec![258])));
        let number = file("{'descr': '>f4', 'fortran_order': True, 'shape': (), }", &[0x3f, 0xc0, 0, 0]);
        assert_eq!(parse(&number).map(|a| a.values), Ok(Values::F32(vec![1.5])));
    }

    #[test]
    fn there_is_one_nan_but_in_fp8_of_either_sign() {
        let of = |descr: &str, data: &[u8]| {
            let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (), }}");
            parse(&file(&header, data)).map(|array| array.values.le_bytes().collect::<Vec<u8>>())
        };
        assert_eq!(of("<f4", &[1, 0, 0x80, 0xff]), Ok(vec![0, 0, 0xc0, 0x7f]));
        assert_eq!(of("<V2", &[0x81, 0xff]), Ok(vec![0xc0, 0x7f]));
        assert_eq!(of("<V1", &[0xff]), Ok(vec![0xff]));
    }

    #[test]
    fn each_way_of_being_wrong_is_named() {
        let of = |descr: &str, shape: &str, data: usize| {
            let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
            file(&header, &vec![0; data])
        };
        let cases: [(Vec<u8>, &str); 15] = [
            (vec![], "no .npy file"),
            (b"PK\x03\x04".to_vec(), "no .npy file"),
            (MAGIC.to_vec(), "ends within its header"),
            ([MAGIC, &[1, 0, 200, 0, b'{']].concat(), "ends within its header"),
            ([MAGIC, &[9, 0, 1, 0, b'{']].concat(), "version 9"),
            (of("|i1", "(2, 2)", 3), "4 bytes, but 3 bytes follow"),
            (of("<V2", "(2, 2)", 4), "bf16[2, 2], 8 bytes, but 4 bytes follow"),
            (of("<f8", "(1,)", 8), "float64"),
            (of("<f2", "(1,)", 2), "float16"),
            (of("<i8", "(1,)", 8), "int64"),
            (of("<U1", "(1,)", 4), "dtype `<U1`"),
            (
                file("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (1,), }", &[0; 4]),
                "several parts",
            ),
            (of("|i1", "(0, 4)", 0), "it is empty"),
            (of("|i1", "(4294967296, 4294967296)", 0), "more than"),
            (of("|i1", "(1, 1, 1, 1, 1, 1, 1, 1, 1)", 1), "its shape is (1, 1, 1, 1, 1, 1, 1, 1, 1)"),
        ];
        for (bytes, expected) in cases {
            let message = parse(&bytes).expect_err(expected).message;
            assert!(message.contains(expected), "{message:?} should say {expected:?}");
        }
    }
}
