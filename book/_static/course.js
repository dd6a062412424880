// The whole page is there: the header's buttons are shown.
document.documentElement.classList.add("course-read");

// A formula wider than the screen scrolls; the keyboard must reach it (the theme does the same for code and tables).
const reach = () => document.querySelectorAll(".katex-display").forEach((formula) => {
  if (formula.scrollWidth > formula.clientWidth) formula.tabIndex = 0;
  else formula.removeAttribute("tabindex");
});
addEventListener("resize", reach);
document.fonts.ready.then(reach);
