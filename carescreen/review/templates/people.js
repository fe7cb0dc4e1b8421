// Answering "recorded twice, or twins?" on the supervisor's page, with the form that a card has.
(function () {
  const pairs = Array.from(document.querySelectorAll(".pair"));

  function answer(pair, button) {
    recorder.open(pair, button, "", {});
    const field = pair.querySelector("[name=other_child_id]");
    pair.querySelector("[data-asked]").hidden = !field;
    if (field) {
      field.value = pair.dataset.other;
      field.readOnly = true;
      pair.querySelector("[name=result]").focus();
    }
  }

  function showSaid(pair) {
    const found = entries.of(pair.dataset.child).filter((item) => item.entry.other_child_id === pair.dataset.other);
    const said = pair.querySelector(".pair-said");
    said.hidden = found.length === 0;
    said.replaceChildren(...found.map((item) => recorder.entryItem(item, false)));
    pair.querySelector("[data-asked]").hidden = true;
  }

  function refresh() {
    pairs.forEach(showSaid);
  }

  pairs.forEach(function (pair) {
    const button = pair.querySelector("[data-do]");
    recorder.prepareName(pair.querySelector(".who"));
    button.addEventListener("click", () => answer(pair, button));
  });
  entries.onChange(refresh);
  speech.onChange(refresh);
  refresh();
})();
