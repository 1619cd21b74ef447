//! Random programs that move elements: tensors of several axes, reshaped, transposed, cut, put together, gathered, multiplied.

use proptest::prelude::*;

/// Random numbers by which a program is made: proptest shrinks the list.
pub struct Dice<'a> {
    rolls: std::slice::Iter<'a, u32>,
}

impl Dice<'_> {
    /// From 0 to `sides` - 1; 0 when the list is at its end.
    fn roll(&mut self, sides: usize) -> usize {
        self.rolls.next().map_or(0, |roll| *roll as usize % sides)
    }

    fn shape(&mut self, axes: usize, most: usize) -> Vec<usize> {
        (0..axes).map(|_| 1 + self.roll(most)).collect()
    }
}

fn written(shape: &[usize]) -> String {
    let extents: Vec<String> = shape.iter().map(usize::to_string).collect();
    format!("[{}]", extents.join(", "))
}

/// What moves elements, step by step; some steps lead to an output.
pub fn program() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<u32>(), 0..60).prop_map(|rolls| {
        let mut dice = Dice { rolls: rolls.iter() };
        let axes = 1 + dice.roll(4);
        let mut shape = dice.shape(axes, 7);
        let mut text = format!("input x0 : i8{}\n", written(&shape));
        let steps = 1 + dice.roll(4);
        for at in 0..steps {
            let (declared, value) = step(&mut dice, at, &mut shape);
            text += &format!("{declared}x{} = {value}\n", at + 1);
            if dice.roll(3) == 0 {
                text += &format!("output x{}\n", at + 1);
            }
        }
        // Vector work or a product at the end.
        let (rows, cols) = (shape[..shape.len() - 1].iter().product::<usize>(), shape[shape.len() - 1]);
        match dice.roll(3) {
            0 => text + &format!("output x{steps}\n"),
            _ => {
                let width = 1 + dice.roll(9);
                text + &format!(
                    "weight w : i8[{cols}, {width}]\noutput reshape(x{steps}, [{rows}, {cols}]) @ w\n"
                )
            }
        }
    })
}

/// Contractions of tensors of several axes in any order, work along any axis, and tensors that are repeated.
pub fn products() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<u32>(), 0..60).prop_map(|rolls| {
        let mut dice = Dice { rolls: rolls.iter() };
        let dtype = ["i8", "bf16", "f32"][dice.roll(3)];
        let sides = dice.shape(6, 5);
        // Axes of the first alone, of the second alone, of all three, and those that are summed.
        let mut labels = [Vec::new(), Vec::new(), Vec::new()];
        for (at, label) in ('a'..='f').enumerate() {
            let [left, right, out] = [[1, 0, 1], [0, 1, 1], [1, 1, 0], [1, 1, 1]][(at + dice.roll(3)) % 4];
            [left, right, out].iter().zip(&mut labels).filter(|(has, _)| **has == 1).for_each(|(_, list)| {
                let place = dice.roll(list.len() + 1);
                list.insert(place, label);
            });
        }
        let shape = |list: &Vec<char>| -> Vec<usize> {
            list.iter().map(|label| sides[*label as usize - 'a' as usize]).collect()
        };
        let word = |list: &Vec<char>| -> String { list.iter().collect() };
        let [left, right, out] = &labels;
        if left.is_empty() || right.is_empty() || out.is_empty() {
            return "input x : i8[2, 3]\noutput x.T\n".to_owned();
        }
        let mut text = format!(
            "input x : {dtype}{}\ninput w : {dtype}{}\n",
            written(&shape(left)),
            written(&shape(right))
        );
        text += &format!("y = einsum(\"{},{}->{}\", x, w)\n", word(left), word(right), word(out));
        let of = if dtype == "i8" { "i32" } else { dtype };
        // Some axes of extent 1, some missing.
        let added = shape(out).split_off(dice.roll(out.len()));
        let added: Vec<usize> =
            added.iter().map(|extent| if dice.roll(3) == 0 { 1 } else { *extent }).collect();
        let more = shape(&out.to_vec());
        let axis = dice.roll(more.len());
        text += &format!("input b : {of}{}\n", written(&added));
        let value = match dice.roll(5) {
            0 => "y + b".to_owned(),
            1 => "b + y".to_owned(),
            2 => format!("sum(y, axis={axis})"),
            3 => format!("argmax(y + b, axis={axis})"),
            _ if of == "i32" => format!("max(y, axis={axis})"),
            _ => format!("softmax(y, axis={axis})"),
        };
        text + &format!("output {value}\noutput y\n")
    })
}

/// Declarations, and what is made of `x{at}`, whose shape becomes the result's.
fn step(dice: &mut Dice, at: usize, shape: &mut Vec<usize>) -> (String, String) {
    let none = String::new();
    match dice.roll(5) {
        0 => {
            let mut order: Vec<usize> = (0..shape.len()).collect();
            (0..order.len()).for_each(|axis| order.swap(axis, dice.roll(shape.len())));
            let value = format!("transpose(x{at}, {})", written(&order));
            *shape = order.iter().map(|axis| shape[*axis]).collect();
            (none, value)
        }
        1 => {
            let all: usize = shape.iter().product();
            let divisors: Vec<usize> = (1..=all).filter(|side| all.is_multiple_of(*side)).collect();
            let side = divisors[dice.roll(divisors.len())];
            *shape = vec![side, all / side];
            (none, format!("reshape(x{at}, {})", written(shape)))
        }
        2 => {
            let cut = |extent: &usize| {
                let from = dice.roll(*extent);
                let until = from + 1 + dice.roll(extent - from);
                let step = 1 + dice.roll(3);
                (from, until, step)
            };
            let cuts: Vec<(usize, usize, usize)> = shape.iter().map(cut).collect();
            let value: Vec<String> =
                cuts.iter().map(|(from, until, step)| format!("{from}:{until}:{step}")).collect();
            *shape = cuts.iter().map(|(from, until, step)| (until - from).div_ceil(*step)).collect();
            (none, format!("x{at}[{}]", value.join(", ")))
        }
        3 => {
            let axis = dice.roll(shape.len());
            let other: Vec<usize> = shape
                .iter()
                .enumerate()
                .map(|(at, extent)| if at == axis { 1 + dice.roll(4) } else { *extent })
                .collect();
            let before = shape[axis];
            shape[axis] += before + other[axis];
            let declared = format!("input y{at} : i8{}\n", written(&other));
            (declared, format!("concat([x{at}, y{at}, x{at}], axis={axis})"))
        }
        _ => {
            let axis = dice.roll(shape.len());
            let axes = 1 + dice.roll(2);
            let places = dice.shape(axes, 4);
            let declared = format!("input p{at} : i32{}\n", written(&places));
            shape.splice(axis..=axis, places);
            if shape.len() > 6 {
                let (rows, cols) = (shape[..3].iter().product(), shape[3..].iter().product());
                *shape = vec![rows, cols];
                return (declared, format!("reshape(gather(x{at}, p{at}, axis={axis}), {})", written(shape)));
            }
            (declared, format!("gather(x{at}, p{at}, axis={axis})"))
        }
    }
}
