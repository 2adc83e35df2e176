// Turning the pages of a preview from the keyboard: arrows turn, plus and minus change the size. Without script there are the links.
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, select, textarea, :popover-open")) return;
  const page = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
  // In a page that is wider than its place the arrows move about.
  const wide = event.target.closest(".leaf");
  if (page && !(wide && wide.scrollWidth > wide.clientWidth)) document.querySelector(`a[rel="${page}"]`)?.click();
  const step = { "+": 1, "-": -1 }[event.key];
  const sizes = [...document.querySelectorAll("[data-zoom]")];
  if (step) sizes[sizes.findIndex((each) => each.hasAttribute("aria-current")) + step]?.click();
});
