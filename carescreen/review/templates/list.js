const list = (function () {
  const PAGE = 50;
  const fillers = [];
  const cards = Array.from(document.querySelectorAll(".card"));
  const groups = Array.from(document.querySelectorAll(".group"));
  const tierBoxes = Array.from(document.querySelectorAll("[data-tier-filter]"));
  const village = document.querySelector("[data-village-filter]");
  const caseworker = document.querySelector("[data-group-filter]");
  const late = document.querySelector("[data-late-filter]");
  const pager = document.querySelector(".pager");
  const sentences = Array.from(document.querySelectorAll(".between"));
  let page = 0;

  // Where scripts run, a browser keeps what stands in noscript as text: thousands of cards open at
  // once, and become elements as they are shown. Its text is the page's own, escaped markup.
  function fill(card) {
    const held = card.firstElementChild;
    if (!held || held.tagName !== "NOSCRIPT") {
      return;
    }
    const part = document.createElement("template");
    part.innerHTML = held.textContent;
    card.replaceChildren(speech.put(part.content));
    fillers.forEach((filler) => filler(card));
  }

  function following(sentence) {
    const found = [];
    let next = sentence.nextElementSibling;
    while (next && next.classList.contains("card")) {
      found.push(next);
      next = next.nextElementSibling;
    }
    return found;
  }

  function matching() {
    const tiers = new Set(tierBoxes.filter((box) => box.checked).map((box) => box.dataset.tierFilter));
    const wanted = village ? village.value : "";
    const worker = caseworker ? caseworker.value : "";
    return cards.filter(function (card) {
      return tiers.has(card.dataset.tier)
        && (!worker || card.closest(".group").dataset.group === worker)
        && (!wanted || card.dataset.village === wanted)
        && (!late.checked || Number(card.dataset.late) > 0);
    });
  }

  function show() {
    const found = matching();
    const pages = Math.max(Math.ceil(found.length / PAGE), 1);
    page = Math.min(Math.max(page, 0), pages - 1);
    const listed = new Set(found);
    const onPage = new Set(found.slice(page * PAGE, (page + 1) * PAGE));
    onPage.forEach(fill);
    cards.forEach(function (card) {
      card.classList.toggle("filtered", !listed.has(card));
      card.classList.toggle("off-page", !onPage.has(card));
    });
    sentences.forEach(function (sentence) {
      const after = following(sentence);
      sentence.classList.toggle("filtered", !after.some((card) => listed.has(card)));
      sentence.classList.toggle("off-page", !after.some((card) => onPage.has(card)));
    });
    groups.forEach(function (group) {
      group.classList.toggle("filtered", !group.querySelector(".card:not(.filtered)"));
      group.classList.toggle("off-page", !group.querySelector(".card:not(.off-page)"));
    });
    document.querySelector("[data-shown]").textContent = String(found.length);
    document.querySelector(".nothing").hidden = found.length > 0;
    pager.hidden = pages < 2;
    document.querySelector("[data-page]").textContent = String(page + 1);
    document.querySelector("[data-pages]").textContent = String(pages);
    document.querySelectorAll("[data-page-step]").forEach(function (button) {
      const next = page + Number(button.dataset.pageStep);
      button.disabled = next < 0 || next >= pages;
    });
  }

  function filter() {
    page = 0;
    show();
  }

  [...tierBoxes, late].forEach((box) => box.addEventListener("change", filter));
  [village, caseworker].filter(Boolean).forEach((select) => select.addEventListener("change", filter));
  window.addEventListener("beforeprint", () => matching().forEach(fill));
  document.querySelectorAll("[data-page-step]").forEach(function (button) {
    button.addEventListener("click", function () {
      page += Number(button.dataset.pageStep);
      show();
      document.getElementById("list").focus({ preventScroll: true });
      document.getElementById("list").scrollIntoView();
    });
  });

  return {
    cards,
    show,
    onFill: (filler) => fillers.push(filler),
  };
})();
