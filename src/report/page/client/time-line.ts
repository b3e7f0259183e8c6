/** A time line drawn with uPlot: values that hold until the next one, an axis for each unit, bands where something held it up. */
/*!
 * uPlot, which is part of this program:
 *
 * The MIT License (MIT)
 *
 * Copyright (c) 2022 Leon Sorokin
 *
 * Permission is hereby granted, free of charge, to any person obtaining a copy
 * of this software and associated documentation files (the "Software"), to deal
 * in the Software without restriction, including without limitation the rights
 * to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
 * copies of the Software, and to permit persons to whom the Software is
 * furnished to do so, subject to the following conditions:
 *
 * The above copyright notice and this permission notice shall be included in
 * all copies or substantial portions of the Software.
 *
 * THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
 * IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
 * FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
 * AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
 * LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
 * OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN
 * THE SOFTWARE.
 */
import uPlot from "uplot";
import type { TimeLine } from "../packed.ts";

const colours = ["--series-1", "--series-2", "--series-3", "--series-4"];
const height = 260;

/** Seconds between ticks: no call is timed closer than a second, and a day is the longest that is read at a glance. */
const tickSeconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400];

/** As everywhere in the reports: UTC, the day first, 24 hours. */
function utc(seconds: number): { readonly day: string; readonly time: string } {
  const text = new Date(seconds * 1000).toISOString();
  return { day: text.slice(0, 10), time: text.slice(11, 19) };
}

/** Each tick its time; the day below the first, and below the first of a new one. */
function tickTexts(splits: readonly number[]): string[] {
  let shown = "";
  return splits.map((seconds) => {
    const { day, time } = utc(seconds);
    if (day === shown) return time;
    shown = day;
    return `${time}\n${day}`;
  });
}

function momentText(seconds: number | null): string {
  if (seconds === null) return "--";
  const { day, time } = utc(seconds);
  return `${day} ${time} UTC`;
}

export interface DrawnTimeLine {
  /** Draws another state of the same line. */
  update(line: TimeLine): void;
}

export function mountTimeLine(place: HTMLElement, line: TimeLine): DrawnTimeLine {
  let shown = line;
  const width = (): number => place.clientWidth || 800;
  const units = [...new Set(line.series.map(({ unit }) => unit))];
  const scales = Object.fromEntries(units.map((unit): [string, uPlot.Scale] => [unit, { range: rangeFromZero }]));
  const chart = new uPlot(
    {
      width: width(),
      height,
      cursor: { drag: { x: true, y: false } },
      scales,
      axes: [
        {
          stroke: () => colour("--ink-2"),
          grid: { stroke: () => colour("--line") },
          incrs: tickSeconds,
          space: 70,
          values: (_chart, splits) => tickTexts(splits),
        },
        ...units.map((unit, index): uPlot.Axis => axis(unit, index)),
      ],
      series: [
        { label: "Time", value: (_chart, seconds) => momentText(seconds) },
        ...line.series.map((series, index) => drawing(series, index)),
      ],
      hooks: { drawClear: [(drawn) => drawBands(drawn, shown)] },
    },
    aligned(line),
    place,
  );
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", line.label);
  addEventListener("resize", () => chart.setSize({ width: width(), height }));
  const redraw = (): void => chart.redraw();
  new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  return {
    update: (next) => {
      shown = next;
      chart.setData(aligned(next));
    },
  };
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** A little room above, and never an axis without a length. */
function rangeFromZero(_chart: uPlot, _min: number | null, max: number | null): [number, number] {
  return [0, Math.max(1, (max ?? 0) * 1.1)];
}

function axis(unit: string, index: number): uPlot.Axis {
  return {
    scale: unit,
    side: index === 0 ? 3 : 1,
    label: unit,
    stroke: () => colour("--ink-2"),
    grid: index === 0 ? { stroke: () => colour("--line") } : { show: false },
  };
}

function drawing({ label, unit, kind }: TimeLine["series"][number], index: number): uPlot.Series {
  const stroke = (): string => colour(colours[index % colours.length] ?? "--series-1");
  const paths = kind === "bars" ? uPlot.paths.bars?.({ size: [1], align: 1 }) : uPlot.paths.stepped?.({ align: 1 });
  return {
    label: `${label} (${unit})`,
    scale: unit,
    stroke,
    width: kind === "bars" ? 1 : 1.5,
    points: { show: false },
    ...(paths === undefined ? {} : { paths }),
    ...(kind === "line" ? {} : { fill: () => `${stroke()}33` }),
  };
}

function aligned(line: TimeLine): uPlot.AlignedData {
  const start = line.from / 1000;
  return [line.seconds.map((second) => start + second), ...line.series.map(({ values }) => [...values])];
}

function drawBands(drawn: uPlot, line: TimeLine): void {
  const start = line.from / 1000;
  const { ctx, bbox } = drawn;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = colour("--band");
  for (const band of line.bands) {
    const left = drawn.valToPos(start + band.from, "x", true);
    const right = drawn.valToPos(start + band.to, "x", true);
    ctx.fillRect(left, bbox.top, Math.max(1, right - left), bbox.height);
  }
  ctx.restore();
}
