// What was recorded on this page, kept on this device until somebody exports it.
const entries = (function () {
  const KEPT_DAYS = 60;
  const PREFIX = "carescreen-entries/1 ";
  const key = PREFIX + document.body.dataset.run + " " + document.body.dataset.keptAs;
  const storage = (function () {
    try {
      const probe = PREFIX + "probe";
      window.localStorage.setItem(probe, "1");
      window.localStorage.removeItem(probe);
      return window.localStorage;
    } catch (error) {
      return null;
    }
  })();
  const listeners = [];
  let inMemory = { name: "", own: false, kept: [] };
  let lasting = storage !== null;

  function read(name) {
    try {
      return JSON.parse(storage.getItem(name));
    } catch (error) {
      return null;
    }
  }

  function state() {
    const stored = lasting ? read(key) : null;
    if (stored && Array.isArray(stored.kept)) {
      inMemory = stored;
    }
    return inMemory;
  }

  // Read again before each change: the same list may be open in another tab.
  function change(write) {
    const now = state();
    write(now);
    inMemory = now;
    if (lasting) {
      try {
        storage.setItem(key, JSON.stringify(now));
      } catch (error) {
        lasting = false;
      }
    }
    listeners.forEach((listener) => listener());
  }

  function twoDigits(number) {
    return String(number).padStart(2, "0");
  }

  function stamp() {
    const now = new Date();
    const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(twoDigits).join(":");
    const day = [now.getFullYear(), now.getMonth() + 1, now.getDate()].map(twoDigits).join("-");
    return day + " " + time;
  }

  function newId() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  function add(child, decision, values) {
    const entry = {};
    document.body.dataset.fields.split(" ").forEach((name) => { entry[name] = ""; });
    Object.assign(entry, values, {
      entry_id: newId(), child_id: child, decided_at: stamp(), decided_by: state().name,
      decision, run_id: document.body.dataset.run,
    });
    change((now) => now.kept.push({ entry, exported: "" }));
  }

  // Lists are made anew each week: what was handed on long ago does not stay on the device.
  function forgetOld() {
    const before = Date.now() - KEPT_DAYS * 86400000;
    Object.keys(storage).filter((name) => name.startsWith(PREFIX) && name !== key)
      .forEach(function (name) {
        const old = read(name);
        const done = old && Array.isArray(old.kept) && old.kept.length > 0
          && old.kept.every((item) => item.exported && Date.parse(item.exported.replace(" ", "T")) < before);
        if (done) {
          storage.removeItem(name);
        }
      });
  }

  if (lasting) {
    forgetOld();
    window.addEventListener("storage", (event) => event.key === key && listeners.forEach((f) => f()));
  }
  window.addEventListener("beforeunload", function (event) {
    if (!lasting && state().kept.some((item) => !item.exported)) {
      event.preventDefault();
    }
  });

  return {
    add,
    stamp,
    all: () => state().kept,
    pending: () => state().kept.filter((item) => !item.exported),
    of: (child) => state().kept.filter((item) => item.entry.child_id === child),
    takeBack: (id) => change(function (now) {
      now.kept = now.kept.filter((item) => item.exported || item.entry.entry_id !== id);
    }),
    markExported: (ids, when) => change(function (now) {
      now.kept.forEach(function (item) {
        if (ids.has(item.entry.entry_id) && !item.exported) {
          item.exported = when;
        }
      });
    }),
    name: () => state().name,
    setName: (name) => change((now) => { now.name = name; }),
    askedFirst: () => state().own,
    setAskedFirst: () => change((now) => { now.own = true; }),
    lasts: () => lasting,
    onChange: (listener) => listeners.push(listener),
  };
})();
