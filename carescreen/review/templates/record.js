// The form in each opened child. A form stands where its button is, and goes when it is done.
const recorder = (function () {
  const TIERS = ["immediate", "urgent", "priority", "routine"];
  const sayings = new Map(
    Array.from(document.getElementById("sayings").content.children, (node) => [node.dataset.say, node])
  );
  const told = document.querySelector(".told");

  function say(name) {
    const node = sayings.get(name);
    return node ? node.dataset[speech.language()] : "";
  }

  function tell(words) {
    told.textContent = "";
    setTimeout(() => { told.textContent = words; }, 50); // the same words twice are two messages
  }

  function copyOf(id) {
    const template = document.getElementById(id) || document.querySelector(`[data-form="${id}"]`);
    return speech.put(template.content.cloneNode(true)).firstElementChild;
  }

  function showName(who) {
    const name = entries.name();
    who.querySelector("label").hidden = name !== "";
    who.querySelector(".signed").hidden = name === "";
    who.querySelector("[data-name]").textContent = name;
  }

  function prepareName(who) {
    const field = who.querySelector("[data-who]");
    field.addEventListener("input", () => field.setCustomValidity(""));
    field.addEventListener("change", () => entries.setName(field.value.trim()));
    who.querySelector("[data-rename]").addEventListener("click", function () {
      field.value = entries.name();
      who.querySelector("label").hidden = false;
      who.querySelector(".signed").hidden = true;
      field.focus();
    });
    showName(who);
  }

  function askName(field) {
    field.setCustomValidity(say("need_name"));
    field.reportValidity();
    field.focus();
    tell(say("need_name"));
  }

  function named(card) {
    const field = card.querySelector("[data-who]");
    if (!entries.name() && field.value.trim()) {
      entries.setName(field.value.trim());
    }
    if (!entries.name()) {
      askName(field);
    }
    return entries.name() !== "";
  }

  // A name field gives way only now: had it gone as she left it, her finger would meet another button.
  function recorded() {
    document.querySelectorAll(".who").forEach(showName);
    tell(say("said_recorded"));
  }

  function allow(form, tier) {
    form.querySelectorAll("[data-second]").forEach(function (label) {
      if (tier !== "immediate") {
        label.remove();
      }
    });
    form.querySelectorAll("[data-day]").forEach(function (field) {
      if (field.dataset.day === "past_day") {
        field.value = speech.today;
        field.max = speech.today;
      } else {
        field.min = speech.today;
      }
    });
  }

  function allowTiers(form, key, tier) {
    const own = TIERS.indexOf(tier);
    form.querySelectorAll("select[name=tier] option").forEach(function (option) {
      const place = TIERS.indexOf(option.value);
      if (place >= 0 && (key === "raise" ? place >= own : place <= own)) {
        option.remove();
      }
    });
  }

  function close(form) {
    const button = form.opener;
    form.remove();
    button.setAttribute("aria-expanded", "false");
    button.focus();
  }

  function open(card, button, tier, more) {
    const key = button.dataset.do;
    const before = card.querySelector("form.record");
    const same = before && before.opener === button;
    if (before) {
      close(before);
    }
    if (same) {
      return;
    }
    const form = copyOf(key);
    form.opener = button;
    allow(form, tier);
    allowTiers(form, key, card.dataset.tier);
    form.querySelector("[data-cancel]").addEventListener("click", () => close(form));
    form.addEventListener("keydown", (event) => event.key === "Escape" && close(form));
    form.addEventListener("input", (event) => event.target.setCustomValidity(""));
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      save(card, form, more);
    });
    (button.closest(".choices") || button).after(form);
    button.setAttribute("aria-expanded", "true");
    const first = form.querySelector("select, input, textarea");
    first.focus();
  }

  function save(card, form, more) {
    const values = { ...more };
    for (const field of form.querySelectorAll("[name]")) {
      values[field.name] = field.value.trim();
      if (field.required && !values[field.name]) { // blanks alone are no reason
        field.value = "";
        field.reportValidity();
        return;
      }
    }
    if (!named(card)) {
      return;
    }
    const second = form.querySelector("[name=confirmed_by]");
    if (second && second.value.trim() === entries.name()) {
      second.setCustomValidity(say("need_other_person"));
      second.reportValidity();
      return;
    }
    if (values.reason_code === "misread" && !values.reason) {
      values.reason = say("do misread");
    }
    entries.add(card.dataset.child, form.dataset.decision, values);
    close(form);
    recorded();
  }

  function choose(card, button) {
    if (button.hasAttribute("aria-expanded")) {
      open(card, button, card.dataset.tier, {});
    } else if (named(card)) {
      entries.add(card.dataset.child, button.dataset.do, {});
      recorded();
    }
  }

  function addClosers(card) {
    card.querySelectorAll("[data-rules]").forEach(function (concern) {
      concern.dataset.rules.split(" ").forEach(function (named) {
        const [rule, code, tier] = named.split("/");
        const button = copyOf("closer");
        button.querySelector(".code").textContent = code;
        button.addEventListener("click", () => open(card, button, tier, { rule }));
        concern.append(button);
      });
    });
    card.querySelectorAll("[data-concept]").forEach(function (sentence) {
      const button = copyOf("misreader");
      const more = { concept: sentence.dataset.concept, visit_id: sentence.dataset.visit, reason_code: "misread" };
      button.addEventListener("click", () => open(card, button, "", more));
      sentence.append(button);
    });
  }

  function build(card) {
    if (card.querySelector(".recorder")) {
      showName(card.querySelector(".who"));
      return;
    }
    const part = copyOf("recorder");
    const has = (card.dataset.has || "").split(" ");
    part.querySelectorAll("[data-do]").forEach(function (button) {
      const { tiers, needs } = button.dataset;
      if (tiers.split(" ").includes(card.dataset.tier) && (!needs || has.includes(needs))) {
        button.addEventListener("click", () => choose(card, button));
      } else {
        button.remove();
      }
    });
    prepareName(part.querySelector(".who"));
    card.querySelector(".body").append(part);
    addClosers(card);
    showSaid(card);
  }

  // An entry in words: what was decided, and every value it has.
  function inWords(entry) {
    const key = entry.decision === "override" ? "raise"
      : entry.decision === "close" && entry.concept ? "misread"
      : entry.decision === "correction" && entry.result ? "answer"
      : entry.decision === "conflict" && entry.result ? "conflict_ended" : entry.decision;
    const parts = [say("do " + key)];
    ["tier", "result", "reason_code"].forEach(function (name) {
      if (entry[name] && !(key === "misread" && name === "reason_code")) {
        const words = say(`${key} ${name} ${entry[name]}`) || say(`own_${entry[name]}`);
        parts.push(words || entry[name]);
      }
    });
    const plain = [entry.rule, entry.visit_id, entry.visited_on, entry.review_on, entry.reason, entry.confirmed_by, entry.other_child_id];
    return parts.concat(plain.filter(Boolean)).join(" · ");
  }

  function entryItem(item, withChild) {
    const node = document.createElement("li");
    const words = document.createElement("span");
    if (withChild) {
      const child = document.createElement("bdi");
      child.textContent = item.entry.child_id;
      words.append(child, " ");
    }
    const text = document.createElement("bdi");
    text.textContent = inWords(item.entry);
    words.append(text);
    const when = document.createElement("span");
    when.className = "when";
    when.textContent = item.entry.decided_at + " · "
      + say(item.exported ? "entry_exported" : "entry_pending");
    node.append(words, when);
    if (!item.exported) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "small";
      button.textContent = say("take_back");
      button.setAttribute("aria-label", `${say("take_back")}: ${item.entry.child_id} ${inWords(item.entry)}`);
      button.addEventListener("click", function () {
        const near = node.closest("section").querySelector("h2, h4");
        entries.takeBack(item.entry.entry_id);
        near.tabIndex = -1;
        near.focus();
        tell(say("said_taken_back"));
      });
      node.append(button);
    }
    return node;
  }

  function showSaid(card) {
    const found = entries.of(card.dataset.child);
    const summary = card.querySelector("summary");
    let tag = summary && summary.querySelector(".recorded");
    if (summary && found.length) {
      if (!tag) {
        tag = document.createElement("span");
        tag.className = "recorded";
        summary.append(tag);
      }
      const newest = found[found.length - 1].entry;
      tag.textContent = `${say("recorded_tag")} ${inWords(newest).split(" · ")[0]}`
        + (found.length > 1 ? ` (${found.length})` : "");
    } else if (tag) {
      tag.remove();
    }
    const said = card.querySelector(".said");
    if (said) {
      said.hidden = found.length === 0;
      said.querySelector("ul").replaceChildren(...found.map((item) => entryItem(item, false)));
    }
  }

  function refresh() {
    list.cards.filter((card) => card.querySelector("summary")).forEach(showSaid);
  }

  list.onFill(function (card) {
    const details = card.querySelector("details");
    details.addEventListener("toggle", () => details.open && build(card));
    showSaid(card);
  });
  entries.onChange(refresh);
  speech.onChange(refresh);

  return { say, tell, copyOf, askName, prepareName, entryItem, open };
})();
