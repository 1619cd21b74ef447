//! Random programs of convolutions and pools, and chips that run them.

use proptest::prelude::*;
use systole::base::Ratio;
use systole::chip::Chip;
use systole::num::DType;

/// Chips that multiply every dtype by itself, and small buffers, so that images come in bands.
pub fn on(chips: impl Strategy<Value = Chip>) -> impl Strategy<Value = Chip> {
    chips.prop_map(|chip| {
        let dtypes = [DType::I8, DType::I16, DType::Fp8, DType::Bf16, DType::F32];
        let bytes = chip.unified_buffer_bytes;
        let unified_buffer_bytes = if bytes < 1 << 20 { bytes / 20 } else { bytes };
        Chip {
            unified_buffer_bytes,
            rates: dtypes.map(|dtype| ((dtype, dtype), Ratio::whole(1).unwrap())).into(),
            ..chip
        }
    })
}

/// A convolution with or without bias, relu, requantisation and something to add, behind or before a pool.
pub fn program() -> impl Strategy<Value = String> {
    of(&["i8", "bf16", "f32", "fp8", "i16"])
}

/// The same of one dtype of a list.
pub fn of(dtypes: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::collection::vec(any::<u32>(), 0..50).prop_map(|rolls| Image { rolls: rolls.iter() }.program(dtypes))
}

struct Image<'a> {
    rolls: std::slice::Iter<'a, u32>,
}

impl Image<'_> {
    /// From 0 to `sides` - 1; 0 when the list is at its end.
    fn roll(&mut self, sides: usize) -> usize {
        self.rolls.next().map_or(0, |roll| *roll as usize % sides)
    }

    fn up_to(&mut self, most: usize) -> usize {
        1 + self.roll(most)
    }

    fn program(&mut self, dtypes: &[&str]) -> String {
        let dtype = dtypes[self.roll(dtypes.len())];
        let groups = self.up_to(3);
        let (n, each, per_group) = (self.up_to(3), self.up_to(4), self.up_to(5));
        let (each, sparse) = self.pruned(each);
        let (mut h, mut w) = (self.up_to(14), self.up_to(9));
        let (c, f) = (groups * each, groups * per_group);
        let mut text = format!("input x : {dtype}[{n}, {h}, {w}, {c}]\n");
        let mut operand = "x".to_owned();
        if ["i8", "bf16", "f32"].contains(&dtype) && self.roll(3) == 0 {
            text += &self.repeat(dtype, c, groups);
        }
        if self.roll(4) == 0 {
            let (pool, high, wide) = self.pool(dtype, h, w);
            (h, w) = (high, wide);
            text += &format!("p = {}\n", pool.replace('$', "x"));
            operand = "p".to_owned();
        }
        let padding: [usize; 4] = [(); 4].map(|()| self.roll(3));
        let (dilation, stride) = ([self.up_to(2), self.up_to(2)], [self.up_to(3), self.up_to(3)]);
        let (high, wide) = (h + padding[0] + padding[1], w + padding[2] + padding[3]);
        let size = [self.window(high, dilation[0]), self.window(wide, dilation[1])];
        text += &format!(
            "weight w : {dtype}[{}, {}, {each}, {f}]{sparse}\n\
             y = conv2d({operand}, w, stride={stride:?}, padding={padding:?}, dilation={dilation:?}, groups={groups})\n",
            size[0], size[1]
        );
        let place =
            |room: usize, side: usize| (room - (size[side] - 1) * dilation[side] - 1) / stride[side] + 1;
        let (oh, ow) = (place(high, 0), place(wide, 1));
        let sums = match dtype {
            "i8" | "i16" => "i32",
            "fp8" => "f32",
            other => other,
        };
        let mut last = "y".to_owned();
        if self.roll(2) == 0 {
            text += &format!("weight b : {sums}[{f}]\nz = {last} + b\n");
            last = "z".to_owned();
        }
        match self.roll(4) {
            0 => {
                text += &format!("weight o : {sums}[{n}, {oh}, {ow}, {f}]\nr = {last} + o\n");
                last = "r".to_owned();
            }
            1 => {
                text += &format!("r = relu({last})\n");
                last = "r".to_owned();
            }
            2 if sums == "i32" => {
                text += &format!("r = requant({last}, scale=3, shift=6)\n");
                last = "r".to_owned();
            }
            _ => {}
        }
        if self.roll(3) == 0 {
            let sums = if text.contains("requant") { "i8" } else { sums };
            let (pool, ..) = self.pool(sums, oh, ow);
            text += &format!("q = {}\n", pool.replace('$', &last));
            last = "q".to_owned();
        }
        text + &format!("output {last}\n")
    }

    /// A convolution again and again, each time with filters of its own.
    fn repeat(&mut self, dtype: &str, c: usize, groups: usize) -> String {
        let (count, groups) = (self.up_to(3), if self.roll(2) == 0 { groups } else { 1 });
        let sum = format!("conv2d(x, v, padding=1, groups={groups})");
        let next = if dtype == "i8" { format!("requant({sum}, shift=5)") } else { format!("{sum} + x") };
        let sparse = ["", " sparse[1:2]", " sparse[2:4]"][self.roll(3)];
        let pooled = ["next", "maxpool(next, window=3, stride=1, padding=1)"][self.roll(2)];
        format!(
            "repeat {count} {{\n    weight v : {dtype}[3, 3, {}, {c}]{sparse}\n    next = {next}\n    x = {pooled}\n}}\n",
            c / groups
        )
    }

    /// Channels of a group, and how filters are pruned along them, if they are: often such as are whole groups.
    fn pruned(&mut self, each: usize) -> (usize, &'static str) {
        let rules =
            [(1, ""), (2, " sparse[1:2]"), (4, " sparse[2:4]"), (4, " sparse[1:4]"), (3, " sparse[1:3]")];
        let (of, sparse) = rules[self.roll(rules.len())];
        (if self.roll(3) == 0 { each } else { each.next_multiple_of(of) }, sparse)
    }

    /// A window's side that fits.
    fn window(&mut self, room: usize, dilation: usize) -> usize {
        self.up_to(3.min((room - 1) / dilation + 1))
    }

    /// A pool of `$`, and the extents of its result.
    fn pool(&mut self, dtype: &str, h: usize, w: usize) -> (String, usize, usize) {
        let kind = if dtype.starts_with('i') || self.roll(2) == 0 { "maxpool" } else { "avgpool" };
        let size = [self.up_to(3.min(h)), self.up_to(3.min(w))];
        let stride = [self.up_to(3), self.up_to(3)];
        let padding: [usize; 4] = std::array::from_fn(|side| self.roll(size[side / 2]));
        let place = |room: usize, side: usize| {
            (room + padding[2 * side] + padding[2 * side + 1] - size[side]) / stride[side] + 1
        };
        let text = format!("{kind}($, window={size:?}, stride={stride:?}, padding={padding:?})");
        (text, place(h, 0), place(w, 1))
    }
}
