// Draws the figures that a page carries as JSON, in the theme at hand; and again when the theme changes.
(function () {
  "use strict";
  const root = document.documentElement;
  const places = [...document.querySelectorAll("[data-figure]")];
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  if (!places.length) return;
  if (!window.Plotly) {
    places.forEach((place) => { place.textContent = "The figure could not be drawn; the table says the same."; });
    return;
  }
  const themes = read("chart-themes");
  const config = { displayModeBar: false, responsive: true, doubleClick: false };

  async function draw(place) {
    const theme = root.getAttribute("data-bs-theme") === "dark" ? "dark" : "light";
    const { data, layout } = read(place.dataset.figure);
    await Plotly.react(place, data, { ...layout, template: themes[theme][layout.meta] }, config);
    place.dataset.drawn = theme;
  }
  function drawAll() { places.forEach(draw); }

  // The font first: labels are measured when they are drawn
  document.fonts.load('12px "Inter V"').then(drawAll, drawAll);
  new MutationObserver(drawAll).observe(root, { attributeFilter: ["data-bs-theme"] });
})();
