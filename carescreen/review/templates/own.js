// Her own concern, before she sees the list: children by code alone, in no order of the list.
(function () {
  const section = document.querySelector(".own");
  if (!section || entries.askedFirst() || !list.cards.length) {
    return;
  }
  const root = document.documentElement;
  const form = section.querySelector("form");
  const places = new Map();
  list.cards.forEach(function (card) {
    const village = card.dataset.village;
    places.set(village, (places.get(village) || []).concat(card.dataset.child));
  });
  const inOrder = (one, other) => one.localeCompare(other, "en", { numeric: true });
  let number = 0;
  Array.from(places.keys()).sort(inOrder).forEach(function (village) {
    const part = recorder.copyOf("own-village");
    if (village) {
      part.querySelector("bdi").textContent = village;
    } else {
      part.querySelector("legend").replaceChildren(recorder.copyOf("own-no-village"));
    }
    places.get(village).sort(inOrder).forEach(function (child) {
      const row = recorder.copyOf("own-child");
      number += 1;
      row.dataset.child = child;
      row.setAttribute("aria-label", child);
      row.querySelector(".own-code").textContent = child;
      row.querySelectorAll("input").forEach((input) => { input.name = "own-" + number; });
      part.append(row);
    });
    section.querySelector("[data-own-villages]").append(part);
  });

  function answers() {
    return Array.from(form.querySelectorAll("input:checked"),
      (input) => [input.closest("[data-child]").dataset.child, input.value]);
  }

  function proceed() {
    entries.setAskedFirst();
    section.hidden = true;
    root.classList.remove("asking");
    const main = document.getElementById("list");
    window.scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }

  recorder.prepareName(section.querySelector(".who"));
  form.addEventListener("submit", function (event) {
    event.preventDefault();
    const field = form.querySelector("[data-who]");
    if (!entries.name() && field.value.trim()) {
      entries.setName(field.value.trim());
    }
    const given = answers();
    if (given.length && !entries.name()) {
      recorder.askName(field);
      return;
    }
    given.forEach(([child, result]) => entries.add(child, "own_concern", { result }));
    if (given.length) {
      recorder.tell(recorder.say("said_recorded"));
    }
    proceed();
  });
  form.querySelector("[data-own-skip]").addEventListener("click", proceed);
  section.hidden = false;
  root.classList.add("asking");
})();
list.show();
