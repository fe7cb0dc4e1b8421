"use strict";
const speech = (function () {
  const root = document.documentElement;
  const words = Array.from(document.getElementById("words").content.children);
  const listeners = [];

  function put(part) {
    const language = root.dataset.language;
    const offset = language === "zh" ? 0 : 1;
    part.querySelectorAll("[data-w]").forEach(function (node) {
      node.textContent = words[2 * Number(node.dataset.w) + offset].textContent;
    });
    part.querySelectorAll("[data-zh][data-en]").forEach(function (node) {
      node.textContent = node.dataset[language];
    });
    part.querySelectorAll("[data-label-zh]").forEach(function (node) {
      node.setAttribute("aria-label", language === "zh" ? node.dataset.labelZh : node.dataset.labelEn);
    });
    return part;
  }

  function speak(language) {
    root.dataset.language = language;
    root.lang = language === "zh" ? "zh-Hans" : "en";
    put(document);
    document.querySelectorAll("[data-language-button]").forEach(function (button) {
      button.setAttribute("aria-pressed", String(button.dataset.languageButton === language));
    });
    listeners.forEach((listener) => listener());
  }

  root.classList.add("scripted");
  document.querySelectorAll("[data-language-button]").forEach(function (button) {
    button.addEventListener("click", () => speak(button.dataset.languageButton));
  });
  const expires = document.body.dataset.expires;
  const now = new Date();
  const today = [now.getFullYear(), now.getMonth() + 1, now.getDate()]
    .map((part) => String(part).padStart(2, "0")).join("-");
  document.querySelectorAll(".expired").forEach(function (notice) {
    notice.hidden = !expires || today <= expires;
  });

  return {
    put,
    today,
    language: () => root.dataset.language,
    onChange: (listener) => listeners.push(listener),
  };
})();
