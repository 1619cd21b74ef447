//! Numbers over time, one below the other: each from 0 to its most, from the run's begin to its end.

use super::scene::{Colour, Scene, Shape};

/// A number in equal stretches of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// On the average of each stretch.
    pub mean: Vec<f64>,
    /// Its most in each stretch, where that is another number.
    pub most: Vec<f64>,
    /// What the chart's height stands for.
    pub top: f64,
}

/// Height of a chart, and from one to the next, in pixels: between them stand their titles, which the page writes.
pub const CHART: f64 = 30.0;
/// See [`CHART`].
pub const CHART_PITCH: f64 = 52.0;

/// Charts `width` pixels wide.
pub fn charts(all: &[Chart], width: f64) -> Scene {
    let mut scene = Scene::default();
    for (at, chart) in all.iter().enumerate() {
        let y = at as f64 * CHART_PITCH + (CHART_PITCH - CHART);
        chart.draw(y, width, &mut scene);
    }
    scene
}

impl Chart {
    fn draw(&self, y: f64, width: f64, scene: &mut Scene) {
        let ground = Shape::Rect {
            bounds: [0.0, y, width, CHART],
            radius: 2.0,
            fill: Some(Colour::Idle.alpha(0.8)),
            stroke: None,
        };
        scene.shapes.push(ground);
        self.columns(&self.most, y, width, 0.3, scene);
        self.columns(&self.mean, y, width, 0.85, scene);
    }

    fn columns(&self, values: &[f64], y: f64, width: f64, alpha: f32, scene: &mut Scene) {
        let step = width / values.len().max(1) as f64;
        let columns = values.iter().enumerate().filter(|(_, value)| **value > 0.0);
        scene.shapes.extend(columns.map(|(at, value)| {
            let height = (CHART * (value / self.top.max(f64::MIN_POSITIVE)).min(1.0)).max(0.75);
            Shape::Rect {
                bounds: [at as f64 * step, y + CHART - height, step, height],
                radius: 0.0,
                fill: Some(Colour::Op(0).alpha(alpha)),
                stroke: None,
            }
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_high_as_their_numbers() {
        let chart = Chart { mean: vec![0.0, 5.0, 20.0], most: Vec::new(), top: 10.0 };
        let Scene { shapes } = charts(&[chart], 300.0);
        let heights: Vec<f64> = shapes
            .iter()
            .filter_map(|shape| match shape {
                Shape::Rect { bounds: [x, _, width, height], .. } => Some((*x, *width, *height)),
                _ => None,
            })
            .inspect(|(x, width, _)| assert!(x + width <= 300.0))
            .map(|(.., height)| height)
            .collect();
        assert_eq!(
            heights,
            [CHART, CHART / 2.0, CHART],
            "the ground, half of it, and no more than all of it"
        );
    }
}
