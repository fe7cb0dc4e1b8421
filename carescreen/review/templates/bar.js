// The bar at the bottom: how much is not exported yet, looking at it, and the file.
(function () {
  const { say, tell, entryItem } = recorder;
  const panel = document.getElementById("entries");
  const look = document.querySelector("[data-entries]");
  const button = document.querySelector("[data-export]");
  const again = document.querySelector("[data-export-again]");
  const copy = panel.querySelector(".copy");

  function show() {
    const all = entries.all();
    const pending = entries.pending().length;
    const count = document.querySelector("[data-pending]");
    if (count.textContent !== String(pending)) {
      count.textContent = String(pending);
    }
    button.disabled = pending === 0;
    again.hidden = !all.some((item) => item.exported);
    panel.querySelector("[data-none]").hidden = all.length > 0;
    panel.querySelector("[data-storage]").hidden = entries.lasts();
    if (!panel.hidden) {
      panel.querySelector(".entry-list").replaceChildren(...all.map((item) => entryItem(item, true)));
    }
  }

  function unfold(open) {
    panel.hidden = !open;
    look.setAttribute("aria-expanded", String(open));
    show();
    (open ? panel.querySelector("h2") : look).focus();
  }

  function download(items) {
    const stamp = entries.stamp();
    const run = document.body.dataset.run;
    const whole = {
      format: document.body.dataset.format, made_at: stamp, run_id: run,
      entries: items.map((item) => item.entry),
    };
    const text = JSON.stringify(whole, null, 1) + "\n";
    const name = `decisions-${run}-${stamp.replace(/[^0-9]/g, "")}.json`.replace(/[^A-Za-z0-9._-]/g, "_");
    const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    const link = document.createElement("a");
    link.href = address;
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 60000); // phones read it late
    copy.hidden = false;
    copy.querySelector("textarea").value = text;
    entries.markExported(new Set(items.map((item) => item.entry.entry_id)), stamp);
    tell(`${say("said_exported")} ${name}`);
  }

  look.addEventListener("click", () => unfold(panel.hidden));
  panel.querySelector("[data-entries-close]").addEventListener("click", () => unfold(false));
  panel.addEventListener("keydown", (event) => event.key === "Escape" && unfold(false));
  button.addEventListener("click", () => download(entries.pending()));
  again.addEventListener("click", () => download(entries.all()));
  entries.onChange(show);
  speech.onChange(show);
  show();
})();
