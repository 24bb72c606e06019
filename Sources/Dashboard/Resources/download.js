// Files to take along: the numbers for a spreadsheet, and the chart as a picture.

import { fetchText } from "./api.js";
import { byId, drawing } from "./elements.js";
import { inDetail, overTime } from "./questions.js";
import { data, state, titled } from "./state.js";

export async function downloadTable() {
  save(new Blob([await fetchText("api/rollups.csv", { ...inDetail(), limit: "10000" })], { type: "text/csv" }), `${state.by}.csv`);
}

export async function downloadSeries() {
  save(new Blob([await fetchText("api/rollups.csv", overTime())], { type: "text/csv" }), "over-time.csv");
}

// The chart as it is drawn now, with its title and legend, at twice the size for print.
export async function downloadPicture() {
  const drawn = byId("chart").querySelector("svg");
  if (!drawn) return;
  const [, , width, height] = drawn.getAttribute("viewBox").split(" ").map(Number);
  const head = 52, margin = 12;
  const style = getComputedStyle(document.body);
  const copy = styled(drawn);
  const text = (content, y, size) => drawing("text", {
    x: margin, y, fill: style.color, "font-size": size, "font-family": "sans-serif",
  }, content);
  const picture = drawing("svg", {
    xmlns: "http://www.w3.org/2000/svg", width: width + 2 * margin, height: height + head + margin,
  }, drawing("rect", { width: "100%", height: "100%", fill: getComputedStyle(byId("chart").parentElement).backgroundColor }),
    text(state.metrics.map(titled).join(", "), 22, 15),
    text(`${data.series.from.slice(0, 16).replace("T", " ")} to ${data.series.to.slice(0, 16).replace("T", " ")} UTC · ${[...byId("legend").children].map((entry) => entry.textContent).join(" · ")}`, 40, 11),
    drawing("g", { transform: `translate(${margin} ${head})` }, ...copy.childNodes));
  const image = new Image();
  image.src = "data:image/svg+xml," + encodeURIComponent(new XMLSerializer().serializeToString(picture));
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = 2 * (width + 2 * margin);
  canvas.height = 2 * (height + head + margin);
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  save(await new Promise((resolve) => canvas.toBlob(resolve, "image/png")), "chart.png");
}

// A copy that needs no style sheet.
function styled(original) {
  const copy = original.cloneNode(true);
  const from = original.querySelectorAll("*"), to = copy.querySelectorAll("*");
  from.forEach((node, index) => {
    const style = getComputedStyle(node);
    for (const name of ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "opacity", "text-anchor"]) {
      to[index].setAttribute(name, style.getPropertyValue(name));
    }
    to[index].setAttribute("font-size", "11");
    to[index].setAttribute("font-family", "sans-serif");
  });
  return copy;
}

function save(blob, name) {
  const address = URL.createObjectURL(blob);
  const anchor = document.createElement("a");
  anchor.href = address;
  anchor.download = `tributary-${data.summary.from.slice(0, 10)}-${name}`;
  anchor.click();
  // Safari begins to read it a while after the click.
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}
