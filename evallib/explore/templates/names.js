// What ipywidgets does not tell a screen reader: names of sliders, names and states of locks.
(() => {
  const set = (node, name, value) => {
    if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  };
  const pressed = lock => set(lock, "aria-pressed", String(lock.classList.contains("mod-active")));
  const name = () => document.querySelectorAll(".evallib-explorer").forEach(panel => {
    set(panel, "lang", "LANG");
    panel.querySelectorAll(".widget-hslider").forEach(slider => {
      const text = slider.querySelector(".widget-label").textContent;
      set(slider.querySelector(".noUi-handle"), "aria-label", text);
      set(slider.querySelector(".widget-readout"), "aria-label", text);
      set(slider.querySelector(".widget-readout"), "role", "textbox");
    });
    panel.querySelectorAll(".widget-toggle-button").forEach(lock => {
      if (lock.hasAttribute("aria-label")) return;
      set(lock, "aria-label", lock.title);
      pressed(lock);
      new MutationObserver(() => pressed(lock)).observe(lock, { attributeFilter: ["class"] });
    });
  });
  for (const wait of [0, 300, 1000, 3000, 10000]) setTimeout(name, wait);
})();
