/** A time line drawn with uPlot: values over time, with bands where something held it up. */
import uPlot from "uplot";
import type { TimeLine } from "../packed.ts";

const colours = ["--series-1", "--series-2", "--series-3", "--series-4"];

export function mountTimeLine(place: HTMLElement, line: TimeLine): void {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const start = line.from / 1000;
  const data: uPlot.AlignedData = [
    line.seconds.map((second) => start + second),
    ...line.series.map((series) => series.values.map((value) => value)),
  ];
  const chart = new uPlot(
    {
      width: place.clientWidth || 800,
      height: 260,
      cursor: { drag: { x: true, y: false } },
      axes: [
        { stroke: colour("--ink-2"), grid: { stroke: colour("--line") } },
        { stroke: colour("--ink-2"), grid: { stroke: colour("--line") } },
      ],
      series: [
        {},
        ...line.series.map((series, index): uPlot.Series => {
          const stroke = colour(colours[index % colours.length] ?? "--series-1");
          return {
            label: `${series.label} (${series.unit})`,
            stroke,
            width: 1.5,
            points: { show: line.seconds.length < 3 },
            ...(series.kind === "area" ? { fill: `${stroke}22` } : {}),
            ...(series.kind === "line" ? {} : {}),
          };
        }),
      ],
      hooks: {
        drawClear: [
          (drawn) => {
            drawn.ctx.save();
            drawn.ctx.fillStyle = colour("--band");
            for (const band of line.bands) {
              const left = drawn.valToPos(start + band.from, "x", true);
              const right = drawn.valToPos(start + band.to, "x", true);
              drawn.ctx.fillRect(left, drawn.bbox.top, Math.max(1, right - left), drawn.bbox.height);
            }
            drawn.ctx.restore();
          },
        ],
      },
    },
    data,
    place,
  );
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", line.label);
  addEventListener("resize", () => chart.setSize({ width: place.clientWidth || 800, height: 260 }));
}
