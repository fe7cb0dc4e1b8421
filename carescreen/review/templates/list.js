const list = (function () {
  const PAGE = 50;
  const fillers = [];
  const cards = Array.from(document.querySelectorAll(".card"));
  // Whatever holds cards and goes with the last of them: a list, a day, a visit, what is folded.
  const holders = Array.from(document.querySelectorAll(".group, .holder"));
  const folds = holders.filter((holder) => holder.tagName === "DETAILS");
  const tierBoxes = Array.from(document.querySelectorAll("[data-tier-filter]"));
  const village = document.querySelector("[data-village-filter]");
  const caseworker = document.querySelector("[data-group-filter]");
  const late = document.querySelector("[data-late-filter]");
  const day = document.querySelector("[data-day-filter]");
  const code = document.querySelector("[data-code-filter]");
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

  // Full-width letters and digits of a Chinese keyboard are the same code.
  function plain(text) {
    return text.normalize("NFKC").trim().toLowerCase();
  }

  function dayOf(card) {
    const held = card.closest("[data-day]");
    return held ? held.dataset.day : "";
  }

  function matching() {
    const tiers = new Set(tierBoxes.filter((box) => box.checked).map((box) => box.dataset.tierFilter));
    const wanted = village ? village.value : "";
    const worker = caseworker ? caseworker.value : "";
    const onDay = day ? day.value : "";
    const part = code ? plain(code.value) : "";
    return cards.filter(function (card) {
      return tiers.has(card.dataset.tier)
        && (!worker || card.closest(".group").dataset.group === worker)
        && (!wanted || card.dataset.village === wanted)
        && (!late.checked || Number(card.dataset.late) > 0)
        && (!onDay || dayOf(card) === onDay)
        && (!part || plain(card.dataset.child).includes(part)
          || plain(card.dataset.household || "").includes(part));
    });
  }

  // Pages of some PAGE cards; the children of one visit stay on one.
  function paged(found) {
    const pages = [[]];
    found.forEach(function (card, place) {
      const visit = card.closest(".visit");
      const goesOn = visit && place > 0 && found[place - 1].closest(".visit") === visit;
      if (pages[pages.length - 1].length >= PAGE && !goesOn) {
        pages.push([]);
      }
      pages[pages.length - 1].push(card);
    });
    return pages;
  }

  function show() {
    const found = matching();
    const cut = paged(found);
    const pages = cut.length;
    page = Math.min(Math.max(page, 0), pages - 1);
    const listed = new Set(found);
    const onPage = new Set(cut[page]);
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
    holders.forEach(function (holder) {
      holder.classList.toggle("filtered", !holder.querySelector(".card:not(.filtered)"));
      holder.classList.toggle("off-page", !holder.querySelector(".card:not(.off-page)"));
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

  // What is searched for is shown also where it is folded.
  function search() {
    filter();
    if (plain(code.value)) {
      folds.forEach((fold) => { fold.open = fold.open || !fold.classList.contains("filtered"); });
    }
  }

  function showAll() {
    tierBoxes.forEach((box) => { box.checked = true; });
    late.checked = false;
    [village, caseworker, day, code].filter(Boolean).forEach((field) => { field.value = ""; });
    filter();
    (code || document.getElementById("list")).focus();
  }

  [...tierBoxes, late].forEach((box) => box.addEventListener("change", filter));
  [village, caseworker, day].filter(Boolean).forEach((select) => select.addEventListener("change", filter));
  document.querySelector("[data-show-all]").addEventListener("click", showAll);
  if (code) {
    let waiting = 0;
    code.addEventListener("input", function () {
      clearTimeout(waiting);
      waiting = setTimeout(search, cards.length > 500 ? 200 : 0);
    });
    code.addEventListener("keydown", function (event) {
      if (event.key === "Escape" && code.value) {
        code.value = "";
        search();
      }
    });
  }
  window.addEventListener("beforeprint", function () {
    matching().forEach(fill);
    folds.forEach((fold) => { fold.dataset.wasOpen = String(fold.open); fold.open = true; });
  });
  window.addEventListener("afterprint", function () {
    folds.forEach((fold) => { fold.open = fold.dataset.wasOpen === "true"; });
  });
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
