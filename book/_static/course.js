// Docutils calls the bibliography a list but not its entries list items, which a screen reader cannot make sense of.
document.addEventListener("DOMContentLoaded", () => {
  for (const list of document.querySelectorAll(".citation-list")) list.removeAttribute("role");
});

// A page with a playground loads it. Browsers load no modules from a file.
document.addEventListener("DOMContentLoaded", () => {
  const playgrounds = document.querySelectorAll("course-playground");
  if (playgrounds.length === 0) return;
  import("./playground/playground.mjs").catch((error) => {
    for (const playground of playgrounds) {
      playground.append(`The playground runs in a served book only: make book SERVE=1. (${error.message})`);
    }
  });
});
