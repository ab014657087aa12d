// Docutils calls the bibliography a list but not its entries list items, which a screen reader cannot make sense of.
document.addEventListener("DOMContentLoaded", () => {
  for (const list of document.querySelectorAll(".citation-list")) list.removeAttribute("role");
});
