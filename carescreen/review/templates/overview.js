(function () {
  const section = document.querySelector(".overview");
  const root = document.documentElement;
  const places = section ? Array.from(section.querySelectorAll("[data-place]")) : [];

  function show(view) {
    root.dataset.view = view;
    document.querySelectorAll("[data-view-button]").forEach(function (button) {
      button.setAttribute("aria-pressed", String(button.dataset.viewButton === view));
    });
  }

  function goTo(number, focused) {
    places.forEach((place) => { place.hidden = place.dataset.place !== number; });
    if (focused) {
      const heading = document.getElementById("place-" + number);
      heading.focus({ preventScroll: true });
      heading.scrollIntoView();
    }
  }

  // Whoever asks for a village sees all its children that are listed: other filters are undone.
  function goToVillage(village) {
    show("list");
    const filter = document.querySelector("[data-village-filter]");
    document.querySelectorAll("[data-tier-filter]").forEach((box) => { box.checked = true; });
    document.querySelectorAll("[data-late-filter]").forEach((box) => { box.checked = false; });
    document.querySelectorAll("[data-group-filter], [data-day-filter]").forEach((select) => { select.value = ""; });
    document.querySelectorAll(".filters input[type=search], .filters input[type=text]")
      .forEach((field) => { field.value = ""; });
    if (filter) {
      filter.value = village;
    }
    (filter || document.querySelector("[data-late-filter]")).dispatchEvent(new Event("change"));
    document.getElementById("list").focus({ preventScroll: true });
    document.querySelector(".filters").scrollIntoView();
  }

  function value(row, column) {
    const cell = row.children[column];
    const text = cell.dataset.v || cell.textContent.trim();
    return column ? Number(text.replace(/,/g, "").replace("–", "-1")) : text;
  }

  function sort(button) {
    const head = button.closest("th");
    const column = Number(button.dataset.sort);
    const rises = head.getAttribute("aria-sort") === (column ? "descending" : "ascending");
    const upward = column ? rises : !rises;
    const body = head.closest("table").tBodies[0];
    const order = new Intl.Collator(undefined, { numeric: true });
    const rows = Array.from(body.rows).sort(function (one, other) {
      const [a, b] = [value(one, column), value(other, column)];
      return (column ? a - b : order.compare(a, b)) * (upward ? 1 : -1);
    });
    head.closest("tr").querySelectorAll("th").forEach((th) => th.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", upward ? "ascending" : "descending");
    body.append(...rows);
  }

  function followAddress() {
    const asked = window.location.hash;
    if (asked === "#overview") {
      show("overview");
    } else if (asked.startsWith("#village=")) {
      goToVillage(decodeURIComponent(asked.slice("#village=".length)));
    } else if (asked === "#list") {
      show("list");
    }
  }

  if (!section) {
    return;
  }
  show("list");
  goTo("0", false);
  document.querySelectorAll("[data-view-button]").forEach(function (button) {
    button.addEventListener("click", () => show(button.dataset.viewButton));
  });
  section.addEventListener("click", function (event) {
    const button = event.target.closest("button");
    if (!button) {
      return;
    }
    if (button.dataset.go !== undefined) {
      goTo(button.dataset.go, true);
    } else if (button.dataset.goVillage !== undefined) {
      goToVillage(button.dataset.goVillage);
    } else if (button.dataset.sort !== undefined) {
      sort(button);
    }
  });
  document.querySelector(".skip").addEventListener("click", () => show("list"));
  window.addEventListener("hashchange", followAddress);
  followAddress();
})();
