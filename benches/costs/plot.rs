//! Cost against size, drawn by plotters.

use super::Outcome;
use plotters::prelude::*;
use std::path::Path;

/// One plot: a picture for each facet, both axes logarithmic, a line for each program.
pub(crate) struct Plot {
    /// What the axes show.
    pub(crate) x: &'static str,
    pub(crate) y: &'static str,
    pub(crate) points: Vec<Point>,
}

/// One median.
pub(crate) struct Point {
    pub(crate) facet: String,
    pub(crate) line: String,
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// Colours that people with any kind of sight tell apart (Okabe and Ito).
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 0, 0),
    RGBColor(213, 94, 0),
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
];

/// The size of one picture.
const SIZE: (u32, u32) = (440, 320);

impl Plot {
    /// Writes it as SVG.
    pub(crate) fn draw(&self, path: &Path) -> Outcome<()> {
        let distinct = |of: fn(&Point) -> &String| {
            let mut names: Vec<&String> = Vec::new();
            self.points.iter().map(of).for_each(|name| {
                if !names.contains(&name) {
                    names.push(name);
                }
            });
            names
        };
        let (facets, lines) = (distinct(|point| &point.facet), distinct(|point| &point.line));
        let columns = facets.len().clamp(1, 3);
        let rows = facets.len().div_ceil(columns).max(1);
        let size = (SIZE.0 * columns as u32, SIZE.1 * rows as u32);
        let area = SVGBackend::new(path, size).into_drawing_area();
        area.fill(&WHITE)?;
        for (cell, facet) in area.split_evenly((rows, columns)).iter().zip(facets) {
            self.draw_facet(cell, facet, &lines)?;
        }
        Ok(area.present()?)
    }

    fn draw_facet<Backend: DrawingBackend>(
        &self,
        area: &DrawingArea<Backend, plotters::coord::Shift>,
        facet: &str,
        lines: &[&String],
    ) -> Outcome<()>
    where
        Backend::ErrorType: 'static,
    {
        let here = || self.points.iter().filter(|point| point.facet == facet);
        let bounds = |of: fn(&Point) -> f64| {
            let least = here().map(of).fold(f64::INFINITY, f64::min);
            let most = here().map(of).fold(0.0, f64::max);
            (least / 1.5)..(most * 1.5)
        };
        let mut chart = ChartBuilder::on(area)
            .caption(facet, ("sans-serif", 16))
            .margin(10)
            .x_label_area_size(36)
            .y_label_area_size(56)
            .build_cartesian_2d(bounds(|point| point.x).log_scale(), bounds(|point| point.y).log_scale())?;
        chart.configure_mesh().x_desc(self.x).y_desc(self.y).max_light_lines(1).draw()?;
        for (number, name) in lines.iter().enumerate() {
            let colour = COLOURS.get(number % COLOURS.len()).copied().unwrap_or(BLACK);
            let of_line: Vec<(f64, f64)> =
                here().filter(|point| &&point.line == name).map(|point| (point.x, point.y)).collect();
            if of_line.is_empty() {
                continue;
            }
            chart
                .draw_series(LineSeries::new(of_line.clone(), &colour))?
                .label(name.as_str())
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour));
            chart.draw_series(PointSeries::of_element(of_line, 3, &colour, &|at, size, style| {
                Circle::new(at, size, style.filled())
            }))?;
        }
        let mut labels = chart.configure_series_labels();
        labels.position(SeriesLabelPosition::UpperLeft).background_style(WHITE.mix(0.8)).border_style(BLACK.mix(0.3));
        Ok(labels.draw()?)
    }
}
